/* The fusion pass: a fused recording computes what the unfused one does, values and gradients, on
 * every backend; and what does not fit the pattern stays as it is. */
#include "fusion.h"
#include "model/recording.h"

/* How the pattern is written: the low bits choose the order of operands. */
enum {
    SUM_FLIPPED = 1,
    PRODUCT_FLIPPED = 2,
    ACTIVATED = 4,
    OWN_STATS = 8,    /* of x, otherwise an input */
    OTHER_STATS = 16, /* of a second picture, which follows the map */
    NORM_TWICE = 32,
    SCALE_TWICE = 64,
    PRODUCT_NAMED = 128,
    ACTIVATED_TWICE = 256,
};

static ik_tensor *pattern(ik_graph *g, const op_case *c, ik_tensor *const *in) {
    int how = c->attrs.factor, n = 1;
    ik_tensor *x = in[0], *stats;
    if (how & OWN_STATS)
        stats = ik_op1(g, IK_MOMENTS, &c->attrs, x);
    else
        stats = in[n++];
    ik_tensor *scales = in[n], *shifts = in[n + 1], *map = in[n + 2];
    ik_tensor *shift_map = op_inputs(c) > n + 3 && op_is_map(&c->in[n + 3]) ? in[n + 3] : map;
    if (how & OTHER_STATS) stats = ik_op1(g, IK_MOMENTS, &c->attrs, stats);
    ik_tensor *norm = ik_op2(g, IK_NORMALIZE, &c->attrs, x, stats);
    ik_tensor *scale = ik_lookup(g, scales, map), *shift = ik_lookup(g, shifts, shift_map);
    ik_tensor *product = how & PRODUCT_FLIPPED ? ik_mul(g, scale, norm) : ik_mul(g, norm, scale);
    ik_tensor *y = how & SUM_FLIPPED ? ik_add(g, shift, product) : ik_add(g, product, shift);
    if (how & ACTIVATED) y = ik_leaky_relu(g, y, c->attrs.slope);
    if (how & ACTIVATED_TWICE) y = ik_leaky_relu(g, y, 0.5);
    if (how & NORM_TWICE) y = ik_add(g, y, norm);
    if (how & SCALE_TWICE) y = ik_add(g, y, scale);
    if (how & PRODUCT_NAMED) ik__names_set(ik__of(g), &ik__of(g)->outputs, "product", product);
    return y;
}

#define CASE(text, way, each, ...)                                                                 \
    {                                                                                              \
        .what = text, .op = IK_MODULATE, .record = pattern,                                        \
        .attrs = {.eps = 1e-5, .slope = 0.2, .per_sample = each, .factor = way}, .in = {           \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define TABLES(T, S, C) REAL(T, S, C), REAL(T, S, C)

static const op_case fused_cases[] = {
    CASE("plain", 0, 0, REAL(3, 5, 7, 17), STATS(1, 2, 17), TABLES(1, 4, 17), MAP(4, 3, 5, 7)),
    CASE("sum flipped", SUM_FLIPPED | ACTIVATED, 0, REAL(3, 5, 7, 3), STATS(3, 2, 3),
         TABLES(3, 4, 3), GAPS(4, 3, 5, 7)),
    CASE("product flipped", PRODUCT_FLIPPED | ACTIVATED, 0, REAL(1, 5, 7, 1), STATS(1, 2, 1),
         TABLES(1, 4, 1), GAPS(4, 1, 5, 7)),
    CASE("both flipped", 3, 0, REAL(3, 5, 7, 3), STATS(1, 2, 3), TABLES(3, 4, 3), ONE(3, 5, 7)),
    CASE("own statistics", OWN_STATS | ACTIVATED, 0, REAL(3, 5, 7, 17), TABLES(1, 4, 17),
         GAPS(4, 3, 5, 7)),
    CASE("own statistics", OWN_STATS | ACTIVATED, 0, REAL(3, 5, 7, 17), TABLES(3, 4, 17),
         GAPS(4, 3, 5, 7)),
    CASE("own statistics per sample", OWN_STATS | ACTIVATED, 1, REAL(3, 5, 7, 17), TABLES(3, 4, 17),
         GAPS(4, 3, 5, 7)),
    CASE("own statistics, no activation", OWN_STATS, 1, REAL(3, 5, 7, 3), TABLES(3, 4, 3),
         NONE(3, 5, 7)),
    CASE("another's statistics", OTHER_STATS | ACTIVATED, 1, REAL(3, 5, 7, 3), REAL(3, 3, 5, 3),
         TABLES(3, 4, 3), GAPS(4, 3, 5, 7)),
    CASE("another's statistics", OTHER_STATS, 0, REAL(3, 5, 7, 3), REAL(2, 3, 5, 3),
         TABLES(3, 4, 3), GAPS(4, 3, 5, 7)),
    CASE("two activations", OWN_STATS | ACTIVATED | ACTIVATED_TWICE, 0, REAL(3, 5, 7, 3),
         TABLES(3, 4, 3), GAPS(4, 3, 5, 7)),
    CASE("large", OWN_STATS | ACTIVATED, 1, REAL(3, 33, 35, 17), TABLES(3, 35, 17),
         GAPS(35, 3, 33, 35)),
};

static const op_case left_cases[] = {
    CASE("normalised x is read elsewhere", OWN_STATS | NORM_TWICE, 0, REAL(3, 5, 7, 3),
         TABLES(1, 4, 3), GAPS(4, 3, 5, 7)),
    CASE("scale is read elsewhere", OWN_STATS | SCALE_TWICE, 0, REAL(3, 5, 7, 3), TABLES(1, 4, 3),
         GAPS(4, 3, 5, 7)),
    CASE("the product is an output", OWN_STATS | PRODUCT_NAMED, 0, REAL(3, 5, 7, 3),
         TABLES(1, 4, 3), GAPS(4, 3, 5, 7)),
    CASE("two maps", OWN_STATS, 0, REAL(3, 5, 7, 3), TABLES(1, 4, 3), GAPS(4, 3, 5, 7),
         MAP(4, 3, 5, 7)),
    CASE("tables of different sizes", OWN_STATS, 0, REAL(3, 5, 7, 3), REAL(1, 4, 3), REAL(3, 4, 3),
         GAPS(4, 3, 5, 7)),
    CASE("statistics per sample, one table", OWN_STATS, 1, REAL(3, 5, 7, 3), TABLES(1, 4, 3),
         GAPS(4, 3, 5, 7)),
    CASE("tables of one channel", OWN_STATS, 0, REAL(3, 5, 7, 3), TABLES(1, 4, 1),
         GAPS(4, 3, 5, 7)),
    CASE("x of one channel", OWN_STATS, 0, REAL(3, 5, 7, 1), TABLES(1, 4, 3), GAPS(4, 3, 5, 7)),
    CASE("x of one pixel", OWN_STATS, 0, REAL(3, 1, 1, 3), TABLES(1, 4, 3), GAPS(4, 3, 5, 7)),
    CASE("a map of one pixel", OWN_STATS, 0, REAL(3, 5, 7, 3), TABLES(1, 4, 3), GAPS(4, 3, 1, 1)),
    CASE("x of one sample", 0, 0, REAL(1, 5, 7, 3), STATS(1, 2, 3), TABLES(3, 4, 3),
         GAPS(4, 3, 5, 7)),
};

/* lookup(a, of) * lookup(n, by) + lookup(b, of), n as it is or a slice of an input. */
enum { SLICED = 512, OTHER_MAP = 1024, SLICE_TWICE = 2048, WRONG_AXIS = 4096 };

static ik_tensor *lookups(ik_graph *g, const op_case *c, ik_tensor *const *in) {
    int how = c->attrs.factor;
    ik_tensor *n = in[3], *slice = NULL;
    if (how & (SLICED | WRONG_AXIS)) {
        slice = ik_slice(g, n, how & SLICED ? 2 : 1, 1, 1);
        int64_t rows = n->shape.d[how & SLICED ? 1 : 2];
        n = ik_reshape(g, slice, IK_SHAPE3(n->shape.d[0], rows, n->shape.d[3]));
    }
    ik_tensor *a = ik_lookup(g, in[0], in[2]), *f = ik_lookup(g, n, in[4]),
              *b = ik_lookup(g, in[1], how & OTHER_MAP ? in[4] : in[2]);
    ik_tensor *product = how & PRODUCT_FLIPPED ? ik_mul(g, f, a) : ik_mul(g, a, f);
    ik_tensor *y = how & SUM_FLIPPED ? ik_add(g, b, product) : ik_add(g, product, b);
    if (how & SCALE_TWICE) y = ik_add(g, y, a);
    if (how & SLICE_TWICE) y = ik_add(g, y, ik_reshape(g, ik_sum(g, slice), IK_SHAPE3(1, 1, 1)));
    return y;
}

#define LOOKUPS(text, way, ...)                                                                    \
    {                                                                                              \
        .what = text, .op = IK_LOOKUP_AFFINE, .record = lookups, .attrs = {.factor = way}, .in = { \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static const op_case fused_lookups[] = {
    LOOKUPS("plain", 0, TABLES(1, 7, 3), GAPS(7, 3, 9), REAL(3, 5, 3), GAPS(5, 3, 9)),
    LOOKUPS("product flipped", PRODUCT_FLIPPED, TABLES(1, 7, 3), GAPS(7, 3, 9), REAL(3, 5, 3),
            GAPS(5, 3, 9)),
    LOOKUPS("both flipped", 3, TABLES(3, 7, 17), MAP(7, 3, 9), REAL(1, 5, 17), GAPS(5, 3, 9)),
    LOOKUPS("a slice", SLICED, TABLES(1, 7, 3), GAPS(7, 3, 9), REAL(3, 5, 2, 3), GAPS(5, 3, 9)),
    LOOKUPS("a slice read elsewhere", SLICED | SLICE_TWICE, TABLES(1, 7, 3), GAPS(7, 3, 9),
            REAL(3, 5, 2, 3), GAPS(5, 3, 9)),
    LOOKUPS("a slice of another axis", WRONG_AXIS, TABLES(1, 7, 3), GAPS(7, 3, 9), REAL(3, 5, 4, 3),
            GAPS(4, 3, 9)),
};

static const op_case left_lookups[] = {
    LOOKUPS("factor read elsewhere", SCALE_TWICE, TABLES(1, 7, 3), GAPS(7, 3, 9), REAL(3, 5, 3),
            GAPS(5, 3, 9)),
    LOOKUPS("maps all different", OTHER_MAP, TABLES(1, 7, 3), GAPS(7, 3, 9), REAL(3, 5, 3),
            GAPS(5, 3, 9)),
    LOOKUPS("factor of one channel", 0, TABLES(1, 7, 3), GAPS(7, 3, 9), REAL(3, 5, 1),
            GAPS(5, 3, 9)),
};

/* x w^T + bias. */
enum { TURNED = 8192, NOT_TURNED = 16384, PRODUCT_TWICE = 32768 };

static ik_tensor *linear(ik_graph *g, const op_case *c, ik_tensor *const *in) {
    int how = c->attrs.factor;
    ik_attrs a = {.transpose_b = !(how & NOT_TURNED), .transpose_a = !!(how & TURNED)};
    ik_tensor *m = ik_op2(g, IK_MATMUL, &a, in[0], in[1]);
    ik_tensor *y = how & SUM_FLIPPED ? ik_add(g, in[2], m) : ik_add(g, m, in[2]);
    return how & PRODUCT_TWICE ? ik_add(g, y, m) : y;
}

#define LINEAR(text, way, ...)                                                                     \
    {                                                                                              \
        .what = text, .op = IK_LINEAR, .record = linear, .attrs = {.factor = way}, .in = {         \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static const op_case fused_linear[] = {
    LINEAR("plain", 0, REAL(5, 7), REAL(3, 7), REAL(1, 3)),
    LINEAR("flipped", SUM_FLIPPED, REAL(5, 7), REAL(3, 7), REAL(1, 3)),
    LINEAR("one row", 0, REAL(1, 7), REAL(3, 7), REAL(1, 3)),
};
static const op_case left_linear[] = {
    LINEAR("a column", 0, REAL(5, 7), REAL(3, 7), REAL(5, 1)),
    LINEAR("a number", 0, REAL(5, 7), REAL(3, 7), REAL(1, 1)),
    LINEAR("a matrix", 0, REAL(5, 7), REAL(3, 7), REAL(5, 3)),
    LINEAR("x turned", TURNED, REAL(7, 5), REAL(3, 7), REAL(1, 3)),
    LINEAR("w not turned", NOT_TURNED, REAL(5, 7), REAL(7, 3), REAL(1, 3)),
    LINEAR("product read elsewhere", PRODUCT_TWICE, REAL(5, 7), REAL(3, 7), REAL(1, 3)),
};

/* a x + b y. */
enum { FIRST = 1, SECOND = 2, SHIFTED = 4, MULTIPLE_TWICE = 8 };

static ik_tensor *multiples(ik_graph *g, const op_case *c, ik_tensor *const *in) {
    int how = c->attrs.factor;
    ik_tensor *x = in[0], *y = in[1];
    if (how & FIRST) x = ik_affine(g, x, 0.75, how & SHIFTED ? 1 : 0);
    if (how & SECOND) y = ik_affine(g, y, -2, how & SHIFTED ? 1 : 0);
    ik_tensor *sum = ik_add(g, x, y);
    return how & MULTIPLE_TWICE ? ik_mul(g, sum, x) : sum;
}

#define MULTIPLES(text, way, ...)                                                                  \
    {                                                                                              \
        .what = text, .op = IK_AXPBY, .record = multiples, .attrs = {.factor = way}, .in = {       \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static const op_case fused_sums[] = {
    MULTIPLES("both", FIRST | SECOND, REAL(5, 7), REAL(5, 7)),
    MULTIPLES("first", FIRST, REAL(5, 7), REAL(5, 7)),
    MULTIPLES("second", SECOND, REAL(5, 7), REAL(5, 7)),
    MULTIPLES("second, first read elsewhere", FIRST | SECOND | MULTIPLE_TWICE, REAL(5, 7),
              REAL(5, 7)),
};
static const op_case left_sums[] = {
    MULTIPLES("no multiple", 0, REAL(5, 7), REAL(5, 7)),
    MULTIPLES("broadcast", FIRST | SECOND, REAL(5, 7), REAL(1, 7)),
    MULTIPLES("shifted", FIRST | SECOND | SHIFTED, REAL(5, 7), REAL(5, 7)),
    MULTIPLES("multiple read elsewhere", FIRST | MULTIPLE_TWICE, REAL(5, 7), REAL(5, 7)),
};

enum {
    FUSED_SUMS = sizeof fused_sums / sizeof *fused_sums,
    LEFT_SUMS = sizeof left_sums / sizeof *left_sums,
    FUSED_LINEAR = sizeof fused_linear / sizeof *fused_linear,
    LEFT_LINEAR = sizeof left_linear / sizeof *left_linear,
    FUSED_LOOKUPS = sizeof fused_lookups / sizeof *fused_lookups,
    LEFT_LOOKUPS = sizeof left_lookups / sizeof *left_lookups,
    FUSED = sizeof fused_cases / sizeof *fused_cases,
    LEFT = sizeof left_cases / sizeof *left_cases,
};

/* So many nodes are the case's op. */
static void compare_all(const op_case *c, int made) {
    bool modulate = c->op == IK_MODULATE;
    fusion_count want[] = {{c->op, made}, {IK_NORMALIZE, modulate ? !made : 0}, {IK_OP_COUNT, 0}};
    fusion_compare_all(c, want);
}

START_TEST(fused_is_the_same) {
    compare_all(&fused_cases[_i], 1);
}
END_TEST

START_TEST(no_match_is_left) {
    compare_all(&left_cases[_i], 0);
}
END_TEST

START_TEST(lookups_are_the_same) {
    compare_all(&fused_lookups[_i], 1);
}
END_TEST

START_TEST(other_lookups_are_left) {
    compare_all(&left_lookups[_i], 0);
}
END_TEST

START_TEST(linear_is_the_same) {
    compare_all(&fused_linear[_i], 1);
}
END_TEST

START_TEST(other_products_are_left) {
    compare_all(&left_linear[_i], 0);
}
END_TEST

START_TEST(sums_are_the_same) {
    compare_all(&fused_sums[_i], 1);
}
END_TEST

START_TEST(other_sums_are_left) {
    compare_all(&left_sums[_i], 0);
}
END_TEST

/* A backend built for interface 1.0 knows modulate alone. */
START_TEST(older_backends) {
    const struct {
        const op_case *c;
        int made[2]; /* by minor version */
    } rows[] = {{&fused_cases[0], {1, 1}}, {&fused_lookups[0], {0, 1}}, {&fused_linear[0], {0, 1}}};
    for (int i = 0; i < 3; i++)
        for (int minor = 0; minor < 2; minor++) {
            ik__store *store = ik__store_new();
            ik__graph *g = ik__recording_new(store, NULL, &(ik_scene_info){.batch = 1});
            ik_tensor *in[OP_INPUTS] = {NULL};
            ik__names_set(g, &g->outputs, "y", op_record(g, rows[i].c, in));
            ik__fuse(g, minor);
            int made = 0;
            for (int k = 0; k < g->n; k++) made += g->nodes[k]->op == rows[i].c->op;
            ck_assert_int_eq(made, rows[i].made[minor]);
            ik__graph_free(g);
            ik__store_free(store);
        }
}
END_TEST

/* One activation goes into the node; a second stays beside it. */
START_TEST(activation) {
    static const op_case cases[] = {
        CASE("none", OWN_STATS, 0, REAL(1, 5, 7, 3), TABLES(1, 4, 3), MAP(4, 1, 5, 7)),
        CASE("one", OWN_STATS | ACTIVATED, 0, REAL(1, 5, 7, 3), TABLES(1, 4, 3), MAP(4, 1, 5, 7)),
        CASE("two", OWN_STATS | ACTIVATED | ACTIVATED_TWICE, 0, REAL(1, 5, 7, 3), TABLES(1, 4, 3),
             MAP(4, 1, 5, 7)),
    };
    for (int i = 0; i < 3; i++) {
        op_bench b = op_build(&cases[i], "naive", true);
        ck_assert_int_eq(fusion_live(&b, IK_LEAKY_RELU), i == 2);
        for (int k = 0; k < b.program->n; k++)
            if (b.program->order[k]->op == IK_MODULATE)
                ck_assert_double_eq(b.program->order[k]->attrs.slope, i ? 0.2 : 1);
        op_free(&b);
    }
}
END_TEST

int main(void) {
    return RUN_OPS("fusion", {fused_is_the_same, FUSED}, {no_match_is_left, LEFT},
                   {lookups_are_the_same, FUSED_LOOKUPS}, {other_lookups_are_left, LEFT_LOOKUPS},
                   {linear_is_the_same, FUSED_LINEAR}, {other_products_are_left, LEFT_LINEAR},
                   {sums_are_the_same, FUSED_SUMS}, {other_sums_are_left, LEFT_SUMS},
                   {older_backends}, {activation});
}
