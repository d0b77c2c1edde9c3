/* What a backend does besides kernels: random numbers that no split of the batch changes, the
 * optimiser's flat updates, copies, conversions, and the same bytes from any number of programs. */
#include "op_bench.h"

typedef struct opened {
    ik__instance *instance;
    const ik_backend_iface *iface;
    void *self;
} opened;

static opened open_named(const char *name) {
    opened o;
    ck_assert_msg(!ik__instance_named(IK_BACKEND, name, &o.instance, &op_err), "%s", op_err.text);
    o.iface = o.instance->plugin->iface;
    o.self = o.instance->self;
    ck_assert_msg(!o.iface->open(o.self, 0, &op_err), "%s", op_err.text);
    return o;
}

static void close_opened(opened *o) {
    if (o->iface->close) o->iface->close(o->self);
    ik__instance_free(o->instance);
}

static void *stored(const opened *o, int64_t n, const float *values) {
    void *p = o->iface->alloc(o->self, (size_t)n * o->iface->element_bytes(o->self, IK_F32));
    ck_assert_ptr_nonnull(p);
    ck_assert_uint_eq((uintptr_t)p % 64, 0);
    if (values) ck_assert(!o->iface->upload(o->self, IK_F32, n, p, values, &op_err));
    return p;
}

static void read_back(const opened *o, int64_t n, const void *p, float *to) {
    ck_assert(!o->iface->download(o->self, IK_F32, n, to, p, &op_err));
}

static int backend_count(void) {
    return 1 + op_others()->n;
}
static const char *backend_name(int i) {
    return i ? op_others()->name[i - 1] : "naive";
}

enum { N = 32 * 33 * 17 + 3 };
static float a[N], b[N], c[N], d[N], got[4][N];

static void fill(void) {
    for (int i = 0; i < N; i++) {
        a[i] = (float)((double)(op_word(1, i) % 4001) / 1000 - 2);
        b[i] = (float)((double)(op_word(2, i) % 4001) / 1000 - 2);
        c[i] = (float)((double)(op_word(3, i) % 2001) / 1000 - 1);
        d[i] = (float)((double)(op_word(4, i) % 2001) / 1000);
    }
}

static void assert_near(const char *what, int backend, const float *g, double want, int i,
                        double tolerance) {
    OP_CHECK(fabs(g[i] - want) <= tolerance * fmax(1, fabs(want)),
             "%s on %s: element %d is %.9g, not %.9g", what, backend_name(backend), i, g[i], want);
}

START_TEST(storage) {
    for (int k = 0; k < backend_count(); k++) {
        opened o = open_named(backend_name(k));
        fill();
        void *x = stored(&o, N, a), *y = stored(&o, N, NULL);
        read_back(&o, N, y, got[0]);
        for (int i = 0; i < N; i++)
            OP_CHECK(got[0][i] == 0, "%s: fresh storage is not zero", backend_name(k));
        o.iface->copy(o.self, IK_F32, N, y, x);
        read_back(&o, N, y, got[0]);
        ck_assert(!memcmp(got[0], a, sizeof a));
        int32_t ids[5] = {-1, 0, 7, INT32_MAX, INT32_MIN}, back[5];
        void *map = o.iface->alloc(o.self, 5 * o.iface->element_bytes(o.self, IK_I32));
        ck_assert(!o.iface->upload(o.self, IK_I32, 5, map, ids, &op_err));
        ck_assert(!o.iface->download(o.self, IK_I32, 5, back, map, &op_err));
        ck_assert(!memcmp(ids, back, sizeof ids));
        o.iface->free(o.self, map);
        o.iface->free(o.self, x);
        o.iface->free(o.self, y);
        close_opened(&o);
    }
}
END_TEST

START_TEST(axpby) {
    static const double factors[][2] = {{1, 0}, {0.5, 0}, {1, 1}, {-2, 0.25}, {0, 0.5}, {0.1, 0.9}};
    for (int k = 0; k < backend_count(); k++)
        for (int f = 0; f < 6; f++) {
            opened o = open_named(backend_name(k));
            fill();
            double p = factors[f][0], q = factors[f][1];
            if (q == 0)
                for (int i = 0; i < N; i++) b[i] = NAN; /* b = 0 ignores what y held */
            void *x = stored(&o, N, a), *y = stored(&o, N, b);
            o.iface->axpby(o.self, N, p, x, q, y);
            read_back(&o, N, y, got[0]);
            for (int i = 0; i < N; i++)
                assert_near("axpby", k, got[0], p * a[i] + (q == 0 ? 0 : q * b[i]), i, 1e-6);
            o.iface->free(o.self, x);
            o.iface->free(o.self, y);
            close_opened(&o);
        }
}
END_TEST

/* Steps of Adam against its definition in double; tiny and zero gradients included. */
static void adam_on(int k, const ik_adam *settings) {
    opened o = open_named(backend_name(k));
    fill();
    for (int i = 0; i < N; i += 7) c[i] = 0;
    for (int i = 3; i < N; i += 7) c[i] *= 1e-12f;
    for (int i = 0; i < N; i++) b[i] = settings->t == 1 ? 0 : b[i];
    for (int i = 0; i < N; i++) d[i] = settings->t == 1 ? 0 : d[i];
    void *p = stored(&o, N, a), *g = stored(&o, N, c), *m = stored(&o, N, b), *v = stored(&o, N, d);
    o.iface->adam(o.self, N, settings, p, g, m, v);
    read_back(&o, N, p, got[0]);
    read_back(&o, N, m, got[1]);
    read_back(&o, N, v, got[2]);
    double fix1 = 1 - pow(settings->beta1, (double)settings->t);
    double fix2 = 1 - pow(settings->beta2, (double)settings->t);
    for (int i = 0; i < N; i++) {
        double m1 = settings->beta1 * b[i] + (1 - settings->beta1) * c[i];
        double v1 = settings->beta2 * d[i] + (1 - settings->beta2) * c[i] * c[i];
        double step = settings->lr * (m1 / fix1) / (sqrt(v1 / fix2) + settings->eps);
        assert_near("Adam's first moment", k, got[1], m1, i, 1e-6);
        assert_near("Adam's second moment", k, got[2], v1, i, 1e-6);
        assert_near("Adam's parameter", k, got[0], a[i] - step, i, 1e-6);
    }
    void *all[] = {p, g, m, v};
    for (int i = 0; i < 4; i++) o.iface->free(o.self, all[i]);
    close_opened(&o);
}

START_TEST(adam) {
    static const ik_adam settings[] = {
        {1e-4, 0.5, 0.999, 1e-8, 1}, {4e-4, 0, 0.9, 1e-8, 1},          {4e-4, 0, 0.999, 1e-8, 7},
        {1e-2, 0.9, 0.999, 1e-3, 3}, {1e-4, 0.5, 0.999, 1e-8, 100000},
    };
    for (int k = 0; k < backend_count(); k++)
        for (int i = 0; i < 5; i++) adam_on(k, &settings[i]);
}
END_TEST

/* --- random numbers */

enum { BATCH = 4, EACH = 5 * 7 * 17 };

static ik_tensor *record_normals(ik_graph *g, const op_case *which, ik_tensor *const *in) {
    (void)in;
    return g->api->op(g, IK_RANDN, &which->attrs, 0, NULL);
}

/* Draws samples first .. first+n-1 of a step. */
static void draw(const char *backend, int64_t n, const ik_step *step, uint64_t stream, float *to) {
    op_case one = {.op = IK_RANDN,
                   .record = record_normals,
                   .attrs = {.shape = {4, {n, 5, 7, 17}}, .stream = stream}};
    op_bench bench = op_build(&one, backend, false);
    op_poison(&bench, NAN);
    OP_OK(ik__program_run(bench.engine, bench.program, step, false, &op_err), &bench);
    OP_OK(ik__program_output(bench.engine, bench.program, "y", to, &op_err), &bench);
    op_free(&bench);
}

START_TEST(normals) {
    static float whole[BATCH * EACH], part[BATCH * EACH];
    uint64_t stream = ik_stream_of("generator.z");
    ik_step step = {.seed = 11, .step = 5000000000, .sample = 8};
    for (int k = 0; k < backend_count(); k++) {
        draw(backend_name(k), BATCH, &step, stream, whole);
        for (int i = 0; i < BATCH * EACH; i++) {
            double want = ik_philox_normal(11, stream, 5000000000, 8 + (uint64_t)(i / EACH),
                                           (uint64_t)(i % EACH));
            OP_CHECK(fabs(whole[i] - want) <= 1e-6 * fmax(1, fabs(want)),
                     "%s: normal %d is %.9g, not %.9g", backend_name(k), i, whole[i], want);
        }
        /* Two halves, a quarter and three quarters. */
        for (int64_t first = 1; first < BATCH; first++) {
            ik_step rest = {step.seed, step.step, step.sample + (uint64_t)first};
            draw(backend_name(k), first, &step, stream, part);
            draw(backend_name(k), BATCH - first, &rest, stream, part + first * EACH);
            ck_assert_msg(!memcmp(whole, part, sizeof whole), "%s: a batch split after %d differs",
                          backend_name(k), (int)first);
        }
        ik_step next = {step.seed, step.step + 1, step.sample};
        draw(backend_name(k), BATCH, &next, stream, part);
        ck_assert(memcmp(whole, part, sizeof whole) != 0);
        draw(backend_name(k), BATCH, &step, stream + 1, part);
        ck_assert(memcmp(whole, part, sizeof whole) != 0);
    }
}
END_TEST

int main(void) {
    return RUN_OPS("backends", {storage}, {axpby}, {adam}, {normals});
}
