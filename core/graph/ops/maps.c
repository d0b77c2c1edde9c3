/* Ops that read a map [B,H,W] of integers: its convolution, windows that stop at its edges, and
 * what is made of a map alone. */
#include "rules.h"

static bool infer_label_conv(ik__shaping *s) {
    ik_shape m = s->in[0]->shape;
    REQUIRE(s->in[0]->dtype == IK_I32 && m.rank == 3, "the first must be a map [B,H,W]");
    ik_shape x = IK_SHAPE4(m.d[0], m.d[1], m.d[2], 1);
    if (s->a->pooled) {
        x.d[1] = (x.d[1] - 1) / 2 + 1;
        x.d[2] = (x.d[2] - 1) / 2 + 1;
    }
    return ik__windowed(s, x, s->in[1]->shape.d[0], &s->out->shape);
}

static bool infer_label_conv_dw(ik__shaping *s) {
    const ik_attrs *a = s->a;
    s->out->shape = IK_SHAPE4(s->in[0]->shape.d[3], a->length, a->kernel[0], a->kernel[1]);
    return true;
}

static int64_t taps(const ik_attrs *a) {
    return (int64_t)a->kernel[0] * a->kernel[1];
}

static bool second_is_map(ik__shaping *s) {
    REQUIRE(s->in[1]->dtype == IK_I32 && s->in[1]->shape.rank == 3,
            "the second must be a map [B,H,W]");
    return true;
}

static bool map_of_picture(ik__shaping *s) {
    if (!second_is_map(s)) return false;
    ik_shape x = s->in[0]->shape, m = s->in[1]->shape;
    REQUIRE(x.rank == 4 && x.d[1] == m.d[1] && x.d[2] == m.d[2],
            "the map must have the picture's size");
    return true;
}

static bool infer_patches(ik__shaping *s) {
    ik_shape x = s->in[0]->shape;
    return map_of_picture(s) && ik__windowed(s, x, taps(s->a) * x.d[3], &s->out->shape);
}

static bool infer_segment_patches(ik__shaping *s) {
    if (!map_of_picture(s)) return false;
    ik_shape x = s->in[0]->shape;
    s->out->shape = IK_SHAPE3(x.d[0], s->a->length, taps(s->a) * x.d[3]);
    return true;
}

/* Of both. */
static bool infer_patches_grad(ik__shaping *s) {
    if (!second_is_map(s)) return false;
    ik_shape dy = s->in[0]->shape;
    s->out->shape =
        IK_SHAPE4(dy.d[0], s->a->size[0], s->a->size[1], dy.d[dy.rank - 1] / taps(s->a));
    return true;
}

static bool infer_one_hot(ik__shaping *s) {
    ik_shape m = s->in[0]->shape;
    REQUIRE(s->in[0]->dtype == IK_I32 && m.rank < IK_MAX_RANK, "needs a map");
    m.d[m.rank++] = s->a->length;
    s->out->shape = m;
    return true;
}

static bool infer_resize_map(ik__shaping *s) {
    ik_shape m = s->in[0]->shape;
    REQUIRE(s->in[0]->dtype == IK_I32 && m.rank == 3, "needs a map [B,H,W]");
    s->out->dtype = IK_I32;
    s->out->shape = IK_SHAPE3(m.d[0], s->a->size[0], s->a->size[1]);
    return true;
}

static bool infer_edge_map(ik__shaping *s) {
    ik_shape m = s->in[0]->shape;
    REQUIRE(s->in[0]->dtype == IK_I32 && m.rank == 3, "needs a map [B,H,W]");
    s->out->shape = IK_SHAPE4(m.d[0], m.d[1], m.d[2], 1);
    return true;
}

static void grad_label_conv(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik_attrs a = y->attrs;
    a.length = y->in[1]->t.shape.d[1];
    ik__give(p, y->in[1], OP(IK_LABEL_CONV_DW, &a, dy, &y->in[0]->t));
}

static void give_patches(ik__pass *p, ik__node *y, ik_tensor *dy, ik_opcode adjoint) {
    ik_attrs a = y->attrs;
    a.size[0] = y->in[0]->t.shape.d[1], a.size[1] = y->in[0]->t.shape.d[2];
    ik__give(p, y->in[0], OP(adjoint, &a, dy, &y->in[1]->t));
}

static void grad_patches(ik__pass *p, ik__node *y, ik_tensor *dy) {
    give_patches(p, y, dy, IK_PATCHES_GRAD);
}

static void grad_segment_patches(ik__pass *p, ik__node *y, ik_tensor *dy) {
    give_patches(p, y, dy, IK_SEGMENT_PATCHES_GRAD);
}

RULE(LABEL_CONV, infer_label_conv, grad_label_conv);
RULE(PATCHES, infer_patches, grad_patches);
RULE(SEGMENT_PATCHES, infer_segment_patches, grad_segment_patches);
/* Adjoints: nobody differentiates twice. */
RULE(LABEL_CONV_DW, infer_label_conv_dw, NO_GRADIENT);
RULE(PATCHES_GRAD, infer_patches_grad, NO_GRADIENT);
RULE(SEGMENT_PATCHES_GRAD, infer_patches_grad, NO_GRADIENT);
/* Of a map alone. */
RULE(ONE_HOT, infer_one_hot, NO_GRADIENT);
RULE(RESIZE_MAP, infer_resize_map, NO_GRADIENT);
RULE(EDGE_MAP, infer_edge_map, NO_GRADIENT);
