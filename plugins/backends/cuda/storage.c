/* Storage on the device: what is stored how, moving it in and out, the flat updates, and what holds
 * them back. */
#include "instance.h"

#include <stdlib.h>

/* --- How tensors are stored. */

/* Ops that make pictures of features, whatever they are made from. */
static bool makes_pictures(const ik_node_desc *n) {
    switch ((int)n->op) {
    case IK_CONV2D:
    case IK_CONV2D_DX:
    case IK_CONV2D_ACT:
    case IK_UPSAMPLE:
    case IK_UPSAMPLE_GRAD:
    case IK_BILINEAR:
    case IK_BILINEAR_GRAD:
    case IK_REFLECT:
    case IK_REFLECT_GRAD:
    case IK_AVG_POOL:
    case IK_AVG_POOL_GRAD:
    case IK_MAX_POOL:
    case IK_MAX_POOL_GRAD:
    case IK_MOMENTS_DX:
    case IK_NORMALIZE:
    case IK_NORMALIZE_DX:
    case IK_MODULATE:
    case IK_MODULATE_DX:
    case IK_LABEL_CONV:
    case IK_PATCHES:
    case IK_PATCHES_GRAD:
    case IK_SEGMENT_PATCHES_GRAD:
        return true;
    case IK_LOOKUP: /* of a row per pixel; tables of tables stay f32 */
        return n->in[1]->shape.rank == 3;
    default:
        return false;
    }
}

/* Ops that are stored as what they are made from. */
static bool follows(ik_opcode op) {
    switch ((int)op) {
    case IK_AFFINE:
    case IK_LEAKY_RELU:
    case IK_LEAKY_RELU_GRAD:
    case IK_TANH:
    case IK_SIGMOID:
    case IK_EXP:
    case IK_LOG:
    case IK_SQRT:
    case IK_ABS:
    case IK_SIGN:
    case IK_ADD:
    case IK_SUB:
    case IK_MUL:
    case IK_DIV:
    case IK_AXPBY:
    case IK_DROPOUT:
    case IK_CONCAT:
    case IK_SLICE:
    case IK_PAD_SLICE:
    case IK_PERMUTE:
        return true;
    default:
        return false;
    }
}

/* Under `precision: bf16`, pictures of features and their gradients: [B,H,W,C] with a C worth it.
 * Pictures in colour, scores and everything else stay f32, as does what no kernel makes in bf16. */
int cuda_storage(void *self, const ik_node_desc *n) {
    const cuda *c = self;
    const cuda_op *how = cuda_op_of(n->op);
    if (c->precision != IK_PRECISION_BF16 || n->out->dtype != IK_F32 || n->out->shape.rank != 4 ||
        cuda_channels(n->out) < c->bf16_from || !how || how->plain >> IK_MAX_INPUTS & 1)
        return CUDA_F32;
    if (makes_pictures(n)) return CUDA_BF16;
    for (int i = 0; i < n->n_in && follows(n->op); i++)
        if (n->in[i]->dtype == IK_F32 && n->in[i]->storage == CUDA_BF16) return CUDA_BF16;
    return CUDA_F32;
}

size_t cuda_element_bytes(void *self, ik_dtype dtype) {
    (void)self, (void)dtype;
    return 4;
}

static size_t bytes_each(int storage) {
    return storage == CUDA_BF16 ? 2 : 4;
}

size_t cuda_tensor_bytes(void *self, const ik_tensor *t) {
    if (t->storage >= CUDA_LAID_OUT) return cuda_layout_bytes(self, t->storage);
    return (size_t)ik_count(t->shape) * bytes_each(t->dtype == IK_F32 ? t->storage : CUDA_F32);
}

/* --- Memory. Where the device is only planned for, host memory stands for it. */

void *cuda_alloc(void *self, size_t bytes) {
    cuda *c = self;
    void *p = NULL;
    if (!bytes) bytes = 64;
    if (c->planning)
        return bytes <= SIZE_MAX - 64 ? aligned_alloc(64, (bytes + 63) / 64 * 64) : NULL;
    if (cudaMalloc(&p, bytes) != cudaSuccess) {
        cudaGetLastError(); /* running out is told by NULL, not by the next call */
        return NULL;
    }
    cuda_note(c, cudaMemsetAsync(p, 0, bytes, c->stream), "clearing memory");
    return p;
}

void cuda_free(void *self, void *p) {
    cuda *c = self;
    if (c->planning)
        free(p);
    else if (p)
        cuda_note(c, cudaFree(p), "freeing memory");
}

void cuda_memory(void *self, size_t *available, size_t *total) {
    cuda *c = self;
    *available = *total = c->planned_memory;
    if (!c->planning) cuda_note(c, cudaMemGetInfo(available, total), "asking for free memory");
}

ik_status cuda_storage_open(cuda *c, ik_error *err) {
    size_t ring = (size_t)SLOTS * SLOT_BYTES;
    ik_status status = cuda_check(cudaMallocHost((void **)&c->pinned, ring), "pinning memory", err);
    if (!status)
        status =
            cuda_check(cudaMallocHost((void **)&c->leaving, SLOT_BYTES), "pinning memory", err);
    if (!status)
        status = cuda_check(cudaMalloc((void **)&c->arrived, ring), "taking device memory", err);
    if (!status)
        status =
            cuda_check(cudaMalloc((void **)&c->plain, SLOT_BYTES), "taking device memory", err);
    if (!status)
        status =
            cuda_check(cudaMalloc((void **)&c->step, sizeof *c->step), "taking device memory", err);
    if (!status)
        status = cuda_check(cudaMalloc((void **)&c->alarm, sizeof *c->alarm),
                            "taking device memory", err);
    if (!status)
        status = cuda_check(cudaMemsetAsync(c->alarm, 0, sizeof *c->alarm, c->stream),
                            "clearing memory", err);
    for (int i = 0; i < SLOTS && !status; i++) {
        slot *s = &c->slots[i];
        status = cuda_check(cudaEventCreateWithFlags(&s->copied, cudaEventDisableTiming),
                            "making an event", err);
        if (!status)
            status = cuda_check(cudaEventCreateWithFlags(&s->taken, cudaEventDisableTiming),
                                "making an event", err);
    }
    return status;
}

void cuda_storage_close(cuda *c) {
    for (int i = 0; i < SLOTS; i++) {
        if (c->slots[i].copied) cudaEventDestroy(c->slots[i].copied);
        if (c->slots[i].taken) cudaEventDestroy(c->slots[i].taken);
        c->slots[i] = (slot){0};
    }
    cudaFree(c->alarm);
    cudaFree(c->step);
    cudaFree(c->plain);
    cudaFree(c->arrived);
    cudaFreeHost(c->leaving);
    cudaFreeHost(c->pinned);
    c->alarm = NULL, c->step = NULL, c->plain = c->arrived = c->leaving = c->pinned = NULL;
}

/* --- In and out. */

/* One slot's worth: host -> pinned, then without the host pinned -> beside it -> to. */
static ik_status upload_part(cuda *c, void *to, const void *from, size_t bytes, ik_error *err) {
    int i = (int)(c->uploads++ % SLOTS);
    slot *s = &c->slots[i];
    char *pinned = c->pinned + (size_t)i * SLOT_BYTES,
         *arrived = c->arrived + (size_t)i * SLOT_BYTES;
    cudaError_t code = cudaSuccess;
    if (s->used) code = cudaEventSynchronize(s->copied);
    if (code == cudaSuccess && s->used) code = cudaStreamWaitEvent(c->copies, s->taken, 0);
    if (code == cudaSuccess) {
        memcpy(pinned, from, bytes);
        code = cudaMemcpyAsync(arrived, pinned, bytes, cudaMemcpyHostToDevice, c->copies);
    }
    if (code == cudaSuccess) code = cudaEventRecord(s->copied, c->copies);
    if (code == cudaSuccess) code = cudaStreamWaitEvent(c->stream, s->copied, 0);
    if (code == cudaSuccess)
        code = cudaMemcpyAsync(to, arrived, bytes, cudaMemcpyDeviceToDevice, c->stream);
    if (code == cudaSuccess) code = cudaEventRecord(s->taken, c->stream);
    s->used = true;
    return cuda_check(code, "an upload", err);
}

ik_status cuda_upload(void *self, ik_dtype dtype, int64_t n, void *to, const void *from,
                      ik_error *err) {
    cuda *c = self;
    (void)dtype; /* either takes 4 bytes on both sides */
    ik_status status = cuda_pending(c, err);
    if (c->planning) return status;
    for (size_t at = 0, all = (size_t)n * 4; at < all && !status; at += SLOT_BYTES) {
        size_t bytes = all - at < SLOT_BYTES ? all - at : SLOT_BYTES;
        status = upload_part(c, (char *)to + at, (const char *)from + at, bytes, err);
    }
    return status;
}

/* n elements in some storage; those in bf16 are widened on the device. */
static ik_status fetch(cuda *c, int storage, int64_t n, void *to, const void *from, ik_error *err) {
    ik_status status = cuda_pending(c, err);
    if (!status && c->planning) return cuda_not_here(err);
    for (int64_t at = 0, most = SLOT_BYTES / 4; at < n && !status; at += most) {
        int64_t some = n - at < most ? n - at : most;
        const char *part = (const char *)from + (size_t)at * bytes_each(storage);
        if (storage != CUDA_F32) {
            status = cuda_convert(c->stream, 1, storage, part, some, CUDA_F32, c->plain, some, NULL,
                                  err);
            part = c->plain;
        }
        if (status) break;
        size_t bytes = (size_t)some * 4;
        cudaError_t code =
            cudaMemcpyAsync(c->leaving, part, bytes, cudaMemcpyDeviceToHost, c->stream);
        if (code == cudaSuccess) code = cudaStreamSynchronize(c->stream);
        status = cuda_check(code, "a download", err);
        if (!status) memcpy((char *)to + (size_t)at * 4, c->leaving, bytes);
    }
    return status;
}

ik_status cuda_download(void *self, ik_dtype dtype, int64_t n, void *to, const void *from,
                        ik_error *err) {
    (void)dtype;
    return fetch(self, CUDA_F32, n, to, from, err);
}

ik_status cuda_read(void *self, const ik_tensor *t, void *to, const void *from, ik_error *err) {
    return fetch(self, t->dtype == IK_F32 ? t->storage : CUDA_F32, ik_count(t->shape), to, from,
                 err);
}

/* --- Flat updates. */

void cuda_copy(void *self, ik_dtype dtype, int64_t n, void *to, const void *from) {
    cuda *c = self;
    (void)dtype;
    if (c->planning || n <= 0) return;
    cuda_note(c, cuda_flat_copy(c->stream, c->alarm, n, from, to), "a copy");
}

void cuda_axpby(void *self, int64_t n, double a, const void *x, double b, void *y) {
    cuda *c = self;
    if (!c->planning) cuda_note(c, cuda_flat_axpby(c->stream, c->alarm, n, a, x, b, y), "axpby");
}

void cuda_adam(void *self, int64_t n, const ik_adam *a, void *p, const void *g, void *m, void *v) {
    cuda *c = self;
    if (!c->planning) cuda_note(c, cuda_flat_adam(c->stream, c->alarm, n, a, p, g, m, v), "Adam");
}

void cuda_guard(void *self, int n, const void *const *scalars, void *kept, uint64_t number) {
    cuda *c = self;
    if (c->planning) return;
    cuda_note(c, cuda_guard_scalars(c->stream, c->alarm, n, scalars, kept, number), "a guard");
}

ik_status cuda_guarded(void *self, uint64_t *number, int *index, float *value, ik_error *err) {
    cuda *c = self;
    const cuda_alarm *seen = (const cuda_alarm *)c->leaving;
    *index = -1;
    ik_status status = cuda_pending(c, err);
    if (status || c->planning) return status;
    cudaError_t code =
        cudaMemcpyAsync(c->leaving, c->alarm, sizeof *seen, cudaMemcpyDeviceToHost, c->stream);
    if (code == cudaSuccess) code = cudaStreamSynchronize(c->stream);
    if (code != cudaSuccess || !seen->raised) return cuda_check(code, "a guard", err);
    *number = seen->number;
    *index = seen->index;
    *value = seen->value;
    return cuda_check(cudaMemsetAsync(c->alarm, 0, sizeof *seen, c->stream), "a guard", err);
}
