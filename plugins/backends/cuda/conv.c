/* Convolutions, their data and weight gradients, by cuDNN's plans.
 *
 * cuDNN wants its operands in one type, channels last, weights as [k,r,s,c], and tensor cores want
 * channels in eights (bf16) or fours (tf32). What does not come so is brought so in the workspace:
 * weights, being f32 and [k,c,r,s], unless they are fixed and were laid out once; pictures where
 * their type differs or where channels are padded, which is done whenever they do not come in
 * eights or fours and groups do not forbid it: a pass over a tensor of few channels costs less than
 * leaving the tensor cores. A bias is added by the plan where there is an engine for that, else in
 * the pass that brings the result. */
#include "instance.h"

#include <stdlib.h>

/* --- Plans. */

enum { CANDIDATES = 8, TIMED_RUNS = 3 };

/* What the operands of a problem take, for timing. */
static void operand_bytes(const plan_problem *p, size_t bytes[4]) {
    size_t each = p->type == CUDA_BF16 ? 2 : 4;
    bytes[0] = each * (size_t)(p->n * p->h * p->w * p->c);
    bytes[1] = each * (size_t)(p->k * p->r * p->s * (p->c / p->groups));
    bytes[2] = each * (size_t)(p->n * p->p * p->q * p->k);
    bytes[3] = each * (size_t)p->k;
}

/* The shortest of a few runs in milliseconds; negative where the plan does not run. */
static float timed(cuda *c, const plan *p, void *const operand[4], bool bias, void *workspace,
                   cudaEvent_t begin, cudaEvent_t end) {
    float best = -1, took;
    ik_error ignored;
    for (int i = 0; i <= TIMED_RUNS; i++) { /* the first is not counted */
        if (cudaEventRecord(begin, c->stream) ||
            plan_run(p, c->target.handle, operand[0], operand[1], operand[2],
                     bias ? operand[3] : NULL, workspace, &ignored) ||
            cudaEventRecord(end, c->stream) || cudaEventSynchronize(end) ||
            cudaEventElapsedTime(&took, begin, end))
            return -1;
        if (i && (best < 0 || took < best)) best = took;
    }
    return best;
}

/* Which candidate is fastest on this device; the first where that cannot be found out. */
static int fastest(cuda *c, const plan_problem *p, const plan *candidates, int n) {
    size_t bytes[4], all = 0, scratch = 0;
    operand_bytes(p, bytes);
    for (int i = 0; i < 4; i++) all += cuda_aligned(bytes[i]);
    for (int i = 0; i < n; i++)
        if ((size_t)candidates[i].workspace > scratch) scratch = (size_t)candidates[i].workspace;
    char *memory = NULL;
    cudaEvent_t begin = NULL, end = NULL;
    int best = 0;
    float shortest = -1;
    if (!cudaMalloc((void **)&memory, all + cuda_aligned(scratch) + 256) &&
        !cudaMemsetAsync(memory, 0, all, c->stream) && !cudaEventCreate(&begin) &&
        !cudaEventCreate(&end)) {
        void *operand[4];
        size_t at = 0;
        for (int i = 0; i < 4; i++) operand[i] = memory + at, at += cuda_aligned(bytes[i]);
        for (int i = 0; i < n; i++) {
            float took = timed(c, &candidates[i], operand, p->bias, memory + at, begin, end);
            if (took < 0 || (shortest >= 0 && took >= shortest)) continue;
            shortest = took;
            best = i;
        }
    }
    cudaGetLastError(); /* what went wrong here only means that nothing was timed */
    if (begin) cudaEventDestroy(begin);
    if (end) cudaEventDestroy(end);
    cudaFree(memory);
    return best;
}

/* A choice kept earlier, if it can be used: by a checkpoint, or in the file, where only a timed one
 * stands in for timing. */
static bool kept_plan(cuda *c, const plan_problem *p, const char *text, bool timed, plan *out) {
    plan_choice kept;
    bool recalled;
    if (!c->choices || !choices_find(c->choices, text, timed, &kept, &recalled)) return false;
    if (plan_restore(&c->target, p, &kept, out)) {
        out->choice.timed = kept.timed;
        if (out->workspace <= c->scratch << 20) return true;
        plan_free(out);
    }
    if (recalled && !c->misfit)
        fprintf(stderr,
                "note: cuda: a choice of the checkpoint cannot be used here and is made anew, "
                "first for %s\n",
                text);
    c->misfit = c->misfit || recalled;
    return false;
}

static ik_status find_plan(cuda *c, const plan_problem *p, const char *text, plan *out,
                           ik_error *err) {
    plan candidates[CANDIDATES];
    bool compete = c->autotune && !c->planning;
    if (kept_plan(c, p, text, compete, out)) return IK_OK;
    int n = plan_find(&c->target, p, c->scratch << 20, compete ? CANDIDATES : 1, candidates, err);
    if (!n) return IK_FAILED;
    int best = n > 1 ? fastest(c, p, candidates, n) : 0;
    for (int i = 0; i < n; i++)
        if (i != best) plan_free(&candidates[i]);
    *out = candidates[best];
    out->choice.timed = compete;
    if (c->choices) choices_add(c->choices, text, out);
    return IK_OK;
}

ik_status cuda_plan(cuda *c, const plan_problem *p, const plan **out, ik_error *err) {
    char text[256];
    plan_text(p, text, sizeof text);
    for (const shared_plan *s = c->plans; s; s = s->next)
        if (!strcmp(s->problem, text)) {
            *out = &s->plan;
            return IK_OK;
        }
    shared_plan *s = calloc(1, sizeof *s);
    if (!s) return ik_errorf(err, IK_FAILED, "cuda: out of memory");
    ik_status status = find_plan(c, p, text, &s->plan, err);
    if (status) {
        free(s);
        return status;
    }
    strcpy(s->problem, text);
    s->next = c->plans;
    c->plans = s;
    *out = &s->plan;
    return IK_OK;
}

void cuda_conv_close(cuda *c) {
    while (c->plans) {
        shared_plan *s = c->plans;
        c->plans = s->next;
        plan_free(&s->plan);
        free(s);
    }
}

/* --- Operands. */

/* A picture of features as the graph has it and as cuDNN gets it. */
typedef struct side {
    int64_t rows, channels, padded; /* rows: pixels */
    int storage;
    bool staged; /* is brought over in the workspace */
} side;

enum { OP_X, OP_W, OP_Y, OP_BIAS, OPERANDS };

typedef struct conv {
    cuda *c;
    const plan *plan;
    plan_problem problem;
    side x, y;
    int64_t o, i, taps;                  /* of the weights, i per group */
    bool turned;                         /* the weights are brought over */
    bool has_bias, own_bias;             /* own: not by the plan */
    bool bias_staged;                    /* another type, or padded */
    size_t at[OPERANDS], scratch, whole; /* bytes from the aligned workspace on */
} conv;

static int64_t padded_to(int64_t channels, int64_t multiple) {
    return cuda_ceil_div(channels, multiple) * multiple;
}

/* Rows of the batch that a view begins with may leave a picture on any of its own boundaries. */
static bool lies_well(const ik_tensor *t, int storage) {
    size_t sample = (size_t)cuda_per_sample(t) * (storage == CUDA_BF16 ? 2 : 4);
    return sample % 16 == 0;
}

static side side_of(const ik_tensor *t, int type, int64_t multiple) {
    side s = {.channels = cuda_channels(t), .storage = t->storage};
    s.rows = ik_count(t->shape) / s.channels;
    s.padded = padded_to(s.channels, multiple);
    s.staged = s.storage != type || s.padded != s.channels || !lies_well(t, s.storage);
    return s;
}

/* Which tensor of the node plays which part. */
typedef struct parts {
    plan_kind kind;
    const ik_tensor *x, *w, *y;
} parts;

static parts parts_of(const ik_node_desc *n) {
    switch ((int)n->op) {
    case IK_CONV2D:
        return (parts){PLAN_FORWARD, n->in[0], n->in[1], n->out};
    case IK_CONV2D_DX:
        return (parts){PLAN_DATA, n->out, n->in[1], n->in[0]};
    default:
        return (parts){PLAN_WEIGHTS, n->in[0], n->out, n->in[1]};
    }
}

static void describe(conv *v, const ik_node_desc *n) {
    parts t = parts_of(n);
    ik_precision precision = v->c->precision;
    const ik_attrs *a = n->attrs;
    int type = precision == IK_PRECISION_BF16 ? CUDA_BF16 : CUDA_F32;
    int groups = a->groups > 0 ? a->groups : 1;
    int64_t multiple = groups > 1                       ? 1
                       : precision == IK_PRECISION_BF16 ? 8
                       : precision == IK_PRECISION_TF32 ? 4
                                                        : 1;
    v->x = side_of(t.x, type, multiple);
    v->y = side_of(t.y, type, multiple);
    v->o = t.w->shape.d[0], v->i = t.w->shape.d[1], v->taps = t.w->shape.d[2] * t.w->shape.d[3];
    v->has_bias = n->n_in > 2;
    v->problem = (plan_problem){.kind = t.kind,
                                .n = t.x->shape.d[0],
                                .h = t.x->shape.d[1],
                                .w = t.x->shape.d[2],
                                .c = v->x.padded,
                                .p = t.y->shape.d[1],
                                .q = t.y->shape.d[2],
                                .k = v->y.padded,
                                .r = (int)t.w->shape.d[2],
                                .s = (int)t.w->shape.d[3],
                                .groups = groups,
                                .type = type,
                                .tf32 = precision == IK_PRECISION_TF32,
                                .bias = v->has_bias && t.kind == PLAN_FORWARD};
    for (int i = 0; i < 2; i++) {
        v->problem.stride[i] = a->stride[i] > 0 ? a->stride[i] : 1;
        v->problem.padding[i] = a->padding[i];
        v->problem.dilation[i] = a->dilation[i] > 0 ? a->dilation[i] : 1;
    }
    bool padded = v->x.padded != v->x.channels || v->y.padded != v->y.channels;
    v->turned = t.w->storage < CUDA_LAID_OUT && (type != CUDA_F32 || padded || v->taps > 1);
}

/* Where each operand that is brought over lies in the workspace, and cuDNN's scratch behind. */
static void lay_out(conv *v) {
    size_t bytes[4], at = 0;
    bool used[OPERANDS] = {v->x.staged, v->turned, v->y.staged, v->bias_staged};
    operand_bytes(&v->problem, bytes);
    for (int i = 0; i < OPERANDS; i++) {
        v->at[i] = at;
        if (used[i]) at += cuda_aligned(bytes[i]);
    }
    v->scratch = at;
    v->whole = at + (size_t)v->plan->workspace + 256;
}

static ik_status choose(conv *v, const ik_node_desc *n, ik_error *err) {
    ik_status status = IK_FAILED;
    if (v->problem.bias) status = cuda_plan(v->c, &v->problem, &v->plan, err);
    if (!status) {
        v->bias_staged = n->in[2]->storage < CUDA_LAID_OUT &&
                         (v->problem.type != CUDA_F32 || v->y.padded != v->y.channels);
    } else {
        v->problem.bias = false;
        status = cuda_plan(v->c, &v->problem, &v->plan, err);
        v->own_bias = v->has_bias;
        /* The result of a forward pass is y, of a data gradient x. */
        if (v->own_bias && v->problem.kind == PLAN_FORWARD) v->y.staged = true;
        if (v->own_bias && v->problem.kind == PLAN_DATA) v->x.staged = true;
    }
    if (!status) lay_out(v);
    return status;
}

static void release(ik_kernel *k) {
    free(k->state);
    k->state = NULL;
}

static ik_status prepare(cuda *c, ik_kernel *k, ik_error *err) {
    conv *v = calloc(1, sizeof *v);
    if (!v) return ik_errorf(err, IK_FAILED, "cuda: out of memory");
    v->c = c;
    describe(v, &k->node);
    ik_status status = choose(v, &k->node, err);
    if (status) {
        free(v);
        return status;
    }
    k->state = v;
    k->release = release;
    k->workspace_bytes = v->whole;
    return IK_OK;
}

int cuda_wanted(void *self, const ik_node_desc *n, int i) {
    conv v = {.c = self};
    ik_error ignored;
    if ((n->op != IK_CONV2D && n->op != IK_CONV2D_DX) || i < 1) return CUDA_F32;
    describe(&v, n);
    layout weights = {v.o,           v.i, v.taps, v.problem.k, v.problem.c / v.problem.groups,
                      v.problem.type};
    if (i == 1) return v.turned ? cuda_layout(self, &weights) : CUDA_F32;
    layout bias = {v.y.channels, 1, 1, v.y.padded, 1, v.problem.type};
    bool staged = !choose(&v, n, &ignored) && v.bias_staged;
    return staged ? cuda_layout(self, &bias) : CUDA_F32;
}

/* --- Running. */

/* A picture on its way in, or on its way out with `bias`. */
static ik_status bring(const conv *v, const side *s, cudaStream_t stream, const void *from,
                       void *to, ik_error *err) {
    return cuda_convert(stream, s->rows, s->storage, from, s->channels, v->problem.type, to,
                        s->padded, NULL, err);
}
static ik_status take(const conv *v, const side *s, cudaStream_t stream, const void *from, void *to,
                      const float *bias, ik_error *err) {
    return cuda_convert(stream, s->rows, v->problem.type, from, s->padded, s->storage, to,
                        s->channels, bias, err);
}

static ik_status bring_weights(const conv *v, cudaStream_t stream, const float *w, void *to,
                               ik_error *err) {
    const plan_problem *p = &v->problem;
    return cuda_pack_weights(stream, w, v->o, v->i, v->taps, p->type, to, p->k, p->c / p->groups,
                             err);
}

static ik_status bring_bias(const conv *v, cudaStream_t stream, const void *bias, void *to,
                            ik_error *err) {
    return cuda_convert(stream, 1, CUDA_F32, bias, v->y.channels, v->problem.type, to, v->y.padded,
                        NULL, err);
}

static ik_status launch(ik_kernel *k, cudaStream_t stream, const ik_step *step, ik_error *err) {
    (void)step;
    const conv *v = k->state;
    plan_kind kind = v->problem.kind;
    char *base = cuda_aligned_pointer(k->workspace);
    void *x = kind == PLAN_DATA ? k->out : k->in[0], *w = kind == PLAN_WEIGHTS ? k->out : k->in[1],
         *y = kind == PLAN_FORWARD ? k->out : k->in[kind == PLAN_DATA ? 0 : 1];
    const float *own_bias = v->own_bias ? k->in[2] : NULL;
    void *bias = v->problem.bias ? k->in[2] : NULL, *from_x = x, *from_w = w, *from_y = y;
    ik_status status = IK_OK;
    if (v->x.staged) x = base + v->at[OP_X];
    if (v->y.staged) y = base + v->at[OP_Y];
    if (v->turned) w = base + v->at[OP_W];
    if (v->x.staged && kind != PLAN_DATA) status = bring(v, &v->x, stream, from_x, x, err);
    if (!status && v->y.staged && kind != PLAN_FORWARD)
        status = bring(v, &v->y, stream, from_y, y, err);
    if (!status && v->turned && kind != PLAN_WEIGHTS)
        status = bring_weights(v, stream, from_w, w, err);
    if (!status && bias && v->bias_staged) {
        bias = base + v->at[OP_BIAS];
        status = bring_bias(v, stream, k->in[2], bias, err);
    }
    if (!status)
        status = plan_run(v->plan, v->c->target.handle, x, w, y, bias, base + v->scratch, err);
    if (status) return status;
    if (kind == PLAN_DATA && v->x.staged) return take(v, &v->x, stream, x, from_x, own_bias, err);
    if (kind == PLAN_FORWARD && v->y.staged)
        return take(v, &v->y, stream, y, from_y, own_bias, err);
    if (kind == PLAN_WEIGHTS && v->turned)
        return cuda_unpack_weights(stream, v->problem.type, w, v->problem.c / v->problem.groups,
                                   from_w, v->o, v->i, v->taps, err);
    return IK_OK;
}

const cuda_row cuda_conv_ops[] = {
    /* Weights and biases are f32, and so are weight gradients. */
    {IK_CONV2D, {.launch = launch, .prepare = prepare, .plain = 1u << 1 | 1u << 2}},
    {IK_CONV2D_DX, {.launch = launch, .prepare = prepare, .plain = 1u << 1 | 1u << 2}},
    {IK_CONV2D_DW, {.launch = launch, .prepare = prepare, .plain = 1u << IK_MAX_INPUTS}},
    {IK_OP_COUNT, {0}},
};
