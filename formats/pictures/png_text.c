/* Finding an orientation in a PNG's texts; see png_text.h. */
#include "png_text.h"
#include "upright.h"

#include <ctype.h>
#include <stdlib.h>

#include <zlib.h>

enum { MOST = 1 << 16 }; /* of a text; orientations stand near the beginning */

typedef struct span {
    const uint8_t *at;
    size_t n;
} span;

/* What stands before the next 0; the span goes on behind it. False where there is none. */
static bool word(span *s, const char **text) {
    const uint8_t *end = s->n ? memchr(s->at, 0, s->n) : NULL;
    if (!end) return false;
    *text = (const char *)s->at;
    s->n -= (size_t)(end - s->at) + 1;
    s->at = end + 1;
    return true;
}

static bool skip(span *s, size_t n) {
    if (s->n < n) return false;
    s->at += n, s->n -= n;
    return true;
}

/* The beginning of what is packed. */
static size_t unpack(const span *s, uint8_t *to) {
    z_stream z = {.next_in = (Bytef *)s->at, .avail_in = (uInt)s->n, .avail_out = MOST};
    z.next_out = to;
    if (inflateInit(&z) != Z_OK) return 0;
    inflate(&z, Z_SYNC_FLUSH);
    inflateEnd(&z);
    return MOST - z.avail_out;
}

/* Its text, which is packed or not, in `to`; 0 bytes where the chunk is damaged. */
static size_t text_of(const char *type, span s, uint8_t *to) {
    const char *ignored;
    bool packed = !memcmp(type, "zTXt", 4);
    if (packed && !skip(&s, 1)) return 0;
    if (!memcmp(type, "iTXt", 4)) {
        packed = s.n && s.at[0];
        if (!skip(&s, 2) || !word(&s, &ignored) || !word(&s, &ignored)) return 0;
    }
    if (packed) return unpack(&s, to);
    size_t n = s.n < MOST ? s.n : MOST;
    memcpy(to, s.at, n);
    return n;
}

static int digit(int c) {
    return c >= '0' && c <= '9' ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

/* "\nexif\n     120\n" and two digits for a byte, in lines; unpacked where it stands. */
static int profile_orientation(uint8_t *text, size_t n) {
    static const char head[] = "Exif\0";
    size_t at = 0, bytes = 0;
    for (int words = 0; words < 2; words++) {
        while (at < n && isspace(text[at])) at++;
        while (at < n && !isspace(text[at])) at++;
    }
    for (int high = -1; at < n; at++) {
        int d = digit(text[at]);
        if (d < 0) continue;
        if (high >= 0) text[bytes++] = (uint8_t)(high << 4 | d);
        high = high >= 0 ? -1 : d;
    }
    bool headed = bytes >= sizeof head && !memcmp(text, head, sizeof head);
    size_t from = headed ? sizeof head : 0;
    return ik__exif_orientation(text + from, bytes - from);
}

void ik__png_text_take(ik__png_told *told, const char *type, const uint8_t *data, size_t n) {
    if (memcmp(type, "tEXt", 4) && memcmp(type, "zTXt", 4) && memcmp(type, "iTXt", 4)) return;
    span s = {data, n};
    const char *key;
    if (!word(&s, &key)) return;
    bool xmp = !strcmp(key, "XML:com.adobe.xmp");
    bool exif = !strcmp(key, "Raw profile type exif") || !strcmp(key, "Raw profile type APP1");
    if (!xmp && !exif) return;
    uint8_t *text = malloc(MOST);
    if (!text) return;
    size_t length = text_of(type, s, text);
    if (xmp && !told->xmp) told->xmp = ik__xmp_orientation((const char *)text, length);
    if (exif && !told->exif) told->exif = profile_orientation(text, length);
    free(text);
}
