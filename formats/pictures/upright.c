/* Finding an orientation and turning pixels by it; see upright.h. */
#define _GNU_SOURCE /* memmem */
#include "upright.h"

#include <stdlib.h>

enum { ORIENTATION = 0x0112, BYTE = 1, SHORT = 3, LONG = 4, ENTRY = 12 };

typedef struct block {
    const uint8_t *at;
    size_t n;
    bool little;
} block;

static uint32_t number(const block *b, size_t at, size_t bytes) {
    uint32_t v = 0;
    if (at > b->n || bytes > b->n - at) return 0;
    for (size_t i = 0; i < bytes; i++) v = v << 8 | b->at[at + (b->little ? bytes - 1 - i : i)];
    return v;
}

static int known(uint32_t v) {
    return v >= 1 && v <= 8 ? (int)v : 1;
}

int ik__exif_orientation(const uint8_t *tiff, size_t n) {
    block b = {tiff, n, n > 0 && tiff[0] == 'I'};
    if (n < 8 || (memcmp(tiff, "II", 2) != 0 && memcmp(tiff, "MM", 2) != 0)) return 0;
    if (number(&b, 2, 2) != 42) return 0;
    size_t at = number(&b, 4, 4), entries = number(&b, at, 2);
    for (at += 2; entries > 0 && at + ENTRY <= n; entries--, at += ENTRY) {
        if (number(&b, at, 2) != ORIENTATION) continue;
        uint32_t type = number(&b, at + 2, 2);
        if (type == SHORT) return known(number(&b, at + 8, 2));
        if (type == LONG) return known(number(&b, at + 8, 4));
        return type == BYTE ? known(number(&b, at + 8, 1)) : 1;
    }
    return 0;
}

int ik__xmp_orientation(const char *xml, size_t n) {
    static const char tag[] = "tiff:Orientation";
    const char *at = memmem(xml, n, tag, sizeof tag - 1);
    if (!at) return 0;
    at += sizeof tag - 1;
    size_t left = n - (size_t)(at - xml);
    if (left >= 3 && at[0] == '=' && (at[1] == '"' || at[1] == '\''))
        return known((uint32_t)(at[2] - '0'));
    return left >= 2 && at[0] == '>' ? known((uint32_t)(at[1] - '0')) : 0;
}

/* Where the element at (y, x) of the turned picture lies in the h x w that are stored. */
static size_t source(int orientation, int y, int x, int h, int w) {
    int row = orientation >= 5 ? x : y, column = orientation >= 5 ? y : x;
    static const bool bottom_up[] = {[3] = true, [4] = true, [6] = true, [7] = true, [8] = false};
    static const bool right_left[] = {[2] = true, [3] = true, [7] = true, [8] = true};
    if (bottom_up[orientation]) row = h - 1 - row;
    if (right_left[orientation]) column = w - 1 - column;
    return (size_t)row * (size_t)w + (size_t)column;
}

bool ik__turn_upright(int orientation, size_t size, int *height, int *width, uint8_t **pixels) {
    int h = *height, w = *width, high = orientation >= 5 ? w : h, wide = orientation >= 5 ? h : w;
    if (orientation <= 1) return true;
    uint8_t *turned = malloc(size * (size_t)h * (size_t)w), *to = turned;
    if (!turned) return false;
    for (int y = 0; y < high; y++)
        for (int x = 0; x < wide; x++, to += size)
            memcpy(to, *pixels + size * source(orientation, y, x, h, w), size);
    free(*pixels);
    *pixels = turned, *height = high, *width = wide;
    return true;
}
