/* Ops of plugins: f64 kernels for host memory, or f32 ones with conversion, on one thread. */
#include "naive.h"

#include "../host_custom.h"

static void split(const ik_custom_run *r, int64_t units, int64_t work, ik_custom_part *part) {
    (void)work;
    if (units > 0) part(r, 0, units);
}

static ik_status run(ik_kernel *k, const ik_step *step, ik_error *err) {
    return host_custom_run(k, k->state, step, err);
}

static void release(ik_kernel *k) {
    free(k->state);
}

ik_status naive_custom(ik_kernel *k, ik_error *err) {
    host_custom *h = calloc(1, sizeof *h);
    if (!h) return ik_errorf(err, IK_FAILED, "backend naive: out of memory");
    h->run.split = split;
    ik_status status = host_custom_prepare("naive", IK_REAL_F64, k, h, err);
    if (status) {
        free(h);
        return status;
    }
    k->state = h;
    k->run = run;
    k->release = release;
    return IK_OK;
}
