/* Ops that a plugin brings: kernels of either type of number on either backend, gradients by the
 * op's own rule, attributes, threads; and what is wrong with a descriptor, in which words. */
#include "model/recording.h"
#include "backends/op_bench.h"

/* y = a tanh(b x) + map, where there is one: an op with attributes, a map and workspace. */
typedef struct bend {
    double a, b;
    int32_t grad; /* dy a b (1 - tanh(b x)^2) instead: inputs dy, x */
} bend;

static ik_status bend_shape(const void *attrs, int n, const ik_tensor *const *in, ik_shape *out,
                            ik_dtype *dtype, ik_error *err) {
    (void)attrs, (void)dtype;
    *out = in[0]->shape;
    if (n > 1 && in[1]->dtype == IK_I32 && ik_count(in[1]->shape) != ik_count(in[0]->shape))
        return ik_errorf(err, IK_FAILED, "the map has another size");
    return IK_OK;
}

static size_t bend_workspace(const void *attrs, int n, const ik_tensor *const *in,
                             const ik_tensor *out) {
    (void)attrs, (void)n, (void)in;
    return (size_t)ik_count(out->shape) * sizeof(double);
}

/* One text for both types of number. */
#define BEND(real, name)                                                                           \
    static void name##_part(const ik_custom_run *r, int64_t from, int64_t to) {                    \
        const bend *o = r->attrs;                                                                  \
        const real *x = r->in_data[o->grad ? 1 : 0], *dy = r->in_data[0];                          \
        const int32_t *map = r->n_in > 1 && !o->grad ? r->in_data[1] : NULL;                       \
        real *y = r->out_data;                                                                     \
        double *t = r->workspace;                                                                  \
        for (int64_t i = from; i < to; i++) {                                                      \
            t[i] = tanh(o->b * (double)x[i]);                                                      \
            y[i] = (real)(o->grad ? (double)dy[i] * o->a * o->b * (1 - t[i] * t[i])                \
                                  : o->a * t[i] + (map ? map[i] : 0));                             \
        }                                                                                          \
    }                                                                                              \
    static ik_status name##_run(const ik_custom_run *r, ik_error *err) {                           \
        (void)err;                                                                                 \
        int64_t n = ik_count(r->out->shape);                                                       \
        r->split(r, n, n, name##_part);                                                            \
        return r->struct_size == sizeof *r && !r->stream && r->step ? IK_OK : IK_FAILED;           \
    }                                                                                              \
    static const ik_custom_kernel name = {sizeof name, "host",                                     \
                                          sizeof(real) == 8 ? IK_REAL_F64 : IK_REAL_F32,           \
                                          name##_run, bend_workspace};
BEND(float, in_f32)
BEND(double, in_f64)

static void bend_gradient(ik_graph *g, const ik_custom_gradient *c);

#define OP(kernels_)                                                                               \
    { sizeof(ik_custom_op), "bend", 1, 2, sizeof(bend), bend_shape, bend_gradient, kernels_ }
static const ik_custom_kernel *const both[] = {&in_f32, &in_f64, NULL};
static const ik_custom_op op_both = OP(both), op_f32 = OP(both + 0), op_f64 = OP(both + 1);

static void bend_gradient(ik_graph *g, const ik_custom_gradient *c) {
    bend o = *(const bend *)c->attrs;
    o.grad = 1;
    ik_tensor *in[] = {c->dy, c->in[0]};
    if (c->wanted[0]) c->dx[0] = g->api->custom(g, &op_both, &o, 2, in);
}

static const ik_custom_op *used;
static ik_tensor *record_bend(ik_graph *g, const op_case *c, ik_tensor *const *in) {
    const bend o = {.a = 1.5, .b = 0.75};
    return g->api->custom(g, used, &o, op_inputs(c), in);
}

static const op_case cases[] = {
    {"bend", IK_CUSTOM, .in = {REAL(3, 5)}, .record = record_bend},
    {"bend by a map", IK_CUSTOM, .in = {REAL(2, 4, 6), MAP(4, 2, 4, 6)}, .record = record_bend},
    {"bend, enough for threads", IK_CUSTOM, .in = {REAL(70000)}, .record = record_bend},
};
enum { CASES = sizeof cases / sizeof *cases };

/* f64 all through: y as the formula says, the gradient as differences say. */
START_TEST(gradients) {
    used = &op_both;
    op_bench b = op_build(&cases[_i], "naive", false);
    op_poison(&b, NAN);
    op_run(&b);
    double *x = ik__store_value(b.engine->store, b.in[0]->entry);
    const double *grad = ik__store_grad(b.engine->store, b.in[0]->entry);
    const double *y = b.program->pointer[b.y->t.id];
    for (int i = 0; i < 8; i++) {
        int32_t id = _i == 1 ? op_id(&cases[_i].in[1], 1, i) : 0;
        OP_CHECK(fabs(y[i] - 1.5 * tanh(0.75 * x[i]) - id) < 1e-12, "y[%d] is %.12g", i, y[i]);
        double got = grad[i], h = 1e-4, loss[2], was = x[i];
        for (int side = 0; side < 2; side++) {
            x[i] = was + (side ? -h : h);
            op_run(&b);
            loss[side] = *(const double *)b.program->pointer[b.loss->t.id];
        }
        x[i] = was;
        OP_CHECK(fabs((loss[0] - loss[1]) / (2 * h) - got) < 1e-6, "d/dx[%d] is %.12g, not %.12g",
                 i, got, (loss[0] - loss[1]) / (2 * h));
    }
    op_free(&b);
}
END_TEST

/* Whichever kernel there is, naive and cpu agree to f32's precision, and with themselves. */
START_TEST(backends) {
    static const ik_custom_kernel *const f32[] = {&in_f32, NULL};
    ik_custom_op only_f32 = op_f32;
    only_f32.kernels = f32;
    const ik_custom_op *const ops[] = {&op_both, &only_f32, &op_f64};
    static const char *const names[] = {"naive", "cpu"};
    used = &op_both;
    op_bench exact = op_build(&cases[_i], "naive", false);
    op_run(&exact);
    op_result want = op_read(&exact);
    for (int k = 0; k < 6; k++) {
        used = ops[k / 2];
        op_bench b = op_build(&cases[_i], names[k % 2], false);
        op_poison(&b, NAN);
        op_run(&b);
        op_result first = op_read(&b);
        op_poison(&b, 1e30f);
        op_run(&b);
        op_result second = op_read(&b);
        op_assert_bytes(&b, &first, &second);
        op_assert_same(&b, &second, &want, 1e-6);
        op_result_free(&first);
        op_result_free(&second);
        op_free(&b);
    }
    op_result_free(&want);
    op_free(&exact);
}
END_TEST

/* --- what is refused */

static ik_status never_fits(const void *attrs, int n, const ik_tensor *const *in, ik_shape *out,
                            ik_dtype *dtype, ik_error *err) {
    (void)attrs, (void)n, (void)in, (void)out, (void)dtype;
    return ik_errorf(err, IK_FAILED, "nothing fits");
}

static ik_status rank_seven(const void *attrs, int n, const ik_tensor *const *in, ik_shape *out,
                            ik_dtype *dtype, ik_error *err) {
    (void)attrs, (void)n, (void)in, (void)dtype, (void)err;
    out->rank = 7;
    return IK_OK;
}

static void refuses(const ik_custom_op *op, int n, const char *want) {
    ik_scene_info info = {.batch = 1};
    ik__store *store = ik__store_new();
    ik__graph *g = ik__recording_new(store, NULL, &info);
    ik_tensor *x = ik__input(g, "x", IK_SHAPE2(2, 3), IK_F32), *in[] = {x, x, x};
    ck_assert_ptr_null(g->pub.api->custom(&g->pub, op, NULL, n, in));
    ck_assert_str_eq(g->error.text, want);
    ik__graph_free(g);
    ik__store_free(store);
}

START_TEST(refusals) {
#define WRONG(what) "the custom op 'bend' is wrong: " what "; correct and rebuild the plugin"
    refuses(NULL, 1, "the custom op '?' is wrong: there is none; correct and rebuild the plugin");
    refuses(&op_both, 3, "op bend cannot take 3 inputs; it takes 1 to 2");
    ik_custom_op o = op_both;
    o.struct_size = 8;
    refuses(&o, 1,
            "the custom op '?' is wrong: its struct_size is too small; correct and rebuild "
            "the plugin");
    o = op_both, o.most = 17;
    refuses(&o, 1, WRONG("its number of inputs cannot be"));
    o = op_both, o.shape = NULL;
    refuses(&o, 1, WRONG("it has no rule for its shape"));
    o = op_both, o.kernels = both + 2;
    refuses(&o, 1, WRONG("it has no kernels"));
    o = op_both, o.shape = never_fits;
    refuses(&o, 2, "bend: nothing fits; the inputs are [2,3] and [2,3]");
    o.shape = rank_seven;
    refuses(&o, 1,
            "bend: its rule gives a shape or a type that cannot be; the inputs are "
            "[2,3]");
}
END_TEST

START_TEST(not_by_number) {
    ik_scene_info info = {.batch = 1};
    ik__store *store = ik__store_new();
    ik__graph *g = ik__recording_new(store, NULL, &info);
    ik_tensor *x = ik__input(g, "x", IK_SHAPE1(3), IK_F32);
    ck_assert_ptr_null(g->pub.api->op(&g->pub, IK_CUSTOM, NULL, 1, &x));
    ck_assert_str_eq(g->error.text, "op custom is recorded with a descriptor, by api->custom");
    ik__graph_free(g);
    ik__store_free(store);
}
END_TEST

/* A device without a kernel for it says so. */
START_TEST(no_kernel) {
    ik_custom_kernel elsewhere = in_f32;
    elsewhere.memory = "moon";
    const ik_custom_kernel *const list[] = {&elsewhere, NULL};
    ik_custom_op op = op_both;
    op.kernels = list;
    ik_attrs none = {0};
    ik_tensor x = {IK_SHAPE1(3), IK_F32, 0};
    static const char *const names[] = {"naive", "cpu"};
    for (int i = 0; i < 2; i++) {
        ik__instance *instance;
        ck_assert_int_eq(ik__instance_named(IK_BACKEND, names[i], &instance, &op_err), IK_OK);
        const ik_backend_iface *backend = instance->plugin->iface;
        ik_kernel k = {.node = {IK_CUSTOM, &none, 1, {&x}, &x}, .custom = &op};
        ck_assert_int_eq(backend->prepare(instance->self, &k, &op_err), IK_FAILED);
        char want[256];
        snprintf(want, sizeof want,
                 "%s: the plugin's op 'bend' has no kernel for host memory; give it one of "
                 "IK_REAL_F32 or IK_REAL_F64, or use another device",
                 names[i]);
        ck_assert_str_eq(op_err.text, want);
        ik__instance_free(instance);
    }
}
END_TEST

int main(void) {
    return RUN_OPS("custom", {gradients, CASES}, {backends, CASES}, {refusals}, {not_by_number},
                   {no_kernel});
}
