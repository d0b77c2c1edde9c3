/* Launching a kernel that makes a picture [B,H,W,C] from pictures of as many channels, some
 * channels of a pixel a thread. */
#ifndef CUDA_PICTURES_CUH
#define CUDA_PICTURES_CUH

#include "launch.cuh"

/* A picture in memory. */
struct picture {
    real at;
    int64_t h, w, c;
    template <int V>
    IK_HD void get(int64_t b, int64_t y, int64_t x, int64_t c0, float (&v)[V]) const {
        load<V>(at, ((b * h + y) * w + x) * c + c0, v);
    }
};

static inline picture picture_of(const real &at, const ik_tensor *t) {
    return {at, t->shape.d[1], t->shape.d[2], cuda_channels(t)};
}
static inline picture picture_in(const ik_kernel *k, int i) {
    return picture_of(real_in(k, i), k->node.in[i]);
}
static inline picture picture_out(const ik_kernel *k) {
    return picture_of(real_out(k), k->node.out);
}

/* f.make<V>(place of the output, v) for every vector of it. */
template <class F, int V> struct making {
    F f;
    picture y;
    IK_HD void operator()(int64_t i) const {
        float v[V];
        f.template make<V>(place_of<V>(i, y.h, y.w, y.c), v);
        store<V>(y.at, i * V, v);
    }
};

/* `inputs`: all pointers that are read in vectors. */
template <class F>
static ik_status make_picture(const queue &q, const ik_kernel *k, const F &f,
                              std::initializer_list<const void *> inputs) {
    picture y = picture_out(k);
    int64_t n = ik_count(k->node.out->shape);
    if (width_of(y.c, inputs) == 8 && width_of(y.c, {y.at.p}) == 8)
        return units(q, n / 8, making<F, 8>{f, y});
    return units(q, n, making<F, 1>{f, y});
}

#endif
