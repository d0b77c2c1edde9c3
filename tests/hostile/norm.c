/* Norms with one thing wrong each: FAULT says which. Built once per fault, for test_check.c. */
#include "inadekit/plugin.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum fault {
    NONE,
    CRASHES_AT_ENTRY,
    HANGS_AT_ENTRY,
    CRASHES,
    ABORTS,
    HANGS,
    RECURSES,
    EXITS,
    EXPORTS,
    USES_CORE,
    TOO_NEW,
    TOO_OLD,
    NOT_FINITE,
    WRONG_SHAPE,
    WRONG_GRADIENT,
    NO_GRADIENT,
    LEAVES_DX_EMPTY,
    STOPS_BY_AN_OP,
    WRONG_BIAS_GRADIENT,
    AT_A_KINK,
    ROUGH,
    IN_FLOAT,
    DEPENDS_ON_PROCESS,
    WRITES_BEHIND,
    WRITES_ITS_INPUT,
    LEAKS,
    DEPENDS_ON_CHANCE,
    BAD_DEFAULT,
    SAME_NAME,
    OVERLAPS,
    NO_HELP,
    TAKEN,
    BAD_NAME,
    REQUIRED,
};

typedef struct norm {
    int64_t a, b;
} norm;

/* y = 2 x + c, c the number of calls so far where chance is wanted. */
static ik_status run(const ik_custom_run *r, ik_error *err) {
    static int calls;
    (void)err;
    const float *x = r->in_data[0];
    float *y = r->out_data;
    const int64_t n = ik_count(r->out->shape);
    calls++;
    if (FAULT == WRITES_BEHIND) y[n] = 0;
    if (FAULT == WRITES_ITS_INPUT) memcpy((void *)(uintptr_t)x, x + 1, sizeof *x);
    if (FAULT == DEPENDS_ON_PROCESS) calls = (int)getpid();
    if (FAULT == LEAKS && !malloc(100)) return IK_FAILED;
    for (int64_t i = 0; i < n; i++)
        y[i] = 2 * x[i] + (FAULT == DEPENDS_ON_CHANCE || FAULT == DEPENDS_ON_PROCESS
                               ? (float)(i % 7) * 0.1f * (float)calls
                               : 0);
    return IK_OK;
}

static ik_status shape(const void *attrs, int n, const ik_tensor *const *in, ik_shape *out,
                       ik_dtype *dtype, ik_error *err) {
    (void)attrs, (void)n, (void)dtype, (void)err;
    *out = in[0]->shape;
    return IK_OK;
}

static void gradient(ik_graph *g, const ik_custom_gradient *c) {
    if (FAULT == LEAVES_DX_EMPTY) return;
    c->dx[0] = ik_affine(g, c->dy, FAULT == WRONG_GRADIENT ? 3 : 2, 0);
}

static const ik_custom_kernel host = {sizeof host, "host", IK_REAL_F32, run, NULL};
static const ik_custom_kernel *const kernels[] = {&host, NULL};
static const ik_custom_op twice = {.struct_size = sizeof twice,
                                   .name = "twice",
                                   .least = 1,
                                   .most = 1,
                                   .shape = shape,
                                   .gradient = FAULT == NO_GRADIENT ? NULL : gradient,
                                   .kernels = kernels};

/* y = x, with a gradient that is 2 % too large, or without one that could be told. */
static ik_status copy(const ik_custom_run *r, ik_error *err) {
    (void)err;
    const double *x = r->in_data[0];
    double *y = r->out_data;
    for (int64_t i = 0; i < ik_count(r->out->shape); i++)
        y[i] = FAULT == ROUGH ? x[i] + 1e-3 * fabs(sin(1e9 * x[i])) : x[i];
    return IK_OK;
}

static void larger_gradient(ik_graph *g, const ik_custom_gradient *c) {
    c->dx[0] = ik_affine(g, c->dy, 1.02, 0);
}

static const ik_custom_kernel exact = {sizeof exact, "host", IK_REAL_F64, copy, NULL};
static const ik_custom_kernel *const exact_kernels[] = {&exact, NULL};
static const ik_custom_op same = {.struct_size = sizeof same,
                                  .name = "same",
                                  .least = 1,
                                  .most = 1,
                                  .shape = shape,
                                  .gradient = larger_gradient,
                                  .kernels = exact_kernels};

/* x and a bias that begins at zero, where a leaky ReLU has its kink. */
static ik_tensor *biased(ik_graph *g, ik_tensor *x) {
    if (!x) return NULL;
    ik_tensor *b = ik_param(g, "bias", IK_SHAPE1(x->shape.d[3]), (ik_init){IK_INIT_ZEROS, 0, 0});
    b = FAULT == AT_A_KINK ? ik_leaky_relu(g, b, 0.2) : g->api->custom(g, &same, NULL, 1, &b);
    return ik_add(g, x, ik_reshape(g, b, IK_SHAPE4(1, 1, 1, x->shape.d[3])));
}

static int deeper(volatile int *n) {
    volatile int here[256] = {*n};
    return here[0] == 1 ? 1 : deeper(here) + here[0];
}

#ifdef FAULT_IS_EXPORTS
__attribute__((visibility("default"))) int surplus_symbol(void);
__attribute__((visibility("default"))) int surplus_symbol(void) {
    return 1;
}
#endif
#ifdef FAULT_IS_USES_CORE
const char *ik__version_text(void);
#define CORE() ik__version_text()
#else
#define CORE() ""
#endif

static ik_tensor *record(const void *self, ik_graph *g, ik_tensor *x) {
    static volatile int zero;
    volatile int *volatile nowhere = NULL;
    (void)self;
    switch ((int)FAULT) {
    case CRASHES:
        *nowhere = 1;
        break;
    case ABORTS:
        abort();
    case HANGS:
        for (;;) pause();
    case RECURSES:
        return deeper(&zero) ? x : NULL;
    case EXITS:
        exit(0);
    case NOT_FINITE: {
        ik_tensor *nothing = ik_sub(g, x, x);
        return ik_div(g, nothing, nothing);
    }
    case WRONG_SHAPE:
        return ik_upsample(g, x, 2);
    case WRONG_BIAS_GRADIENT:
    case AT_A_KINK:
    case ROUGH:
        return biased(g, x);
    case STOPS_BY_AN_OP: /* a built-in one that is an adjoint itself */
        return ik_op2(g, IK_LEAKY_RELU_GRAD, IK_ATTRS(.slope = 0.5), x, x);
    case WRONG_GRADIENT:
    case NO_GRADIENT:
    case LEAVES_DX_EMPTY:
    case IN_FLOAT:
    case DEPENDS_ON_PROCESS:
    case WRITES_BEHIND:
    case WRITES_ITS_INPUT:
    case LEAKS:
    case DEPENDS_ON_CHANCE:
        return g->api->custom(g, &twice, NULL, 1, &x);
    default:
        break;
    }
    return ik_affine(g, x, *CORE() == 1 ? 1 : 2, 0);
}

static const ik_norm_iface iface = {sizeof iface, record};

#define ROW(name, help, field, fallback, min, max)                                                 \
    { name, help, IK_OPT_INT, offsetof(norm, field), fallback, min, max, NULL }
static const ik_option options[] = {
    ROW(FAULT == BAD_NAME ? "Size Of" : "a", FAULT == NO_HELP ? NULL : "one number", a,
        FAULT == BAD_DEFAULT ? "99"
        : FAULT == REQUIRED  ? NULL
                             : "3",
        1, 9),
    {FAULT == SAME_NAME ? "a"
     : FAULT == TAKEN   ? "plugin"
                        : "b",
     "another", IK_OPT_INT, FAULT == OVERLAPS ? offsetof(norm, a) + 4 : offsetof(norm, b), "1", 0,
     9, NULL},
    {0}};

static ik_plugin plugin = {IK_PLUGIN_HEAD(IK_NORM, NAME, "1", "wrong on purpose"),
                           .options = options, .instance_size = sizeof(norm), .iface = &iface};

IK_EXTERN_C __attribute__((visibility("default"))) const ik_plugin *const *inadekit_plugin(void) {
    static const ik_plugin *const list[] = {&plugin, NULL};
    if (FAULT == CRASHES_AT_ENTRY) raise(SIGSEGV);
    while (FAULT == HANGS_AT_ENTRY) pause();
    if (FAULT == TOO_NEW) plugin.abi_minor = 99;
    if (FAULT == TOO_OLD) plugin.abi_major = 0;
    return list;
}
