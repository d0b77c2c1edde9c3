/* Ops on a picture [B,H,W,C] whose size changes: upsampling, interpolation, pooling, mirrored
 * borders. */
#include "rules.h"

static bool picture(ik__shaping *s) {
    REQUIRE(s->in[0]->shape.rank == 4, "needs [B,H,W,C]");
    s->out->shape = s->in[0]->shape;
    return true;
}

static bool infer_upsample(ik__shaping *s) {
    if (!picture(s)) return false;
    REQUIRE(s->a->factor > 0, "the factor must be positive");
    s->out->shape.d[1] *= s->a->factor, s->out->shape.d[2] *= s->a->factor;
    return true;
}

static bool infer_upsample_grad(ik__shaping *s) {
    if (!picture(s)) return false;
    s->out->shape.d[1] /= s->a->factor, s->out->shape.d[2] /= s->a->factor;
    return true;
}

/* To attrs.size. */
static bool infer_sized(ik__shaping *s) {
    if (!picture(s)) return false;
    REQUIRE(s->a->size[0] > 0 && s->a->size[1] > 0, "the size must be positive");
    s->out->shape.d[1] = s->a->size[0], s->out->shape.d[2] = s->a->size[1];
    return true;
}

static bool infer_pool(ik__shaping *s) {
    if (!picture(s)) return false;
    const ik_attrs *a = s->a;
    REQUIRE(a->padding[0] * 2 <= a->kernel[0] && a->padding[1] * 2 <= a->kernel[1],
            "the padding is more than half the kernel");
    ik_shape x = s->in[0]->shape, *out = &s->out->shape;
    if (!ik__windowed(s, x, x.d[3], out)) return false;
    for (int i = 0; i < 2 && a->size[i]; i++) {
        REQUIRE(a->size[i] >= out->d[1 + i] &&
                    (a->size[i] - 1) * a->stride[i] < x.d[1 + i] + a->padding[i],
                "no window of size %lld begins in the picture", (long long)a->size[i]);
        out->d[1 + i] = a->size[i];
    }
    return true;
}

static bool infer_max_pool_grad(ik__shaping *s) {
    s->out->shape = s->in[1]->shape;
    return true;
}

/* A border of attrs.padding is added (1) or taken off again (-1). */
static bool mirrored(ik__shaping *s, int sign) {
    if (!picture(s)) return false;
    for (int i = 0; i < 2; i++) {
        int64_t pad = s->a->padding[i], *size = &s->out->shape.d[1 + i];
        int64_t within = sign < 0 ? *size - 2 * pad : *size;
        REQUIRE(pad >= 0 && pad < within, "the padding has to be smaller than the picture");
        *size += sign * 2 * pad;
    }
    return true;
}

static bool infer_reflect(ik__shaping *s) {
    return mirrored(s, 1);
}

static bool infer_reflect_grad(ik__shaping *s) {
    return mirrored(s, -1);
}

/* The op's attributes, and the size to come back to. */
static ik_attrs back_to_size(const ik__node *y) {
    ik_attrs a = y->attrs;
    a.size[0] = y->in[0]->t.shape.d[1], a.size[1] = y->in[0]->t.shape.d[2];
    return a;
}

static void grad_upsample(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik_attrs a = back_to_size(y);
    ik__give(p, y->in[0], OP(IK_UPSAMPLE_GRAD, &a, dy));
}

static void grad_bilinear(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik_attrs a = back_to_size(y);
    ik__give(p, y->in[0], OP(IK_BILINEAR_GRAD, &a, dy));
}

static void grad_avg_pool(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik_attrs a = back_to_size(y);
    ik__give(p, y->in[0], OP(IK_AVG_POOL_GRAD, &a, dy));
}

static void grad_max_pool(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik_attrs a = back_to_size(y);
    ik__give(p, y->in[0], OP(IK_MAX_POOL_GRAD, &a, dy, &y->in[0]->t));
}

static void grad_reflect(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik__give(p, y->in[0], OP(IK_REFLECT_GRAD, &y->attrs, dy));
}

RULE(REFLECT, infer_reflect, grad_reflect);
RULE(UPSAMPLE, infer_upsample, grad_upsample);
RULE(BILINEAR, infer_sized, grad_bilinear);
RULE(AVG_POOL, infer_pool, grad_avg_pool);
RULE(MAX_POOL, infer_pool, grad_max_pool);
/* Adjoints: nobody differentiates twice. */
RULE(REFLECT_GRAD, infer_reflect_grad, NO_GRADIENT);
RULE(UPSAMPLE_GRAD, infer_upsample_grad, NO_GRADIENT);
RULE(BILINEAR_GRAD, infer_sized, NO_GRADIENT);
RULE(AVG_POOL_GRAD, infer_sized, NO_GRADIENT);
RULE(MAX_POOL_GRAD, infer_max_pool_grad, NO_GRADIENT);
