/* Strict JSON: the reading cursor. Depth is bounded, so is recursion. */
#include "json.h"

#include <stdlib.h>

ik__json ik__json_on(char *text, size_t n) {
    return (ik__json){.start = text, .p = text, .end = text + n};
}

bool ik__json_fail(ik__json *j, const char *at, const char *problem) {
    if (!j->problem) {
        j->problem = problem;
        j->where = (size_t)(at - j->start);
    }
    return false;
}

static void skip_space(ik__json *j) {
    while (j->p < j->end && (*j->p == ' ' || *j->p == '\t' || *j->p == '\n' || *j->p == '\r'))
        j->p++;
}

/* The next character that counts, 0 at the end. */
static char peek(ik__json *j) {
    skip_space(j);
    return j->p < j->end ? *j->p : 0;
}

bool ik__json_enter(ik__json *j, char open) {
    if (j->problem) return false;
    if (peek(j) != open)
        return ik__json_fail(j, j->p, open == '{' ? "expected '{'" : "expected '['");
    if (j->depth == IK__JSON_DEPTH) return ik__json_fail(j, j->p, "nested too deeply");
    j->depth++;
    j->p++;
    return true;
}

bool ik__json_more(ik__json *j, char close, bool *first) {
    if (j->problem) return false;
    char c = peek(j);
    if (c == close) {
        j->p++;
        j->depth--;
        return false;
    }
    if (!*first) {
        if (c != ',')
            return ik__json_fail(j, j->p,
                                 close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
        j->p++;
    }
    *first = false;
    return true;
}

bool ik__json_key(ik__json *j, const char **key) {
    if (!ik__json_string(j, key)) return false;
    if (peek(j) != ':') return ik__json_fail(j, j->p, "expected ':'");
    j->p++;
    return true;
}

/* --- Strings. */

static bool four_digits(const ik__json *j, const char *p, uint32_t *value) {
    *value = 0;
    if (j->end - p < 4) return false;
    for (int i = 0; i < 4; i++) {
        char c = p[i], low = (char)(c | 0x20);
        bool digit = c >= '0' && c <= '9', letter = low >= 'a' && low <= 'f';
        if (!digit && !letter) return false;
        *value = *value * 16 + (uint32_t)(digit ? c - '0' : low - 'a' + 10);
    }
    return true;
}

static char *put_utf8(char *to, uint32_t c) {
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xC0 | c >> 6);
        *to++ = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        *to++ = (char)(0xE0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 63));
        *to++ = (char)(0x80 | (c & 63));
    } else {
        *to++ = (char)(0xF0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 63));
        *to++ = (char)(0x80 | (c >> 6 & 63));
        *to++ = (char)(0x80 | (c & 63));
    }
    return to;
}

/* After "\u": one character, from a surrogate pair where it takes two. */
static bool read_unicode(ik__json *j, char **to) {
    const char *at = j->p - 2;
    uint32_t c, low;
    if (!four_digits(j, j->p, &c)) return ik__json_fail(j, at, "\\u wants four hexadecimal digits");
    j->p += 4;
    if (c >= 0xD800 && c < 0xE000) {
        bool pair = c < 0xDC00 && j->end - j->p >= 6 && j->p[0] == '\\' && j->p[1] == 'u' &&
                    four_digits(j, j->p + 2, &low) && low >= 0xDC00 && low < 0xE000;
        if (!pair) return ik__json_fail(j, at, "half of a surrogate pair");
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        j->p += 6;
    }
    if (c == 0) return ik__json_fail(j, at, "a string must not contain U+0000");
    *to = put_utf8(*to, c);
    return true;
}

static bool read_escape(ik__json *j, char **to) {
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    if (j->end - j->p < 2) return ik__json_fail(j, j->p, "unfinished string");
    char c = j->p[1];
    j->p += 2;
    if (c == 'u') return read_unicode(j, to);
    const char *known = c ? strchr(from, c) : NULL;
    if (!known) return ik__json_fail(j, j->p - 2, "unknown escape");
    *(*to)++ = into[known - from];
    return true;
}

/* One character beyond ASCII, not reading past the end. */
static bool read_beyond_ascii(ik__json *j, char **to) {
    char c[5] = {0};
    ptrdiff_t left = j->end - j->p;
    memcpy(c, j->p, left < 4 ? (size_t)left : 4);
    int n = ik__utf8_length(c);
    if (!n) return ik__json_fail(j, j->p, "not UTF-8");
    memcpy(*to, c, (size_t)n); /* a copy: source and destination may overlap */
    *to += n;
    j->p += n;
    return true;
}

bool ik__json_string(ik__json *j, const char **value) {
    if (j->problem) return false;
    if (peek(j) != '"') return ik__json_fail(j, j->p, "expected a string");
    char *to = ++j->p, *const begin = to;
    while (j->p < j->end && *j->p != '"') {
        unsigned char c = (unsigned char)*j->p;
        if (c < 0x20) return ik__json_fail(j, j->p, "control character in a string");
        if (c == '\\') {
            if (!read_escape(j, &to)) return false;
        } else if (c >= 0x80) {
            if (!read_beyond_ascii(j, &to)) return false;
        } else {
            *to++ = *j->p++;
        }
    }
    if (j->p == j->end) return ik__json_fail(j, j->p, "unfinished string");
    j->p++;
    *to = 0;
    *value = begin;
    return true;
}

/* --- Numbers and the rest. */

static bool is_digit(const ik__json *j) {
    return j->p < j->end && *j->p >= '0' && *j->p <= '9';
}

bool ik__json_size(ik__json *j, int64_t *value) {
    if (j->problem) return false;
    skip_space(j);
    const char *begin = j->p;
    int64_t v = 0;
    for (; is_digit(j); j->p++)
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *j->p - '0', &v))
            return ik__json_fail(j, begin, "number too large");
    bool zeros = j->p - begin > 1 && *begin == '0';
    bool more = j->p < j->end && *j->p && strchr(".eE", *j->p);
    if (j->p == begin || zeros || more)
        return ik__json_fail(j, begin, "expected a whole number, 0 or more");
    *value = v;
    return true;
}

static bool skip_number(ik__json *j) {
    const char *begin = j->p;
    if (j->p < j->end && *j->p == '-') j->p++;
    const char *digits = j->p;
    while (is_digit(j)) j->p++;
    bool good = j->p > digits && !(*digits == '0' && j->p - digits > 1);
    if (good && j->p < j->end && *j->p == '.') {
        j->p++;
        good = is_digit(j);
        while (is_digit(j)) j->p++;
    }
    if (good && j->p < j->end && (*j->p | 0x20) == 'e') {
        j->p++;
        if (j->p < j->end && (*j->p == '+' || *j->p == '-')) j->p++;
        good = is_digit(j);
        while (is_digit(j)) j->p++;
    }
    return good || ik__json_fail(j, begin, "expected a value");
}

bool ik__json_number(ik__json *j, double *value) {
    if (j->problem) return false;
    char c = peek(j), text[64];
    const char *begin = j->p;
    if (c != '-' && !is_digit(j)) return ik__json_fail(j, begin, "expected a number");
    if (!skip_number(j)) return false;
    snprintf(text, sizeof text, "%.*s", (int)(j->p - begin), begin);
    *value = strtod(text, NULL);
    return true;
}

static bool skip_word(ik__json *j) {
    static const char *const words[] = {"true", "false", "null"};
    for (int i = 0; i < 3; i++) {
        size_t n = strlen(words[i]);
        if ((size_t)(j->end - j->p) >= n && memcmp(j->p, words[i], n) == 0) {
            j->p += n;
            return true;
        }
    }
    return ik__json_fail(j, j->p, "expected a value");
}

bool ik__json_skip(ik__json *j) {
    if (j->problem) return false;
    char c = peek(j);
    const char *ignored;
    if (c == '"') return ik__json_string(j, &ignored);
    if (c == '-' || (c >= '0' && c <= '9')) return skip_number(j);
    if (c != '{' && c != '[') return skip_word(j);
    bool first = true;
    if (!ik__json_enter(j, c)) return false;
    while (ik__json_more(j, c == '{' ? '}' : ']', &first)) {
        if (c == '{' && !ik__json_key(j, &ignored)) return false;
        if (!ik__json_skip(j)) return false;
    }
    return !j->problem;
}

bool ik__json_end(ik__json *j) {
    if (j->problem) return false;
    skip_space(j);
    return j->p == j->end || ik__json_fail(j, j->p, "more text after the end");
}
