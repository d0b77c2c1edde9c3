/* Ops of plugins, on backends whose storage is the host's memory: the kernel of the backend's own
 * type of number, else one of the other type with its tensors converted in the workspace. */
#ifndef HOST_CUSTOM_H
#define HOST_CUSTOM_H

#include <stdlib.h>

#include "inadekit/backend.h"

typedef struct host_custom {
    ik_custom_run run; /* first: a kernel's `split` gets back to the whole */
    const ik_custom_kernel *kernel;
    size_t own_bytes; /* of a real number in the backend's storage */
} host_custom;

static inline size_t host_real_bytes(ik_real r) {
    return r == IK_REAL_F64 ? sizeof(double) : sizeof(float);
}

static inline size_t host_aligned(size_t bytes) {
    return (bytes + 63) / 64 * 64;
}

static inline bool host_converts(const host_custom *h, const ik_tensor *t) {
    return t->dtype == IK_F32 && host_real_bytes(h->kernel->reals) != h->own_bytes;
}

static inline size_t host_room(const host_custom *h, const ik_tensor *t) {
    if (!host_converts(h, t)) return 0;
    return host_aligned((size_t)ik_count(t->shape) * host_real_bytes(h->kernel->reals));
}

/* Fills `h`, which is zeroed but for run.split, and the kernel's need of workspace. */
static inline ik_status host_custom_prepare(const char *backend, ik_real own, ik_kernel *k,
                                            host_custom *h, ik_error *err) {
    const ik_custom_op *op = k->custom;
    ik_real other = own == IK_REAL_F64 ? IK_REAL_F32 : IK_REAL_F64;
    h->kernel = ik_custom_kernel_of(op, "host", own);
    if (!h->kernel) h->kernel = ik_custom_kernel_of(op, "host", other);
    if (!h->kernel)
        return ik_errorf(err, IK_FAILED,
                         "%s: the plugin's op '%s' has no kernel for host memory; give it one of "
                         "IK_REAL_F32 or IK_REAL_F64, or use another device",
                         backend, op->name);
    h->own_bytes = host_real_bytes(own);
    h->run.struct_size = sizeof h->run;
    h->run.attrs = k->custom_attrs;
    h->run.n_in = k->node.n_in;
    h->run.out = k->node.out;
    memcpy(h->run.in, k->node.in, sizeof h->run.in);
    size_t own_need = h->kernel->workspace ? h->kernel->workspace(k->custom_attrs, k->node.n_in,
                                                                  h->run.in, k->node.out)
                                           : 0;
    k->workspace_bytes = host_aligned(own_need) + host_room(h, k->node.out);
    for (int i = 0; i < k->node.n_in; i++) k->workspace_bytes += host_room(h, k->node.in[i]);
    return IK_OK;
}

static inline void host_convert(int64_t n, size_t from_bytes, const void *from, void *to) {
    for (int64_t i = 0; i < n; i++)
        if (from_bytes == sizeof(double))
            ((float *)to)[i] = (float)((const double *)from)[i];
        else
            ((double *)to)[i] = ((const float *)from)[i];
}

static inline ik_status host_custom_run(const ik_kernel *k, host_custom *h, const ik_step *step,
                                        ik_error *err) {
    char *room = k->workspace;
    h->run.step = step;
    for (int i = 0; i < k->node.n_in; i++) {
        const ik_tensor *t = k->node.in[i];
        h->run.in_data[i] = k->in[i];
        if (!host_converts(h, t)) continue;
        host_convert(ik_count(t->shape), h->own_bytes, k->in[i], room);
        h->run.in_data[i] = room;
        room += host_room(h, t);
    }
    h->run.out_data = k->out;
    bool back = host_converts(h, k->node.out);
    if (back) {
        h->run.out_data = room;
        room += host_room(h, k->node.out);
    }
    h->run.workspace = room;
    ik_status status = h->kernel->run(&h->run, err);
    if (!status && back)
        host_convert(ik_count(k->node.out->shape), host_real_bytes(h->kernel->reals),
                     h->run.out_data, k->out);
    return status;
}

#endif
