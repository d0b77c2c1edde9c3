/* Every op of the naive backend that has a gradient is checked against its adjoint op: linear ones
 * by <A x, y> = <x, A' y>, the others by central differences in every element. */
#include "backends/naive_fixture.h"

enum { B = 2 };

/* <A x, y> = <x, A' y>, given both images. */
static void check_adjoint(const tensor *x, const tensor *adjoint_y, const tensor *image_x,
                          const tensor *y, const char *what) {
    assert_near(dot(image_x, y), dot(x, adjoint_y), 1e-11, what);
}

/* An op and its inputs; in[1] is the moments of in[0] where `own_moments` is set. */
typedef struct subject {
    ik_opcode op;
    const ik_attrs *attrs;
    ik_shape out;
    int n;
    tensor *in[IK_MAX_INPUTS];
    bool own_moments;
} subject;

/* <f(in), dy> */
static double value(const subject *s, const tensor *dy) {
    int mark = pool_size;
    tensor *in[IK_MAX_INPUTS];
    memcpy(in, s->in, sizeof in);
    if (s->own_moments) in[1] = APPLY(IK_MOMENTS, s->attrs, s->in[1]->t.shape, s->in[0]);
    double v = dot(apply_list(s->op, s->attrs, IK_F32, s->out, s->n, in), dy);
    free_tensors(mark);
    return v;
}

/* d<f(in), dy> / d in[i] is `gradient`. */
static void check_gradient(const subject *s, int i, const tensor *dy, const tensor *gradient,
                           const char *what) {
    const double h = 1e-6;
    double *x = reals(s->in[i]);
    ck_assert(ik_same_shape(s->in[i]->t.shape, gradient->t.shape));
    for (int64_t e = 0; e < ik_count(gradient->t.shape); e++) {
        double kept = x[e];
        x[e] = kept + h;
        double above = value(s, dy);
        x[e] = kept - h;
        double below = value(s, dy);
        x[e] = kept;
        assert_near(reals(gradient)[e], (above - below) / (2 * h), 1e-7, what);
    }
}

static int out_size(int n, int kernel, int stride, int padding, int dilation) {
    return (n + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
}

static void check_convolution(int kh, int kw, int stride, int padding, int dilation, int groups) {
    int h = 7, w = 9, inputs = 4, outputs = 6;
    ik_attrs a = {.kernel = {kh, kw},
                  .stride = {stride, 3 - stride}, /* differs by axis */
                  .padding = {padding, padding},
                  .dilation = {dilation, 1},
                  .groups = groups,
                  .size = {h, w}};
    ik_shape ys = IK_SHAPE4(B, out_size(h, kh, a.stride[0], padding, dilation),
                            out_size(w, kw, a.stride[1], padding, 1), outputs);
    tensor *x = random_tensor(IK_SHAPE4(B, h, w, inputs)), *y = random_tensor(ys);
    tensor *weight = random_tensor(IK_SHAPE4(outputs, inputs / groups, kh, kw));
    tensor *image = APPLY(IK_CONV2D, &a, ys, x, weight);
    check_adjoint(x, APPLY(IK_CONV2D_DX, &a, x->t.shape, y, weight), image, y, "conv2d_dx");
    check_adjoint(weight, APPLY(IK_CONV2D_DW, &a, weight->t.shape, x, y), image, y, "conv2d_dw");
}

START_TEST(convolution) {
    for (int stride = 1; stride <= 2; stride++)
        for (int padding = 0; padding <= 2; padding++)
            for (int dilation = 1; dilation <= 2; dilation++)
                for (int groups = 1; groups <= 2; groups++) {
                    check_convolution(3, 3, stride, padding, dilation, groups);
                    check_convolution(2, 4, stride, padding, dilation, groups);
                    check_convolution(1, 1, stride, padding, dilation, groups);
                }
}
END_TEST

START_TEST(resampling) {
    int h = 5, w = 7, c = 3;
    tensor *x = random_tensor(IK_SHAPE4(B, h, w, c));
    for (int factor = 1; factor <= 3; factor++) {
        const ik_attrs *a = ATTRS(.factor = factor);
        tensor *y = random_tensor(IK_SHAPE4(B, h * factor, w * factor, c));
        check_adjoint(x, APPLY(IK_UPSAMPLE_GRAD, a, x->t.shape, y),
                      APPLY(IK_UPSAMPLE, a, y->t.shape, x), y, "upsample_grad");
    }
    static const int sizes[][2] = {{5, 7}, {10, 14}, {2, 3}, {9, 4}, {1, 1}};
    for (int i = 0; i < 5; i++) {
        tensor *y = random_tensor(IK_SHAPE4(B, sizes[i][0], sizes[i][1], c));
        check_adjoint(x, APPLY(IK_BILINEAR_GRAD, ATTRS(.size = {h, w}), x->t.shape, y),
                      APPLY(IK_BILINEAR, ATTRS(.size = {sizes[i][0], sizes[i][1]}), y->t.shape, x),
                      y, "bilinear_grad");
    }
}
END_TEST

START_TEST(borders) {
    for (int p = 0; p < 4; p++)
        for (int q = 0; q < 3; q++) {
            tensor *x = random_tensor(IK_SHAPE4(B, 4, 3, 2));
            tensor *y = random_tensor(IK_SHAPE4(B, 4 + 2 * p, 3 + 2 * q, 2));
            ik_attrs a = {.padding = {p, q}};
            check_adjoint(x, APPLY(IK_REFLECT_GRAD, &a, x->t.shape, y),
                          APPLY(IK_REFLECT, &a, y->t.shape, x), y, "reflect_grad");
        }
}
END_TEST

START_TEST(pooling) {
    int h = 7, w = 6, c = 3;
    tensor *x = random_tensor(IK_SHAPE4(B, h, w, c));
    for (int kernel = 1; kernel <= 3; kernel++)
        for (int stride = 1; stride <= 2; stride++)
            for (int padding = 0; padding <= kernel / 2; padding++) {
                ik_attrs a = {.kernel = {kernel, kernel},
                              .stride = {stride, stride},
                              .padding = {padding, padding},
                              .size = {h, w}};
                tensor *y = random_tensor(IK_SHAPE4(B, out_size(h, kernel, stride, padding, 1),
                                                    out_size(w, kernel, stride, padding, 1), c));
                check_adjoint(x, APPLY(IK_AVG_POOL_GRAD, &a, x->t.shape, y),
                              APPLY(IK_AVG_POOL, &a, y->t.shape, x), y, "avg_pool_grad");
                subject s = {IK_MAX_POOL, &a, y->t.shape, 1, {x}, false};
                check_gradient(&s, 0, y, APPLY(IK_MAX_POOL_GRAD, &a, x->t.shape, y, x),
                               "max_pool_grad");
            }
}
END_TEST

START_TEST(shapes) {
    tensor *x = random_tensor(IK_SHAPE5(2, 3, 4, 1, 5));
    ik_shape small = IK_SHAPE5(2, 1, 4, 1, 1);
    tensor *y = random_tensor(small);
    check_adjoint(x, APPLY(IK_BROADCAST, ATTRS(.shape = x->t.shape), x->t.shape, y),
                  APPLY(IK_SUM, ATTRS(.axes = 2 | 16), small, x), y, "sum and broadcast");
    for (int axis = 0; axis < 5; axis++) {
        ik_shape part = x->t.shape;
        part.d[axis] = (part.d[axis] + 1) / 2;
        int64_t whole = x->t.shape.d[axis], start = whole - part.d[axis];
        y = random_tensor(part);
        check_adjoint(
            x,
            APPLY(IK_PAD_SLICE, ATTRS(.axis = axis, .start = start, .length = whole), x->t.shape,
                  y),
            APPLY(IK_SLICE, ATTRS(.axis = axis, .start = start, .length = part.d[axis]), part, x),
            y, "slice and pad_slice");
    }
    tensor *z = random_tensor(IK_SHAPE5(5, 2, 1, 3, 4));
    check_adjoint(x, APPLY(IK_PERMUTE, ATTRS(.shape = IK_SHAPE5(1, 3, 4, 2, 0)), x->t.shape, z),
                  APPLY(IK_PERMUTE, ATTRS(.shape = IK_SHAPE5(4, 0, 3, 1, 2)), z->t.shape, x), z,
                  "permute");
}
END_TEST

START_TEST(elementwise) {
    ik_shape shape = IK_SHAPE3(2, 3, 5);
    tensor *x = random_between(shape, 0.2, 2), *dy = random_tensor(shape);
    for (int i = 0; i < 30; i += 3) reals(x)[i] *= -1;
    const ik_attrs *a = ATTRS(.slope = 0.2, .alpha = -3, .beta = 4);
    subject s = {IK_LEAKY_RELU, a, shape, 1, {x}, false};
    check_gradient(&s, 0, dy, APPLY(IK_LEAKY_RELU_GRAD, a, shape, dy, x), "leaky_relu_grad");
    s.op = IK_ABS;
    check_gradient(&s, 0, dy, APPLY(IK_MUL, NULL, shape, dy, APPLY(IK_SIGN, NULL, shape, x)),
                   "abs");
    s.op = IK_AFFINE;
    check_gradient(&s, 0, dy, APPLY(IK_AFFINE, ATTRS(.alpha = -3), shape, dy), "affine");
    tensor *y = APPLY(IK_EXP, NULL, shape, x);
    s.op = IK_EXP;
    check_gradient(&s, 0, dy, APPLY(IK_MUL, NULL, shape, dy, y), "exp");
    y = APPLY(IK_TANH, NULL, shape, x);
    y = APPLY(IK_AFFINE, ATTRS(.alpha = -1, .beta = 1), shape, APPLY(IK_MUL, NULL, shape, y, y));
    s.op = IK_TANH;
    check_gradient(&s, 0, dy, APPLY(IK_MUL, NULL, shape, dy, y), "tanh");
    y = APPLY(IK_SIGMOID, NULL, shape, x);
    y = APPLY(IK_MUL, NULL, shape, y, APPLY(IK_AFFINE, ATTRS(.alpha = -1, .beta = 1), shape, y));
    s.op = IK_SIGMOID;
    check_gradient(&s, 0, dy, APPLY(IK_MUL, NULL, shape, dy, y), "sigmoid");
    s.in[0] = x = APPLY(IK_ABS, NULL, shape, x);
    s.op = IK_LOG;
    check_gradient(&s, 0, dy, APPLY(IK_DIV, NULL, shape, dy, x), "log");
    y = APPLY(IK_AFFINE, ATTRS(.alpha = 2), shape, APPLY(IK_SQRT, NULL, shape, x));
    s.op = IK_SQRT;
    check_gradient(&s, 0, dy, APPLY(IK_DIV, NULL, shape, dy, y), "sqrt");
}
END_TEST

/* normalize with fixed statistics and with its own, for all pixels together and per sample. */
START_TEST(normalisation) {
    ik_shape shape = IK_SHAPE4(B, 3, 5, 2);
    for (int per_sample = 0; per_sample <= 1; per_sample++) {
        ik_attrs a = {.eps = 1e-2, .per_sample = per_sample};
        ik_shape ss = IK_SHAPE3(per_sample ? B : 1, 2, 2);
        tensor *x = random_tensor(shape), *dy = random_tensor(shape), *ds = random_tensor(ss);
        tensor *stats = APPLY(IK_MOMENTS, &a, ss, x);
        subject moments = {IK_MOMENTS, &a, ss, 1, {x}, false};
        check_gradient(&moments, 0, ds, APPLY(IK_MOMENTS_DX, &a, shape, x, stats, ds),
                       "moments_dx");
        subject s = {IK_NORMALIZE, &a, shape, 2, {x, stats}, false};
        tensor *dstats = APPLY(IK_NORMALIZE_DSTATS, &a, ss, dy, x, stats);
        check_gradient(&s, 1, dy, dstats, "normalize_dstats");
        check_gradient(&s, 0, dy, APPLY(IK_NORMALIZE_DX, &a, shape, dy, x, stats), "normalize_dx");
        s.own_moments = true;
        check_gradient(&s, 0, dy, APPLY(IK_NORMALIZE_DX, &a, shape, dy, x, stats, dstats),
                       "normalize_dx with dstats");
    }
}
END_TEST

static void check_modulation(int per_sample, int tables, double slope) {
    ik_shape shape = IK_SHAPE4(B, 3, 5, 2), table = IK_SHAPE3(tables, 3, 2);
    ik_shape ss = IK_SHAPE3(per_sample ? B : 1, 2, 2);
    ik_attrs a = {.eps = 1e-2, .slope = slope, .per_sample = per_sample};
    tensor *x = random_tensor(shape), *dy = random_tensor(shape);
    tensor *scale = random_tensor(table), *shift = random_tensor(table);
    tensor *map = random_map(IK_SHAPE3(B, 3, 5), 3), *stats = APPLY(IK_MOMENTS, &a, ss, x);
    subject s = {IK_MODULATE, &a, shape, 5, {x, stats, scale, shift, map}, false};
    tensor *dtables =
        APPLY(IK_MODULATE_DTABLES, &a, IK_SHAPE4(2, tables, 3, 2), dy, x, stats, scale, shift, map);
    tensor *halves = view(dtables, IK_SHAPE2(2, ik_count(table)));
    const ik_shape half = IK_SHAPE2(1, ik_count(table));
    for (int i = 0; i < 2; i++) {
        tensor *d = APPLY(IK_SLICE, ATTRS(.start = i, .length = 1), half, halves);
        check_gradient(&s, 2 + i, dy, view(d, table), i ? "modulate, shift" : "modulate, scale");
    }
    check_gradient(&s, 0, dy, APPLY(IK_MODULATE_DX, &a, shape, dy, x, stats, scale, shift, map),
                   "modulate_dx");
    if (per_sample && tables == 1) return; /* the tables alone do not tell samples apart */
    tensor *dstats = APPLY(IK_MODULATE_DSTATS, &a, ss, dtables, scale, stats);
    check_gradient(&s, 1, dy, dstats, "modulate_dstats");
    s.own_moments = true;
    check_gradient(&s, 0, dy,
                   APPLY(IK_MODULATE_DX, &a, shape, dy, x, stats, scale, shift, map, dstats),
                   "modulate_dx with dstats");
}

START_TEST(modulation) {
    for (int per_sample = 0; per_sample <= 1; per_sample++)
        for (int tables = 1; tables <= B; tables += B - 1) {
            check_modulation(per_sample, tables, 0.2);
            check_modulation(per_sample, tables, 1);
        }
}
END_TEST

START_TEST(tables) {
    int n = 4, c = 3;
    for (int own = 0; own <= 1; own++) {
        const ik_attrs *a = ATTRS(.length = n, .per_sample = own);
        tensor *table = random_tensor(IK_SHAPE3(own ? B : 1, n, c));
        tensor *map = random_map(IK_SHAPE3(B, 5, 3), n);
        tensor *y = random_tensor(IK_SHAPE4(B, 5, 3, c));
        check_adjoint(table, APPLY(IK_SEGMENT_SUM, a, table->t.shape, y, map),
                      APPLY(IK_LOOKUP, NULL, y->t.shape, table, map), y, "segment_sum");
        map = random_map(IK_SHAPE2(B, 7), n);
        y = random_tensor(IK_SHAPE3(B, 7, c));
        check_adjoint(table, APPLY(IK_SEGMENT_SUM, a, table->t.shape, y, map),
                      APPLY(IK_LOOKUP, NULL, y->t.shape, table, map), y, "segment_sum of rows");
    }
}
END_TEST

START_TEST(label_convolution) {
    int h = 7, w = 6, labels = 4;
    tensor *map = random_map(IK_SHAPE3(B, h, w), labels);
    for (int pooled = 0; pooled <= 1; pooled++)
        for (int kernel = 1; kernel <= 4; kernel++)
            for (int stride = 1; stride <= 2; stride++) {
                int padding = kernel / 2;
                ik_attrs a = {.kernel = {kernel, kernel},
                              .stride = {stride, stride},
                              .padding = {padding, padding},
                              .pooled = pooled,
                              .length = labels};
                int ph = pooled ? (h - 1) / 2 + 1 : h, pw = pooled ? (w - 1) / 2 + 1 : w;
                tensor *weight = random_tensor(IK_SHAPE4(3, labels, kernel, kernel));
                tensor *y = random_tensor(IK_SHAPE4(B, out_size(ph, kernel, stride, padding, 1),
                                                    out_size(pw, kernel, stride, padding, 1), 3));
                check_adjoint(weight, APPLY(IK_LABEL_CONV_DW, &a, weight->t.shape, y, map),
                              APPLY(IK_LABEL_CONV, &a, y->t.shape, map, weight), y,
                              "label_conv_dw");
            }
}
END_TEST

START_TEST(patches) {
    int h = 6, w = 5, c = 2, ids = 3;
    tensor *x = random_tensor(IK_SHAPE4(B, h, w, c));
    tensor *map = random_map(IK_SHAPE3(B, h, w), ids);
    for (int kernel = 1; kernel <= 5; kernel += 2)
        for (int stride = 1; stride <= 2; stride++) {
            ik_attrs a = {.kernel = {kernel, kernel},
                          .stride = {stride, stride},
                          .padding = {kernel / 2, kernel / 2},
                          .length = ids,
                          .size = {h, w}};
            tensor *y = random_tensor(
                IK_SHAPE4(B, (h - 1) / stride + 1, (w - 1) / stride + 1, kernel * kernel * c));
            check_adjoint(x, APPLY(IK_PATCHES_GRAD, &a, x->t.shape, y, map),
                          APPLY(IK_PATCHES, &a, y->t.shape, x, map), y, "patches_grad");
            y = random_tensor(IK_SHAPE3(B, ids, kernel * kernel * c));
            check_adjoint(x, APPLY(IK_SEGMENT_PATCHES_GRAD, &a, x->t.shape, y, map),
                          APPLY(IK_SEGMENT_PATCHES, &a, y->t.shape, x, map), y,
                          "segment_patches_grad");
        }
}
END_TEST

/* sigma is linear in w while u and v stay: w / sigma(w) by differences over both ops. */
START_TEST(spectral) {
    ik_shape ws = IK_SHAPE4(3, 2, 2, 1), us = IK_SHAPE1(3 + 4 + 1);
    const ik_attrs *a = ATTRS(.eps = 1e-12);
    tensor *w = random_tensor(ws), *u = random_tensor(IK_SHAPE1(3));
    tensor *v = random_tensor(IK_SHAPE1(4)), *dy = random_tensor(ws);
    tensor *uvs = APPLY(IK_SPECTRAL_UV, a, us, w, u, v);
    tensor *gradient = APPLY(IK_SPECTRAL_GRAD, a, ws, dy, w, uvs);
    for (int i = 0; i < 12; i++) {
        double kept = reals(w)[i], side[2];
        for (int s = 0; s < 2; s++) {
            reals(w)[i] = kept + (s ? -1e-6 : 1e-6);
            uvs = APPLY(IK_SPECTRAL_UV, a, us, w, u, v);
            side[s] = dot(APPLY(IK_SPECTRAL_SCALE, a, ws, w, uvs), dy);
        }
        reals(w)[i] = kept;
        assert_near(reals(gradient)[i], (side[0] - side[1]) / 2e-6, 1e-6, "spectral_grad");
    }
}
END_TEST

int main(void) {
    return RUN_SUITE("adjoints", load_backend, free_all, {convolution}, {resampling}, {borders},
                     {pooling}, {shapes}, {elementwise}, {normalisation}, {modulation}, {tables},
                     {label_convolution}, {patches}, {spectral});
}
