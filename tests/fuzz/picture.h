/* What the targets for pictures share. */
#ifndef FUZZ_PICTURE_H
#define FUZZ_PICTURE_H

#include "fuzz.h"

#include "pictures/image.h"

/* Pictures within the reader's limits but over this many pixels only cost time here. */
enum { FUZZ_PIXELS = 1 << 18 };

/* Reads every byte of a result: what was not written, or lies outside, is found. */
static inline void fuzz_check_rgb(int height, int width, const uint8_t *rgb) {
    FUZZ_CHECK(height > 0 && width > 0 && rgb);
    unsigned sum = 0;
    for (size_t i = 0; i < 3 * (size_t)height * (size_t)width; i++) sum += rgb[i];
    volatile unsigned sink = sum;
    (void)sink;
}

#endif
