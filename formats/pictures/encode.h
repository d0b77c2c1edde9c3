/* Pictures as bytes of a file, in memory, and bytes as base64. */
#ifndef INADEKIT_PICTURES_ENCODE_H
#define INADEKIT_PICTURES_ENCODE_H

#include "base/text.h"

/* malloc'ed; NULL without memory. */
uint8_t *ik__png_bytes(const uint8_t *rgb, int height, int width, size_t *n);
/* Colours at full resolution: what is looked at here is small. */
uint8_t *ik__jpeg_bytes(const uint8_t *rgb, int height, int width, size_t *n);
void ik__base64(ik__text *to, const uint8_t *bytes, size_t n);

#endif
