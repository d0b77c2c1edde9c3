/* Text that grows, and what of it is UTF-8. */
#include "text.h"

#include <stdlib.h>

int ik__utf8_length(const char *s) {
    const unsigned char *u = (const unsigned char *)s;
    if (u[0] == 0) return 0;
    if (u[0] < 0x80) return 1;
    int n = u[0] >= 0xF0 ? 4 : u[0] >= 0xE0 ? 3 : 2;
    if (u[0] < 0xC2 || u[0] > 0xF4) return 0;
    for (int i = 1; i < n; i++)
        if ((u[i] & 0xC0) != 0x80) return 0;
    /* Overlong forms, surrogates, and what lies above U+10FFFF. */
    if ((u[0] == 0xE0 && u[1] < 0xA0) || (u[0] == 0xED && u[1] > 0x9F)) return 0;
    if ((u[0] == 0xF0 && u[1] < 0x90) || (u[0] == 0xF4 && u[1] > 0x8F)) return 0;
    return n;
}

static bool reserve(ik__text *t, size_t more) {
    if (t->failed) return false;
    if (t->room - t->n > more) return true;
    size_t room = (t->n + more + 1) * 3 / 2 + 64;
    char *data = realloc(t->data, room);
    if (!data) {
        t->failed = true;
        return false;
    }
    t->data = data;
    t->room = room;
    return true;
}

void ik__text_add(ik__text *t, const char *bytes, size_t n) {
    if (!reserve(t, n)) return;
    memcpy(t->data + t->n, bytes, n);
    t->n += n;
    t->data[t->n] = 0;
}

void ik__text_printf(ik__text *t, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0) t->failed = true;
    if (n < 0 || !reserve(t, (size_t)n)) return;
    va_start(args, format);
    vsnprintf(t->data + t->n, (size_t)n + 1, format, args);
    va_end(args);
    t->n += (size_t)n;
}

void ik__text_quote(ik__text *t, const char *s) {
    ik__text_add(t, "\"", 1);
    while (*s) {
        int n = ik__utf8_length(s);
        if (*s == '"' || *s == '\\')
            ik__text_printf(t, "\\%c", *s);
        else if (*s == '\n')
            ik__text_add(t, "\\n", 2);
        else if (*s == '\t')
            ik__text_add(t, "\\t", 2);
        else if (n == 1 && (unsigned char)*s < 0x20)
            ik__text_printf(t, "\\u%04x", (unsigned)*s);
        else if (n)
            ik__text_add(t, s, (size_t)n);
        else
            ik__text_add(t, "\xEF\xBF\xBD", 3);
        s += n ? n : 1;
    }
    ik__text_add(t, "\"", 1);
}

void ik__text_visible(ik__text *t, const char *s) {
    for (int n; *s; s += n) {
        const unsigned char *u = (const unsigned char *)s;
        n = ik__utf8_length(s);
        bool control = n == 1 ? (*u < 0x20 && *u != '\n' && *u != '\t') || *u == 0x7f
                              : n == 2 && u[0] == 0xC2 && u[1] < 0xA0; /* C1 */
        if (n && !control) {
            ik__text_add(t, s, (size_t)n);
            continue;
        }
        n = n ? n : 1;
        for (int i = 0; i < n; i++) ik__text_printf(t, "\\x%02x", u[i]);
    }
}

void ik__text_free(ik__text *t) {
    free(t->data);
    *t = (ik__text){0};
}
