/* Pictures pixel by pixel, in the units of 0..1:
 *
 *     l1      mean |fake - image|                        how far from the picture it was made for
 *     psnr    -10 log10 mean (fake - image)^2  [dB]      the same, as a signal's quality
 *     spread  mean |fake_i - fake_j|, i < j              how much samples of one layout differ
 *
 * l1 and psnr leave out layouts without a picture. A method that draws the mean of all answers has
 * a good l1 and no spread. */
#include <math.h>
#include <stdlib.h>

#include "inadekit/plugin.h"

typedef struct pixels {
    size_t n; /* values of a picture */
    int64_t samples;
    float *seen; /* [samples][n]: of the layout being shown */
    double off, square, apart;
    int64_t compared, pairs;
} pixels;

static ik_status begin(void *self, const ik_metric_info *info, ik_error *err) {
    pixels *p = self;
    *p = (pixels){.n = 3 * (size_t)info->height * (size_t)info->width, .samples = info->samples};
    p->seen = malloc(p->n * (size_t)p->samples * sizeof *p->seen);
    return p->seen ? IK_OK : ik_errorf(err, IK_FAILED, "out of memory");
}

/* Sum of |a - b| / 2, and of its square: from -1..1 to 0..1. */
static double distance(const pixels *p, const float *a, const float *b, double *square) {
    double sum = 0;
    for (size_t i = 0; i < p->n; i++) {
        double d = fabs((double)a[i] - b[i]) / 2;
        sum += d;
        if (square) *square += d * d;
    }
    return sum;
}

static ik_status add(void *self, const ik_sample *s, ik_error *err) {
    pixels *p = self;
    (void)err;
    if (s->image) {
        p->off += distance(p, s->fake, s->image, &p->square);
        p->compared++;
    }
    for (int64_t k = 0; k < s->sample; k++, p->pairs++)
        p->apart += distance(p, s->fake, p->seen + p->n * (size_t)k, NULL);
    memcpy(p->seen + p->n * (size_t)s->sample, s->fake, p->n * sizeof *s->fake);
    return IK_OK;
}

static ik_status end(void *self, ik_metric_result *result, void *to, ik_error *err) {
    pixels *p = self;
    (void)err;
    free(p->seen);
    p->seen = NULL;
    if (!result) return IK_OK;
    double compared = (double)p->compared * (double)p->n, pairs = (double)p->pairs * (double)p->n;
    if (compared > 0) result(to, "l1", p->off / compared);
    if (compared > 0) result(to, "psnr", -10 * log10(p->square / compared));
    if (pairs > 0) result(to, "spread", p->apart / pairs);
    return IK_OK;
}

static const ik_metric_iface iface = {sizeof iface, begin, add, end, NULL};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_METRIC, "pixels", "0.1.0",
                   "l1 and psnr to the validation pictures; spread between samples of a layout"),
    .instance_size = sizeof(pixels),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
