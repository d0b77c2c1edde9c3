/* Normalisation: moments and what uses them, and the fused modulate ops.
 * stats is [G,2,C]: means and variances of each group; G is 1, or B for a group per sample. */
#include "naive.h"

#include <math.h>

/* Statistics of one group's channel. */
typedef struct moment {
    double mean, var;
} moment;

static moment moment_of(const double *stats, ik_shape s, int64_t b, int64_t c) {
    int64_t g = naive_group(s.d[0], b), channels = s.d[2];
    return (moment){stats[2 * g * channels + c], stats[(2 * g + 1) * channels + c]};
}

static double scale_of(moment m, double eps) {
    return 1 / sqrt(m.var + eps);
}

/* The elements behind one mean. */
static double behind_mean(naive_rows n, ik_shape stats) {
    return (double)(n.samples / stats.d[0] * n.pixels);
}

/* What x's part in its own moments adds to dx. */
static double moments_term(double x, moment m, moment dm, double n) {
    return (dm.mean + 2 * (x - m.mean) * dm.var) / n;
}

/* For each element of x: b, p, c and its position at. */
#define FOR_EACH(n, b, p, c, at)                                                                   \
    for (int64_t b = 0, at = 0; b < n.samples; b++)                                                \
        for (int64_t p = 0; p < n.pixels; p++)                                                     \
            for (int64_t c = 0; c < n.channels; c++, at++)

NAIVE_KERNEL(moments) {
    const double *x = k->in[0];
    double *stats = k->out;
    ik_shape s = naive_out(k);
    naive_rows n = naive_rows_of(naive_in(k, 0));
    double count = behind_mean(n, s);
    naive_zero(k);
    FOR_EACH(n, b, p, c, at) {
        stats[2 * naive_group(s.d[0], b) * n.channels + c] += x[at] / count;
    }
    /* The means are complete: the variances in a second pass, which cannot cancel. */
    FOR_EACH(n, b, p, c, at) {
        double centred = x[at] - moment_of(stats, s, b, c).mean;
        stats[(2 * naive_group(s.d[0], b) + 1) * n.channels + c] += centred * centred / count;
    }
    return IK_OK;
}

NAIVE_KERNEL(moments_dx) {
    const double *x = k->in[0], *stats = k->in[1], *dstats = k->in[2];
    double *dx = k->out;
    ik_shape s = naive_in(k, 1);
    naive_rows n = naive_rows_of(naive_in(k, 0));
    FOR_EACH(n, b, p, c, at) {
        dx[at] = moments_term(x[at], moment_of(stats, s, b, c), moment_of(dstats, s, b, c),
                              behind_mean(n, s));
    }
    return IK_OK;
}

NAIVE_KERNEL(normalize) {
    const double *x = k->in[0], *stats = k->in[1];
    double *y = k->out;
    naive_rows n = naive_rows_of(naive_in(k, 0));
    FOR_EACH(n, b, p, c, at) {
        moment m = moment_of(stats, naive_in(k, 1), b, c);
        y[at] = (x[at] - m.mean) * scale_of(m, k->node.attrs->eps);
    }
    return IK_OK;
}

NAIVE_KERNEL(normalize_dstats) {
    const double *dy = k->in[0], *x = k->in[1], *stats = k->in[2];
    double *out = k->out;
    ik_shape s = naive_in(k, 2);
    naive_rows n = naive_rows_of(naive_in(k, 1));
    naive_zero(k);
    FOR_EACH(n, b, p, c, at) {
        moment m = moment_of(stats, s, b, c);
        double r = scale_of(m, k->node.attrs->eps);
        int64_t g = naive_group(s.d[0], b);
        out[2 * g * n.channels + c] += -r * dy[at];
        out[(2 * g + 1) * n.channels + c] += -r * r * r / 2 * dy[at] * (x[at] - m.mean);
    }
    return IK_OK;
}

NAIVE_KERNEL(normalize_dx) {
    const double *dy = k->in[0], *x = k->in[1], *stats = k->in[2];
    const double *dstats = k->node.n_in > 3 ? k->in[3] : NULL;
    double *dx = k->out;
    ik_shape s = naive_in(k, 2);
    naive_rows n = naive_rows_of(naive_in(k, 1));
    FOR_EACH(n, b, p, c, at) {
        moment m = moment_of(stats, s, b, c);
        dx[at] = dy[at] * scale_of(m, k->node.attrs->eps);
        if (dstats) dx[at] += moments_term(x[at], m, moment_of(dstats, s, b, c), behind_mean(n, s));
    }
    return IK_OK;
}

/* --- modulate */

/* The inputs that modulate and its gradients share. */
typedef struct modulation {
    naive_rows n;
    const double *x, *stats, *scale, *shift;
    const int32_t *map;
    ik_shape stats_shape, table_shape;
    double eps, slope;
} modulation;

/* `first`: which input x is; stats, scale, shift, map follow it. */
static modulation modulation_of(const ik_kernel *k, int first) {
    return (modulation){
        .n = naive_rows_of(naive_in(k, first)),
        .x = k->in[first],
        .stats = k->in[first + 1],
        .scale = k->in[first + 2],
        .shift = k->in[first + 3],
        .map = k->in[first + 4],
        .stats_shape = naive_in(k, first + 1),
        .table_shape = naive_in(k, first + 2),
        .eps = k->node.attrs->eps,
        .slope = k->node.attrs->slope,
    };
}

/* All there is to know of one element. */
typedef struct point {
    moment m;
    double r, xhat, scale; /* normalised x, and what it is multiplied with */
    double pre;            /* before the activation */
    int64_t entry;         /* of the element in scale and shift; -1: a row of zeros */
} point;

static point point_of(const modulation *u, int64_t b, int64_t p, int64_t c, int64_t at) {
    int64_t segment = u->map[b * u->n.pixels + p], segments = u->table_shape.d[1];
    point e = {.m = moment_of(u->stats, u->stats_shape, b, c), .entry = -1};
    e.r = scale_of(e.m, u->eps);
    e.xhat = (u->x[at] - e.m.mean) * e.r;
    if (naive_inside(segment, segments)) {
        int64_t table = naive_group(u->table_shape.d[0], b);
        e.entry = (table * segments + segment) * u->n.channels + c;
        e.scale = u->scale[e.entry];
        e.pre = e.xhat * e.scale + u->shift[e.entry];
    }
    return e;
}

NAIVE_KERNEL(modulate) {
    modulation u = modulation_of(k, 0);
    double *y = k->out;
    FOR_EACH(u.n, b, p, c, at) {
        point e = point_of(&u, b, p, c, at);
        y[at] = e.pre > 0 ? e.pre : u.slope * e.pre;
    }
    return IK_OK;
}

NAIVE_KERNEL(modulate_dtables) {
    modulation u = modulation_of(k, 1);
    const double *dy = k->in[0];
    double *dscale = k->out, *dshift = dscale + ik_count(u.table_shape);
    naive_zero(k);
    FOR_EACH(u.n, b, p, c, at) {
        point e = point_of(&u, b, p, c, at);
        if (e.entry < 0) continue;
        double dpre = e.pre > 0 ? dy[at] : u.slope * dy[at];
        dscale[e.entry] += dpre * e.xhat;
        dshift[e.entry] += dpre;
    }
    return IK_OK;
}

NAIVE_KERNEL(modulate_dstats) {
    const double *scale = k->in[1], *stats = k->in[2];
    ik_shape tables = naive_in(k, 1), s = naive_in(k, 2);
    const double *dscale = k->in[0], *dshift = dscale + ik_count(tables);
    int64_t channels = tables.d[2];
    double *out = k->out;
    if (s.d[0] != 1 && s.d[0] != tables.d[0])
        return ik_errorf(err, IK_FAILED,
                         "backend naive: modulate_dstats has statistics of %lld groups but %lld "
                         "tables; statistics per sample need a table per sample",
                         (long long)s.d[0], (long long)tables.d[0]);
    naive_zero(k);
    for (int64_t t = 0; t < tables.d[0]; t++)
        for (int64_t row = 0; row < tables.d[1]; row++)
            for (int64_t c = 0; c < channels; c++) {
                int64_t g = naive_group(s.d[0], t), at = (t * tables.d[1] + row) * channels + c;
                double r = scale_of(moment_of(stats, s, t, c), k->node.attrs->eps);
                out[2 * g * channels + c] += -r * scale[at] * dshift[at];
                out[(2 * g + 1) * channels + c] += -0.5 * r * r * scale[at] * dscale[at];
            }
    return IK_OK;
}

NAIVE_KERNEL(modulate_dx) {
    modulation u = modulation_of(k, 1);
    const double *dy = k->in[0], *dstats = k->node.n_in > 6 ? k->in[6] : NULL;
    double *dx = k->out;
    FOR_EACH(u.n, b, p, c, at) {
        point e = point_of(&u, b, p, c, at);
        double dpre = e.pre > 0 ? dy[at] : u.slope * dy[at];
        dx[at] = dpre * e.scale * e.r;
        if (dstats)
            dx[at] += moments_term(u.x[at], e.m, moment_of(dstats, u.stats_shape, b, c),
                                   behind_mean(u.n, u.stats_shape));
    }
    return IK_OK;
}
