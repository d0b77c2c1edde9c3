/* Metrics with one thing wrong each: FAULT says which. Built once per fault, for test_check.c. */
#include "inadekit/plugin.h"

#include <math.h>
#include <stdlib.h>

enum fault {
    NONE,
    FORGETS_NOTHING,
    NOT_FINITE,
    SAME_NAME,
    CRASHES,
    NO_RESULTS,
    GIVES_UP_BADLY,
    HAS_ITS_OWN_WEIGHTS,
    READS_BEHIND,
    LEAKS
};

typedef struct metric {
    double sum;
    int64_t pixels;
} metric;

static ik_status begin(void *self, const ik_metric_info *info, ik_error *err) {
    metric *m = self;
    (void)err;
    m->pixels = info->height * info->width;
    static void *volatile lost;
    if (FAULT == LEAKS) lost = malloc(100);
    (void)lost;
    if (FAULT != FORGETS_NOTHING) m->sum = 0;
    return IK_OK;
}

static ik_status add(void *self, const ik_sample *s, ik_error *err) {
    metric *m = self;
    (void)err;
    /* Not every layout has a picture. */
    const float *image = s->image || FAULT == CRASHES ? s->image : s->fake;
    m->sum += (double)image[0] + s->fake[0];
    if (FAULT == READS_BEHIND) m->sum += s->label[m->pixels];
    return IK_OK;
}

static ik_status end(void *self, ik_metric_result *result, void *to, ik_error *err) {
    metric *m = self;
    (void)err;
    if (!result && FAULT != GIVES_UP_BADLY) return IK_OK;
    if (FAULT == NO_RESULTS) return IK_OK;
    result(to, "sum", FAULT == NOT_FINITE ? NAN : m->sum);
    if (FAULT == SAME_NAME) result(to, "sum", 1);
    return IK_OK;
}

static ik_tensor *record(const void *self, ik_graph *g, ik_tensor *x) {
    const ik_conv conv = {.out = 2, .kernel = 3, .padding = 1};
    (void)self;
    return ik_conv2d(g, "conv", x, &conv);
}

static const ik_metric_iface iface = {sizeof iface, begin, add, end,
                                      FAULT == HAS_ITS_OWN_WEIGHTS ? record : NULL};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_METRIC, NAME, "1", "wrong on purpose"),
    .instance_size = sizeof(metric),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
