/* Strict JSON (RFC 8259), as much as the kit needs: a cursor that reads, and text that is written.
 *
 * Reading works inside the caller's buffer: strings are decoded where they stand and ended by a
 * NUL, which never takes more room than their source did. Every function returns false after the
 * first mistake, whose place and description the cursor keeps. */
#ifndef IK_CORE_JSON_H
#define IK_CORE_JSON_H

#include "inadekit/types.h"

enum { IK__JSON_DEPTH = 32 };

typedef struct ik__json {
    char *start, *p, *end;
    int depth;
    const char *problem; /* NULL while all is well */
    size_t where;        /* the byte at which the problem was seen */
} ik__json;

ik__json ik__json_on(char *text, size_t n);
/* Notes a problem at `at` unless one is known already; returns false. */
bool ik__json_fail(ik__json *j, const char *at, const char *problem);
/* Enters '{' or '['. */
bool ik__json_enter(ik__json *j, char open);
/* Before each member or element, `first` being true at the outset: false at the closing bracket,
 * which is eaten, and after a mistake. */
bool ik__json_more(ik__json *j, char close, bool *first);
/* A member's name and the colon after it. */
bool ik__json_key(ik__json *j, const char **key);
bool ik__json_string(ik__json *j, const char **value);
/* A whole number, 0 to 2^63 - 1, without sign, fraction or exponent. */
bool ik__json_size(ik__json *j, int64_t *value);
/* Any number. */
bool ik__json_number(ik__json *j, double *value);
/* Any value. */
bool ik__json_skip(ik__json *j);
/* Nothing but white space is left. */
bool ik__json_end(ik__json *j);

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
void ik__text_free(ik__text *t);

#endif
