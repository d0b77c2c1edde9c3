/* Normals by Philox (inadekit/philox.h), in double: the same to 1e-6 as on any other backend.
 * Bytes: the output once. A draw is some ten thousand numbers at most, so each thread makes one and
 * computes its block of words anew. */
#include "launch.cuh"

namespace {

struct normals {
    real y;
    const ik_step *step; /* on the device: it changes between replays of a captured graph */
    uint64_t stream;
    int64_t each; /* elements of a sample */
    IK_HD void operator()(int64_t i) const {
        int64_t sample = quotient(i, each), element = i - sample * each;
        float v[1] = {(float)ik_philox_normal(step->seed, stream, step->step,
                                              step->sample + (uint64_t)sample, (uint64_t)element)};
        store<1>(y, i, v);
    }
};

ik_status launch(ik_kernel *k, cudaStream_t stream, const ik_step *step, ik_error *err) {
    queue q = {stream, "randn", err};
    normals f = {real_out(k), step, k->node.attrs->stream, cuda_per_sample(k->node.out)};
    return units(q, ik_count(k->node.out->shape), f);
}

} // namespace

const cuda_row cuda_random_ops[] = {{IK_RANDN, {launch}}, {IK_OP_COUNT, {}}};
