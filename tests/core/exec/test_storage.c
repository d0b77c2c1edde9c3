/* What a backend may decide besides kernels: the precision, how tensors are stored, whether a run
 * fits into its memory; and `device:` as a map. */
#include "backends/op_bench.h"

#include "support/runs.h"

static ik_error err;

static void refuses(const char *sets, const char *want) {
    char arguments[700];
    snprintf(arguments, sizeof arguments, "run tiny.yaml --out no -q %s", sets);
    expect(arguments, 2, want);
}

START_TEST(precisions) {
    set_up_runs();
    refuses("--set precision=bf16", "precision: device 'cpu' computes in f32 only; set `precision: "
                                    "f32` or another `device`");
    refuses("--set precision=tf32 --set device=naive",
            "precision: device 'naive' computes in f32 only; set `precision: f32` or another "
            "`device`");
    refuses("--set precision=f16", "f16");
    expect("run tiny.yaml --out yes -q --dry-run --set precision=f32", 0, NULL);
    tear_down();
}
END_TEST

START_TEST(device_map) {
    set_up_runs();
    expect("run tiny.yaml --out yes -q --dry-run --set 'device={plugin: naive}'", 0, NULL);
    refuses("--set 'device={plugin: naive, shoes: 2}'", "shoes");
    refuses("--set 'device={plugin: [1]}'",
            "device: a backend's name or auto is wanted, or `{plugin: NAME, ...}`");
    refuses("--set 'device={plugin: auto}'", "there is no plugin backends/auto");
    tear_down();
}
END_TEST

/* A backend that says of every tensor it may choose for: 7. */
enum { MARK = 7 };
static const ik_backend_iface *inner;
static int asked, read_marked, read_plain;

static int storage(void *self, const ik_node_desc *node) {
    (void)self;
    asked++;
    ck_assert_int_eq(node->out->storage, 0);
    return MARK;
}
static size_t tensor_bytes(void *self, const ik_tensor *t) {
    (void)self;
    return (size_t)ik_count(t->shape) * 4;
}
static ik_status read_tensor(void *self, const ik_tensor *t, void *to, const void *from,
                             ik_error *e) {
    *(t->storage == MARK ? &read_marked : &read_plain) += 1;
    return inner->download(self, t->dtype, ik_count(t->shape), to, from, e);
}
static size_t free_bytes;
static void memory(void *self, size_t *available, size_t *total) {
    (void)self;
    *available = free_bytes;
    *total = 2 * 1048576;
}

/* y = rows(affine(x)) of a parameter x: its gradient is the core's, the rest the backend's. */
static ik_tensor *rows_of_affine(ik_graph *g, const op_case *c, ik_tensor *const *in) {
    (void)c;
    ik_tensor *a = ik_op1(g, IK_AFFINE, IK_ATTRS(.alpha = 2), in[0]);
    return ik_slice(g, a, 0, 1, 1);
}

START_TEST(storage_per_tensor) {
    static const op_case c = {.op = IK_AFFINE, .in = {REAL(3, 4, 4, 2)}, .record = rows_of_affine};
    ik__instance *instance;
    op_bench b = {.c = &c, .backend = "cpu"};
    OP_OK(ik__instance_named(IK_BACKEND, "cpu", &instance, &op_err), &b);
    OP_OK(ik__engine_new(instance, 1, &b.engine, &op_err), &b);
    inner = b.engine->backend;
    ik_backend_iface iface = *inner;
    iface.struct_size = sizeof iface;
    iface.storage = storage;
    iface.tensor_bytes = tensor_bytes;
    iface.read = read_tensor;
    iface.memory = memory;
    b.engine->backend = &iface;
    ik__store *store = b.engine->store = ik__store_new();
    store->backend = &iface;
    store->self = b.engine->self;
    ik__graph *g = op_graph(&b, &c, store, false);
    ik__gradient grad = {b.in[0]->entry, b.grad[0]};
    OP_OK(ik__program_new(b.engine, "case", g, 1, &grad, &b.program, &op_err), &b);
    ck_assert_int_gt(asked, 0);
    for (int i = 0; i < b.program->n; i++) {
        const ik__node *n = b.program->order[i];
        bool leaf = ik__is_leaf(n->op), gradient = &n->t == b.grad[0];
        ck_assert_int_eq(n->t.storage, leaf || gradient ? 0 : MARK); /* views, too */
    }
    store->blocks[0].trained = true;
    size_t weights = ik__store_bytes(store, 4, false, false);
    ck_assert_uint_eq(weights, 4 * 4 * 96); /* value, gradient, two moments */
    free_bytes = 2000;
    ck_assert_int_eq(ik__engine_fits(b.engine, weights, &err), IK_FAILED);
    ck_assert_msg(!strncmp(err.text, "out of memory: the run needs 0.0 MiB (weights", 45) &&
                      strstr(err.text, "the device has 0.0 of 2.0 MiB free; reduce train.batch"),
                  "%s", err.text);
    free_bytes = 1048576;
    ck_assert_int_eq(ik__engine_fits(b.engine, weights, &err), IK_OK);
    OP_OK(ik__store_build(store, &iface, b.engine->self, 1, false, false, &op_err), &b);
    OP_OK(ik__engine_ready(b.engine, &op_err), &b);
    op_fill_all(&b);
    op_run(&b);
    op_result r = op_read(&b);
    ck_assert_int_eq(read_marked, 1);
    ck_assert_int_eq(read_plain, 0);
    float x[96];
    op_values(&c, 0, x);
    for (int i = 0; i < 32; i++) ck_assert(((float *)r.y)[i] == 2 * x[32 + i]);
    op_result_free(&r);
    b.engine->backend = inner;
    store->backend = inner;
    op_free(&b);
}
END_TEST

int main(void) {
    return RUN_OPS("storage", {precisions}, {device_map}, {storage_per_tensor});
}
