/* What texts in a PNG say of how it is turned: programs wrote EXIF and XMP so before, or beside,
 * the chunk eXIf. */
#ifndef INADEKIT_PICTURES_PNG_TEXT_H
#define INADEKIT_PICTURES_PNG_TEXT_H

#include "inadekit/types.h"

typedef struct ik__png_told {
    int exif, xmp; /* orientations; 0: not said */
} ik__png_told;

/* Takes a chunk, tEXt, zTXt or iTXt; others and other texts are passed over. */
void ik__png_text_take(ik__png_told *told, const char *type, const uint8_t *data, size_t n);

#endif
