/* Spectral normalisation of weights. */
#include "rules.h"

static bool infer_uv(ik__shaping *s) {
    ik_shape w = s->in[0]->shape;
    int64_t rows = w.d[0], columns = ik_count(w) / rows;
    REQUIRE(ik_count(s->in[1]->shape) == rows && ik_count(s->in[2]->shape) == columns,
            "u or v does not fit the weight");
    s->out->shape = IK_SHAPE1(rows + columns + 1);
    return true;
}

static void grad_scale(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik__give(p, y->in[0], OP(IK_SPECTRAL_GRAD, NULL, dy, &y->in[0]->t, &y->in[1]->t));
}

RULE(SPECTRAL_UV, infer_uv, NO_GRADIENT); /* u and v count as constant; sigma's is in grad_scale */
RULE(SPECTRAL_SCALE, SAME_SHAPE, grad_scale);
RULE(SPECTRAL_GRAD, SAME_SHAPE, NO_GRADIENT); /* nobody differentiates twice */
