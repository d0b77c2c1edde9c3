/* Statistics, what is normalised by them, and what fusion makes of that and two lookups. */
#include "rules.h"

static bool infer_moments(ik__shaping *s) {
    ik_shape x = s->in[0]->shape;
    REQUIRE(x.rank == 4, "needs [B,H,W,C]");
    s->out->shape = IK_SHAPE3(s->a->per_sample ? x.d[0] : 1, 2, x.d[3]);
    return true;
}

static bool infer_normalize(ik__shaping *s) {
    ik_shape x = s->in[0]->shape, stats = s->in[1]->shape;
    REQUIRE(x.rank == 4 && stats.rank == 3 && stats.d[2] == x.d[3] &&
                (stats.d[0] == 1 || stats.d[0] == x.d[0]),
            "needs [B,H,W,C] and statistics [1 or B,2,C]");
    s->out->shape = x;
    return true;
}

static bool infer_moments_dx(ik__shaping *s) {
    s->out->shape = s->in[0]->shape;
    return true;
}

/* The third input is the statistics. */
static bool infer_dstats(ik__shaping *s) {
    s->out->shape = s->in[2]->shape;
    return true;
}

static bool infer_modulate_dtables(ik__shaping *s) {
    ik_shape scale = s->in[3]->shape;
    s->out->shape = IK_SHAPE4(2, scale.d[0], scale.d[1], scale.d[2]);
    return true;
}

/* Statistics taken from x itself fold into one gradient; others pass theirs on. */
static bool own_moments(const ik__node *stats, const ik__node *x) {
    return stats->op == IK_MOMENTS && stats->in[0] == x;
}

static void grad_moments(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik__give(p, y->in[0], OP(IK_MOMENTS_DX, &y->attrs, &y->in[0]->t, &y->t, dy));
}

static void grad_normalize(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik__node *x = y->in[0], *stats = y->in[1];
    ik_tensor *dstats = NULL, *dx = NULL;
    if (ik__wants(p, y, 1)) dstats = OP(IK_NORMALIZE_DSTATS, &y->attrs, dy, &x->t, &stats->t);
    bool fold = dstats && own_moments(stats, x);
    if (ik__wants(p, y, 0))
        dx = fold ? OP(IK_NORMALIZE_DX, &y->attrs, dy, &x->t, &stats->t, dstats)
                  : OP(IK_NORMALIZE_DX, &y->attrs, dy, &x->t, &stats->t);
    ik__give(p, x, dx);
    if (dstats && !fold) ik__give(p, stats, dstats);
}

static void grad_modulate(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik_tensor *in[7];
    in[0] = dy;
    for (int i = 0; i < 5; i++) in[i + 1] = &y->in[i]->t;
    ik__node *x = y->in[0], *stats = y->in[1];
    bool tables = ik__wants(p, y, 2) || ik__wants(p, y, 3) || ik__wants(p, y, 1);
    ik_tensor *d = tables ? ik__pass_op(p, IK_MODULATE_DTABLES, &y->attrs, 6, in) : NULL;
    for (int i = 0; i < 2; i++)
        if (ik__wants(p, y, 2 + i))
            ik__give(p, y->in[2 + i],
                     ik_reshape(&p->g->pub, ik_slice(&p->g->pub, d, 0, i, 1), y->in[2]->t.shape));
    bool fold = false;
    if (ik__wants(p, y, 1)) {
        in[6] = OP(IK_MODULATE_DSTATS, &y->attrs, d, in[3], in[2]);
        fold = own_moments(stats, x);
        if (!fold) ik__give(p, stats, in[6]);
    }
    if (ik__wants(p, y, 0))
        ik__give(p, x, ik__pass_op(p, IK_MODULATE_DX, &y->attrs, fold ? 7 : 6, in));
}

RULE(MOMENTS, infer_moments, grad_moments);
RULE(NORMALIZE, infer_normalize, grad_normalize);
RULE(MODULATE, SAME_SHAPE, grad_modulate);
/* Adjoints: nobody differentiates twice. */
RULE(MOMENTS_DX, infer_moments_dx, NO_GRADIENT);
RULE(NORMALIZE_DSTATS, infer_dstats, NO_GRADIENT);
RULE(NORMALIZE_DX, SAME_SHAPE, NO_GRADIENT);
RULE(MODULATE_DTABLES, infer_modulate_dtables, NO_GRADIENT);
RULE(MODULATE_DSTATS, infer_dstats, NO_GRADIENT);
RULE(MODULATE_DX, SAME_SHAPE, NO_GRADIENT);
