/* The op of examples/pixel_norm, from the plugin that INADEKIT_PLUGIN_PATH leads to: its gradient
 * against differences in f64, and every backend that runs here against naive. */
#include "backends/op_bench.h"

static ik_tensor *record_norm(ik_graph *g, const op_case *c, ik_tensor *const *in) {
    static ik__instance *norm; /* kept, as the graph refers to it */
    static ik__conf *conf;
    (void)c;
    const char yaml[] = "{plugin: pixel_norm, affine: false, eps: 0.01}";
    if (!norm) {
        ck_assert_int_eq(ik__conf_parse("x", yaml, strlen(yaml), &conf, &op_err), IK_OK);
        ck_assert_msg(ik__instance_new(IK_NORM, conf, NULL, &norm, &op_err) == IK_OK, "%s",
                      op_err.text);
    }
    const ik_norm_iface *iface = norm->plugin->iface;
    return iface->record(norm->self, g, in[0]);
}

static const op_case pixel_norm = {"pixel_norm", IK_CUSTOM, .in = {REAL(3, 5, 7, 6)},
                                   .record = record_norm};

START_TEST(gradient) {
    op_bench b = op_build(&pixel_norm, "naive", false);
    op_poison(&b, NAN);
    op_run(&b);
    double *x = ik__store_value(b.engine->store, b.in[0]->entry);
    const double *y = b.program->pointer[b.y->t.id], *loss = b.program->pointer[b.loss->t.id];
    int64_t n = ik_count(b.y->t.shape);
    double *grad = malloc((size_t)n * sizeof *grad), square = 0;
    memcpy(grad, ik__store_grad(b.engine->store, b.in[0]->entry), (size_t)n * sizeof *grad);
    for (int c = 0; c < 6; c++) square += x[c] * x[c] / 6;
    ck_assert_double_eq_tol(y[3], x[3] / sqrt(square + 0.01), 1e-12);
    for (int64_t i = 0; i < n; i += 11) {
        const double h = 1e-5, was = x[i];
        double side[2];
        for (int k = 0; k < 2; k++) {
            x[i] = was + (k ? -h : h);
            op_run(&b);
            side[k] = *loss;
        }
        x[i] = was;
        OP_CHECK(fabs((side[0] - side[1]) / (2 * h) - grad[i]) < 1e-7,
                 "d loss/d x[%d] is %.12g, by differences %.12g", (int)i, grad[i],
                 (side[0] - side[1]) / (2 * h));
    }
    free(grad);
    op_free(&b);
}
END_TEST

START_TEST(backends) {
    op_bench naive = op_build(&pixel_norm, "naive", false);
    op_run(&naive);
    op_result want = op_read(&naive);
    ck_assert_int_ge(op_others()->n, 1);
    for (int i = 0; i < op_others()->n; i++) {
        op_bench other = op_build(&pixel_norm, op_others()->name[i], false);
        op_poison(&other, NAN);
        op_run(&other);
        op_result got = op_read(&other);
        op_assert_same(&other, &got, &want, 1e-6);
        op_result_free(&got);
        op_free(&other);
    }
    op_result_free(&want);
    op_free(&naive);
}
END_TEST

int main(void) {
    return RUN_OPS("example", {gradient}, {backends});
}
