/* Convolutions and matrix products by oneDNN.
 *
 * `prepare` makes the primitives and memory objects; a run binds pointers and executes. Activations
 * are nhwc. Weights lie as OIHW in storage and are reordered into whatever oneDNN likes best (or
 * out of it, for their gradient): in the workspace, or once by a node of their own where they do
 * not change. oneDNN's scratchpad lies in the workspace too. */
#include <omp.h>
#include <stdlib.h>

#include "cpu.h"

enum { FROM_OUT = -1, FROM_WORKSPACE = -2, SLOTS = 10 };

typedef struct slot {
    dnnl_memory_t memory;
    int from; /* the number of an input, or one of the above */
    size_t offset;
    void *bound;
} slot;

typedef struct stage {
    dnnl_primitive_t primitive;
    int n;
    dnnl_exec_arg_t args[7];
} stage;

typedef struct program {
    cpu c; /* first: cpu_of() works on these kernels too */
    int slots, stages;
    slot slot[SLOTS];
    stage stage[2];
    int bias, residual; /* the input added to the result by a loop of ours; 0: none */
} program;

typedef struct convolution {
    onednn_conv of;
    onednn_md w_plain;
    bool adds, activates; /* what the primitive does to each result before it is written */
} convolution;

#define TRY(call)                                                                                  \
    do {                                                                                           \
        dnnl_status_t status_ = (call);                                                            \
        if (status_ != dnnl_success) return status_;                                               \
    } while (0)

/* --- Building blocks. */

static dnnl_status_t add_slot(program *p, onednn_const_md md, int from, size_t offset,
                              dnnl_memory_t *memory) {
    TRY(dnnl_memory_create(memory, md, p->c.engine, DNNL_MEMORY_NONE));
    p->slot[p->slots++] = (slot){.memory = *memory, .from = from, .offset = offset};
    return dnnl_success;
}

static size_t reserve(ik_kernel *k, onednn_const_md md) {
    size_t at = k->workspace_bytes;
    k->workspace_bytes = (at + dnnl_memory_desc_get_size(md) + 63) / 64 * 64;
    return at;
}

static void add_arg(stage *s, int arg, dnnl_memory_t memory) {
    s->args[s->n++] = (dnnl_exec_arg_t){arg, memory};
}

/* Makes a stage of `pd`, with its scratchpad. */
static dnnl_status_t add_stage(program *p, ik_kernel *k, dnnl_primitive_desc_t pd, stage **out) {
    stage *s = &p->stage[p->stages];
    dnnl_status_t status = dnnl_primitive_create(&s->primitive, pd);
    onednn_const_md md =
        status == dnnl_success
            ? dnnl_primitive_desc_query_md(pd, dnnl_query_exec_arg_md, DNNL_ARG_SCRATCHPAD)
            : NULL;
    if (md && dnnl_memory_desc_get_size(md)) {
        dnnl_memory_t memory;
        status = add_slot(p, md, FROM_WORKSPACE, reserve(k, md), &memory);
        if (status == dnnl_success) add_arg(s, DNNL_ARG_SCRATCHPAD, memory);
    }
    if (s->primitive) p->stages++;
    *out = s;
    return status;
}

static dnnl_status_t make_attr(dnnl_primitive_attr_t *attr) {
    TRY(dnnl_primitive_attr_create(attr));
    return dnnl_primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user);
}

static dnnl_status_t add_reorder(program *p, ik_kernel *k, onednn_const_md from,
                                 dnnl_memory_t from_memory, onednn_const_md to,
                                 dnnl_memory_t to_memory) {
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    stage *s;
    dnnl_status_t status = make_attr(&attr);
    if (status == dnnl_success)
        status = dnnl_reorder_primitive_desc_create(&pd, from, p->c.engine, to, p->c.engine, attr);
    if (attr) dnnl_primitive_attr_destroy(attr);
    if (status != dnnl_success) return status;
    status = add_stage(p, k, pd, &s);
    dnnl_primitive_desc_destroy(pd);
    if (status != dnnl_success) return status;
    add_arg(s, DNNL_ARG_FROM, from_memory);
    add_arg(s, DNNL_ARG_TO, to_memory);
    return dnnl_success;
}

/* The memory of the weights as `pd` wants them, read from input 1 by a stage before it if need be.
 */
static dnnl_status_t weights_in(program *p, ik_kernel *k, const convolution *v,
                                onednn_const_md wanted, dnnl_memory_t *memory) {
    onednn_const_md laid_out = cpu_layout_of(&p->c, k->node.in[1]);
    if (dnnl_memory_desc_equal(wanted, laid_out ? laid_out : v->w_plain))
        return add_slot(p, wanted, 1, 0, memory);
    if (laid_out) return dnnl_invalid_arguments;
    dnnl_memory_t plain;
    TRY(add_slot(p, v->w_plain, 1, 0, &plain));
    TRY(add_slot(p, wanted, FROM_WORKSPACE, reserve(k, wanted), memory));
    return add_reorder(p, k, v->w_plain, plain, wanted, *memory);
}

/* --- Convolutions. */

static bool is_forward(ik_opcode op) {
    return op == IK_CONV2D || op == IK_CONV2D_ACT;
}

static dnnl_status_t image_md(onednn_md *md, const ik_tensor *t) {
    const int64_t *d = t->shape.d;
    dnnl_dims_t dims = {d[0], d[3], d[1], d[2]};
    return onednn_md_create(md, 4, dims, dnnl_nhwc);
}

static dnnl_status_t weights_md(convolution *v, const ik_tensor *t, int64_t groups) {
    const int64_t *d = t->shape.d;
    dnnl_dims_t plain = {d[0], d[1], d[2], d[3]};
    dnnl_dims_t grouped = {groups, d[0] / groups, d[1], d[2], d[3]};
    const int rank = groups > 1 ? 5 : 4;
    const int64_t *dims = groups > 1 ? grouped : plain;
    TRY(onednn_md_create(&v->of.w, rank, dims, dnnl_format_tag_any));
    return onednn_md_create(&v->w_plain, rank, dims, groups > 1 ? dnnl_goihw : dnnl_oihw);
}

/* release_conv() takes back what it made, in any case. */
static dnnl_status_t describe(convolution *v, const ik_attrs *a, const ik_tensor *x,
                              const ik_tensor *w, const ik_tensor *bias, const ik_tensor *y) {
    onednn_conv *c = &v->of;
    TRY(image_md(&c->x, x));
    TRY(image_md(&c->y, y));
    TRY(weights_md(v, w, a->groups > 1 ? a->groups : 1));
    if (bias) {
        dnnl_dims_t dims = {ik_count(bias->shape)};
        TRY(onednn_md_create(&c->bias, 1, dims, dnnl_x));
    }
    for (int i = 0; i < 2; i++) {
        c->stride[i] = a->stride[i] > 0 ? a->stride[i] : 1;
        c->dilation[i] = a->dilation[i] > 0 ? a->dilation[i] - 1 : 0;
        c->before[i] = c->after[i] = a->padding[i];
    }
    return dnnl_success;
}

static void release_conv(convolution *v) {
    const onednn_md made[] = {v->of.x, v->of.w, v->of.bias, v->of.y, v->w_plain};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) onednn_md_free(made[i]);
}

static dnnl_status_t conv_pd(ik_opcode op, const convolution *v, dnnl_primitive_attr_t attr,
                             dnnl_engine_t engine, dnnl_primitive_desc_t *pd) {
    if (is_forward(op))
        return onednn_conv_forward(pd, &v->of, dnnl_forward_inference, dnnl_convolution_direct,
                                   attr, engine);
    return onednn_conv_backward(pd, &v->of, op == IK_CONV2D_DW, dnnl_convolution_direct, attr,
                                engine);
}

static onednn_const_md md_of(dnnl_primitive_desc_t pd, int arg) {
    return dnnl_primitive_desc_query_md(pd, dnnl_query_exec_arg_md, arg);
}

/* The gradient of the weights goes to the output, by a stage behind it if need be. */
static dnnl_status_t weights_out(program *p, ik_kernel *k, const convolution *v, stage *s,
                                 onednn_const_md given) {
    const bool direct = dnnl_memory_desc_equal(given, v->w_plain);
    dnnl_memory_t w, plain;
    TRY(add_slot(p, given, direct ? FROM_OUT : FROM_WORKSPACE, direct ? 0 : reserve(k, given), &w));
    add_arg(s, DNNL_ARG_DIFF_WEIGHTS, w);
    if (direct) return dnnl_success;
    TRY(add_slot(p, v->w_plain, FROM_OUT, 0, &plain));
    return add_reorder(p, k, given, w, v->w_plain, plain);
}

static dnnl_status_t build_conv(program *p, ik_kernel *k, const convolution *v,
                                dnnl_primitive_desc_t pd) {
    const ik_opcode op = k->node.op;
    const bool dw = op == IK_CONV2D_DW;
    stage *s;
    dnnl_memory_t w, x, y, bias, added;
    onednn_const_md weights = md_of(pd, dw ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS);
    if (!dw) TRY(weights_in(p, k, v, weights, &w));
    TRY(add_stage(p, k, pd, &s));
    TRY(add_slot(p, v->of.x, op == IK_CONV2D_DX ? FROM_OUT : 0, 0, &x));
    TRY(add_slot(p, v->of.y, is_forward(op) ? FROM_OUT : dw ? 1 : 0, 0, &y));
    add_arg(s, op == IK_CONV2D_DX ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, x);
    add_arg(s, is_forward(op) ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, y);
    if (dw) return weights_out(p, k, v, s, weights);
    add_arg(s, DNNL_ARG_WEIGHTS, w);
    if (v->of.bias) {
        TRY(add_slot(p, v->of.bias, 2, 0, &bias));
        add_arg(s, DNNL_ARG_BIAS, bias);
    }
    if (v->adds) {
        TRY(add_slot(p, v->of.y, ik_conv_residual(&k->node), 0, &added));
        add_arg(s, DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, added);
    }
    return dnnl_success;
}

/* The residual is added, and negative sums are multiplied by the slope. */
static dnnl_status_t add_post_ops(dnnl_primitive_attr_t attr, const convolution *v,
                                  const ik_node_desc *n) {
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t status = dnnl_post_ops_create(&ops);
    if (status == dnnl_success && v->adds)
        status = dnnl_post_ops_append_binary(ops, dnnl_binary_add, v->of.y);
    if (status == dnnl_success && v->activates)
        status = onednn_append_relu(ops, (float)n->attrs->slope);
    if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(attr, ops);
    if (ops) dnnl_post_ops_destroy(ops);
    return status;
}

static dnnl_status_t finished_pd(const ik_node_desc *n, const convolution *v, dnnl_engine_t engine,
                                 dnnl_primitive_desc_t *pd) {
    dnnl_primitive_attr_t attr = NULL;
    dnnl_status_t status = make_attr(&attr);
    if (status == dnnl_success && (v->adds || v->activates)) status = add_post_ops(attr, v, n);
    if (status == dnnl_success) status = conv_pd(n->op, v, attr, engine, pd);
    if (attr) dnnl_primitive_attr_destroy(attr);
    return status;
}

static bool same_implementation(dnnl_primitive_desc_t a, dnnl_primitive_desc_t b) {
    const char *names[2] = {"", ""};
    return dnnl_primitive_desc_query(a, dnnl_query_impl_info_str, 0, &names[0]) == dnnl_success &&
           dnnl_primitive_desc_query(b, dnnl_query_impl_info_str, 0, &names[1]) == dnnl_success &&
           !strcmp(names[0], names[1]);
}

/* Some of oneDNN's implementations, the fastest among them, add no residual. Where it would take
 * another for that, a loop of ours does what is left. release_conv(v) is due in any case. */
static dnnl_status_t choose_conv(dnnl_engine_t engine, const ik_node_desc *n, convolution *v,
                                 dnnl_primitive_desc_t *pd) {
    const ik_attrs *a = n->attrs;
    const int bias = ik_conv_bias(n);
    memset(v, 0, sizeof *v);
    if (is_forward(n->op))
        TRY(describe(v, a, n->in[0], n->in[1], bias ? n->in[bias] : NULL, n->out));
    else if (n->op == IK_CONV2D_DX)
        TRY(describe(v, a, n->out, n->in[1], NULL, n->in[0]));
    else
        TRY(describe(v, a, n->in[0], n->out, NULL, n->in[1]));
    v->adds = ik_conv_residual(n) != 0;
    v->activates = n->op == IK_CONV2D_ACT && a->slope != 1;
    dnnl_status_t status = finished_pd(n, v, engine, pd);
    if (!v->adds) return status;
    convolution alone = *v;
    dnnl_primitive_desc_t bare = NULL;
    alone.adds = alone.activates = false;
    if (finished_pd(n, &alone, engine, &bare) != dnnl_success) return status;
    const bool as_fast = status == dnnl_success && same_implementation(*pd, bare);
    dnnl_primitive_desc_destroy(as_fast ? bare : *pd);
    if (as_fast) return dnnl_success;
    *v = alone;
    *pd = bare;
    return dnnl_success;
}

static dnnl_status_t make_conv(program *p, ik_kernel *k) {
    convolution v;
    dnnl_primitive_desc_t pd = NULL;
    if (k->node.op == IK_CONV2D_DX) p->bias = ik_conv_bias(&k->node);
    dnnl_status_t status = choose_conv(p->c.engine, &k->node, &v, &pd);
    if (status == dnnl_success) {
        if (!v.adds) p->residual = ik_conv_residual(&k->node);
        status = build_conv(p, k, &v, pd);
        dnnl_primitive_desc_destroy(pd);
    }
    release_conv(&v);
    return status;
}

int cpu_wanted(void *self, const ik_node_desc *n, int input) {
    cpu *c = self;
    convolution v;
    dnnl_primitive_desc_t pd = NULL;
    int layout = 0;
    if (input != 1 || (!is_forward(n->op) && n->op != IK_CONV2D_DX)) return 0;
    omp_set_num_threads(c->threads);
    if (choose_conv(c->engine, n, &v, &pd) == dnnl_success) {
        onednn_const_md wanted = md_of(pd, DNNL_ARG_WEIGHTS);
        if (!dnnl_memory_desc_equal(wanted, v.w_plain)) layout = cpu_layout(c, wanted);
        dnnl_primitive_desc_destroy(pd);
    }
    release_conv(&v);
    return layout;
}

static dnnl_status_t make_relayout(program *p, ik_kernel *k) {
    onednn_const_md to = cpu_layout_of(&p->c, k->node.out);
    const int rank = onednn_md_rank(to);
    onednn_md from;
    dnnl_memory_t plain, laid_out;
    TRY(onednn_md_create(&from, rank, onednn_md_dims(to), rank == 5 ? dnnl_goihw : dnnl_oihw));
    dnnl_status_t status = add_slot(p, from, 0, 0, &plain);
    if (status == dnnl_success) status = add_slot(p, to, FROM_OUT, 0, &laid_out);
    if (status == dnnl_success) status = add_reorder(p, k, from, plain, to, laid_out);
    onednn_md_free(from);
    return status;
}

/* --- Matrix products. */

typedef struct product {
    onednn_md a, b, c;
} product;

static dnnl_status_t matrix_md(onednn_md *md, const ik_tensor *t, bool transposed) {
    const int64_t *d = t->shape.d + t->shape.rank - 2;
    dnnl_dims_t dims = {d[transposed], d[!transposed]};
    if (t->shape.rank == 2) return onednn_md_create(md, 2, dims, transposed ? dnnl_ba : dnnl_ab);
    dnnl_dims_t many = {t->shape.d[0], dims[0], dims[1]};
    return onednn_md_create(md, 3, many, transposed ? dnnl_acb : dnnl_abc);
}

static dnnl_status_t describe_product(product *m, const ik_node_desc *n) {
    TRY(matrix_md(&m->a, n->in[0], n->attrs->transpose_a));
    TRY(matrix_md(&m->b, n->in[1], n->attrs->transpose_b));
    return matrix_md(&m->c, n->out, false);
}

static dnnl_status_t build_product(program *p, ik_kernel *k, const product *m) {
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_status_t status = make_attr(&attr);
    if (status == dnnl_success) status = onednn_matmul(&pd, m->a, m->b, m->c, attr, p->c.engine);
    if (attr) dnnl_primitive_attr_destroy(attr);
    if (status != dnnl_success) return status;
    stage *s;
    dnnl_memory_t ma, mb, mc;
    status = add_stage(p, k, pd, &s);
    dnnl_primitive_desc_destroy(pd);
    if (status != dnnl_success) return status;
    TRY(add_slot(p, m->a, 0, 0, &ma));
    TRY(add_slot(p, m->b, 1, 0, &mb));
    TRY(add_slot(p, m->c, FROM_OUT, 0, &mc));
    add_arg(s, DNNL_ARG_SRC, ma);
    add_arg(s, DNNL_ARG_WEIGHTS, mb);
    add_arg(s, DNNL_ARG_DST, mc);
    return dnnl_success;
}

static dnnl_status_t make_matmul(program *p, ik_kernel *k) {
    product m = {0};
    dnnl_status_t status = describe_product(&m, &k->node);
    if (status == dnnl_success) status = build_product(p, k, &m);
    const onednn_md made[] = {m.a, m.b, m.c};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) onednn_md_free(made[i]);
    return status;
}

/* --- Running. */

/* Unit: pixel. */
HOT static void bias_range(const ik_kernel *k, int64_t from, int64_t to) {
    const int64_t channels = cpu_channels(k->node.out);
    const float *restrict bias = k->in[2];
    float *restrict out = k->out;
    for (int64_t p = from; p < to; p++)
        for (int64_t c = 0; c < channels; c++) out[p * channels + c] += bias[c];
}

/* Unit: element. */
HOT static void residual_range(const ik_kernel *k, int64_t from, int64_t to) {
    const float *restrict residual = k->in[ik_conv_residual(&k->node)];
    float *restrict out = k->out;
    const float slope = (float)k->node.attrs->slope;
    for (int64_t i = from; i < to; i++) {
        const float sum = out[i] + residual[i];
        out[i] = sum > 0 ? sum : slope * sum;
    }
}

static ik_status failure(const ik_kernel *k, const char *what, dnnl_status_t status,
                         ik_error *err) {
    const char *op = k->node.op == IK_MATMUL      ? "matmul"
                     : k->node.op == IK_RELAYOUT  ? "relayout"
                     : k->node.op == IK_CONV2D    ? "conv2d"
                     : k->node.op == IK_CONV2D_DX ? "conv2d_dx"
                     : k->node.op == IK_CONV2D_DW ? "conv2d_dw"
                                                  : "conv2d_act";
    const char *why = status == dnnl_out_of_memory       ? "out of memory"
                      : status == dnnl_unimplemented     ? "not implemented for these sizes"
                      : status == dnnl_invalid_arguments ? "invalid sizes or attributes"
                                                         : "an internal error";
    return ik_errorf(err, IK_FAILED, "cpu: %s: oneDNN cannot %s it: %s (status %d)", op, what, why,
                     (int)status);
}

static ik_status program_run(ik_kernel *k, const ik_step *step, ik_error *err) {
    (void)step;
    program *p = k->state;
    for (int i = 0; i < p->slots; i++) {
        slot *s = &p->slot[i];
        char *base = s->from == FROM_OUT         ? k->out
                     : s->from == FROM_WORKSPACE ? k->workspace
                                                 : k->in[s->from];
        if (s->bound == base + s->offset) continue;
        dnnl_status_t status = dnnl_memory_set_data_handle(s->memory, base + s->offset);
        if (status != dnnl_success) return failure(k, "bind", status, err);
        s->bound = base + s->offset;
    }
    for (int i = 0; i < p->stages; i++) {
        stage *s = &p->stage[i];
        dnnl_status_t status = dnnl_primitive_execute(s->primitive, p->c.stream, s->n, s->args);
        if (status != dnnl_success) return failure(k, "run", status, err);
    }
    if (p->bias) cpu_split(k, cpu_pixels(&k->node), cpu_elements(&k->node), bias_range);
    if (p->residual) cpu_split(k, cpu_elements(&k->node), cpu_elements(&k->node), residual_range);
    return IK_OK;
}

static void program_release(ik_kernel *k) {
    program *p = k->state;
    for (int i = 0; i < p->stages; i++) dnnl_primitive_destroy(p->stage[i].primitive);
    for (int i = 0; i < p->slots; i++) dnnl_memory_destroy(p->slot[i].memory);
    free(p);
    k->state = NULL;
}

static ik_status program_prepare(cpu *c, ik_kernel *k, ik_error *err) {
    program *p = calloc(1, sizeof *p);
    if (!p) return ik_errorf(err, IK_FAILED, "cpu: out of memory while preparing a kernel");
    p->c = *c;
    k->state = p;
    k->run = program_run;
    k->release = program_release;
    dnnl_status_t status = k->node.op == IK_MATMUL     ? make_matmul(p, k)
                           : k->node.op == IK_RELAYOUT ? make_relayout(p, k)
                                                       : make_conv(p, k);
    if (status == dnnl_success) return IK_OK;
    program_release(k);
    k->release = NULL;
    return failure(k, "prepare", status, err);
}

const cpu_op cpu_dnnl_ops[IK_OP_COUNT] = {
    [IK_MATMUL] = {.prepare = program_prepare},    [IK_CONV2D] = {.prepare = program_prepare},
    [IK_CONV2D_DX] = {.prepare = program_prepare}, [IK_CONV2D_DW] = {.prepare = program_prepare},
    [IK_RELAYOUT] = {.prepare = program_prepare},  [IK_CONV2D_ACT] = {.prepare = program_prepare},
};
