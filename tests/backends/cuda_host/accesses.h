/* What kernels read and write, seen on the host: an access must lie on a multiple of its size, as
 * on the device, and those of the tensors that a test watches are counted. */
#ifndef ACCESSES_H
#define ACCESSES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct emulated_watch {
    const char *at;
    size_t bytes;
    int64_t moved[2]; /* bytes read, written */
} emulated_watch;

#ifdef __cplusplus
extern "C" {
#endif
__attribute__((visibility("default"))) extern emulated_watch emulated_watched[32];
__attribute__((visibility("default"))) extern int emulated_watching; /* how many of them */
#ifdef __cplusplus
}
#endif

static inline void emulated_access(const void *p, size_t bytes, bool writes) {
    for (int i = 0; i < emulated_watching; i++) {
        emulated_watch *w = &emulated_watched[i];
        if ((const char *)p >= w->at && (const char *)p < w->at + w->bytes)
            w->moved[writes] += (int64_t)bytes;
    }
    if ((uintptr_t)p % bytes == 0) return;
    fprintf(stderr, "an access of %zu bytes at %p: the device would fault\n", bytes, p);
    abort();
}
#define ACCESS(p, bytes, writes) emulated_access(p, bytes, writes)

#endif
