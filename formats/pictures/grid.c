/* Picture grids and the colours of labels. */
#include "grid.h"
#include "image.h"

#include <math.h>
#include <stdlib.h>

struct ik__grid {
    int rows, columns, height, width, pad;
    int total_height, total_width;
    uint8_t *pixels;
};

bool ik__grid_holds(int64_t rows, int64_t columns, int64_t height, int64_t width, int64_t pad) {
    const int64_t most = IK__GRID_SIDE;
    if (rows < 1 || columns < 1 || height < 1 || width < 1 || pad < 0) return false;
    if (rows > most || columns > most || height > most || width > most || pad > most) return false;
    return rows * (height + pad) + pad <= most && columns * (width + pad) + pad <= most;
}

ik__grid *ik__grid_new(int rows, int columns, int height, int width, int pad) {
    if (!ik__grid_holds(rows, columns, height, width, pad)) return NULL;
    int64_t h = (int64_t)rows * (height + pad) + pad, w = (int64_t)columns * (width + pad) + pad;
    ik__grid *grid = malloc(sizeof *grid);
    uint8_t *pixels = malloc((size_t)(h * w * 3));
    if (!grid || !pixels) {
        free(grid);
        free(pixels);
        return NULL;
    }
    memset(pixels, 255, (size_t)(h * w * 3));
    *grid = (ik__grid){rows, columns, height, width, pad, (int)h, (int)w, pixels};
    return grid;
}

/* The first byte of a row of a cell. */
static uint8_t *row_of(const ik__grid *grid, int row, int column, int y) {
    int64_t top = grid->pad + (int64_t)row * (grid->height + grid->pad) + y;
    int64_t left = grid->pad + (int64_t)column * (grid->width + grid->pad);
    return grid->pixels + (top * grid->total_width + left) * 3;
}

static bool inside(const ik__grid *grid, int row, int column) {
    return grid && row >= 0 && row < grid->rows && column >= 0 && column < grid->columns;
}

uint8_t ik__picture_byte(float y) {
    float v = (y + 1) / 2 * 255;
    if (!(v > 0)) return 0; /* NaN as well */
    return v < 255 ? (uint8_t)v : 255;
}

void ik__grid_image(ik__grid *grid, int row, int column, const float *rgb) {
    if (!inside(grid, row, column)) return;
    size_t n = (size_t)grid->width * 3;
    for (int y = 0; y < grid->height; y++, rgb += n) {
        uint8_t *to = row_of(grid, row, column, y);
        for (size_t i = 0; i < n; i++) to[i] = ik__picture_byte(rgb[i]);
    }
}

ik_status ik__picture_save(const char *path, int64_t height, int64_t width, const float *rgb,
                           int n_text, const char *const *keys, const char *const *values,
                           ik_error *err) {
    int64_t n = height * width * 3;
    uint8_t *bytes = malloc((size_t)n);
    if (!bytes) return ik_errorf(err, IK_FAILED, "out of memory for %s", path);
    for (int64_t i = 0; i < n; i++) bytes[i] = ik__picture_byte(rgb[i]);
    ik_status status =
        ik__png_write(path, (int)height, (int)width, bytes, n_text, keys, values, err);
    free(bytes);
    return status;
}

void ik__grid_outline(ik__grid *grid, int row, int column, const bool *mask) {
    static const uint8_t colour[3] = {255, 46, 126};
    if (!inside(grid, row, column)) return;
    int h = grid->height, w = grid->width;
    for (int y = 0; y < h; y++) {
        uint8_t *to = row_of(grid, row, column, y);
        for (int x = 0; x < w; x++, to += 3) {
            const bool *at = mask + (int64_t)y * w + x;
            bool inner =
                x > 0 && y > 0 && x + 1 < w && y + 1 < h && at[-1] && at[1] && at[-w] && at[w];
            if (*at && !inner) memcpy(to, colour, sizeof colour);
        }
    }
}

/* Hues a golden angle apart never meet; saturation and brightness set neighbours further apart. */
void ik__label_colour(int32_t label, uint8_t rgb[3]) {
    if (label < 0) {
        rgb[0] = rgb[1] = rgb[2] = 96;
        return;
    }
    double hue = fmod(205 + label * 137.50776405003785, 360) / 60;
    double value = 0.95 - 0.13 * (label % 3), chroma = value * (label % 2 ? 0.72 : 0.5);
    double low = value - chroma, middle = low + chroma * (1 - fabs(fmod(hue, 2) - 1)), high = value;
    static const int order[6][3] = {{2, 1, 0}, {1, 2, 0}, {0, 2, 1},
                                    {0, 1, 2}, {1, 0, 2}, {2, 0, 1}};
    const double level[3] = {low, middle, high};
    for (int c = 0; c < 3; c++) rgb[c] = (uint8_t)lround(255 * level[order[(int)hue][c]]);
}

void ik__grid_labels(ik__grid *grid, int row, int column, const int32_t *label,
                     const int32_t *instance) {
    if (!inside(grid, row, column)) return;
    int h = grid->height, w = grid->width;
    for (int y = 0; y < h; y++) {
        uint8_t *to = row_of(grid, row, column, y);
        for (int x = 0; x < w; x++, to += 3) {
            int64_t at = (int64_t)y * w + x;
            ik__label_colour(label[at], to);
            bool border = instance && ((x + 1 < w && instance[at + 1] != instance[at]) ||
                                       (y + 1 < h && instance[at + w] != instance[at]));
            for (int c = 0; border && c < 3; c++) to[c] /= 4;
        }
    }
}

const uint8_t *ik__grid_pixels(const ik__grid *grid, int *height, int *width) {
    *height = grid->total_height;
    *width = grid->total_width;
    return grid->pixels;
}

ik_status ik__grid_save(const ik__grid *grid, const char *path, ik_error *err) {
    return ik__png_write(path, grid->total_height, grid->total_width, grid->pixels, 0, NULL, NULL,
                         err);
}

void ik__grid_free(ik__grid *grid) {
    if (!grid) return;
    free(grid->pixels);
    free(grid);
}
