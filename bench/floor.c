#include "floor.h"

#include "base/clock.h"

#include "onednn_versions.h"

enum { ARGS = 4, MOST_SHAPES = 2048, FEWEST = 3, MOST_RUNS = 20 };
static const double enough = 0.05; /* seconds spent on one candidate */
#define NEVER 1e9                  /* seconds of what cannot be run */

/* What distinguishes one convolution or product from another; of one type, so that it can be
 * compared by its bytes. */
typedef struct shape_of {
    int64_t op, bias, groups, x[4], w[4], y[4];
    int64_t stride[2], padding[2], dilation[2], transposed[2];
} shape_of;

static struct timed {
    shape_of shape;
    double seconds;
    bool winograd; /* was one of the candidates */
} known[MOST_SHAPES];
static int n_known;

static dnnl_engine_t engine;
static dnnl_stream_t stream;

static bool open_engine(void) {
    return engine ||
           (dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success &&
            dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) == dnnl_success);
}

/* --- Timing one primitive. */

static bool add_memory(dnnl_primitive_desc_t pd, int arg, dnnl_exec_arg_t *args, int *n) {
    onednn_const_md md = dnnl_primitive_desc_query_md(pd, dnnl_query_exec_arg_md, arg);
    size_t bytes = md ? dnnl_memory_desc_get_size(md) : 0;
    if (!bytes) return true;
    dnnl_memory_t memory;
    void *data;
    if (dnnl_memory_create(&memory, md, engine, DNNL_MEMORY_ALLOCATE) != dnnl_success) return false;
    args[(*n)++] = (dnnl_exec_arg_t){arg, memory};
    /* Pages that were never written would all be one page of zeros, and fit into any cache. */
    if (dnnl_memory_get_data_handle(memory, &data) == dnnl_success)
        for (size_t i = 0; i < bytes / sizeof(float); i++) ((float *)data)[i] = 0.01f;
    return true;
}

static double least_time(dnnl_primitive_t p, int n, const dnnl_exec_arg_t *args) {
    double least = NEVER, spent = 0;
    for (int i = 0; i <= MOST_RUNS && (i <= FEWEST || spent < enough); i++) {
        double began = ik__now();
        if (dnnl_primitive_execute(p, stream, n, args) != dnnl_success) return NEVER;
        dnnl_stream_wait(stream);
        double took = ik__now() - began;
        if (i == 0) continue; /* the first run is for warming up */
        spent += took;
        if (took < least) least = took;
    }
    return least;
}

/* Consumes pd. */
static double time_primitive(dnnl_primitive_desc_t pd, const int *names) {
    dnnl_exec_arg_t args[ARGS];
    int n = 0;
    bool ok = true;
    double seconds = NEVER;
    dnnl_primitive_t primitive = NULL;
    if (dnnl_primitive_create(&primitive, pd) == dnnl_success) {
        for (int i = 0; i < ARGS && names[i] && ok; i++) ok = add_memory(pd, names[i], args, &n);
        if (ok) seconds = least_time(primitive, n, args);
    }
    for (int i = 0; i < n; i++) dnnl_memory_destroy(args[i].memory);
    if (primitive) dnnl_primitive_destroy(primitive);
    dnnl_primitive_desc_destroy(pd);
    return seconds;
}

/* --- Convolutions. */

static void release(onednn_conv *c) {
    onednn_md_free(c->x), onednn_md_free(c->w), onednn_md_free(c->bias), onednn_md_free(c->y);
}

static bool describe(onednn_conv *c, const shape_of *s, dnnl_format_tag_t layout) {
    dnnl_dims_t x = {s->x[0], s->x[3], s->x[1], s->x[2]}, y = {s->y[0], s->y[3], s->y[1], s->y[2]};
    dnnl_dims_t w = {s->w[0], s->w[1], s->w[2], s->w[3]}, channels = {s->y[3]};
    dnnl_dims_t grouped = {s->groups, s->w[0] / s->groups, s->w[1], s->w[2], s->w[3]};
    for (int i = 0; i < 2; i++) {
        c->stride[i] = s->stride[i];
        c->dilation[i] = s->dilation[i] - 1;
        c->before[i] = c->after[i] = s->padding[i];
    }
    return onednn_md_create(&c->x, 4, x, layout) == dnnl_success &&
           onednn_md_create(&c->y, 4, y, layout) == dnnl_success &&
           onednn_md_create(&c->w, s->groups > 1 ? 5 : 4, s->groups > 1 ? grouped : w,
                            dnnl_format_tag_any) == dnnl_success &&
           (!s->bias || onednn_md_create(&c->bias, 1, channels, dnnl_x) == dnnl_success);
}

/* A time that is no time where this algorithm does not take this shape. */
static double time_algorithm(const shape_of *s, dnnl_format_tag_t layout,
                             dnnl_alg_kind_t algorithm) {
    static const int names[][ARGS] = {{DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_BIAS},
                                      {DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC, 0},
                                      {DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS, 0}};
    onednn_conv c = {0};
    dnnl_primitive_desc_t pd = NULL;
    double seconds = NEVER;
    if (describe(&c, s, layout) &&
        (s->op == IK_CONV2D
             ? onednn_conv_forward(&pd, &c, dnnl_forward_inference, algorithm, NULL, engine)
             : onednn_conv_backward(&pd, &c, s->op == IK_CONV2D_DW, algorithm, NULL, engine)) ==
            dnnl_success)
        seconds = time_primitive(pd, names[s->op - IK_CONV2D]);
    release(&c);
    return seconds;
}

static double time_convolution(const shape_of *s, bool *winograd) {
    static const dnnl_format_tag_t layouts[] = {dnnl_nhwc, dnnl_format_tag_any};
    static const dnnl_alg_kind_t algorithms[] = {dnnl_convolution_direct, dnnl_convolution_winograd,
                                                 dnnl_convolution_auto};
    double least = NEVER;
    for (size_t l = 0; l < sizeof layouts / sizeof *layouts; l++)
        for (size_t a = 0; a < sizeof algorithms / sizeof *algorithms; a++) {
            double seconds = time_algorithm(s, layouts[l], algorithms[a]);
            if (seconds < least) least = seconds;
            *winograd |= algorithms[a] == dnnl_convolution_winograd && seconds < NEVER;
        }
    return least;
}

/* --- Matrix products. */

static double time_product(const shape_of *s) {
    static const int names[ARGS] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, 0};
    const int64_t *sides[] = {s->x, s->w, s->y};
    const bool transposed[] = {s->transposed[0] != 0, s->transposed[1] != 0, false};
    onednn_md md[3] = {0};
    dnnl_primitive_desc_t pd = NULL;
    double seconds = NEVER;
    bool ok = true;
    for (int i = 0; i < 3; i++) {
        dnnl_dims_t dims = {sides[i][transposed[i]], sides[i][!transposed[i]]};
        ok &= onednn_md_create(&md[i], 2, dims, transposed[i] ? dnnl_ba : dnnl_ab) == dnnl_success;
    }
    if (ok && onednn_matmul(&pd, md[0], md[1], md[2], NULL, engine) == dnnl_success)
        seconds = time_primitive(pd, names);
    for (int i = 0; i < 3; i++) onednn_md_free(md[i]);
    return seconds;
}

/* --- A program. */

static shape_of shape_of_node(const ik_node_desc *n) {
    const ik_attrs *a = n->attrs;
    const ik_tensor *x = n->in[0], *w = n->in[1], *y = n->out;
    if (n->op == IK_CONV2D_DX) x = n->out, y = n->in[0];
    if (n->op == IK_CONV2D_DW) w = n->out, y = n->in[1];
    shape_of s;
    memset(&s, 0, sizeof s);
    s.op = n->op == IK_LINEAR ? IK_MATMUL : n->op == IK_CONV2D_ACT ? IK_CONV2D : n->op;
    s.bias = s.op == IK_CONV2D && ik_conv_bias(n);
    memcpy(s.x, x->shape.d, sizeof s.x);
    memcpy(s.w, w->shape.d, sizeof s.w);
    memcpy(s.y, y->shape.d, sizeof s.y);
    for (int i = 0; i < 2; i++) {
        s.padding[i] = a->padding[i];
        s.stride[i] = a->stride[i] > 0 ? a->stride[i] : 1;
        s.dilation[i] = a->dilation[i] > 0 ? a->dilation[i] : 1;
    }
    s.groups = a->groups > 1 ? a->groups : 1;
    s.transposed[0] = a->transpose_a;
    s.transposed[1] = a->transpose_b || n->op == IK_LINEAR;
    return s;
}

static const struct timed *time_shape(const shape_of *s) {
    for (int i = 0; i < n_known; i++)
        if (!memcmp(&known[i].shape, s, sizeof *s)) return &known[i];
    if (n_known == MOST_SHAPES) return NULL;
    struct timed *t = &known[n_known++];
    t->shape = *s;
    t->seconds = s->op == IK_MATMUL ? time_product(s) : time_convolution(s, &t->winograd);
    return t;
}

ik_status floor_add(const ik__program *p, floor_of *f, ik_error *err) {
    if (!open_engine()) return ik_errorf(err, IK_FAILED, "error: oneDNN has no CPU engine");
    for (int i = 0; i < p->n_kernels; i++) {
        const ik_node_desc *n = &p->kernels[i].node;
        if (n->op != IK_CONV2D && n->op != IK_CONV2D_ACT && n->op != IK_CONV2D_DX &&
            n->op != IK_CONV2D_DW && n->op != IK_MATMUL && n->op != IK_LINEAR)
            continue;
        shape_of s = shape_of_node(n);
        const struct timed *t = time_shape(&s);
        if (!t || t->seconds >= NEVER)
            return ik_errorf(err, IK_FAILED, "error: oneDNN cannot time node %d of %s", i, p->name);
        f->seconds += t->seconds;
        f->macs += ik__macs(n);
        f->nodes++;
        f->winograd += t->winograd;
    }
    f->distinct = n_known;
    return IK_OK;
}
