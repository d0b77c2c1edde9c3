/* Ops of plugins that bring a kernel for memory "cuda". Its numbers are f32 where it has such a
 * kernel, else bf16; operands in the other type are converted in the workspace. */
#include <stdlib.h>

#include "instance.h"

typedef struct custom {
    const ik_custom_kernel *kernel;
    int storage;       /* of the numbers it wants */
    size_t own;        /* its workspace, from the end of what is converted on */
    ik_custom_run run; /* all but the pointers */
} custom;

static bool staged(const custom *u, const ik_tensor *t) {
    return t->dtype == IK_F32 && t->storage != u->storage;
}

static size_t bytes_as(const custom *u, const ik_tensor *t) {
    return cuda_aligned((size_t)ik_count(t->shape) * (u->storage == CUDA_BF16 ? 2 : 4));
}

static void release(ik_kernel *k) {
    free(k->state);
    k->state = NULL;
}

static ik_status prepare(cuda *c, ik_kernel *k, ik_error *err) {
    (void)c;
    const ik_node_desc *n = &k->node;
    const ik_custom_kernel *f32 = ik_custom_kernel_of(k->custom, "cuda", IK_REAL_F32),
                           *bf16 = ik_custom_kernel_of(k->custom, "cuda", IK_REAL_BF16);
    if (!f32 && !bf16)
        return ik_errorf(err, IK_FAILED,
                         "cuda: the op '%s' of a plugin brings no kernel for cuda in f32 or bf16; "
                         "use `device: cpu`, or add one to the plugin",
                         k->custom->name);
    custom *u = calloc(1, sizeof *u);
    if (!u) return ik_errorf(err, IK_FAILED, "cuda: out of memory");
    u->kernel = f32 ? f32 : bf16;
    u->storage = f32 ? CUDA_F32 : CUDA_BF16;
    u->run = (ik_custom_run){
        .struct_size = sizeof u->run, .attrs = k->custom_attrs, .n_in = n->n_in, .out = n->out};
    for (int i = 0; i < n->n_in; i++) {
        u->run.in[i] = n->in[i];
        if (staged(u, n->in[i])) u->own += bytes_as(u, n->in[i]);
    }
    if (staged(u, n->out)) u->own += bytes_as(u, n->out);
    k->state = u;
    k->release = release;
    k->workspace_bytes = u->own + 256;
    if (u->kernel->workspace)
        k->workspace_bytes += u->kernel->workspace(k->custom_attrs, n->n_in, u->run.in, n->out);
    return IK_OK;
}

static ik_status launch(ik_kernel *k, cudaStream_t stream, const ik_step *device_step,
                        ik_error *err) {
    const custom *u = k->state;
    ik_custom_run r = u->run;
    char *at = cuda_aligned_pointer(k->workspace);
    ik_status status = IK_OK;
    r.step = device_step;
    r.stream = stream;
    for (int i = 0; i < r.n_in && !status; i++) {
        r.in_data[i] = k->in[i];
        if (!staged(u, r.in[i])) continue;
        int64_t n = ik_count(r.in[i]->shape);
        status =
            cuda_convert(stream, 1, r.in[i]->storage, k->in[i], n, u->storage, at, n, NULL, err);
        r.in_data[i] = at;
        at += bytes_as(u, r.in[i]);
    }
    bool out_staged = staged(u, r.out);
    r.out_data = out_staged ? at : k->out;
    if (out_staged) at += bytes_as(u, r.out);
    r.workspace = at;
    if (!status) status = u->kernel->run(&r, err);
    if (status || !out_staged) return status;
    int64_t n = ik_count(r.out->shape);
    return cuda_convert(stream, 1, u->storage, r.out_data, n, r.out->storage, k->out, n, NULL, err);
}

const cuda_row cuda_custom_ops[] = {
    {IK_CUSTOM, {.launch = launch, .prepare = prepare}},
    {IK_OP_COUNT, {0}},
};
