/* What runs take on the device. A backend whose work is done when a call returns needs nothing for
 * it: the core's clock tells. */
#include "base/clock.h"
#include "program.h"

ik_status ik__engine_elapsed(ik__engine *e, double *seconds, ik_error *err) {
    if (IK__PROVIDES(e->backend, elapsed)) return e->backend->elapsed(e->self, seconds, err);
    double now = ik__now();
    *seconds = e->asked > 0 ? now - e->asked : 0;
    e->asked = now;
    return IK_OK;
}

/* Kernel by kernel in the order of the run, so that caches are as they are in one. */
static ik_status one_by_one(ik__engine *e, ik_kernel *const *kernels, int n, const ik_step *step,
                            int rounds, double *seconds, ik_error *err) {
    for (int r = 0; r < rounds; r++)
        for (int i = 0; i < n; i++) {
            double began = ik__now();
            ik_status status = e->backend->replay(e->self, kernels + i, 1, step, err);
            if (status) return status;
            double took = ik__now() - began;
            if (r == 0 || took < seconds[i]) seconds[i] = took;
        }
    return IK_OK;
}

ik_status ik__program_profile(ik__engine *e, ik__program *p, const ik_step *step, int rounds,
                              double *seconds, ik_error *err) {
    ik_kernel *const *kernels = p->replayed + p->n_settled;
    int n = p->n_kernels - p->n_settled;
    ik_status status = ik__constants_settle(e, p, step, err);
    if (status || n <= 0) return status;
    if (IK__PROVIDES(e->backend, profile))
        return e->backend->profile(e->self, kernels, n, step, rounds, seconds, err);
    return one_by_one(e, kernels, n, step, rounds, seconds, err);
}
