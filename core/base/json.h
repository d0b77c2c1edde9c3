/* Strict JSON (RFC 8259), as much as the kit needs: a cursor that reads; text.h writes.
 *
 * Reading works inside the caller's buffer: strings are decoded where they stand and ended by a
 * NUL, which never takes more room than their source did. Every function returns false after the
 * first mistake, whose place and description the cursor keeps. */
#ifndef INADEKIT_BASE_JSON_H
#define INADEKIT_BASE_JSON_H

#include "inadekit/types.h"
#include "text.h"

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

#endif
