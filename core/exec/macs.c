/* What a node computes, in multiply-accumulates; see program.h. */
#include "program.h"

static double per_output(ik_shape weight) {
    return (double)(weight.d[1] * weight.d[2] * weight.d[3]);
}

double ik__macs(const ik_node_desc *n) {
    double out = (double)ik_count(n->out->shape);
    const ik_attrs *a = n->attrs;
    switch ((int)n->op) {
    case IK_CONV2D:
    case IK_CONV2D_ACT:
        return out * per_output(n->in[1]->shape);
    case IK_CONV2D_DX: /* as forward, from what is its input here */
        return (double)ik_count(n->in[0]->shape) * per_output(n->in[1]->shape);
    case IK_CONV2D_DW:
        return (double)ik_count(n->in[1]->shape) * per_output(n->out->shape);
    case IK_LABEL_CONV: /* a row of weights per tap */
        return out * (double)(a->kernel[0] * a->kernel[1]);
    case IK_LABEL_CONV_DW:
        return (double)ik_count(n->in[0]->shape) * (double)(a->kernel[0] * a->kernel[1]);
    case IK_MATMUL:
    case IK_LINEAR:
        return out * (double)n->in[0]->shape.d[n->in[0]->shape.rank - (a->transpose_a ? 2 : 1)];
    default:
        return 0;
    }
}
