/* Ops that move elements and keep their values, and the sum over axes, which is the adjoint of
 * repeating them. */
#include "rules.h"

static bool infer_reshape(ik__shaping *s) {
    REQUIRE(ik_count(s->a->shape) == ik_count(s->in[0]->shape), "the number of elements differs");
    s->out->shape = s->a->shape;
    s->out->dtype = s->in[0]->dtype;
    return true;
}

static bool infer_stop(ik__shaping *s) {
    s->out->shape = s->in[0]->shape;
    s->out->dtype = s->in[0]->dtype;
    return true;
}

static bool infer_broadcast(ik__shaping *s) {
    ik_shape x = s->in[0]->shape, to = s->a->shape;
    REQUIRE(to.rank == x.rank, "the ranks differ");
    for (int i = 0; i < x.rank; i++)
        REQUIRE(x.d[i] == to.d[i] || x.d[i] == 1, "axis %d does not fit", i);
    s->out->shape = to;
    return true;
}

static bool infer_sum(ik__shaping *s) {
    ik_shape *out = &s->out->shape;
    *out = s->in[0]->shape;
    for (int i = 0; i < out->rank; i++)
        if (s->a->axes >> i & 1) out->d[i] = 1;
    return true;
}

static bool infer_permute(ik__shaping *s) {
    ik_shape x = s->in[0]->shape, *out = &s->out->shape;
    *out = s->a->shape;
    out->rank = x.rank;
    for (int i = 0; i < out->rank; i++) {
        int64_t from = s->a->shape.d[i];
        REQUIRE(from >= 0 && from < out->rank, "no such axis");
        out->d[i] = x.d[from];
    }
    s->out->dtype = s->in[0]->dtype;
    return true;
}

static bool infer_concat(ik__shaping *s) {
    ik_tensor *const *in = s->in;
    ik_shape shape = in[0]->shape;
    int axis = s->a->axis;
    REQUIRE(axis >= 0 && axis < shape.rank, "there is no axis %d", axis);
    for (int i = 1; i < s->n; i++) {
        REQUIRE(in[i]->shape.rank == shape.rank && in[i]->dtype == in[0]->dtype,
                "ranks or types differ");
        for (int k = 0; k < shape.rank; k++)
            REQUIRE(k == axis || in[i]->shape.d[k] == shape.d[k],
                    "axis %d differs, only axis %d may", k, axis);
        shape.d[axis] += in[i]->shape.d[axis];
    }
    s->out->shape = shape;
    s->out->dtype = in[0]->dtype;
    return true;
}

/* An axis of the first input becomes attrs.length long; `have`: it was. */
static bool with_length(ik__shaping *s, int axis, int64_t *have) {
    const ik_tensor *x = s->in[0];
    REQUIRE(axis >= 0 && axis < x->shape.rank, "there is no axis %d", axis);
    *have = x->shape.d[axis];
    s->out->shape = x->shape;
    s->out->dtype = x->dtype;
    s->out->shape.d[axis] = s->a->length;
    return true;
}

static bool cut(ik__shaping *s, int axis) {
    int64_t have, start = s->a->start, length = s->a->length;
    if (!with_length(s, axis, &have)) return false;
    REQUIRE(start >= 0 && length > 0 && start + length <= have,
            "%lld from %lld lies outside axis %d", (long long)length, (long long)start, axis);
    return true;
}

static bool infer_rows(ik__shaping *s) {
    return cut(s, 0);
}

static bool infer_slice(ik__shaping *s) {
    return cut(s, s->a->axis);
}

static bool infer_pad_slice(ik__shaping *s) {
    int64_t have;
    if (!with_length(s, s->a->axis, &have)) return false;
    REQUIRE(s->a->start >= 0 && s->a->start + have <= s->a->length, "the slice lies outside");
    return true;
}

static void grad_reshape(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik__give(p, y->in[0], OP(IK_RESHAPE, IK_ATTRS(.shape = y->in[0]->t.shape), dy));
}

static void grad_sum(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik__give(p, y->in[0], OP(IK_BROADCAST, IK_ATTRS(.shape = y->in[0]->t.shape), dy));
}

static void grad_broadcast(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik__give(p, y->in[0], ik__unbroadcast(p, dy, y->in[0]->t.shape));
}

static void grad_permute(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik_attrs back = {.shape = {.rank = y->in[0]->t.shape.rank}};
    for (int i = 0; i < back.shape.rank; i++) back.shape.d[y->attrs.shape.d[i]] = i;
    ik__give(p, y->in[0], OP(IK_PERMUTE, &back, dy));
}

static void grad_concat(ik__pass *p, ik__node *y, ik_tensor *dy) {
    int64_t start = 0;
    for (int i = 0; i < y->n_in; i++) {
        int64_t length = y->in[i]->t.shape.d[y->attrs.axis];
        if (ik__wants(p, y, i))
            ik__give(p, y->in[i], ik_slice(&p->g->pub, dy, y->attrs.axis, start, length));
        start += length;
    }
}

/* Places a gradient where its part was cut from an axis. */
static void paste(ik__pass *p, ik__node *y, ik_tensor *dy, int axis) {
    int64_t length = y->in[0]->t.shape.d[axis];
    ik_attrs whole = {.axis = axis, .start = y->attrs.start, .length = length};
    ik__give(p, y->in[0], OP(IK_PAD_SLICE, &whole, dy));
}

static void grad_rows(ik__pass *p, ik__node *y, ik_tensor *dy) {
    paste(p, y, dy, 0);
}

static void grad_slice(ik__pass *p, ik__node *y, ik_tensor *dy) {
    paste(p, y, dy, y->attrs.axis);
}

static void grad_pad_slice(ik__pass *p, ik__node *y, ik_tensor *dy) {
    const ik_attrs *a = &y->attrs;
    int64_t length = y->in[0]->t.shape.d[a->axis];
    ik__give(p, y->in[0], ik_slice(&p->g->pub, dy, a->axis, a->start, length));
}

RULE(RESHAPE, infer_reshape, grad_reshape);
RULE(STOP, infer_stop, NO_GRADIENT); /* that is what it is for */
RULE(ROWS, infer_rows, grad_rows);
RULE(SUM, infer_sum, grad_sum);
RULE(BROADCAST, infer_broadcast, grad_broadcast);
RULE(CONCAT, infer_concat, grad_concat);
RULE(SLICE, infer_slice, grad_slice);
RULE(PAD_SLICE, infer_pad_slice, grad_pad_slice);
RULE(PERMUTE, infer_permute, grad_permute);
