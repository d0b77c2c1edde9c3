/* A case made ready to run on one backend: y, the loss sum(y * weights) and the gradients of its
 * real inputs. What is read back is kept as float, as the backend hands it out. */
#ifndef OP_BENCH_H
#define OP_BENCH_H

#include "support/suite.h"
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "exec/program.h"
#include "model/recording.h"
#include "op_case.h"

typedef struct op_bench {
    const op_case *c;
    const char *backend;
    ik__engine *engine;
    ik__program *program;
    ik__node *y, *loss, *in[OP_INPUTS];
    ik_tensor *grad[OP_INPUTS]; /* NULL: none */
} op_bench;

/* What a run made; `i32` where y is a map. */
typedef struct op_result {
    int64_t n, n_grad[OP_INPUTS];
    void *y;
    float *grad[OP_INPUTS];
} op_result;

static ik_error op_err;

/* An assertion for loops: Check notes every one that it meets in a file, this only if it fails. */
#define OP_CHECK(condition, ...)                                                                   \
    do {                                                                                           \
        if (!(condition)) ck_abort_msg(__VA_ARGS__);                                               \
    } while (0)

#define OP_OK(call, what)                                                                          \
    ck_assert_msg((call) == IK_OK, "%s, backend %s: %s", op_title((what)->c), (what)->backend,     \
                  op_err.text)

/* Records y, loss and gradients; the graph's error is fatal. */
static inline ik__graph *op_graph(op_bench *b, const op_case *c, ik__store *store, bool fuse) {
    ik_scene_info info = {.batch = 1, .training = true};
    ik__graph *g = ik__recording_new(store, NULL, &info);
    ik_tensor *in[OP_INPUTS] = {NULL};
    ik_tensor *y = op_record(g, c, in);
    ck_assert_msg(y && !g->failed, "%s: %s", op_title(c), g->error.text);
    ik__names_set(g, &g->outputs, "y", y);
    b->y = ik__node_of(y);
    ik__node *wrt[OP_INPUTS];
    ik_tensor *grads[OP_INPUTS] = {NULL};
    int n = 0;
    for (int i = 0; i < op_inputs(c); i++) {
        b->in[i] = ik__node_of(in[i]);
        if (!op_is_map(&c->in[i])) wrt[n++] = b->in[i];
    }
    if (y->dtype == IK_F32) {
        ik_tensor *weights = ik__input(g, "weights", y->shape, IK_F32);
        ik_tensor *loss = ik_sum(&g->pub, ik_mul(&g->pub, y, weights));
        ik__names_set(g, &g->outputs, "loss", loss);
        b->loss = ik__node_of(loss);
        if (fuse) ik__fuse(g, b->engine->instance->plugin->abi_minor);
        ik__backward(g, loss, n, wrt, grads);
    }
    ck_assert_msg(!g->failed, "%s: %s", op_title(c), g->error.text);
    n = 0;
    for (int i = 0; i < op_inputs(c); i++)
        if (!op_is_map(&c->in[i])) b->grad[i] = grads[n++];
    return g;
}

static inline void op_fill(op_bench *b, const char *name, ik_dtype dtype, ik_shape shape,
                           void *values, const ik__entry *entry) {
    ik__engine *e = b->engine;
    ik_status status = entry ? e->backend->upload(e->self, dtype, ik_count(shape),
                                                  ik__store_value(e->store, entry), values, &op_err)
                             : ik__engine_upload(e, name, shape.d[0], values, &op_err);
    OP_OK(status, b);
    free(values);
}

/* Set: values are rounded to bf16 before any backend gets them. */
static bool op_bf16;

static inline void op_round(int64_t n, float *values) {
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
        memcpy(&values[i], &bits, sizeof bits);
    }
}

static inline void op_fill_all(op_bench *b) {
    for (int i = 0; i < op_inputs(b->c); i++) {
        const op_input *in = &b->c->in[i];
        void *values = malloc(4 * (size_t)ik_count(in->shape));
        op_values(b->c, i, values);
        if ((op_bf16 || op_precision() == IK_PRECISION_BF16) && !op_is_map(in))
            op_round(ik_count(in->shape), values);
        op_fill(b, b->in[i]->name, b->in[i]->t.dtype, in->shape, values, b->in[i]->entry);
    }
    if (!b->loss) return;
    int64_t n = ik_count(b->y->t.shape);
    float *weights = malloc(4 * (size_t)n);
    op_weights(n, weights);
    op_fill(b, "weights", IK_F32, b->y->t.shape, weights, NULL);
}

/* With the options of OPS_DEVICE, a map as under `device:`, where that is this backend, and set to
 * the precision where it has any. */
static inline ik_status op_instance(const char *backend, ik__instance **out, ik_error *err) {
    const char *text = getenv("OPS_DEVICE");
    static ik__conf *conf; /* the instances' own */
    if (text && !conf && ik__conf_parse("OPS_DEVICE", text, strlen(text), &conf, err))
        return IK_FAILED;
    const ik__conf *name = ik__conf_get(conf, "plugin");
    ik_status status = name && name->text && !strcmp(name->text, backend)
                           ? ik__instance_new(IK_BACKEND, conf, NULL, out, err)
                           : ik__instance_named(IK_BACKEND, backend, out, err);
    if (status) return status;
    const ik_backend_iface *iface = (*out)->plugin->iface;
    return IK__PROVIDES(iface, precision) ? iface->precision((*out)->self, op_precision(), err)
                                          : IK_OK;
}

/* Of the largest magnitude; what sums over rounded factors are off by. */
static inline double op_tolerance(void) {
    static const double of[] = {1e-5, 1e-3, 1e-2};
    return of[op_precision()];
}

static inline op_bench op_build(const op_case *c, const char *backend, bool fuse) {
    op_bench b = {.c = c, .backend = backend};
    ik__instance *instance;
    OP_OK(op_instance(backend, &instance, &op_err), &b);
    OP_OK(ik__engine_new(instance, 0, &b.engine, &op_err), &b);
    ik__store *store = b.engine->store = ik__store_new();
    store->backend = b.engine->backend;
    store->self = b.engine->self;
    ik__graph *g = op_graph(&b, c, store, fuse);
    ik__gradient grads[OP_INPUTS];
    int n = 0;
    for (int i = 0; i < op_inputs(c); i++)
        if (b.grad[i]) grads[n++] = (ik__gradient){b.in[i]->entry, b.grad[i]};
    OP_OK(ik__program_new(b.engine, "case", g, n, grads, &b.program, &op_err), &b);
    for (int i = 0; i < store->n_blocks; i++) store->blocks[i].trained = true;
    OP_OK(ik__store_build(store, b.engine->backend, b.engine->self, 1, false, false, &op_err), &b);
    OP_OK(ik__engine_ready(b.engine, &op_err), &b);
    op_fill_all(&b);
    return b;
}

static inline void op_free(op_bench *b) {
    ik__engine_free(b->engine);
}

/* Fills all storage that a run has to write itself. */
static inline void op_poison(op_bench *b, float with) {
    ik__engine *e = b->engine;
    size_t unit = e->backend->element_bytes(e->self, IK_F32), most = e->arena_bytes / unit;
    const ik__block *block = e->store->n_blocks ? &e->store->blocks[0] : NULL;
    if (block && (size_t)block->learned > most) most = (size_t)block->learned;
    float *values = malloc(most * sizeof *values);
    for (size_t i = 0; i < most; i++) values[i] = with;
    OP_OK(e->backend->upload(e->self, IK_F32, (int64_t)(e->arena_bytes / unit), e->arena, values,
                             &op_err),
          b);
    if (block && block->grad)
        OP_OK(e->backend->upload(e->self, IK_F32, block->learned, block->grad, values, &op_err), b);
    free(values);
}

static const ik_step op_step = {.seed = 20, .step = 3, .sample = 5};

static inline void op_run(op_bench *b) {
    OP_OK(ik__program_run(b->engine, b->program, &op_step, false, &op_err), b);
}

static inline op_result op_read(op_bench *b) {
    ik__engine *e = b->engine;
    op_result r = {.n = ik_count(b->y->t.shape)};
    r.y = malloc(4 * (size_t)r.n);
    OP_OK(ik__program_output(e, b->program, "y", r.y, &op_err), b);
    for (int i = 0; i < OP_INPUTS; i++) {
        if (!b->grad[i]) continue;
        r.n_grad[i] = ik_count(b->in[i]->t.shape);
        r.grad[i] = malloc(4 * (size_t)r.n_grad[i]);
        OP_OK(e->backend->download(e->self, IK_F32, r.n_grad[i], r.grad[i],
                                   ik__store_grad(e->store, b->in[i]->entry), &op_err),
              b);
    }
    return r;
}

static inline void op_result_free(op_result *r) {
    free(r->y);
    for (int i = 0; i < OP_INPUTS; i++) free(r->grad[i]);
}

static inline double op_milliseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* --- comparisons */

/* Within `tolerance` of the largest magnitude, where magnitudes below 1/100 count as that. */
static inline void op_assert_close(const op_bench *b, const char *what, int64_t n, const float *got,
                                   const float *want, double tolerance) {
    double largest = 0.01;
    for (int64_t i = 0; i < n; i++) largest = fmax(largest, fabs((double)want[i]));
    for (int64_t i = 0; i < n; i++) {
        double off = fabs((double)got[i] - want[i]);
        OP_CHECK(off <= tolerance * largest, "%s: %s[%lld] is %.9g on %s, not %.9g (largest %.3g)",
                 op_title(b->c), what, (long long)i, got[i], b->backend, want[i], largest);
    }
}

/* `b` is the bench of `got`. */
static inline void op_assert_same(const op_bench *b, const op_result *got, const op_result *want,
                                  double tolerance) {
    if (b->y->t.dtype == IK_I32)
        ck_assert_msg(memcmp(got->y, want->y, 4 * (size_t)got->n) == 0, "%s: maps differ on %s",
                      op_title(b->c), b->backend);
    else
        op_assert_close(b, "y", got->n, got->y, want->y, tolerance);
    for (int i = 0; i < OP_INPUTS; i++) {
        char what[32];
        snprintf(what, sizeof what, "gradient of input %d, ", i);
        ck_assert_msg(!got->grad[i] == !want->grad[i], "%s: only one has a %s", op_title(b->c),
                      what);
        if (got->grad[i])
            op_assert_close(b, what, got->n_grad[i], got->grad[i], want->grad[i], tolerance);
    }
}

static inline void op_assert_bytes(const op_bench *b, const op_result *got, const op_result *want) {
    ck_assert_msg(memcmp(got->y, want->y, 4 * (size_t)got->n) == 0,
                  "%s: y differs between two runs on %s", op_title(b->c), b->backend);
    for (int i = 0; i < OP_INPUTS; i++)
        ck_assert_msg(!got->grad[i] ||
                          !memcmp(got->grad[i], want->grad[i], 4 * (size_t)got->n_grad[i]),
                      "%s: the gradient of input %d differs between two runs on %s", op_title(b->c),
                      i, b->backend);
}

/* --- the backends besides naive that run here */

typedef struct op_backends {
    int n;
    char name[8][32];
} op_backends;

static inline void op_backend_found(const char *path, const ik_plugin *p, const char *why_not,
                                    void *user) {
    op_backends *l = user;
    if (!p) {
        printf("%s: %s\n", path, why_not);
        return;
    }
    if (!strcmp(p->name, "naive") || l->n == (int)(sizeof l->name / sizeof *l->name)) return;
    for (int i = 0; i < l->n; i++)
        if (!strcmp(l->name[i], p->name)) return;
    ik__instance *instance;
    if (ik__instance_named(IK_BACKEND, p->name, &instance, &op_err)) return;
    const ik_backend_iface *iface = p->iface;
    char text[256] = "";
    bool usable = iface->probe(instance->self, text, sizeof text);
    if (usable && op_precision() && !IK__PROVIDES(iface, precision)) {
        usable = false;
        snprintf(text, sizeof text, "it computes in f32 only");
    }
    printf("backend %s: %s%s\n", p->name, usable ? "" : "left out: ", text);
    if (usable) snprintf(l->name[l->n++], sizeof l->name[0], "%s", p->name);
    ik__instance_free(instance);
}

static inline const op_backends *op_others(void) {
    static op_backends found;
    static bool looked;
    if (!looked) ik__plugins_list(IK_BACKEND, op_backend_found, &found);
    looked = true;
    return &found;
}

/* main's result: threads do not survive a fork, so this process runs all tests. */
#define RUN_OPS(name, ...)                                                                         \
    (setenv("GOMP_SPINCOUNT", "20000", 0), /* tests share their processors with others */          \
     RUN_SUITE_HERE(name, __VA_ARGS__))

#endif
