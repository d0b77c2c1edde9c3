/* Picture grids: equal cells in rows and columns on white, saved as one PNG. */
#ifndef INADEKIT_PICTURES_GRID_H
#define INADEKIT_PICTURES_GRID_H

#include "inadekit/types.h"

typedef struct ik__grid ik__grid;

enum {
    IK__GRID_PAD = 2,     /* of the grids that a run writes */
    IK__GRID_SIDE = 65535 /* the most pixels of one */
};

/* Are these numbers those of a grid? */
bool ik__grid_holds(int64_t rows, int64_t columns, int64_t height, int64_t width, int64_t pad);

/* Cells of height x width pixels, `pad` white pixels between and around them. NULL where a number
 * is not positive (pad: negative), a side exceeds IK__GRID_SIDE pixels, or memory is short. */
ik__grid *ik__grid_new(int rows, int columns, int height, int width, int pad);
/* A cell outside the grid is left out. rgb [H,W,3] in -1..1 becomes (y + 1) / 2 * 255, truncated.
 */
void ik__grid_image(ik__grid *grid, int row, int column, const float *rgb);
/* Outlines a region of a cell. mask [H,W]: true inside. */
void ik__grid_outline(ik__grid *grid, int row, int column, const bool *mask);
/* label, instance [H,W]. Every label has a fixed colour; where the instance (may be NULL) changes,
 * a dark line is drawn. */
void ik__grid_labels(ik__grid *grid, int row, int column, const int32_t *label,
                     const int32_t *instance);
/* [height, width, 3], owned by the grid. */
const uint8_t *ik__grid_pixels(const ik__grid *grid, int *height, int *width);
ik_status ik__grid_save(const ik__grid *grid, const char *path, ik_error *err);
void ik__grid_free(ik__grid *grid);

/* -1..1 as 0..255, cut to it; NaN as 0. */
uint8_t ik__picture_byte(float y);
/* One picture by itself, rgb [H,W,3] as above, with texts as ik__png_write takes them. */
ik_status ik__picture_save(const char *path, int64_t height, int64_t width, const float *rgb,
                           int n_text, const char *const *keys, const char *const *values,
                           ik_error *err);

/* The colour of a label, the same in every picture; negative ones (unknown) are grey. */
void ik__label_colour(int32_t label, uint8_t rgb[3]);

#endif
