/* Choosing kernels by op, and replaying lists of them.
 *
 * The first replay of a list launches its kernels one by one: libraries load what they need then.
 * The second is captured into a CUDA graph, and from then on a replay is one launch. What changes
 * from replay to replay lies in a buffer on the device that is set before. */
#include "instance.h"

#include <stdlib.h>

static const cuda_row *const tables[] = {
    cuda_elementwise_ops, cuda_shape_ops,      cuda_reduce_ops,  cuda_pooling_ops,
    cuda_resize_ops,      cuda_map_ops,        cuda_norm_ops,    cuda_modulate_ops,
    cuda_segment_ops,     cuda_label_conv_ops, cuda_patches_ops, cuda_spectral_ops,
    cuda_random_ops,      cuda_conv_ops,       cuda_matmul_ops,  cuda_custom_ops,
    cuda_layout_ops,
};

const cuda_op *cuda_op_of(ik_opcode op) {
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const cuda_row *r = tables[t]; r->op != IK_OP_COUNT; r++)
            if (r->op == op) return &r->how;
    return NULL;
}

/* --- Operands that a kernel wants plain but finds in bf16 are widened first, in its workspace. */

static bool to_widen(const cuda_op *how, const ik_node_desc *n, int i) {
    return how->plain >> i & 1 && n->in[i]->dtype == IK_F32 && n->in[i]->storage == CUDA_BF16;
}

static size_t widened_bytes(const cuda_op *how, const ik_node_desc *n) {
    size_t bytes = 0;
    for (int i = 0; i < n->n_in; i++)
        if (to_widen(how, n, i)) bytes += cuda_aligned((size_t)ik_count(n->in[i]->shape) * 4);
    return bytes ? bytes + 256 : 0;
}

static ik_status widen_and_launch(const cuda *c, const cuda_op *how, ik_kernel *k, ik_error *err) {
    ik_kernel with = *k;
    char *at = cuda_aligned_pointer(k->workspace);
    for (int i = 0; i < k->node.n_in; i++) {
        if (!to_widen(how, &k->node, i)) continue;
        int64_t n = ik_count(k->node.in[i]->shape);
        ik_status status = cuda_convert(c->stream, 1, k->node.in[i]->storage, k->in[i], n, CUDA_F32,
                                        at, n, NULL, err);
        if (status) return status;
        with.in[i] = at;
        at += cuda_aligned((size_t)n * 4);
    }
    with.workspace = at;
    return how->launch(&with, c->stream, c->step, err);
}

static ik_status launch(const cuda *c, ik_kernel *k, ik_error *err) {
    const cuda_op *how = cuda_op_of(k->node.op);
    if (widened_bytes(how, &k->node)) return widen_and_launch(c, how, k, err);
    return how->launch(k, c->stream, c->step, err);
}

/* --- Preparing. */

static ik_status run_alone(ik_kernel *k, const ik_step *step, ik_error *err) {
    (void)k, (void)step;
    return ik_errorf(err, IK_FAILED, "cuda: kernels run by replay only");
}

ik_status cuda_prepare(void *self, ik_kernel *k, ik_error *err) {
    cuda *c = self;
    const ik_node_desc *n = &k->node;
    const cuda_op *how = cuda_op_of(n->op);
    if (!how)
        return ik_errorf(err, IK_FAILED, "cuda: no kernel for op `%s`; use another backend",
                         ik_op_text(n->op));
    c->generation++; /* addresses of kernels may be those of others that are gone */
    k->state = c;
    k->release = NULL;
    k->run = run_alone;
    k->workspace_bytes = how->workspace ? how->workspace(n) : 0;
    ik_status status = how->prepare ? how->prepare(c, k, err) : IK_OK;
    k->workspace_bytes += widened_bytes(how, n);
    return status;
}

/* --- Replaying. */

ik_status cuda_launch_all(cuda *c, ik_kernel *const *kernels, int n, ik_error *err) {
    ik_status status = IK_OK;
    for (int i = 0; i < n && !status; i++) {
        ik_error why;
        status = launch(c, kernels[i], &why);
        if (status) ik_errorf(err, status, "%s, op %s", why.text, ik_op_text(kernels[i]->node.op));
    }
    return status;
}

static void drop(captured *g) {
    if (g->graph) cudaGraphExecDestroy(g->graph);
    *g = (captured){0};
}

/* The list's place; of a new one, that of the list not run for longest. */
static captured *place_of(cuda *c, ik_kernel *const *kernels, int n) {
    captured *oldest = &c->graph[0];
    for (int i = 0; i < GRAPHS; i++) {
        captured *g = &c->graph[i];
        if (g->kernels == kernels && g->n == n && g->generation == c->generation) return g;
        if (g->last < oldest->last) oldest = g;
    }
    drop(oldest);
    *oldest = (captured){.kernels = kernels, .n = n, .generation = c->generation};
    return oldest;
}

/* Nothing runs while it is captured, so that a failure leaves the storage as it was. */
ik_status cuda_capture(cuda *c, ik_status (*enqueue)(cuda *c, void *user, ik_error *err),
                       void *user, cudaGraphExec_t *out, ik_error *err) {
    cudaGraph_t graph = NULL;
    ik_status status =
        cuda_check(cudaStreamBeginCapture(c->stream, cudaStreamCaptureModeThreadLocal),
                   "beginning a capture", err);
    if (status) return status;
    status = enqueue(c, user, err);
    ik_error why;
    ik_status ended = cuda_check(cudaStreamEndCapture(c->stream, &graph), "a capture", &why);
    if (!status && ended) {
        *err = why;
        status = ended;
    }
    if (!status)
        status = cuda_check(cudaGraphInstantiate(out, graph, 0), "instantiating a graph", err);
    if (status) *out = NULL;
    if (graph) cudaGraphDestroy(graph);
    return status;
}

static ik_status enqueue_list(cuda *c, void *user, ik_error *err) {
    const captured *g = user;
    return cuda_launch_all(c, g->kernels, g->n, err);
}

/* Synthesis asks for the same one every time. */
static ik_status set_step(cuda *c, const ik_step *step, ik_error *err) {
    if (!memcmp(&c->there, step, sizeof *step)) return IK_OK;
    ik_status status = cuda_set_step(c->stream, step, c->step, err);
    if (!status) c->there = *step;
    return status;
}

ik_status cuda_replay(void *self, ik_kernel *const *kernels, int n, const ik_step *step,
                      ik_error *err) {
    cuda *c = self;
    ik_status status = cuda_pending(c, err);
    if (!status && c->planning) return cuda_not_here(err);
    if (!status) status = set_step(c, step, err);
    if (status || n <= 0) return status;
    captured *g = place_of(c, kernels, n);
    g->last = ++c->replays;
    if (c->graphs && g->runs == 1) status = cuda_capture(c, enqueue_list, g, &g->graph, err);
    if (status) return status;
    if (g->runs < 2) g->runs++;
    if (g->graph) return cuda_check(cudaGraphLaunch(g->graph, c->stream), "a graph", err);
    return cuda_launch_all(c, kernels, n, err);
}

void cuda_replay_close(cuda *c) {
    for (int i = 0; i < GRAPHS; i++) drop(&c->graph[i]);
}
