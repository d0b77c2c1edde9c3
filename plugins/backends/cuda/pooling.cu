/* Average and maximum over windows, and their gradients, which gather: a pixel of x asks the
 * windows that it lies in. Bytes: each picture once, what windows share from the caches.
 * max_pool_grad looks for each window's largest anew, in x. */
#include "pictures.cuh"

namespace {

struct window {
    int top, bottom, left, right; /* inside the picture: rows and columns [from, to) */
    IK_HD float share() const {
        return 1 / (float)((bottom - top) * (right - left));
    }
};

IK_HD inline int at_least(int a, int b) {
    return a > b ? a : b;
}
IK_HD inline int at_most(int a, int b) {
    return a < b ? a : b;
}

struct windows {
    int kernel[2], stride[2], padding[2];
    int h, w;          /* of the picture */
    int rows, columns; /* of windows */

    IK_HD window at(int y, int x) const {
        int top = y * stride[0] - padding[0], left = x * stride[1] - padding[1];
        return {at_least(top, 0), at_most(top + kernel[0], h), at_least(left, 0),
                at_most(left + kernel[1], w)};
    }
    /* The windows that pixel (y, x) lies in. */
    IK_HD window around(int y, int x) const {
        return {first(y, 0), at_most((y + padding[0]) / stride[0] + 1, rows), first(x, 1),
                at_most((x + padding[1]) / stride[1] + 1, columns)};
    }
    IK_HD int first(int i, int axis) const {
        int off = i + padding[axis] - kernel[axis];
        return off < 0 ? 0 : off / stride[axis] + 1;
    }
};

windows windows_of(const ik_attrs *a, const ik_tensor *picture, const ik_tensor *pooled) {
    return {{a->kernel[0], a->kernel[1]},   {a->stride[0], a->stride[1]},
            {a->padding[0], a->padding[1]}, (int)picture->shape.d[1],
            (int)picture->shape.d[2],       (int)pooled->shape.d[1],
            (int)pooled->shape.d[2]};
}

struct average {
    picture x;
    windows w;
    template <int V> IK_HD void make(const place &p, float (&v)[V]) const {
        window in = w.at(p.y, p.x);
        set<V>(v, 0);
        for (int y = in.top; y < in.bottom; y++)
            for (int z = in.left; z < in.right; z++) {
                float one[V];
                x.get<V>(p.b, y, z, p.c, one);
                accumulate<V>(v, one);
            }
        UNROLL for (int i = 0; i < V; i++) v[i] *= in.share();
    }
};

struct average_grad {
    picture dy;
    windows w;
    template <int V> IK_HD void make(const place &p, float (&v)[V]) const {
        window of = w.around(p.y, p.x);
        set<V>(v, 0);
        for (int y = of.top; y < of.bottom; y++)
            for (int x = of.left; x < of.right; x++) {
                float share = w.at(y, x).share(), one[V];
                dy.get<V>(p.b, y, x, p.c, one);
                UNROLL for (int i = 0; i < V; i++) v[i] += one[i] * share;
            }
    }
};

/* The first largest of a window in row order; -infinity and -1 in padding alone. */
template <int V>
IK_HD inline void largest(const picture &x, const window &in, int64_t b, int64_t c, float (&v)[V],
                          int (&where)[V]) {
    set<V>(v, -INFINITY);
    UNROLL for (int i = 0; i < V; i++) where[i] = -1;
    for (int y = in.top; y < in.bottom; y++)
        for (int z = in.left; z < in.right; z++) {
            float one[V];
            x.get<V>(b, y, z, c, one);
            UNROLL for (int i = 0; i < V; i++) if (where[i] < 0 || one[i] > v[i])
                v[i] = one[i],
                where[i] = y * (int)x.w + z;
        }
}

struct maximum {
    picture x;
    windows w;
    template <int V> IK_HD void make(const place &p, float (&v)[V]) const {
        int where[V];
        largest<V>(x, w.at(p.y, p.x), p.b, p.c, v, where);
    }
};

struct maximum_grad {
    picture dy, x;
    windows w;
    template <int V> IK_HD void make(const place &p, float (&v)[V]) const {
        window of = w.around(p.y, p.x);
        set<V>(v, 0);
        for (int y = of.top; y < of.bottom; y++)
            for (int z = of.left; z < of.right; z++) {
                float one[V], value[V];
                int where[V];
                largest<V>(x, w.at(y, z), p.b, p.c, value, where);
                dy.get<V>(p.b, y, z, p.c, one);
                UNROLL for (int i = 0; i < V; i++) if (where[i] == p.y * x.w + p.x) v[i] += one[i];
            }
    }
};

template <class F>
ik_status pool_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    windows w = windows_of(k->node.attrs, k->node.in[0], k->node.out);
    return make_picture(queue{stream, "a pool", err}, k, F{picture_in(k, 0), w}, {k->in[0]});
}

ik_status average_grad_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    windows w = windows_of(k->node.attrs, k->node.out, k->node.in[0]);
    return make_picture(queue{stream, "avg_pool_grad", err}, k, average_grad{picture_in(k, 0), w},
                        {k->in[0]});
}

ik_status maximum_grad_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    windows w = windows_of(k->node.attrs, k->node.in[1], k->node.in[0]);
    maximum_grad f = {picture_in(k, 0), picture_in(k, 1), w};
    return make_picture(queue{stream, "max_pool_grad", err}, k, f, {k->in[0], k->in[1]});
}

} // namespace

const cuda_row cuda_pooling_ops[] = {
    {IK_AVG_POOL, {pool_launch<average>}},
    {IK_AVG_POOL_GRAD, {average_grad_launch}},
    {IK_MAX_POOL, {pool_launch<maximum>}},
    {IK_MAX_POOL_GRAD, {maximum_grad_launch}},
    {IK_OP_COUNT, {}},
};
