/* Pictures of a report: cells of the run's grids, what can be made of them, and how they are put
 * into the page. */
#ifndef INADEKIT_REPORT_PICTURE_H
#define INADEKIT_REPORT_PICTURE_H

#include "base/text.h"

/* A grid file in memory. Cells have height x width pixels. */
typedef struct ik__sheet {
    int rows, columns, height, width, stride; /* stride: pixels of a line of the file */
    uint8_t *rgb;
} ik__sheet;

/* <folder>/images/<name>.png with cells of that size; false where it is missing or another. */
bool ik__sheet_open(ik__sheet *s, const char *folder, const char *name, int64_t height,
                    int64_t width);
/* The rows to show: so many at most, fewer where the pictures are large, so that a page stays of a
 * size that can be sent. `columns`: pictures that a row becomes. */
int ik__sheet_rows(const ik__sheet *s, int most, int columns);
void ik__sheet_close(ik__sheet *s);
/* Copies a cell to rgb [height, width, 3]. */
void ik__sheet_cell(const ik__sheet *s, int row, int column, uint8_t *rgb);

/* An <img> with the picture inside: PNG where it is small or `exact`, else JPEG. */
void ik__picture(ik__text *to, const uint8_t *rgb, int height, int width, bool exact,
                 const char *alt);
void ik__sheet_picture(ik__text *to, const ik__sheet *s, int row, int column, bool exact,
                       const char *alt);

/* An <svg> that lies over the picture and runs along the border of a mask [height, width, 3]
 * (white inside). */
void ik__outline(ik__text *to, const uint8_t *mask, int height, int width);

/* How far the samples of a row differ from its first: `rgb` takes the largest difference of any
 * sample and channel at each pixel, IK__BRIGHTER times as bright; the sums of those differences go
 * to the pixels inside and outside of the mask. Samples begin at column 2. */
enum { IK__BRIGHTER = 3 };
typedef struct ik__change {
    double inside, outside; /* of 255, summed */
    int64_t pixels_inside, pixels_outside;
} ik__change;
void ik__difference(const ik__sheet *samples, const ik__sheet *mask, int row, uint8_t *rgb,
                    ik__change *change);

/* The opening of a grid of `columns` pictures of that width: enlarged a little where small. */
void ik__picture_grid(ik__text *to, int columns, int width);

#endif
