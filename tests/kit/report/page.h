/* A page as a reader meets it: is it well-formed, and are its pictures whole? */
#ifndef TEST_PAGE_H
#define TEST_PAGE_H

#include <check.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "pictures/image.h"

/* "&name;" of the five that XML has, or "&#39;". */
static const char *check_entity(const char *p) {
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strncmp(p, known[i], strlen(known[i]))) return p + strlen(known[i]);
    ck_abort_msg("a bare '&': %.40s", p);
    return NULL;
}

/* ` name="value"`, no name twice is not looked for. */
static const char *check_attribute(const char *p) {
    const char *name = p;
    while (isalnum((unsigned char)*p) || *p == '-') p++;
    ck_assert_msg(p > name && p[0] == '=' && p[1] == '"', "an attribute: %.60s", name);
    for (p += 2; *p != '"';) {
        ck_assert_msg(*p && *p != '<', "a value that does not end: %.60s", name);
        p = *p == '&' ? check_entity(p) : p + 1;
    }
    return p + 1;
}

typedef struct open_tags {
    char name[32][16];
    int n;
} open_tags;

static const char *check_tag(const char *p, open_tags *t) {
    const char *begin = p;
    bool closes = p[1] == '/';
    const char *name = p + 1 + closes;
    size_t n = 0;
    while (isalnum((unsigned char)name[n])) n++;
    ck_assert_msg(n && n < 16, "a tag: %.40s", begin);
    p = name + n;
    if (closes) {
        ck_assert_msg(t->n && strlen(t->name[t->n - 1]) == n &&
                          !memcmp(t->name[t->n - 1], name, n) && *p == '>',
                      "%.20s closes <%s>", begin, t->n ? t->name[t->n - 1] : "nothing");
        t->n--;
        return p + 1;
    }
    while (*p == ' ') p = check_attribute(p + 1);
    if (p[0] == '/' && p[1] == '>') return p + 2;
    ck_assert_msg(*p == '>' && t->n < 32, "a tag that does not end: %.60s", begin);
    memcpy(t->name[t->n], name, n);
    t->name[t->n++][n] = 0;
    return p + 1;
}

static inline void check_well_formed(const char *page) {
    static const char doctype[] = "<!DOCTYPE html>\n";
    open_tags t = {.n = 0};
    ck_assert(!strncmp(page, doctype, strlen(doctype)));
    for (const char *p = page + strlen(doctype); *p;) {
        int n = ik__utf8_length(p);
        ck_assert_msg(n && (n > 1 || (unsigned char)*p >= 0x20 || *p == '\n' || *p == '\t'),
                      "a byte 0x%02x", (unsigned char)*p);
        p = *p == '<' ? check_tag(p, &t) : *p == '&' ? check_entity(p) : p + n;
    }
    ck_assert_int_eq(t.n, 0);
}

static size_t decode_base64(const char *text, size_t n, unsigned char *to) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t m = 0;
    ck_assert_uint_eq(n % 4, 0);
    for (size_t i = 0; i < n; i += 4) {
        unsigned v = 0, pad = 0;
        for (int k = 0; k < 4; k++) {
            const char *d = text[i + (size_t)k] == '=' ? NULL : strchr(digits, text[i + (size_t)k]);
            pad += !d;
            v = v << 6 | (d ? (unsigned)(d - digits) : 0);
        }
        ck_assert(!pad || (i + 4 == n && pad < 3));
        for (unsigned k = 0; k < 3 - pad; k++) to[m++] = (unsigned char)(v >> (16 - 8 * k));
    }
    return m;
}

/* Decodes every picture, through a file of that name, and gives how many there are; all have that
 * size. */
static inline int check_pictures(const char *page, const char *file, int height, int width) {
    int n = 0;
    for (const char *p = page; (p = strstr(p, "src=\"")); n++) {
        p += strlen("src=\"");
        ck_assert(!strncmp(p, "data:image/png;base64,", 22) ||
                  !strncmp(p, "data:image/jpeg;base64,", 23));
        p = strchr(p, ',') + 1;
        size_t size = strcspn(p, "\"");
        unsigned char *bytes = malloc(size + 1);
        size_t length = decode_base64(p, size, bytes);
        FILE *f = fopen(file, "wb");
        ck_assert(f && fwrite(bytes, 1, length, f) == length && !fclose(f));
        free(bytes);
        int h, w;
        uint8_t *rgb;
        ik_error err = {""};
        ck_assert_msg(!ik__images.read_rgb(file, &h, &w, &rgb, &err), "%s", err.text);
        ck_assert_int_eq(h, height);
        ck_assert_int_eq(w, width);
        free(rgb);
    }
    return n;
}

/* Nothing is fetched, and nothing runs. */
static inline void check_self_contained(const char *page) {
    static const char *const none[] = {"<script", "<link",   "<iframe", "<object",
                                       "url(",    "@import", "http:",   "https:"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        ck_assert_msg(!strstr(page, none[i]), "%s is in the page", none[i]);
}

#endif
