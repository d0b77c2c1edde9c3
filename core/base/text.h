/* Text that grows, and UTF-8. */
#ifndef INADEKIT_BASE_TEXT_H
#define INADEKIT_BASE_TEXT_H

#include "inadekit/types.h"

/* Bytes of the UTF-8 character at s (never past the NUL), 0 where there is no valid one. */
int ik__utf8_length(const char *s);

/* Text that grows. `failed` is set when memory ran out; what was there stays. */
typedef struct ik__text {
    char *data; /* NUL-terminated; NULL while nothing was added */
    size_t n, room;
    bool failed;
} ik__text;

void ik__text_add(ik__text *t, const char *bytes, size_t n);
void IK_PRINTF(2, 3) ik__text_printf(ik__text *t, const char *format, ...);
/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void ik__text_quote(ik__text *t, const char *s);
/* What a terminal may be given: control characters, which could move its cursor, name its window or
 * worse, become \xNN, and so do bytes that are not UTF-8. Tabs and line ends stay. */
void ik__text_visible(ik__text *t, const char *s);
void ik__text_free(ik__text *t);

#endif
