/* A fuzz target is one file, <name>.c, that defines LLVMFuzzerTestOneInput: whatever the bytes, the
 * reader under test gives a result or an error text, without a crash, a leak or undefined
 * behaviour. Its seeds lie in seeds/<name>/; words worth trying may be listed in <name>.dict.
 * `./dev fuzz [SECONDS] [NAME...]` runs the targets. */
#ifndef FUZZ_H
#define FUZZ_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "inadekit/types.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold. Also in builds without assert. */
#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            dprintf(2, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);              \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* A failure has to say something. */
static inline void fuzz_check_status(ik_status status, const ik_error *err) {
    if (status) FUZZ_CHECK(err->text[0] != 0);
}

/* The bytes as a file in memory, for readers that take a path; the same path each time, valid until
 * the next call. */
static inline const char *fuzz_file(const uint8_t *data, size_t size) {
    static int file = -1;
    static char path[64];
    if (file < 0) {
        file = memfd_create("fuzz", MFD_CLOEXEC);
        FUZZ_CHECK(file >= 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    }
    FUZZ_CHECK(ftruncate(file, 0) == 0);
    FUZZ_CHECK(pwrite(file, data, size, 0) == (ssize_t)size);
    return path;
}

#endif
