/* Random numbers by Philox (inadekit/philox.h): normals, in double, the same to 1e-6 as on any
 * other backend, and dropout, which leaves out the same elements on all. Bytes: each tensor once. A
 * draw of normals is some ten thousand numbers at most, so each thread makes one and computes its
 * block of words anew; dropout takes the block's four elements a thread. */
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

struct dropped {
    real x, y;
    const ik_step *step;
    uint64_t stream;
    double p;
    int64_t each, blocks; /* elements and blocks of a sample */
    IK_HD void operator()(int64_t i) const {
        int64_t sample = quotient(i, blocks), block = i - sample * blocks;
        uint32_t w[4];
        ik_philox_block(step->seed, stream, step->step, step->sample + (uint64_t)sample,
                        (uint64_t)block, w);
        const float scale = (float)(1 / (1 - p));
        for (int j = 0; j < 4 && 4 * block + j < each; j++) {
            int64_t at = sample * each + 4 * block + j;
            float v[1];
            load<1>(x, at, v);
            v[0] = ik_uniform01(w[j]) >= p ? v[0] * scale : 0;
            store<1>(y, at, v);
        }
    }
};

ik_status dropout_launch(ik_kernel *k, cudaStream_t stream, const ik_step *step, ik_error *err) {
    int64_t each = cuda_per_sample(k->node.out), blocks = cuda_ceil_div(each, 4);
    dropped f = {real_in(k, 0),        real_out(k), step,  k->node.attrs->stream,
                 k->node.attrs->alpha, each,        blocks};
    return units(queue{stream, "dropout", err}, ik_count(k->node.out->shape) / each * blocks, f);
}

} // namespace

const cuda_row cuda_random_ops[] = {
    {IK_RANDN, {launch}}, {IK_DROPOUT, {dropout_launch}}, {IK_OP_COUNT, {}}};
