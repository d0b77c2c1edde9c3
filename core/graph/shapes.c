/* Shape rules: what an op makes of its inputs, or why it cannot. The contract is inadekit/ops.h. */
#include "graph.h"

#define REQUIRE(condition, ...)                                                                    \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            snprintf(why, size, __VA_ARGS__);                                                      \
            return false;                                                                          \
        }                                                                                          \
    } while (0)

static int64_t window(int64_t n, const ik_attrs *a, int i) {
    int d = a->dilation[i] ? a->dilation[i] : 1;
    int64_t room = n + 2 * a->padding[i] - (int64_t)d * (a->kernel[i] - 1) - 1;
    return room < 0 || a->stride[i] < 1 ? 0 : room / a->stride[i] + 1;
}

static bool windowed(const ik_attrs *a, ik_shape x, int64_t channels, ik_shape *out, char *why,
                     size_t size) {
    int64_t h = window(x.d[1], a, 0), w = window(x.d[2], a, 1);
    REQUIRE(h > 0 && w > 0, "a window of %dx%d does not fit", a->kernel[0], a->kernel[1]);
    *out = IK_SHAPE4(x.d[0], h, w, channels);
    return true;
}

static bool infer_binary(ik_shape a, ik_shape b, ik_shape *out, char *why, size_t size) {
    REQUIRE(a.rank == b.rank, "the ranks differ");
    *out = a;
    for (int i = 0; i < a.rank; i++) {
        REQUIRE(a.d[i] == b.d[i] || a.d[i] == 1 || b.d[i] == 1, "axis %d does not fit", i);
        out->d[i] = a.d[i] > b.d[i] ? a.d[i] : b.d[i];
    }
    return true;
}

static bool infer_concat(const ik_attrs *a, int n, ik_tensor *const *in, ik_tensor *out, char *why,
                         size_t size) {
    ik_shape s = in[0]->shape;
    REQUIRE(a->axis >= 0 && a->axis < s.rank, "there is no axis %d", a->axis);
    for (int i = 1; i < n; i++) {
        REQUIRE(in[i]->shape.rank == s.rank && in[i]->dtype == in[0]->dtype,
                "ranks or types differ");
        for (int k = 0; k < s.rank; k++)
            REQUIRE(k == a->axis || in[i]->shape.d[k] == s.d[k],
                    "axis %d differs, only axis %d may", k, a->axis);
        s.d[a->axis] += in[i]->shape.d[a->axis];
    }
    out->shape = s;
    out->dtype = in[0]->dtype;
    return true;
}

static bool infer_slice(ik_opcode op, const ik_attrs *a, ik_tensor *x, ik_tensor *out, char *why,
                        size_t size) {
    int axis = op == IK_ROWS ? 0 : a->axis;
    REQUIRE(axis >= 0 && axis < x->shape.rank, "there is no axis %d", axis);
    int64_t have = x->shape.d[axis];
    out->shape = x->shape;
    out->dtype = x->dtype;
    out->shape.d[axis] = a->length;
    if (op == IK_PAD_SLICE)
        REQUIRE(a->start >= 0 && a->start + have <= a->length, "the slice lies outside");
    else
        REQUIRE(a->start >= 0 && a->length > 0 && a->start + a->length <= have,
                "%lld from %lld lies outside axis %d", (long long)a->length, (long long)a->start,
                axis);
    return true;
}

static bool infer_matmul(const ik_attrs *a, ik_shape x, ik_shape y, ik_shape *out, char *why,
                         size_t size) {
    REQUIRE(x.rank == 2 && y.rank == 2, "both must have rank 2");
    REQUIRE(x.d[!a->transpose_a] == y.d[!!a->transpose_b], "the inner dimensions differ");
    *out = IK_SHAPE2(x.d[!!a->transpose_a], y.d[!a->transpose_b]);
    return true;
}

/* The rest of a convolution with a residual and an activation. */
static bool infer_conv_act(const ik_attrs *a, int n, ik_tensor *const *in, int64_t channels,
                           ik_shape *out, char *why, size_t size) {
    bool bias = n > 2 && in[2]->shape.rank == 1, residual = n > 2 + bias;
    REQUIRE(a->slope >= 0, "the slope must not be negative");
    REQUIRE(!bias || in[2]->shape.d[0] == channels, "the bias does not fit");
    REQUIRE(n <= 3 + bias, "the third must be a bias [O], the fourth a residual");
    if (!windowed(a, in[0]->shape, channels, out, why, size)) return false;
    REQUIRE(!residual || ik_same_shape(in[n - 1]->shape, *out), "the residual does not fit");
    return true;
}

static bool infer_conv(ik_opcode op, const ik_attrs *a, int n, ik_tensor *const *in, ik_shape *out,
                       char *why, size_t size) {
    ik_shape x = in[0]->shape, w = in[1]->shape;
    int64_t groups = a->groups ? a->groups : 1;
    REQUIRE(x.rank == 4 && w.rank == 4, "both must have rank 4");
    if (op == IK_CONV2D_DW) {
        *out = IK_SHAPE4(w.d[3], x.d[3] / groups, a->kernel[0], a->kernel[1]);
        return true;
    }
    bool back = op == IK_CONV2D_DX;
    int64_t channels = back ? w.d[1] * groups : w.d[0];
    REQUIRE(x.d[3] == (back ? w.d[0] : w.d[1] * groups),
            "the channels (last axis of the first, %s of the weight) differ",
            back ? "first" : "second");
    REQUIRE(channels % groups == 0 && w.d[0] % groups == 0,
            "%lld groups do not divide the channels", (long long)groups);
    REQUIRE(a->kernel[0] == w.d[2] && a->kernel[1] == w.d[3], "kernel and weight differ");
    if (op == IK_CONV2D_ACT) return infer_conv_act(a, n, in, channels, out, why, size);
    REQUIRE(n < 3 || ik_count(in[2]->shape) == channels, "the bias does not fit");
    if (!back) return windowed(a, x, channels, out, why, size);
    ik_shape check = IK_SHAPE4(x.d[0], a->size[0], a->size[1], channels), again;
    if (!windowed(a, check, w.d[0], &again, why, size)) return false;
    REQUIRE(again.d[1] == x.d[1] && again.d[2] == x.d[2], "the output's size does not fit");
    *out = check;
    return true;
}

static bool infer_map_conv(ik_opcode op, const ik_attrs *a, ik_tensor *const *in, ik_tensor *out,
                           char *why, size_t size) {
    if (op == IK_LABEL_CONV_DW) {
        out->shape = IK_SHAPE4(in[0]->shape.d[3], a->length, a->kernel[0], a->kernel[1]);
        return true;
    }
    ik_shape m = in[0]->shape;
    REQUIRE(in[0]->dtype == IK_I32 && m.rank == 3, "the first must be a map [B,H,W]");
    ik_shape x = IK_SHAPE4(m.d[0], m.d[1], m.d[2], 1);
    if (a->pooled) {
        x.d[1] = (x.d[1] - 1) / 2 + 1;
        x.d[2] = (x.d[2] - 1) / 2 + 1;
    }
    return windowed(a, x, in[1]->shape.d[0], &out->shape, why, size);
}

static bool infer_patches(ik_opcode op, const ik_attrs *a, ik_tensor *const *in, ik_shape *out,
                          char *why, size_t size) {
    ik_shape x = in[0]->shape;
    int64_t taps = (int64_t)a->kernel[0] * a->kernel[1];
    REQUIRE(in[1]->dtype == IK_I32 && in[1]->shape.rank == 3, "the second must be a map [B,H,W]");
    if (op == IK_PATCHES_GRAD || op == IK_SEGMENT_PATCHES_GRAD) {
        *out = IK_SHAPE4(x.d[0], a->size[0], a->size[1], x.d[x.rank - 1] / taps);
        return true;
    }
    REQUIRE(x.rank == 4 && x.d[1] == in[1]->shape.d[1] && x.d[2] == in[1]->shape.d[2],
            "the map must have the picture's size");
    if (op == IK_SEGMENT_PATCHES) {
        *out = IK_SHAPE3(x.d[0], a->length, taps * x.d[3]);
        return true;
    }
    return windowed(a, x, taps * x.d[3], out, why, size);
}

static bool infer_lookup(ik_tensor *const *in, ik_shape *out, char *why, size_t size) {
    ik_shape t = in[0]->shape, m = in[1]->shape;
    REQUIRE(t.rank == 3 && in[1]->dtype == IK_I32, "needs a table [T,N,C] and a map");
    REQUIRE(t.d[0] == 1 || t.d[0] == m.d[0], "the table's first axis must be 1 or the batch");
    REQUIRE(m.rank < IK_MAX_RANK, "the map has too many axes");
    *out = m;
    out->d[out->rank++] = t.d[2];
    return true;
}

static bool infer_lookup_affine(const ik_attrs *a, ik_tensor *const *in, ik_shape *out, char *why,
                                size_t size) {
    ik_shape t = in[0]->shape, n = in[3]->shape;
    int64_t rows = n.rank == 4 ? n.d[2] : 1;
    if (!infer_lookup((ik_tensor *const[]){in[0], in[2]}, out, why, size)) return false;
    REQUIRE(ik_same_shape(t, in[1]->shape), "the tables of factors and of terms differ");
    REQUIRE((n.rank == 3 || n.rank == 4) && n.d[n.rank - 1] == t.d[2],
            "the second factor needs [T,K,R,C] or [T,K,C] with the tables' channels");
    REQUIRE(n.d[0] == 1 || n.d[0] == in[2]->shape.d[0],
            "the second factor's first axis must be 1 or the batch");
    REQUIRE(in[4]->dtype == IK_I32 && ik_same_shape(in[2]->shape, in[4]->shape),
            "both maps must have one shape");
    REQUIRE(a->start >= 0 && a->start < rows, "start lies outside");
    return true;
}

static bool infer_shape_op(ik_opcode op, const ik_attrs *a, ik_tensor *x, ik_shape *out, char *why,
                           size_t size) {
    *out = a->shape;
    switch (op) {
    case IK_RESHAPE:
        REQUIRE(ik_count(a->shape) == ik_count(x->shape), "the number of elements differs");
        return true;
    case IK_BROADCAST:
        REQUIRE(a->shape.rank == x->shape.rank, "the ranks differ");
        for (int i = 0; i < x->shape.rank; i++)
            REQUIRE(x->shape.d[i] == a->shape.d[i] || x->shape.d[i] == 1, "axis %d does not fit",
                    i);
        return true;
    case IK_PERMUTE:
        out->rank = x->shape.rank;
        for (int i = 0; i < out->rank; i++) {
            REQUIRE(a->shape.d[i] >= 0 && a->shape.d[i] < out->rank, "no such axis");
            out->d[i] = x->shape.d[a->shape.d[i]];
        }
        return true;
    default: /* SUM */
        *out = x->shape;
        for (int i = 0; i < out->rank; i++)
            if (a->axes >> i & 1) out->d[i] = 1;
        return true;
    }
}

/* Ops on a picture [B,H,W,C] whose size changes. */
static bool infer_resize(ik_opcode op, const ik_attrs *a, ik_shape x, ik_shape *out, char *why,
                         size_t size) {
    REQUIRE(x.rank == 4, "needs [B,H,W,C]");
    *out = x;
    int64_t f = a->factor;
    switch (op) {
    case IK_UPSAMPLE:
        REQUIRE(f > 0, "the factor must be positive");
        out->d[1] *= f, out->d[2] *= f;
        return true;
    case IK_UPSAMPLE_GRAD:
        out->d[1] /= f, out->d[2] /= f;
        return true;
    case IK_AVG_POOL:
    case IK_MAX_POOL:
        REQUIRE(a->padding[0] * 2 <= a->kernel[0] && a->padding[1] * 2 <= a->kernel[1],
                "the padding is more than half the kernel");
        return windowed(a, x, x.d[3], out, why, size);
    default: /* BILINEAR, its gradient, AVG_POOL_GRAD */
        REQUIRE(a->size[0] > 0 && a->size[1] > 0, "the size must be positive");
        out->d[1] = a->size[0], out->d[2] = a->size[1];
        return true;
    }
}

bool ik__infer(ik_opcode op, const ik_attrs *a, int n, ik_tensor *const *in, ik_tensor *out,
               char *why, size_t size) {
    ik_tensor *x = n ? in[0] : NULL;
    if (x) out->shape = x->shape;
    switch (op) {
    case IK_FILL:
    case IK_RANDN:
        out->shape = a->shape;
        return true;
    case IK_STOP:
        out->dtype = x->dtype;
        return true;
    case IK_RESHAPE:
    case IK_PERMUTE:
        out->dtype = x->dtype; /* fall through */
    case IK_SUM:
    case IK_BROADCAST:
        return infer_shape_op(op, a, x, &out->shape, why, size);
    case IK_ROWS:
    case IK_SLICE:
    case IK_PAD_SLICE:
        return infer_slice(op, a, x, out, why, size);
    case IK_CONCAT:
        return infer_concat(a, n, in, out, why, size);
    case IK_ADD:
    case IK_SUB:
    case IK_MUL:
    case IK_DIV:
        REQUIRE(x->dtype == IK_F32 && in[1]->dtype == IK_F32, "a map cannot be calculated with");
        return infer_binary(x->shape, in[1]->shape, &out->shape, why, size);
    case IK_AXPBY:
        REQUIRE(ik_same_shape(x->shape, in[1]->shape), "the shapes differ");
        return true;
    case IK_MATMUL:
        return infer_matmul(a, x->shape, in[1]->shape, &out->shape, why, size);
    case IK_LINEAR:
        REQUIRE(in[1]->shape.rank == 2 && ik_count(in[2]->shape) == in[1]->shape.d[0],
                "the bias needs a value for each row of the weight");
        return infer_matmul(IK_ATTRS(.transpose_b = 1), x->shape, in[1]->shape, &out->shape, why,
                            size);
    case IK_CONV2D:
    case IK_CONV2D_DX:
    case IK_CONV2D_DW:
    case IK_CONV2D_ACT:
        return infer_conv(op, a, n, in, &out->shape, why, size);
    case IK_UPSAMPLE:
    case IK_UPSAMPLE_GRAD:
    case IK_BILINEAR:
    case IK_BILINEAR_GRAD:
    case IK_AVG_POOL:
    case IK_AVG_POOL_GRAD:
    case IK_MAX_POOL:
        return infer_resize(op, a, x->shape, &out->shape, why, size);
    case IK_MAX_POOL_GRAD:
    case IK_MOMENTS_DX:
        out->shape = op == IK_MAX_POOL_GRAD ? in[1]->shape : x->shape;
        return true;
    case IK_MOMENTS:
        REQUIRE(x->shape.rank == 4, "needs [B,H,W,C]");
        out->shape = IK_SHAPE3(a->per_sample ? x->shape.d[0] : 1, 2, x->shape.d[3]);
        return true;
    case IK_NORMALIZE:
        REQUIRE(x->shape.rank == 4 && in[1]->shape.rank == 3 &&
                    in[1]->shape.d[2] == x->shape.d[3] &&
                    (in[1]->shape.d[0] == 1 || in[1]->shape.d[0] == x->shape.d[0]),
                "needs [B,H,W,C] and statistics [1 or B,2,C]");
        return true;
    case IK_NORMALIZE_DSTATS:
    case IK_MODULATE_DSTATS:
        out->shape = in[2]->shape;
        return true;
    case IK_LOOKUP:
        return infer_lookup(in, &out->shape, why, size);
    case IK_LOOKUP_AFFINE:
        return infer_lookup_affine(a, in, &out->shape, why, size);
    case IK_SEGMENT_SUM:
        out->shape =
            IK_SHAPE3(a->per_sample ? x->shape.d[0] : 1, a->length, x->shape.d[x->shape.rank - 1]);
        return true;
    case IK_SEGMENT_COUNT:
        out->shape = IK_SHAPE2(x->shape.d[0], a->length);
        return true;
    case IK_MODULATE_DTABLES:
        out->shape = IK_SHAPE4(2, in[3]->shape.d[0], in[3]->shape.d[1], in[3]->shape.d[2]);
        return true;
    case IK_LABEL_CONV:
    case IK_LABEL_CONV_DW:
        return infer_map_conv(op, a, in, out, why, size);
    case IK_ONE_HOT:
        REQUIRE(x->dtype == IK_I32 && x->shape.rank < IK_MAX_RANK, "needs a map");
        out->shape.d[out->shape.rank++] = a->length;
        return true;
    case IK_PATCHES:
    case IK_PATCHES_GRAD:
    case IK_SEGMENT_PATCHES:
    case IK_SEGMENT_PATCHES_GRAD:
        return infer_patches(op, a, in, &out->shape, why, size);
    case IK_RESIZE_MAP:
        REQUIRE(x->dtype == IK_I32 && x->shape.rank == 3, "needs a map [B,H,W]");
        out->dtype = IK_I32;
        out->shape = IK_SHAPE3(x->shape.d[0], a->size[0], a->size[1]);
        return true;
    case IK_EDGE_MAP:
        REQUIRE(x->dtype == IK_I32 && x->shape.rank == 3, "needs a map [B,H,W]");
        out->shape = IK_SHAPE4(x->shape.d[0], x->shape.d[1], x->shape.d[2], 1);
        return true;
    case IK_SPECTRAL_UV: {
        int64_t rows = x->shape.d[0], columns = ik_count(x->shape) / rows;
        REQUIRE(ik_count(in[1]->shape) == rows && ik_count(in[2]->shape) == columns,
                "u or v does not fit the weight");
        out->shape = IK_SHAPE1(rows + columns + 1);
        return true;
    }
    default: /* elementwise, and adjoints shaped as their first input */
        REQUIRE(x->dtype == IK_F32, "a map cannot be calculated with");
        return true;
    }
}
