/* Cells of grid files, as pictures of the page. */
#include "picture.h"

#include "folder/folder.h"
#include "html.h"
#include "pictures/encode.h"
#include "pictures/grid.h"
#include "pictures/image.h"

#include <stdlib.h>

enum { SMALL = 128 * 128 }; /* pixels; such pictures are worth their exact bytes */
enum { SECTION = 4 << 20 }; /* pixels of a section's pictures, about a megabyte as JPEG */

bool ik__sheet_open(ik__sheet *s, const char *folder, const char *name, int64_t height,
                    int64_t width) {
    ik_error ignored;
    int h, w;
    *s = (ik__sheet){0};
    if (height < 1 || width < 1 || height > IK__IMAGE_SIDE || width > IK__IMAGE_SIDE) return false;
    if (ik__images.read_rgb(ik__folder_grid(folder, name).text, &h, &w, &s->rgb, &ignored))
        return false;
    int cell_h = (int)height + IK__GRID_PAD, cell_w = (int)width + IK__GRID_PAD;
    s->height = (int)height, s->width = (int)width, s->stride = w;
    s->rows = (h - IK__GRID_PAD) / cell_h, s->columns = (w - IK__GRID_PAD) / cell_w;
    if (s->rows > 0 && s->columns > 0 && s->rows * cell_h + IK__GRID_PAD == h &&
        s->columns * cell_w + IK__GRID_PAD == w)
        return true;
    ik__sheet_close(s);
    return false;
}

int ik__sheet_rows(const ik__sheet *s, int most, int columns) {
    int64_t room = SECTION / ((int64_t)s->height * s->width * columns);
    if (room < 2) room = 2;
    int rows = room < most ? (int)room : most;
    return rows < s->rows ? rows : s->rows;
}

void ik__sheet_close(ik__sheet *s) {
    free(s->rgb);
    *s = (ik__sheet){0};
}

void ik__sheet_cell(const ik__sheet *s, int row, int column, uint8_t *rgb) {
    size_t bytes = (size_t)s->width * 3;
    const size_t pad = IK__GRID_PAD;
    size_t top = pad + (size_t)row * ((size_t)s->height + pad);
    size_t left = pad + (size_t)column * ((size_t)s->width + pad);
    for (int y = 0; y < s->height; y++, rgb += bytes)
        memcpy(rgb, s->rgb + ((top + (size_t)y) * (size_t)s->stride + left) * 3, bytes);
}

void ik__picture(ik__text *to, const uint8_t *rgb, int height, int width, bool exact,
                 const char *alt) {
    bool png = exact || height * width <= SMALL;
    size_t n = 0;
    uint8_t *bytes =
        png ? ik__png_bytes(rgb, height, width, &n) : ik__jpeg_bytes(rgb, height, width, &n);
    if (!bytes) to->failed = true;
    ik__html(to, "<img alt=\"%s\" width=\"%d\" height=\"%d\" src=\"data:image/%s;base64,", alt,
             width, height, png ? "png" : "jpeg");
    ik__base64(to, bytes, n);
    ik__html(to, "\"/>");
    free(bytes);
}

void ik__sheet_picture(ik__text *to, const ik__sheet *s, int row, int column, bool exact,
                       const char *alt) {
    uint8_t *rgb = malloc((size_t)s->height * (size_t)s->width * 3);
    if (!rgb) {
        to->failed = true;
        return;
    }
    ik__sheet_cell(s, row, column, rgb);
    ik__picture(to, rgb, s->height, s->width, exact, alt);
    free(rgb);
}

/* --- Masks. */

static bool inside(const uint8_t *mask, int height, int width, int y, int x) {
    return y >= 0 && x >= 0 && y < height && x < width &&
           mask[((size_t)y * (size_t)width + (size_t)x) * 3] > 127;
}

/* Does the border run between a pixel and the one above it (or, `across`, to the left of it)? */
static bool border(const uint8_t *mask, int h, int w, int y, int x, bool across) {
    return inside(mask, h, w, y, x) != inside(mask, h, w, y - !across, x - across);
}

/* Runs of borders, first the horizontal ones, then the vertical ones. */
void ik__outline(ik__text *to, const uint8_t *mask, int h, int w) {
    ik__html(to,
             "<svg class=\"outline\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\"><path d=\"",
             w, h);
    for (int across = 0; across < 2; across++) {
        int lines = across ? w : h, length = across ? h : w;
        for (int i = 0; i <= lines; i++)
            for (int k = 0, from; k < length; k++) {
                for (from = k;
                     k < length && border(mask, h, w, across ? k : i, across ? i : k, across);)
                    k++;
                if (k == from) continue;
                if (across)
                    ik__html(to, "M%d %dV%d", i, from, k);
                else
                    ik__html(to, "M%d %dH%d", from, i, k);
            }
    }
    ik__html(to, "\"/></svg>");
}

void ik__difference(const ik__sheet *s, const ik__sheet *mask, int row, uint8_t *rgb,
                    ik__change *change) {
    size_t pixels = (size_t)s->height * (size_t)s->width;
    uint8_t *first = malloc(pixels * 3), *other = malloc(pixels * 3), *where = malloc(pixels * 3);
    memset(rgb, 0, pixels * 3);
    if (first && other && where) {
        ik__sheet_cell(s, row, 2, first);
        ik__sheet_cell(mask, row, 0, where);
        for (int k = 3; k < s->columns; k++) {
            ik__sheet_cell(s, row, k, other);
            for (size_t i = 0; i < pixels * 3; i++) {
                int d = abs(first[i] - other[i]);
                if (d > rgb[i / 3 * 3]) rgb[i / 3 * 3] = (uint8_t)d;
            }
        }
        for (size_t i = 0; i < pixels; i++) {
            int d = rgb[3 * i];
            bool in = where[3 * i] > 127;
            *(in ? &change->inside : &change->outside) += d;
            *(in ? &change->pixels_inside : &change->pixels_outside) += 1;
            memset(rgb + 3 * i, d < 255 / IK__BRIGHTER ? IK__BRIGHTER * d : 255, 3);
        }
    }
    free(first), free(other), free(where);
}

void ik__picture_grid(ik__text *to, int columns, int width) {
    bool small = width < 128;
    ik__html(to, "<div class=\"grid%s\" style=\"--n:%d;--w:%dpx\">\n", small ? " pixels" : "",
             columns, small ? 2 * width : width);
}
