/* What is left on the heap when the same has been done many times. */
#include "check.h"

#include <malloc.h>

size_t check_heap(void) {
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

bool check_heap_grew(check_findings *f, size_t before, int times, const char *what) {
    size_t now = check_heap();
    /* The least that malloc gives takes 32 bytes. */
    if (now < before + (size_t)times * 32) return false;
    check_found(f, CHECK_WRONG,
                "%s: after %d times %zu bytes more are taken; free what is allocated", what, times,
                now - before);
    return true;
}
