/* A shape in words. */
#include "shape.h"

void ik__shape_text(ik_shape s, char *text, size_t size) {
    size_t at = (size_t)snprintf(text, size, "[");
    for (int i = 0; i < s.rank && at < size; i++)
        at += (size_t)snprintf(text + at, size - at, i ? ",%lld" : "%lld", (long long)s.d[i]);
    if (at < size) snprintf(text + at, size - at, "]");
}
