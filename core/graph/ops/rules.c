/* The rules of all ops as one table, and what several subjects share. */
#include "rules.h"

/* The table's order and the numbers of the enumeration are the same. */
enum {
#define IK_OP(code, name, least, most) ROW_##code,
    IK_OPS(IK_OP)
#undef IK_OP
};
#define IK_OP(code, name, least, most)                                                             \
    _Static_assert((int)IK_##code == (int)ROW_##code, #name " has another row's number");
IK_OPS(IK_OP)
#undef IK_OP

/* Names every row: one that is missing is a symbol that the linker does not find. */
static const ik__rule *const rules[IK_OP_COUNT] = {
#define IK_OP(code, name, least, most) [IK_##code] = &ik__rule_##code,
    IK_OPS(IK_OP)
#undef IK_OP
};

const ik__rule *ik__rule_of(ik_opcode op) {
    return rules[op];
}

bool ik__op_recordable(ik_opcode op) {
    return rules[op]->infer != NOT_INFERRED;
}

bool ik__op_differentiable(ik_opcode op) {
    return rules[op]->gradient != NO_GRADIENT;
}

bool ik__infer(ik_opcode op, const ik_attrs *a, int n, ik_tensor *const *in, ik_tensor *out,
               char *why, size_t size) {
    return rules[op]->infer(&(ik__shaping){a, n, in, out, why, size});
}

bool ik__infer_same(ik__shaping *s) {
    REQUIRE(s->in[0]->dtype == IK_F32, "a map cannot be calculated with");
    s->out->shape = s->in[0]->shape;
    return true;
}

bool ik__infer_none(ik__shaping *s) {
    snprintf(s->why, s->size, "it is not for recording");
    return false;
}

void ik__grad_none(ik__pass *p, ik__node *y, ik_tensor *dy) {
    (void)p, (void)y, (void)dy;
}

static int64_t window(int64_t n, const ik_attrs *a, int i) {
    int d = a->dilation[i] ? a->dilation[i] : 1;
    int64_t room = n + 2 * a->padding[i] - (int64_t)d * (a->kernel[i] - 1) - 1;
    return room < 0 || a->stride[i] < 1 ? 0 : room / a->stride[i] + 1;
}

bool ik__windowed(ik__shaping *s, ik_shape x, int64_t channels, ik_shape *out) {
    int64_t h = window(x.d[1], s->a, 0), w = window(x.d[2], s->a, 1);
    REQUIRE(h > 0 && w > 0, "a window of %dx%d does not fit", s->a->kernel[0], s->a->kernel[1]);
    *out = IK_SHAPE4(x.d[0], h, w, channels);
    return true;
}
