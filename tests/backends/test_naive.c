/* Values of the naive backend: against numbers worked out by hand, and against each other where one
 * op is defined by others. (test_adjoints.c checks the gradients.) */
#include "naive_fixture.h"

#include "inadekit/philox.h"

START_TEST(every_op_has_a_kernel) {
    static const ik_attrs attrs;
    tensor *x = make(IK_F32, IK_SHAPE1(1));
    ik_error err;
    for (int op = -1; op <= IK_OP_COUNT; op++) {
        static const int least[] = {
#define IK_OP(code, name, least_, most) least_,
            IK_OPS(IK_OP)
#undef IK_OP
        };
        bool known = op >= 0 && op < IK_OP_COUNT;
        bool kernel = known && op != IK_INPUT && op != IK_PARAM && op != IK_BUFFER &&
                      op != IK_RESHAPE && op != IK_STOP && op != IK_ROWS && op != IK_RELAYOUT &&
                      op != IK_CUSTOM; /* without a descriptor */
        ik_kernel k = {.node = {(ik_opcode)op, &attrs, known ? least[op] : 0, {NULL}, &x->t}};
        err.text[0] = 0;
        ck_assert_int_eq(backend->prepare(instance, &k, &err) == IK_OK, kernel);
        ck_assert(kernel == (k.run != NULL) && kernel == !err.text[0]);
    }
    ik_kernel k = {.node = {IK_ADD, &attrs, 3, {NULL}, &x->t}};
    ck_assert_int_eq(backend->prepare(instance, &k, &err), IK_FAILED);
    ck_assert_ptr_nonnull(strstr(err.text, "'add'"));
}
END_TEST

START_TEST(storage) {
    ck_assert_uint_eq(backend->element_bytes(instance, IK_F32), 8);
    ck_assert_uint_eq(backend->element_bytes(instance, IK_I32), 4);
    tensor *x = make(IK_F32, IK_SHAPE1(3)), *y = make(IK_F32, IK_SHAPE1(3));
    ck_assert_uint_eq((uintptr_t)x->data % 64, 0);
    ASSERT_REALS(x, 0, 0, 0);
    float host[3] = {1.5f, -2, 0.1f}, back[3];
    ik_error err;
    ck_assert_int_eq(backend->upload(instance, IK_F32, 3, x->data, host, &err), IK_OK);
    backend->copy(instance, IK_F32, 3, y->data, x->data);
    ck_assert_int_eq(backend->download(instance, IK_F32, 3, back, y->data, &err), IK_OK);
    ck_assert_mem_eq(host, back, sizeof host);
    int32_t map[3] = {-1, 7, 1 << 30}, map_back[3];
    tensor *m = make(IK_I32, IK_SHAPE1(3)), *n = make(IK_I32, IK_SHAPE1(3));
    ck_assert_int_eq(backend->upload(instance, IK_I32, 3, m->data, map, &err), IK_OK);
    backend->copy(instance, IK_I32, 3, n->data, m->data);
    ck_assert_int_eq(backend->download(instance, IK_I32, 3, map_back, n->data, &err), IK_OK);
    ck_assert_mem_eq(map, map_back, sizeof map);
    ck_assert(backend->alloc(instance, SIZE_MAX) == NULL);
}
END_TEST

START_TEST(updates) {
    tensor *x = REALS(IK_SHAPE1(2), 1, 2), *y = REALS(IK_SHAPE1(2), NAN, NAN);
    backend->axpby(instance, 2, 3, x->data, 0, y->data);
    ASSERT_REALS(y, 3, 6);
    backend->axpby(instance, 2, 1, x->data, -2, y->data);
    ASSERT_REALS(y, -5, -10);
    tensor *p = REALS(IK_SHAPE1(1), 1), *m = REALS(IK_SHAPE1(1), 0), *v = REALS(IK_SHAPE1(1), 0);
    ik_adam a = {.lr = 0.1, .beta1 = 0.5, .beta2 = 0.9, .eps = 0.01, .t = 1};
    backend->adam(instance, 1, &a, p->data, REALS(IK_SHAPE1(1), 2)->data, m->data, v->data);
    double first = 1 - 0.1 * 2 / (2 + 0.01); /* bias-corrected moments: 2 and 4 */
    ASSERT_REALS(p, first);
    a.t = 2;
    backend->adam(instance, 1, &a, p->data, REALS(IK_SHAPE1(1), -1)->data, m->data, v->data);
    ASSERT_REALS(m, 0);
    ASSERT_REALS(v, 0.46);
    ASSERT_REALS(p, first);
    a.t = 3;
    backend->adam(instance, 1, &a, p->data, REALS(IK_SHAPE1(1), 4)->data, m->data, v->data);
    ASSERT_REALS(p, first - 0.1 * (2 / 0.875) / (sqrt(2.014 / 0.271) + 0.01));
}
END_TEST

START_TEST(elementwise) {
    ik_shape s = IK_SHAPE1(3);
    tensor *x = REALS(s, -2, 0, 0.5);
    ASSERT_REALS(APPLY(IK_AFFINE, ATTRS(.alpha = 2, .beta = 1), s, x), -3, 1, 2);
    ASSERT_REALS(APPLY(IK_LEAKY_RELU, ATTRS(.slope = 0.1), s, x), -0.2, 0, 0.5);
    ASSERT_REALS(APPLY(IK_LEAKY_RELU_GRAD, ATTRS(.slope = 0.1), s, REALS(s, 1, 1, 1), x), 0.1, 0.1,
                 1);
    ASSERT_REALS(APPLY(IK_SIGN, NULL, s, x), -1, 0, 1);
    ASSERT_REALS(APPLY(IK_SIGMOID, NULL, s, REALS(s, -1000, 0, 1000)), 0, 0.5, 1);
    ik_shape out = IK_SHAPE2(2, 3);
    tensor *row = REALS(IK_SHAPE2(1, 3), 1, 2, 4), *column = REALS(IK_SHAPE2(2, 1), 8, 16);
    ASSERT_REALS(APPLY(IK_ADD, NULL, out, row, column), 9, 10, 12, 17, 18, 20);
    ASSERT_REALS(APPLY(IK_SUB, NULL, out, row, column), -7, -6, -4, -15, -14, -12);
    ASSERT_REALS(APPLY(IK_MUL, NULL, out, column, row), 8, 16, 32, 16, 32, 64);
    ASSERT_REALS(APPLY(IK_DIV, NULL, out, column, row), 8, 4, 2, 16, 8, 4);
    tensor *scalar = REALS(IK_SHAPE0(), 3);
    ASSERT_REALS(APPLY(IK_MUL, NULL, IK_SHAPE0(), scalar, scalar), 9);
}
END_TEST

START_TEST(shapes) {
    tensor *x = REALS(IK_SHAPE2(2, 3), 1, 2, 3, 4, 5, 6);
    ASSERT_REALS(APPLY(IK_SUM, ATTRS(.axes = 1), IK_SHAPE2(1, 3), x), 5, 7, 9);
    ASSERT_REALS(APPLY(IK_SUM, ATTRS(.axes = 3), IK_SHAPE2(1, 1), x), 21);
    ASSERT_REALS(APPLY(IK_PERMUTE, ATTRS(.shape = IK_SHAPE2(1, 0)), IK_SHAPE2(3, 2), x), 1, 4, 2, 5,
                 3, 6);
    tensor *y = REALS(IK_SHAPE2(2, 1), 8, 9);
    ASSERT_REALS(APPLY(IK_CONCAT, ATTRS(.axis = 1), IK_SHAPE2(2, 4), y, x), 8, 1, 2, 3, 9, 4, 5, 6);
    ASSERT_REALS(APPLY(IK_SLICE, ATTRS(.axis = 1, .start = 1, .length = 2), IK_SHAPE2(2, 2), x), 2,
                 3, 5, 6);
    ASSERT_REALS(APPLY(IK_PAD_SLICE, ATTRS(.axis = 1, .start = 2, .length = 3), IK_SHAPE2(2, 3), y),
                 0, 0, 8, 0, 0, 9);
    tensor *m = INTS(IK_SHAPE2(1, 2), 1, 2), *n = INTS(IK_SHAPE2(2, 2), 3, 4, 5, 6);
    tensor *both = APPLY_MAP(IK_CONCAT, ATTRS(.axis = 0), IK_SHAPE2(3, 2), m, n);
    ASSERT_INTS(both, 1, 2, 3, 4, 5, 6);
    ASSERT_INTS(
        APPLY_MAP(IK_SLICE, ATTRS(.axis = 0, .start = 1, .length = 1), IK_SHAPE2(1, 2), both), 3,
        4);
    ASSERT_INTS(APPLY_MAP(IK_PERMUTE, ATTRS(.shape = IK_SHAPE2(1, 0)), IK_SHAPE2(2, 3), both), 1, 3,
                5, 2, 4, 6);
    ASSERT_REALS(apply_list(IK_FILL, ATTRS(.alpha = 4), IK_F32, IK_SHAPE1(2), 0, NULL), 4, 4);
}
END_TEST

START_TEST(normals) {
    const ik_attrs *a = ATTRS(.stream = 11);
    tensor *x = apply_list(IK_RANDN, a, IK_F32, IK_SHAPE3(2, 3, 5), 0, NULL);
    for (unsigned i = 0; i < 30; i++) /* the fixture's step: seed 5, step 7, sample 3 */
        assert_near(reals(x)[i], ik_philox_normal(5, 11, 7, 3 + i / 15, i % 15), 0, "randn");
}
END_TEST

START_TEST(products) {
    tensor *a = REALS(IK_SHAPE2(2, 3), 1, 2, 3, 4, 5, 6), *b = REALS(IK_SHAPE2(3, 1), 1, 10, 100);
    tensor *at = REALS(IK_SHAPE2(3, 2), 1, 4, 2, 5, 3, 6), *bt = view(b, IK_SHAPE2(1, 3));
    for (int i = 0; i < 4; i++) {
        ik_attrs t = {.transpose_a = i & 1, .transpose_b = i >> 1};
        ASSERT_REALS(APPLY(IK_MATMUL, &t, IK_SHAPE2(2, 1), i & 1 ? at : a, i >> 1 ? bt : b), 321,
                     654);
    }
}
END_TEST

/* One for each index of the first axis. */
START_TEST(many_products) {
    tensor *a = REALS(IK_SHAPE3(2, 1, 2), 1, 2, 3, 4), *b = REALS(IK_SHAPE3(2, 2, 1), 1, 10, 1, 10);
    ik_attrs none = {0};
    ASSERT_REALS(APPLY(IK_MATMUL, &none, IK_SHAPE3(2, 1, 1), a, b), 21, 43);
}
END_TEST

START_TEST(dropped) {
    tensor *x = make(IK_F32, IK_SHAPE3(2, 50, 7));
    for (int64_t i = 0; i < 700; i++) reals(x)[i] = 1 + (double)i;
    const ik_attrs *a = ATTRS(.alpha = 0.25, .stream = 11);
    tensor *y = APPLY(IK_DROPOUT, a, x->t.shape, x);
    int kept = 0;
    for (unsigned i = 0; i < 700; i++) {
        uint32_t w[4];
        ik_philox_block(5, 11, 7, 3 + i / 350, i % 350 / 4, w);
        bool keep = ik_uniform01(w[i % 350 % 4]) >= 0.25;
        assert_near(reals(y)[i], keep ? reals(x)[i] / 0.75 : 0, 1e-12, "dropout");
        kept += keep;
    }
    ck_assert_int_gt(kept, 490);
    ck_assert_int_lt(kept, 560);
}
END_TEST

START_TEST(borders) {
    tensor *x = REALS(IK_SHAPE4(1, 2, 3, 1), 1, 2, 3, 4, 5, 6);
    ASSERT_REALS(APPLY(IK_REFLECT, ATTRS(.padding = {1, 2}), IK_SHAPE4(1, 4, 7, 1), x), 6, 5, 4, 5,
                 6, 5, 4, 3, 2, 1, 2, 3, 2, 1, 6, 5, 4, 5, 6, 5, 4, 3, 2, 1, 2, 3, 2, 1);
}
END_TEST

START_TEST(along_an_axis) {
    const ik_attrs *a = ATTRS(.shape = IK_SHAPE3(1, 3, 2), .axis = 1, .alpha = 2, .beta = 5);
    ASSERT_REALS(apply_list(IK_RAMP, a, IK_F32, a->shape, 0, NULL), 5, 5, 7, 7, 9, 9);
    tensor *x = REALS(IK_SHAPE2(2, 2), 0, log(3), 1000, 1000);
    ASSERT_REALS(APPLY(IK_SOFTMAX, ATTRS(.alpha = 0), x->t.shape, x), 0.25, 0.75, 0.5, 0.5);
}
END_TEST

START_TEST(convolution) {
    ik_attrs a = {.kernel = {1, 2}, .stride = {1, 2}, .dilation = {1, 2}, .groups = 1};
    tensor *x = REALS(IK_SHAPE4(1, 1, 5, 1), 1, 2, 3, 4, 5),
           *w = REALS(IK_SHAPE4(1, 1, 1, 2), 1, 10);
    tensor *bias = REALS(IK_SHAPE1(1), 0.5);
    tensor *y = APPLY(IK_CONV2D, &a, IK_SHAPE4(1, 1, 2, 1), x, w, bias);
    ASSERT_REALS(y, 31.5, 53.5);
    y = REALS(IK_SHAPE4(1, 1, 2, 1), 1, 2);
    ASSERT_REALS(APPLY(IK_CONV2D_DX, &a, IK_SHAPE4(1, 1, 5, 1), y, w, bias), 1.5, 0.5, 12.5, 0.5,
                 20.5);
    a = (ik_attrs){.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}, .groups = 2};
    x = REALS(IK_SHAPE4(1, 1, 1, 4), 1, 2, 3, 4);
    w = REALS(IK_SHAPE4(2, 2, 1, 1), 1, 10, 100, 1000);
    ASSERT_REALS(APPLY(IK_CONV2D, &a, IK_SHAPE4(1, 1, 1, 2), x, w), 21, 4300);
    /* As a product of patches: the map is one segment. */
    for (int stride = 1; stride <= 2; stride++) {
        a = (ik_attrs){
            .kernel = {3, 3}, .stride = {stride, stride}, .padding = {1, 1}, .groups = 1};
        int h = 4 / stride + 1, v = 6 / stride + 1;
        x = random_tensor(IK_SHAPE4(2, 5, 7, 3));
        w = random_tensor(IK_SHAPE4(4, 3, 3, 3));
        tensor *rows =
            APPLY(IK_PATCHES, &a, IK_SHAPE4(2, h, v, 27), x, make(IK_I32, IK_SHAPE3(2, 5, 7)));
        tensor *matrix =
            APPLY(IK_PERMUTE, ATTRS(.shape = IK_SHAPE4(2, 3, 1, 0)), IK_SHAPE4(3, 3, 3, 4), w);
        y = APPLY(IK_MATMUL, NULL, IK_SHAPE2(2 * h * v, 4), view(rows, IK_SHAPE2(2 * h * v, 27)),
                  view(matrix, IK_SHAPE2(27, 4)));
        assert_same(APPLY(IK_CONV2D, &a, IK_SHAPE4(2, h, v, 4), x, w),
                    view(y, IK_SHAPE4(2, h, v, 4)), 1e-13, "conv2d");
    }
}
END_TEST

START_TEST(resampling) {
    tensor *x = REALS(IK_SHAPE4(1, 1, 2, 1), 0, 1);
    ASSERT_REALS(APPLY(IK_UPSAMPLE, ATTRS(.factor = 2), IK_SHAPE4(1, 2, 4, 1), x), 0, 0, 1, 1, 0, 0,
                 1, 1);
    ASSERT_REALS(APPLY(IK_BILINEAR, ATTRS(.size = {1, 4}), IK_SHAPE4(1, 1, 4, 1), x), 0, 0.25, 0.75,
                 1);
    x = REALS(IK_SHAPE4(1, 3, 1, 1), 0, 1, 2);
    ASSERT_REALS(APPLY(IK_BILINEAR, ATTRS(.size = {2, 1}), IK_SHAPE4(1, 2, 1, 1), x), 0.25, 1.75);
    ik_attrs a = {.kernel = {1, 3}, .stride = {1, 2}, .padding = {0, 1}, .size = {1, 4}};
    x = REALS(IK_SHAPE4(1, 1, 4, 1), -1, -1, -4, -4);
    ik_shape out = IK_SHAPE4(1, 1, 2, 1);
    ASSERT_REALS(APPLY(IK_AVG_POOL, &a, out, x), -1, -3);
    ASSERT_REALS(APPLY(IK_MAX_POOL, &a, out, x), -1, -1);
    ASSERT_REALS(APPLY(IK_MAX_POOL_GRAD, &a, x->t.shape, REALS(out, 1, 10), x), 1, 10, 0, 0);
    ASSERT_REALS(APPLY(IK_AVG_POOL_GRAD, &a, x->t.shape, REALS(out, 2, 3)), 1, 2, 1, 1);
}
END_TEST

START_TEST(normalisation) {
    tensor *x = REALS(IK_SHAPE4(2, 1, 2, 1), 1, 3, 5, 7);
    ASSERT_REALS(APPLY(IK_MOMENTS, NULL, IK_SHAPE3(1, 2, 1), x), 4, 5);
    tensor *stats = APPLY(IK_MOMENTS, ATTRS(.per_sample = 1), IK_SHAPE3(2, 2, 1), x);
    ASSERT_REALS(stats, 2, 1, 6, 1);
    tensor *y = APPLY(IK_NORMALIZE, ATTRS(.eps = 3), x->t.shape, x, stats);
    ASSERT_REALS(y, -0.5, 0.5, -0.5, 0.5);
    /* modulate is what its contract says. */
    ik_shape s = IK_SHAPE4(2, 3, 3, 2);
    ik_attrs a = {.eps = 1e-5, .slope = 0.2};
    for (int t = 1; t <= 2; t++) {
        x = random_tensor(s);
        stats = APPLY(IK_MOMENTS, NULL, IK_SHAPE3(1, 2, 2), x);
        tensor *scale = random_tensor(IK_SHAPE3(t, 4, 2)),
               *shift = random_tensor(IK_SHAPE3(t, 4, 2));
        tensor *map = random_map(IK_SHAPE3(2, 3, 3), 4);
        y = APPLY(IK_MUL, NULL, s, APPLY(IK_NORMALIZE, &a, s, x, stats),
                  APPLY(IK_LOOKUP, NULL, s, scale, map));
        y = APPLY(IK_LEAKY_RELU, &a, s,
                  APPLY(IK_ADD, NULL, s, y, APPLY(IK_LOOKUP, NULL, s, shift, map)));
        assert_same(APPLY(IK_MODULATE, &a, s, x, stats, scale, shift, map), y, 1e-14, "modulate");
    }
    /* Statistics per sample cannot come from one table for all. */
    tensor *out = make(IK_F32, IK_SHAPE3(2, 2, 1)), *one = make(IK_F32, IK_SHAPE3(1, 1, 1));
    tensor *dt = make(IK_F32, IK_SHAPE4(2, 1, 1, 1));
    ik_kernel k = {.node = {IK_MODULATE_DSTATS, &a, 3, {&dt->t, &one->t, &out->t}, &out->t},
                   .in = {dt->data, one->data, out->data},
                   .out = out->data};
    ik_error err;
    ck_assert_int_eq(backend->prepare(instance, &k, &err), IK_OK);
    ck_assert_int_eq(k.run(&k, &(ik_step){0}, &err), IK_FAILED);
    ck_assert_ptr_nonnull(strstr(err.text, "table per sample"));
}
END_TEST

START_TEST(maps) {
    tensor *map = INTS(IK_SHAPE3(1, 2, 3), 0, 0, 1, -1, 2, 1);
    tensor *table = REALS(IK_SHAPE3(1, 2, 1), 5, 6);
    ASSERT_REALS(APPLY(IK_LOOKUP, NULL, IK_SHAPE4(1, 2, 3, 1), table, map), 5, 5, 6, 0, 0, 6);
    tensor *x = REALS(IK_SHAPE4(1, 2, 3, 1), 1, 2, 4, 8, 16, 32);
    ASSERT_REALS(APPLY(IK_SEGMENT_SUM, ATTRS(.length = 2), IK_SHAPE3(1, 2, 1), x, map), 3, 36);
    ASSERT_REALS(APPLY(IK_SEGMENT_COUNT, ATTRS(.length = 2), IK_SHAPE2(1, 2), map), 2, 2);
    ASSERT_REALS(APPLY(IK_ONE_HOT, ATTRS(.length = 2), IK_SHAPE4(1, 2, 3, 2), map), 1, 0, 1, 0, 0,
                 1, 0, 0, 0, 0, 0, 1);
    ASSERT_REALS(APPLY(IK_EDGE_MAP, NULL, IK_SHAPE4(1, 2, 3, 1), map), 1, 1, 1, 1, 1, 1);
    tensor *other = INTS(IK_SHAPE3(1, 3, 3), 1, 1, 1, 1, 1, 1, 1, 1, 2);
    ASSERT_REALS(APPLY(IK_EDGE_MAP, NULL, IK_SHAPE4(1, 3, 3, 1), other), 0, 0, 0, 0, 0, 1, 0, 1, 1);
    ASSERT_INTS(APPLY_MAP(IK_RESIZE_MAP, ATTRS(.size = {1, 2}), IK_SHAPE3(1, 1, 2), map), 0, 0);
    ASSERT_INTS(APPLY_MAP(IK_RESIZE_MAP, ATTRS(.size = {3, 4}), IK_SHAPE3(1, 3, 4), map), 0, 0, 0,
                1, 0, 0, 0, 1, -1, -1, 2, 1);
    ASSERT_REALS(APPLY(IK_RESIZE_MAP, ATTRS(.size = {1, 4}), IK_SHAPE4(1, 1, 4, 1), x), 1, 1, 2, 4);
    ik_attrs a = {.kernel = {1, 3}, .stride = {1, 1}, .padding = {0, 1}, .length = 2};
    ASSERT_REALS(APPLY(IK_PATCHES, &a, IK_SHAPE4(1, 2, 3, 3), x, map), 0, 1, 2, 1, 2, 0, 0, 4, 0, 0,
                 8, 0, 0, 16, 0, 0, 32, 0);
    ASSERT_REALS(APPLY(IK_SEGMENT_PATCHES, &a, IK_SHAPE3(1, 2, 3), x, map), 1, 3, 2, 0, 36, 0);
}
END_TEST

/* label_conv is conv2d of the one-hot map, or of its average pool. */
START_TEST(label_convolution) {
    tensor *map = random_map(IK_SHAPE3(2, 7, 6), 3);
    tensor *hot = APPLY(IK_ONE_HOT, ATTRS(.length = 3), IK_SHAPE4(2, 7, 6, 3), map);
    ik_attrs pool_attrs = {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}};
    tensor *pooled = APPLY(IK_AVG_POOL, &pool_attrs, IK_SHAPE4(2, 4, 3, 3), hot);
    tensor *w = random_tensor(IK_SHAPE4(5, 3, 4, 4));
    ik_attrs a = {.kernel = {4, 4}, .stride = {2, 2}, .padding = {2, 2}};
    ik_shape out = IK_SHAPE4(2, 4, 4, 5);
    assert_same(APPLY(IK_LABEL_CONV, &a, out, map, w), APPLY(IK_CONV2D, &a, out, hot, w), 1e-13,
                "label_conv");
    a.pooled = 1;
    out = IK_SHAPE4(2, 3, 2, 5);
    assert_same(APPLY(IK_LABEL_CONV, &a, out, map, w), APPLY(IK_CONV2D, &a, out, pooled, w), 1e-13,
                "label_conv of the pooled map");
}
END_TEST

START_TEST(spectral) {
    tensor *w = REALS(IK_SHAPE2(2, 2), 3, 0, 4, 0), *u = REALS(IK_SHAPE1(2), 1, 0);
    tensor *v = REALS(IK_SHAPE1(2), 0.5, 0.5);
    ik_attrs a = {.eps = 1e-12};
    ASSERT_REALS(APPLY(IK_SPECTRAL_UV, &a, IK_SHAPE1(5), w, u, v), 1, 0, 0.5, 0.5, 1.5);
    a.iterate = 1;
    tensor *uvs = APPLY(IK_SPECTRAL_UV, &a, IK_SHAPE1(5), w, u, v);
    ASSERT_REALS(uvs, 0.6, 0.8, 1, 0, 5);
    ASSERT_REALS(APPLY(IK_SPECTRAL_SCALE, NULL, w->t.shape, w, uvs), 0.6, 0, 0.8, 0);
}
END_TEST

int main(void) {
    return RUN_SUITE("naive", load_backend, free_all, {every_op_has_a_kernel}, {storage}, {updates},
                     {elementwise}, {shapes}, {normals}, {products}, {many_products}, {dropped},
                     {borders}, {along_an_axis}, {convolution}, {resampling}, {normalisation},
                     {maps}, {label_convolution}, {spectral});
}
