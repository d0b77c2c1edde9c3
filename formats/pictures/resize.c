/* Nearest and bicubic resizing; see resize.h for the rule. */
#include "resize.h"

#include <math.h>
#include <stdlib.h>

enum { BITS = 22, HALF = 1 << (BITS - 1) };

/* For each destination of an axis: where its sources start, how many, and their weights. */
typedef struct axis {
    int most; /* stride of `weight` */
    int *first, *count;
    int32_t *weight;
} axis;

void ik__nearest_steps(int in, int out, int *at) {
    double step = (double)in / out, x = 0.5 * step;
    for (int i = 0; i < out; i++, x += step) at[i] = (int)x < in ? (int)x : in - 1;
}

bool ik__resize_nearest(const int32_t *from, int h, int w, int32_t *to, int height, int width) {
    int *column = malloc(((size_t)width + (size_t)height) * sizeof *column);
    if (!column) return false;
    int *line = column + width;
    ik__nearest_steps(w, width, column);
    ik__nearest_steps(h, height, line);
    for (int j = 0; j < height; j++) {
        const int32_t *row = from + (size_t)line[j] * (size_t)w;
        for (int i = 0; i < width; i++) *to++ = row[column[i]];
    }
    free(column);
    return true;
}

static double bicubic(double x) {
    const double a = -0.5;
    x = fabs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
}

static void axis_free(axis *a) {
    free(a->first);
    free(a->count);
    free(a->weight);
}

static bool axis_make(axis *a, int in, int out) {
    double scale = (double)in / out, stretch = scale < 1 ? 1 : scale, support = 2 * stretch;
    a->most = (int)ceil(support) * 2 + 1;
    a->first = malloc((size_t)out * sizeof *a->first);
    a->count = malloc((size_t)out * sizeof *a->count);
    a->weight = malloc((size_t)out * (size_t)a->most * sizeof *a->weight);
    double *k = malloc((size_t)a->most * sizeof *k);
    bool ok = a->first && a->count && a->weight && k;
    for (int i = 0; ok && i < out; i++) {
        double centre = (i + 0.5) * scale, inverse = 1 / stretch, sum = 0;
        int low = (int)(centre - support + 0.5), high = (int)(centre + support + 0.5);
        if (low < 0) low = 0;
        if (high > in) high = in;
        for (int x = 0; x < high - low; x++)
            sum += k[x] = bicubic((x + low - centre + 0.5) * inverse);
        for (int x = 0; x < high - low; x++) {
            double v = (sum != 0 ? k[x] / sum : k[x]) * (1 << BITS);
            a->weight[(size_t)i * (size_t)a->most + (size_t)x] =
                (int32_t)(v < 0 ? v - 0.5 : v + 0.5);
        }
        a->first[i] = low;
        a->count[i] = high - low;
    }
    free(k);
    if (!ok) axis_free(a);
    return ok;
}

static uint8_t to8(int32_t v) {
    v >>= BITS;
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static void across(const axis *a, const uint8_t *from, int h, int w, uint8_t *to, int width) {
    for (int y = 0; y < h; y++, from += 3 * (size_t)w)
        for (int x = 0; x < width; x++, to += 3) {
            const int32_t *k = a->weight + (size_t)x * (size_t)a->most;
            const uint8_t *p = from + 3 * (size_t)a->first[x];
            int32_t r = HALF, g = HALF, b = HALF;
            for (int i = 0; i < a->count[x]; i++, p += 3) {
                r += p[0] * k[i];
                g += p[1] * k[i];
                b += p[2] * k[i];
            }
            to[0] = to8(r), to[1] = to8(g), to[2] = to8(b);
        }
}

static bool down(const axis *a, const uint8_t *from, int w, uint8_t *to, int height) {
    size_t row = 3 * (size_t)w;
    int32_t *sum = malloc(row * sizeof *sum);
    if (!sum) return false;
    for (int y = 0; y < height; y++, to += row) {
        const int32_t *k = a->weight + (size_t)y * (size_t)a->most;
        const uint8_t *p = from + row * (size_t)a->first[y];
        for (size_t x = 0; x < row; x++) sum[x] = HALF;
        for (int i = 0; i < a->count[y]; i++, p += row)
            for (size_t x = 0; x < row; x++) sum[x] += p[x] * k[i];
        for (size_t x = 0; x < row; x++) to[x] = to8(sum[x]);
    }
    free(sum);
    return true;
}

bool ik__resize_bicubic(const uint8_t *from, int h, int w, uint8_t *to, int height, int width) {
    axis a;
    if (h == height && w == width) {
        memcpy(to, from, 3 * (size_t)h * (size_t)w);
        return true;
    }
    uint8_t *between = NULL;
    if (w != width) {
        if (h != height) {
            between = malloc(3 * (size_t)h * (size_t)width);
            if (!between) return false;
        }
        if (!axis_make(&a, w, width)) goto fail;
        across(&a, from, h, w, between ? between : to, width);
        axis_free(&a);
    }
    if (h != height) {
        if (!axis_make(&a, h, height)) goto fail;
        bool ok = down(&a, between ? between : from, width, to, height);
        axis_free(&a);
        if (!ok) goto fail;
    }
    free(between);
    return true;
fail:
    free(between);
    return false;
}
