/* Convolutions, their data and weight gradients, by cuDNN's plans.
 *
 * cuDNN wants its operands in one type, channels last, weights as [k,r,s,c], and tensor cores want
 * channels in eights (bf16) or fours (tf32). What does not come so is brought so in the workspace:
 * weights, being f32 and [k,c,r,s], unless they are fixed and were laid out once; pictures where
 * their type differs or where channels are padded, which is done whenever they do not come in
 * eights or fours and groups do not forbid it: a pass over a tensor of few channels costs less than
 * leaving the tensor cores. Bias, residual and activation are the plan's where there is an engine
 * for them; what is left over is done in one pass that brings the result. */
#include "instance.h"

#include <stdlib.h>

/* --- Plans. */

enum { CANDIDATES = 16, TIMED_RUNS = 3 };

enum { OP_X, OP_W, OP_Y, OP_BIAS, OP_RESIDUAL, OPERANDS };

/* What the operands of a problem take. */
static void operand_bytes(const plan_problem *p, size_t bytes[OPERANDS]) {
    size_t each = p->type == CUDA_BF16 ? 2 : 4;
    bytes[0] = each * (size_t)(p->n * p->h * p->w * p->c);
    bytes[1] = each * (size_t)(p->k * p->r * p->s * (p->c / p->groups));
    bytes[2] = each * (size_t)(p->n * p->p * p->q * p->k);
    bytes[3] = each * (size_t)p->k;
    bytes[4] = p->residual ? bytes[2] : 0;
}

/* The shortest of a few runs in milliseconds; negative where the plan does not run. Before each
 * as much behind the workspace as the cache holds is written, so that nothing is in the cache: in a
 * step the weights of other layers have been read since. */
static float timed(cuda *c, const plan *p, const plan_operands *o, char *workspace, size_t scratch,
                   cudaEvent_t begin, cudaEvent_t end) {
    float best = -1, took;
    ik_error ignored;
    for (int i = 0; i <= TIMED_RUNS; i++) { /* the first is not counted */
        if (cudaMemsetAsync(workspace + scratch, 0, c->cache_bytes, c->stream) ||
            cudaEventRecord(begin, c->stream) ||
            plan_run(p, c->target.handle, o, workspace, &ignored) ||
            cudaEventRecord(end, c->stream) || cudaEventSynchronize(end) ||
            cudaEventElapsedTime(&took, begin, end))
            return -1;
        if (i && (best < 0 || took < best)) best = took;
    }
    return best;
}

/* Which candidate is fastest on this device; the first where that cannot be found out. */
static int fastest(cuda *c, const plan_problem *p, const plan *candidates, int n) {
    size_t bytes[OPERANDS], all = 0, scratch = 0;
    operand_bytes(p, bytes);
    for (int i = 0; i < OPERANDS; i++) all += cuda_aligned(bytes[i]);
    for (int i = 0; i < n; i++)
        if ((size_t)candidates[i].workspace > scratch) scratch = (size_t)candidates[i].workspace;
    scratch = cuda_aligned(scratch) + 256;
    char *memory = NULL;
    cudaEvent_t begin = NULL, end = NULL;
    int best = 0;
    float shortest = -1;
    if (!cudaMalloc((void **)&memory, all + scratch + c->cache_bytes) &&
        !cudaMemsetAsync(memory, 0, all, c->stream) && !cudaEventCreate(&begin) &&
        !cudaEventCreate(&end)) {
        char *at[OPERANDS + 1] = {memory};
        for (int i = 0; i < OPERANDS; i++) at[i + 1] = at[i] + cuda_aligned(bytes[i]);
        plan_operands o = {at[OP_X], at[OP_W], at[OP_Y], p->bias ? at[OP_BIAS] : NULL,
                           p->residual ? at[OP_RESIDUAL] : NULL};
        for (int i = 0; i < n; i++) {
            float took = timed(c, &candidates[i], &o, at[OPERANDS], scratch, begin, end);
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
    shared_plan *s = c->plans;
    while (s && strcmp(s->problem, text) != 0) s = s->next;
    if (!s) {
        s = calloc(1, sizeof *s);
        if (!s) return ik_errorf(err, IK_FAILED, "cuda: out of memory");
        strcpy(s->problem, text);
        s->next = c->plans;
        c->plans = s;
        s->status = find_plan(c, p, text, &s->plan, &s->why);
    }
    if (s->status) *err = s->why;
    *out = &s->plan;
    return s->status;
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

typedef struct conv {
    cuda *c;
    const plan *plan;
    plan_problem problem;
    side x, y;
    int64_t o, i, taps;                  /* of the weights, i per group */
    bool turned;                         /* the weights are brought over */
    int bias, residual;                  /* which inputs; 0: none */
    float slope;                         /* of the activation; 1: none */
    bool own_bias, own_residual;         /* not by the plan */
    int bias_type;                       /* as it is stored */
    float own_slope;                     /* 1: by the plan, or none */
    bool bias_staged;                    /* another type, padded, or zeros that the plan adds */
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
    case IK_CONV2D_ACT:
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
    v->bias = ik_conv_bias(n);
    v->residual = ik_conv_residual(n);
    v->slope = n->op == IK_CONV2D_ACT ? (float)a->slope : 1;
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
                                .tf32 = precision == IK_PRECISION_TF32};
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
    size_t bytes[OPERANDS], at = 0;
    bool used[OPERANDS] = {v->x.staged, v->turned, v->y.staged, v->bias_staged, false};
    operand_bytes(&v->problem, bytes);
    for (int i = 0; i < OPERANDS; i++) {
        v->at[i] = at;
        if (used[i]) at += cuda_aligned(bytes[i]);
    }
    v->scratch = at;
    v->whole = at + (size_t)v->plan->workspace + 256;
}

/* How much of what follows a convolution its plan does. */
typedef enum share { ALL, SUMS, ONLY_BIAS, NOTHING } share;

/* A residual is the plan's if it lies as the result does, and no pass is due in any case; an
 * activation if all that comes before it is. Engines for either want a bias, be it zeros. */
static void take_share(conv *v, const ik_node_desc *n, share by_plan) {
    plan_problem *p = &v->problem;
    const ik_tensor *residual = v->residual ? n->in[v->residual] : NULL;
    p->residual = residual && by_plan <= SUMS && !v->y.staged && residual->storage == p->type &&
                  lies_well(residual, p->type);
    p->activated = v->slope != 1 && by_plan == ALL && p->residual == (residual != NULL);
    p->slope = p->activated ? v->slope : 1;
    p->bias =
        p->kind == PLAN_FORWARD && (p->residual || p->activated || (v->bias && by_plan != NOTHING));
}

/* The largest share that there is an engine for. */
static ik_status choose(conv *v, const ik_node_desc *n, ik_error *err) {
    plan_problem *p = &v->problem;
    ik_status status = IK_FAILED;
    for (int by_plan = ALL; by_plan <= NOTHING && status; by_plan++) {
        take_share(v, n, (share)by_plan);
        status = cuda_plan(v->c, p, &v->plan, err);
    }
    if (status) return status;
    v->own_bias = v->bias && !p->bias;
    v->bias_type = v->bias ? n->in[v->bias]->storage : CUDA_F32;
    if (v->bias_type >= CUDA_LAID_OUT) v->bias_type = p->type;
    v->own_residual = v->residual && !p->residual;
    v->own_slope = p->activated ? 1 : v->slope;
    bool pass = v->own_bias || v->own_residual || v->own_slope != 1;
    side *result = p->kind == PLAN_FORWARD ? &v->y : &v->x;
    result->staged = result->staged || pass;
    v->bias_staged =
        p->bias &&
        (!v->bias || (n->in[v->bias]->storage < CUDA_LAID_OUT &&
                      (n->in[v->bias]->storage != p->type || v->y.padded != v->y.channels)));
    lay_out(v);
    return IK_OK;
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
    if ((n->op != IK_CONV2D && n->op != IK_CONV2D_DX && n->op != IK_CONV2D_ACT) || i < 1)
        return CUDA_F32;
    describe(&v, n);
    layout weights = {v.o,           v.i, v.taps, v.problem.k, v.problem.c / v.problem.groups,
                      v.problem.type};
    if (i == 1) return v.turned ? cuda_layout(self, &weights) : CUDA_F32;
    layout bias = {v.y.channels, 1, 1, v.y.padded, 1, v.problem.type};
    bool staged = v.problem.type != CUDA_F32 || v.y.padded != v.y.channels;
    bool added = i == v.bias && v.problem.kind == PLAN_FORWARD; /* by the plan, mostly */
    return added && staged ? cuda_layout(self, &bias) : CUDA_F32;
}

/* --- Running. */

/* A picture on its way in, or on its way out with what the plan has left over. */
static ik_status bring(const conv *v, const side *s, cudaStream_t stream, const void *from,
                       void *to, ik_error *err) {
    return cuda_convert(stream, s->rows, s->storage, from, s->channels, v->problem.type, to,
                        s->padded, NULL, err);
}
static ik_status take(const conv *v, const side *s, cudaStream_t stream, const void *from, void *to,
                      const cuda_finish *finish, ik_error *err) {
    return cuda_convert(stream, s->rows, v->problem.type, from, s->padded, s->storage, to,
                        s->channels, finish, err);
}

static ik_status bring_weights(const conv *v, cudaStream_t stream, const float *w, void *to,
                               ik_error *err) {
    const plan_problem *p = &v->problem;
    return cuda_pack_weights(stream, w, v->o, v->i, v->taps, p->type, to, p->k, p->c / p->groups,
                             err);
}

/* Of no bias zeros are made: none of its elements is taken. */
static ik_status bring_bias(const conv *v, cudaStream_t stream, const ik_kernel *k, void *to,
                            ik_error *err) {
    return cuda_convert(stream, 1, v->bias_type, k->in[v->bias], v->bias ? v->y.channels : 0,
                        v->problem.type, to, v->y.padded, NULL, err);
}

/* As the plans were told. */
static bool aligned(const plan_operands *o) {
    uintptr_t all = (uintptr_t)o->x | (uintptr_t)o->w | (uintptr_t)o->y | (uintptr_t)o->bias |
                    (uintptr_t)o->residual;
    return all % 16 == 0;
}

static ik_status launch(ik_kernel *k, cudaStream_t stream, const ik_step *step, ik_error *err) {
    (void)step;
    const conv *v = k->state;
    plan_kind kind = v->problem.kind;
    char *base = cuda_aligned_pointer(k->workspace);
    plan_operands o = {.x = kind == PLAN_DATA ? k->out : k->in[0],
                       .w = kind == PLAN_WEIGHTS ? k->out : k->in[1],
                       .y = kind == PLAN_FORWARD ? k->out : k->in[kind == PLAN_DATA ? 0 : 1],
                       .residual = v->problem.residual ? k->in[v->residual] : NULL};
    const plan_operands from = o;
    void *bias = v->bias_staged ? base + v->at[OP_BIAS] : v->bias ? k->in[v->bias] : NULL;
    cuda_finish finish = {.bias = v->own_bias ? bias : NULL,
                          .bias_type = v->bias_type,
                          .residual = v->own_residual ? k->in[v->residual] : NULL,
                          .residual_type = k->node.in[v->residual]->storage,
                          .slope = v->own_slope};
    ik_status status = IK_OK;
    if (v->x.staged) o.x = base + v->at[OP_X];
    if (v->y.staged) o.y = base + v->at[OP_Y];
    if (v->turned) o.w = base + v->at[OP_W];
    if (v->problem.bias) o.bias = bias;
    if (v->x.staged && kind != PLAN_DATA) status = bring(v, &v->x, stream, from.x, o.x, err);
    if (!status && v->y.staged && kind != PLAN_FORWARD)
        status = bring(v, &v->y, stream, from.y, o.y, err);
    if (!status && v->turned && kind != PLAN_WEIGHTS)
        status = bring_weights(v, stream, from.w, o.w, err);
    if (!status && v->bias_staged) status = bring_bias(v, stream, k, bias, err);
    if (!status && !aligned(&o))
        status = ik_errorf(err, IK_FAILED,
                           "cuda: an operand of a convolution does not lie on 16 bytes; give the "
                           "view that it is a size of its own by an op");
    if (!status) status = plan_run(v->plan, v->c->target.handle, &o, base + v->scratch, err);
    if (status) return status;
    if (kind == PLAN_DATA && v->x.staged) return take(v, &v->x, stream, o.x, from.x, &finish, err);
    if (kind == PLAN_FORWARD && v->y.staged)
        return take(v, &v->y, stream, o.y, from.y, &finish, err);
    if (kind == PLAN_WEIGHTS && v->turned)
        return cuda_unpack_weights(stream, v->problem.type, o.w, v->problem.c / v->problem.groups,
                                   from.w, v->o, v->i, v->taps, err);
    return IK_OK;
}

const cuda_row cuda_conv_ops[] = {
    /* Weights are f32, and so are weight gradients. */
    {IK_CONV2D, {.launch = launch, .prepare = prepare, .plain = 1u << 1}},
    {IK_CONV2D_DX, {.launch = launch, .prepare = prepare, .plain = 1u << 1}},
    {IK_CONV2D_DW, {.launch = launch, .prepare = prepare, .plain = 1u << IK_MAX_INPUTS}},
    {IK_CONV2D_ACT, {.launch = launch, .prepare = prepare, .plain = 1u << 1}},
    {IK_OP_COUNT, {0}},
};
