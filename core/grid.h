/* Picture grids: equal cells in rows and columns on white, saved as one PNG. */
#ifndef IK_CORE_GRID_H
#define IK_CORE_GRID_H

#include "inadekit/types.h"

typedef struct ik__grid ik__grid;

/* Cells of height x width pixels, `pad` white pixels between and around them. NULL where a number
 * is not positive (pad: negative), a side exceeds 65535 pixels, or memory is short. */
ik__grid *ik__grid_new(int rows, int columns, int height, int width, int pad);
/* A cell outside the grid is left out. rgb [H,W,3] in -1..1 becomes (y + 1) / 2 * 255, truncated.
 */
void ik__grid_image(ik__grid *grid, int row, int column, const float *rgb);
/* label, instance [H,W]. Every label has a fixed colour; where the instance (may be NULL) changes,
 * a dark line is drawn. */
void ik__grid_labels(ik__grid *grid, int row, int column, const int32_t *label,
                     const int32_t *instance);
/* [height, width, 3], owned by the grid. */
const uint8_t *ik__grid_pixels(const ik__grid *grid, int *height, int *width);
ik_status ik__grid_save(const ik__grid *grid, const char *path, ik_error *err);
void ik__grid_free(ik__grid *grid);

/* The colour of a label, the same in every picture; negative ones (unknown) are grey. */
void ik__label_colour(int32_t label, uint8_t rgb[3]);

#endif
