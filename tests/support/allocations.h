/* The C library's allocating functions, replaced for the whole program: each asks the suite's
 * `refuses` first, with who calls, and gives no memory where it says so. To be included by one file
 * alone. */
#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Called by any thread, from within malloc: it must not allocate. */
__attribute__((unused)) static bool refuses(void *caller);

/* Of the rooms, which the program links, or of a plugin? Those are never unloaded, so it can be
 * asked afterwards. Allocates. */
static inline bool is_ours(void *caller) {
    static const char here;
    Dl_info info, own;
    return dladdr(caller, &info) && dladdr(&here, &own) &&
           (info.dli_fbase == own.dli_fbase || strstr(info.dli_fname, BUILD_DIR "/lib"));
}

#if defined(__SANITIZE_ADDRESS__)
enum { REPLACED = 0 }; /* the sanitizer has malloc to itself */
#else
enum { REPLACED = 1 };

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t alignment, size_t n);

#define EXPORT __attribute__((visibility("default")))
#define CALLER __builtin_return_address(0)
EXPORT void *malloc(size_t n) {
    return refuses(CALLER) ? NULL : __libc_malloc(n);
}
EXPORT void *calloc(size_t n, size_t size) {
    return refuses(CALLER) ? NULL : __libc_calloc(n, size);
}
EXPORT void *realloc(void *p, size_t n) {
    return refuses(CALLER) ? NULL : __libc_realloc(p, n);
}
EXPORT void *aligned_alloc(size_t alignment, size_t n) {
    return refuses(CALLER) ? NULL : __libc_memalign(alignment, n);
}
EXPORT int posix_memalign(void **p, size_t alignment, size_t n) {
    *p = refuses(CALLER) ? NULL : __libc_memalign(alignment, n);
    return *p ? 0 : ENOMEM;
}
#endif

#endif
