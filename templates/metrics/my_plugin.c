/* metrics/my_plugin: numbers about synthesised pictures. This one compares the mean colour that
 * each class has over all samples with that of the validation pictures, in the units of 0..1:
 *
 *     worst, mean over classes of |mean colour of the fakes - mean colour of the pictures|
 *
 * Everything lies in the host's memory, whatever device the pictures were made on. */
#include <math.h>
#include <stdlib.h>

#include "inadekit/plugin.h"

/* One field for each row of `options` below, and what is gathered. */
struct my_plugin {
    int64_t least;
    int64_t labels, pixels;
    double *sum;    /* [2][labels][3]: of fakes, of pictures */
    int64_t *count; /* [2][labels] */
};

/* Called once before the first sample; what a measurement before it left is forgotten. */
static ik_status begin(void *self, const ik_metric_info *info, ik_error *err) {
    struct my_plugin *o = self;
    o->labels = info->labels;
    o->pixels = info->height * info->width;
    o->sum = calloc((size_t)(2 * o->labels * 3), sizeof *o->sum);
    o->count = calloc((size_t)(2 * o->labels), sizeof *o->count);
    if (o->sum && o->count) return IK_OK;
    free(o->sum);
    free(o->count);
    return ik_errorf(err, IK_FAILED, "out of memory for %lld classes", (long long)o->labels);
}

static void gather(struct my_plugin *o, int which, const float *rgb, const int32_t *label) {
    for (int64_t i = 0; i < o->pixels; i++) {
        const int64_t at = which * o->labels + label[i];
        o->count[at]++;
        for (int c = 0; c < 3; c++) o->sum[3 * at + c] += (rgb[3 * i + c] + 1) / 2;
    }
}

/* Every sample once, in order. A layout may lack a picture. */
static ik_status add(void *self, const ik_sample *s, ik_error *err) {
    struct my_plugin *o = self;
    (void)err;
    gather(o, 0, s->fake, s->label);
    if (s->image && s->sample == 0) gather(o, 1, s->image, s->label);
    return IK_OK;
}

/* The difference of a class's colours; negative where it is too rare to tell. */
static double difference(const struct my_plugin *o, int64_t label) {
    const int64_t fake = label, image = o->labels + label;
    double sum = 0;
    if (o->count[fake] < o->least || o->count[image] < o->least) return -1;
    for (int c = 0; c < 3; c++)
        sum += fabs(o->sum[3 * fake + c] / (double)o->count[fake] -
                    o->sum[3 * image + c] / (double)o->count[image]);
    return sum / 3;
}

/* After the last sample; or, with `result` NULL, when the measurement is given up. */
static ik_status end(void *self, ik_metric_result *result, void *to, ik_error *err) {
    struct my_plugin *o = self;
    double sum = 0, worst = 0;
    int64_t n = 0;
    for (int64_t l = 0; l < o->labels; l++) {
        const double d = difference(o, l);
        if (d < 0) continue;
        sum += d;
        worst = fmax(worst, d);
        n++;
    }
    free(o->sum);
    free(o->count);
    if (!result) return IK_OK;
    if (!n)
        return ik_errorf(err, IK_FAILED,
                         "no class has enough pixels in both, samples and pictures; lower `least`");
    result(to, "mean", sum / (double)n);
    result(to, "worst", worst);
    return IK_OK;
}

/* Name, help, type, field, default, least, most. */
static const ik_option options[] = {
    {"least", "pixels of a class, over all pictures, for it to count", IK_OPT_INT,
     offsetof(struct my_plugin, least), "64", 1, 1e9},
    {NULL},
};

/* `record`, for features that a network computes on the device, is left out. */
static const ik_metric_iface iface = {
    .struct_size = sizeof iface,
    .begin = begin,
    .add = add,
    .end = end,
};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_METRIC, "my_plugin", "0.1.0", "how far the mean colours of classes are off"),
    .options = options,
    .instance_size = sizeof(struct my_plugin),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
