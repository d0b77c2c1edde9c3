/* Pictures that say how they are to be turned: what EXIF calls the orientation, 1 to 8. */
#ifndef INADEKIT_PICTURES_UPRIGHT_H
#define INADEKIT_PICTURES_UPRIGHT_H

#include "inadekit/types.h"

/* Of an EXIF block, which begins with its TIFF header; 0 where it says nothing. */
int ik__exif_orientation(const uint8_t *tiff, size_t n);
/* Of an XMP packet, which speaks where EXIF is silent; 0 as above. */
int ik__xmp_orientation(const char *xml, size_t n);

/* Turns [height,width] elements of `size` bytes to stand as the viewer sees them; false without
 * memory. */
bool ik__turn_upright(int orientation, size_t size, int *height, int *width, uint8_t **pixels);

#endif
