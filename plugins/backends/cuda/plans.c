/* Building descriptors of cuDNN's backend interface; see plans.h. */
#include "plans.h"

#include <dlfcn.h>
#include <stdlib.h>

/* Unique ids of the tensors. */
enum { X = 'x', W = 'w', Y = 'y', RESIDUAL = 'z', BIAS = 'b', RAW = '0' };

ik_status cudnn_check(cudnnStatus_t code, const char *what, ik_error *err) {
    if (code == CUDNN_STATUS_SUCCESS) return IK_OK;
    char text[512] = "";
    cudnnGetLastErrorString(text, sizeof text);
    return ik_errorf(err, IK_FAILED, "cuda: cuDNN: %s failed: %s%s%s", what,
                     cudnnGetErrorString(code), *text ? ": " : "", text);
}

/* --- Descriptors. A builder keeps those it made, and whether one failed; what is built on one that
 * failed is not tried. */

enum { MOST_DESCRIPTORS = 24 };

typedef struct builder {
    cudnnBackendDescriptor_t made[MOST_DESCRIPTORS];
    int n;
    bool failed;
} builder;

static cudnnBackendDescriptor_t create(builder *b, cudnnBackendDescriptorType_t type) {
    cudnnBackendDescriptor_t d = NULL;
    if (b->n == MOST_DESCRIPTORS || cudnnBackendCreateDescriptor(type, &d)) {
        b->failed = true;
        return NULL;
    }
    return b->made[b->n++] = d;
}

static void set(builder *b, cudnnBackendDescriptor_t d, cudnnBackendAttributeName_t name,
                cudnnBackendAttributeType_t type, int64_t n, const void *values) {
    if (!b->failed && cudnnBackendSetAttribute(d, name, type, n, values)) b->failed = true;
}

static void set_descriptor(builder *b, cudnnBackendDescriptor_t d, cudnnBackendAttributeName_t name,
                           cudnnBackendDescriptor_t value) {
    set(b, d, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value);
}

static void finalise(builder *b, cudnnBackendDescriptor_t d) {
    if (!b->failed && cudnnBackendFinalize(d)) b->failed = true;
}

static void discard(builder *b) {
    while (b->n) cudnnBackendDestroyDescriptor(b->made[--b->n]);
}

/* Sizes in cuDNN's order n, c, h, w (k, c, r, s of weights), channels last in memory. */
static cudnnBackendDescriptor_t tensor(builder *b, int64_t id, const int64_t d[4],
                                       cudnnDataType_t type, bool virtual) {
    int64_t strides[4] = {d[1] * d[2] * d[3], 1, d[1] * d[3], d[1]}, alignment = 16;
    cudnnBackendDescriptor_t t = create(b, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    set(b, t, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type);
    set(b, t, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, d);
    set(b, t, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, strides);
    set(b, t, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &id);
    set(b, t, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &alignment);
    if (virtual) set(b, t, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &virtual);
    finalise(b, t);
    return t;
}

static cudnnDataType_t type_of(const plan_problem *p) {
    return p->type == CUDA_BF16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
}

static cudnnBackendDescriptor_t geometry(builder *b, const plan_problem *p) {
    int64_t dims = 2, stride[] = {p->stride[0], p->stride[1]},
            padding[] = {p->padding[0], p->padding[1]},
            dilation[] = {p->dilation[0], p->dilation[1]};
    cudnnDataType_t sums = CUDNN_DATA_FLOAT;
    cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    cudnnBackendDescriptor_t c = create(b, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    set(b, c, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, &dims);
    set(b, c, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &sums);
    set(b, c, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode);
    set(b, c, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2, padding);
    set(b, c, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2, padding);
    set(b, c, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2, stride);
    set(b, c, CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2, dilation);
    finalise(b, c);
    return c;
}

/* The attributes of the three operations, by role. */
static const struct operation {
    cudnnBackendDescriptorType_t type;
    cudnnBackendAttributeName_t alpha, beta, geometry, x, w, y;
} operations[] = {
    [PLAN_FORWARD] = {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA,
                      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y},
    [PLAN_DATA] = {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA,
                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY},
    [PLAN_WEIGHTS] = {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
                      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
                      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA,
                      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
                      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
                      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
                      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY},
};

/* What follows a convolution, one result of which is never written to memory. */
typedef struct chain {
    cudnnBackendDescriptor_t ops[4], raw; /* raw: what the last operation made */
    int n, left;                          /* operations so far, and to come */
    const int64_t *shape;
    cudnnBackendDescriptor_t y;
} chain;

/* Where the next operation of the chain writes to: y, if it is the last. */
static cudnnBackendDescriptor_t result_of(builder *b, chain *c) {
    return c->left ? tensor(b, RAW + c->n, c->shape, CUDNN_DATA_FLOAT, true) : c->y;
}

/* Adds `operand`, or where that is NULL multiplies what is negative by `slope`. */
static void then(builder *b, chain *c, cudnnBackendDescriptor_t operand, float slope) {
    cudnnPointwiseMode_t mode = operand ? CUDNN_POINTWISE_ADD : CUDNN_POINTWISE_RELU_FWD;
    cudnnDataType_t f32 = CUDNN_DATA_FLOAT;
    double negative = slope;
    cudnnBackendDescriptor_t how = create(b, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    set(b, how, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode);
    set(b, how, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, &f32);
    if (!operand && slope != 0)
        set(b, how, CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE, CUDNN_TYPE_DOUBLE, 1, &negative);
    finalise(b, how);
    c->left--;
    cudnnBackendDescriptor_t to = result_of(b, c),
                             op = create(b, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    set_descriptor(b, op, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, how);
    set_descriptor(b, op, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, c->raw);
    if (operand) set_descriptor(b, op, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, operand);
    set_descriptor(b, op, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, to);
    finalise(b, op);
    c->ops[c->n++] = op;
    c->raw = to;
}

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* names that older cuDNN 9 needs */
#endif
static void set_handle(builder *b, const plan_target *t, cudnnBackendDescriptor_t d, bool is_plan) {
    if (!t->handle) return;
    set(b, d, is_plan ? CUDNN_ATTR_EXECUTION_PLAN_HANDLE : CUDNN_ATTR_OPERATIONGRAPH_HANDLE,
        CUDNN_TYPE_HANDLE, 1, &t->handle);
}
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

/* Since 9.8; before, there are no properties to plan for. */
#if CUDNN_VERSION < 90800
enum {
    CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP,
    CUDNN_ATTR_ENGINEHEUR_DEVICEPROP,
    CUDNN_ATTR_ENGINE_DEVICEPROP
};
#endif
static void set_properties(builder *b, const plan_target *t, cudnnBackendDescriptor_t d,
                           cudnnBackendAttributeName_t name) {
    if (t->properties) set_descriptor(b, d, name, t->properties);
}

/* cuDNN loads the compiler of kernels for every plan and unloads it again, which takes longer than
 * all else about a plan; once held here it stays. Where there is none, cuDNN does without. */
static void hold_compiler(void) {
    static bool tried;
    char name[32];
    if (tried) return;
    tried = true;
    snprintf(name, sizeof name, "libnvrtc.so.%d", CUDART_VERSION / 1000);
    dlopen(name, RTLD_LAZY | RTLD_LOCAL);
}

static cudnnBackendDescriptor_t graph_of(builder *b, const plan_target *t, const plan_problem *p) {
    hold_compiler();
    const struct operation *o = &operations[p->kind];
    cudnnDataType_t type = type_of(p);
    int64_t ws[] = {p->k, p->c / p->groups, p->r, p->s}, ys[] = {p->n, p->k, p->p, p->q};
    cudnnBackendDescriptor_t x = tensor(b, X, (int64_t[]){p->n, p->c, p->h, p->w}, type, false);
    cudnnBackendDescriptor_t w = tensor(b, W, ws, type, false), y = tensor(b, Y, ys, type, false);
    chain c = {.left = p->residual + p->bias + p->activated, .shape = ys, .y = y};
    cudnnBackendDescriptor_t shape = geometry(b, p), op = create(b, o->type);
    float one = 1, zero = 0;
    c.raw = result_of(b, &c);
    set(b, op, o->alpha, CUDNN_TYPE_FLOAT, 1, &one);
    set(b, op, o->beta, CUDNN_TYPE_FLOAT, 1, &zero);
    set_descriptor(b, op, o->geometry, shape);
    set_descriptor(b, op, o->x, x);
    set_descriptor(b, op, o->w, w);
    set_descriptor(b, op, o->y, c.raw);
    finalise(b, op);
    c.ops[c.n++] = op;
    /* In this order, as engines that are not compiled at run time want it. */
    if (p->residual) then(b, &c, tensor(b, RESIDUAL, ys, type, false), 0);
    if (p->bias) then(b, &c, tensor(b, BIAS, (int64_t[]){1, p->k, 1, 1}, type, false), 0);
    if (p->activated) then(b, &c, NULL, p->slope);
    cudnnBackendDescriptor_t g = create(b, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    set_handle(b, t, g, false);
    set(b, g, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, c.n, c.ops);
    finalise(b, g);
    return g;
}

/* --- Engines. */

static const struct {
    cudnnBackendNumericalNote_t note;
    const char *name;
} notes[] = {
    {CUDNN_NUMERICAL_NOTE_TENSOR_CORE, "tensor_core"},
    {CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS, "down_convert"},
    {CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION, "reduced_reduction"},
    {CUDNN_NUMERICAL_NOTE_FFT, "fft"},
    {CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC, "nondeterministic"},
    {CUDNN_NUMERICAL_NOTE_WINOGRAD, "winograd"},
    {CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4, "winograd_4x4"},
    {CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6, "winograd_6x6"},
    {CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13, "winograd_13x13"},
    {CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP, "strict_nan"},
};

/* What the engine says of itself, and whether the problem may be computed so. */
static bool acceptable(const plan_problem *p, cudnnBackendDescriptor_t engine, plan *out) {
    cudnnBackendNumericalNote_t has[CUDNN_NUMERICAL_NOTE_TYPE_COUNT];
    int64_t n = 0;
    size_t at = 0;
    out->notes[0] = 0;
    if (cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                 CUDNN_TYPE_NUMERICAL_NOTE, CUDNN_NUMERICAL_NOTE_TYPE_COUNT, &n,
                                 has))
        return false;
    bool exact = p->type == CUDA_F32 && !p->tf32, ok = true;
    for (int64_t i = 0; i < n; i++) {
        for (size_t k = 0; k < sizeof notes / sizeof *notes; k++)
            if (notes[k].note == has[i])
                at += (size_t)snprintf(out->notes + at,
                                       at < sizeof out->notes ? sizeof out->notes - at : 0, "%s%s",
                                       at ? "," : "", notes[k].name);
        switch ((int)has[i]) {
        case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC:
        case CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION:
            ok = false;
            break;
        case CUDNN_NUMERICAL_NOTE_TENSOR_CORE:
        case CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS:
            ok = ok && !exact;
            break;
        case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6: /* errors grow with the tile */
        case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13:
            ok = false;
            break;
        default:
            break;
        }
    }
    return ok;
}

static bool read_choice(cudnnBackendDescriptor_t config, cudnnBackendDescriptor_t engine,
                        plan_choice *out) {
    int64_t n = 0;
    cudnnBackendDescriptor_t knobs[PLAN_KNOBS] = {0};
    bool ok = !cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1,
                                        &n, &out->engine);
    for (int i = 0; i < PLAN_KNOBS && ok; i++)
        ok = !cudnnBackendCreateDescriptor(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR, &knobs[i]);
    ok = ok && !cudnnBackendGetAttribute(config, CUDNN_ATTR_ENGINECFG_KNOB_CHOICES,
                                         CUDNN_TYPE_BACKEND_DESCRIPTOR, PLAN_KNOBS, &n, knobs);
    if (!ok || n > PLAN_KNOBS) n = 0;
    out->knobs = (int)n;
    for (int64_t i = 0; i < n && ok; i++) {
        cudnnBackendKnobType_t type;
        int64_t one;
        ok = !cudnnBackendGetAttribute(knobs[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE,
                                       CUDNN_TYPE_KNOB_TYPE, 1, &one, &type) &&
             !cudnnBackendGetAttribute(knobs[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE,
                                       CUDNN_TYPE_INT64, 1, &one, &out->knob[i][1]);
        out->knob[i][0] = type;
    }
    for (int i = 0; i < PLAN_KNOBS; i++)
        if (knobs[i]) cudnnBackendDestroyDescriptor(knobs[i]);
    return ok;
}

/* Finalises the plan of a configuration, if its engine will do. */
static bool build(const plan_target *t, const plan_problem *p, cudnnBackendDescriptor_t config,
                  int64_t workspace, plan *out) {
    cudnnBackendDescriptor_t engine = NULL;
    int64_t n = 0;
    builder b = {.n = 0};
    *out = (plan){0};
    if (cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINE_DESCRIPTOR, &engine)) return false;
    bool ok = !cudnnBackendGetAttribute(config, CUDNN_ATTR_ENGINECFG_ENGINE,
                                        CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &n, &engine) &&
              acceptable(p, engine, out) && read_choice(config, engine, &out->choice);
    if (ok) {
        cudnnBackendDescriptor_t e = create(&b, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
        set_handle(&b, t, e, true);
        set_descriptor(&b, e, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
        set_properties(&b, t, e, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP);
        finalise(&b, e);
        ok = !b.failed &&
             !cudnnBackendGetAttribute(e, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE,
                                       CUDNN_TYPE_INT64, 1, &n, &out->workspace) &&
             out->workspace <= workspace;
        if (ok) out->built = e, b.n = 0; /* kept */
    }
    discard(&b);
    cudnnBackendDestroyDescriptor(engine);
    return ok;
}

/* --- Finding. */

enum { MOST_CONFIGS = 64, OF_A_KIND = 3 };

/* How a choice splits its sums over blocks: what engines differ by most, after themselves. */
static int64_t split_of(const plan_choice *c) {
    int64_t split = 0;
    for (int i = 0; i < c->knobs; i++)
        if (c->knob[i][0] == CUDNN_KNOB_TYPE_SPLIT_K_BUF ||
            c->knob[i][0] == CUDNN_KNOB_TYPE_SPLIT_K_SLC)
            split = 1000 * split + c->knob[i][1];
    return split;
}

/* Are there enough of the last one's kind among those before? Heuristics list many variants of an
 * engine before the first of the next. */
static bool of_a_kind(const plan *found, int n) {
    int same = 0;
    for (int i = 0; i < n; i++)
        same += found[i].choice.engine == found[n].choice.engine &&
                split_of(&found[i].choice) == split_of(&found[n].choice);
    return same >= OF_A_KIND;
}

static int try_heuristic(const plan_target *t, const plan_problem *p, cudnnBackendDescriptor_t g,
                         cudnnBackendHeurMode_t mode, int64_t workspace, int most, plan *out) {
    builder b = {.n = 0};
    cudnnBackendDescriptor_t configs[MOST_CONFIGS] = {0};
    int64_t found = 0;
    int n = 0;
    cudnnBackendDescriptor_t h = create(&b, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    set_descriptor(&b, h, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, g);
    set(&b, h, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
    set_properties(&b, t, h, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP);
    finalise(&b, h);
    for (int i = 0; i < MOST_CONFIGS && !b.failed; i++)
        if (cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, &configs[i]))
            b.failed = true;
    if (!b.failed &&
        !cudnnBackendGetAttribute(h, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                  MOST_CONFIGS, &found, configs))
        for (int64_t i = 0; i < found && i < MOST_CONFIGS && n < most; i++)
            if (build(t, p, configs[i], workspace, &out[n])) {
                if (of_a_kind(out, n))
                    plan_free(&out[n]);
                else
                    n++;
            }
    for (int i = 0; i < MOST_CONFIGS; i++)
        if (configs[i]) cudnnBackendDestroyDescriptor(configs[i]);
    discard(&b);
    return n;
}

int plan_find(const plan_target *t, const plan_problem *p, int64_t workspace, int most, plan *out,
              ik_error *err) {
    builder b = {.n = 0};
    int n = 0;
    cudnnBackendDescriptor_t g = graph_of(&b, t, p);
    if (!b.failed) {
        n = try_heuristic(t, p, g, CUDNN_HEUR_MODE_A, workspace, most, out);
        if (!n) n = try_heuristic(t, p, g, CUDNN_HEUR_MODE_FALLBACK, workspace, most, out);
    }
    if (!n) {
        char text[256], why[512] = "";
        plan_text(p, text, sizeof text);
        cudnnGetLastErrorString(why, sizeof why);
        ik_errorf(err, IK_FAILED,
                  "cuda: cuDNN %zu has no deterministic engine within %lld MiB of scratch for the "
                  "convolution %s%s%s; use another precision, or `device: cpu`",
                  cudnnGetVersion(), (long long)(workspace >> 20), text, *why ? ": " : "", why);
    }
    discard(&b);
    return n;
}

bool plan_restore(const plan_target *t, const plan_problem *p, const plan_choice *choice,
                  plan *out) {
    builder b = {.n = 0};
    cudnnBackendDescriptor_t g = graph_of(&b, t, p),
                             engine = create(&b, CUDNN_BACKEND_ENGINE_DESCRIPTOR),
                             config = create(&b, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    cudnnBackendDescriptor_t values[PLAN_KNOBS];
    set_descriptor(&b, engine, CUDNN_ATTR_ENGINE_OPERATION_GRAPH, g);
    set(&b, engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, &choice->engine);
    set_properties(&b, t, engine, CUDNN_ATTR_ENGINE_DEVICEPROP);
    finalise(&b, engine);
    int made = 0;
    for (; made < choice->knobs && !b.failed; made++) {
        cudnnBackendKnobType_t type = (cudnnBackendKnobType_t)choice->knob[made][0];
        if (cudnnBackendCreateDescriptor(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR, &values[made])) {
            b.failed = true;
            break;
        }
        set(&b, values[made], CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1, &type);
        set(&b, values[made], CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, CUDNN_TYPE_INT64, 1,
            &choice->knob[made][1]);
        finalise(&b, values[made]);
    }
    set_descriptor(&b, config, CUDNN_ATTR_ENGINECFG_ENGINE, engine);
    if (made)
        set(&b, config, CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_TYPE_BACKEND_DESCRIPTOR, made,
            values);
    finalise(&b, config);
    bool ok = !b.failed && build(t, p, config, INT64_MAX, out);
    while (made) cudnnBackendDestroyDescriptor(values[--made]);
    discard(&b);
    return ok;
}

void plan_free(plan *p) {
    if (p->built) cudnnBackendDestroyDescriptor(p->built);
    p->built = NULL;
}

ik_status plan_run(const plan *p, cudnnHandle_t handle, const plan_operands *o, void *workspace,
                   ik_error *err) {
    builder b = {.n = 0};
    int64_t ids[5] = {X, W, Y};
    void *pointers[5] = {o->x, o->w, o->y};
    int n = 3;
    if (o->bias) ids[n] = BIAS, pointers[n++] = o->bias;
    if (o->residual) ids[n] = RESIDUAL, pointers[n++] = o->residual;
    cudnnBackendDescriptor_t pack = create(&b, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    set(&b, pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, n, ids);
    set(&b, pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, n, pointers);
    set(&b, pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace);
    finalise(&b, pack);
    ik_status status =
        b.failed ? cudnn_check(CUDNN_STATUS_BAD_PARAM, "a variant pack", err)
                 : cudnn_check(cudnnBackendExecute(handle, p->built, pack), "a convolution", err);
    discard(&b);
    return status;
}
