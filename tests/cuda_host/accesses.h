/* What kernels read and write, seen on the host: an access must lie on a multiple of its size, as
 * on the device, and bytes are counted. */
#ifndef ACCESSES_H
#define ACCESSES_H

#include <stdio.h>
#include <stdlib.h>

extern "C" int64_t emulated_bytes[2]; /* read, written */

static inline void emulated_access(const void *p, size_t bytes, bool writes) {
    emulated_bytes[writes] += (int64_t)bytes;
    if ((uintptr_t)p % bytes == 0) return;
    fprintf(stderr, "an access of %zu bytes at %p: the device would fault\n", bytes, p);
    abort();
}
#define ACCESS(p, bytes, writes) emulated_access(p, bytes, writes)

#endif
