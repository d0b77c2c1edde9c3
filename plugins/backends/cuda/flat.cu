/* Whole blocks of parameters: copies, axpby and Adam over a network in one launch each, none of
 * which does anything while an alarm is raised (guard.cu).
 * Bytes: a copy 8 an element; axpby 12 (8 where b is 0); Adam reads p, g, m, v and writes p, m, v:
 * 28. */
#include "launch.cuh"

namespace {

/* f.at(i) and, where four neighbours lie on 16 bytes, f.four(i). */
template <class F> struct by_eight {
    F f;
    int64_t n;
    bool wide;
    const cuda_alarm *alarm;
    IK_HD void operator()(int64_t i) const {
        if (alarm && alarm->raised) return;
        int64_t first = 8 * i, last = smaller(first + 8, n);
        if (wide && last - first == 8)
            f.template take<8>(first);
        else
            for (int64_t at = first; at < last; at++) f.template take<1>(at);
    }
};

template <class F>
cudaError_t launch_flat(cudaStream_t stream, const cuda_alarm *alarm, int64_t n, const F &f,
                        std::initializer_list<const void *> pointers) {
    if (n <= 0) return cudaSuccess;
    enqueue_units(by_eight<F>{f, n, width_of(8, pointers) == 8, alarm}, cuda_ceil_div(n, 8),
                  stream);
    return cudaGetLastError();
}

/* What is read and written in one launch must not take the read-only path. */
template <int V> IK_HD inline void load_own(const float *p, int64_t at, float (&v)[V]) {
    struct alignas(V == 8 ? 16 : 4) some {
        float v[V == 8 ? 4 : 1];
    };
    const int each = V == 8 ? 4 : 1;
    UNROLL for (int k = 0; k < V / each; k++) {
        some s = *(const some *)(p + at + k * each);
        UNROLL for (int i = 0; i < each; i++) v[k * each + i] = s.v[i];
    }
}

struct copy {
    const float *from;
    float *to;
    template <int V> IK_HD void take(int64_t at) const {
        float v[V];
        load<V>(from, at, v);
        store<V>(to, at, v);
    }
};

struct axpby {
    float a, b;
    const float *x;
    float *y;
    template <int V> IK_HD void take(int64_t at) const {
        float u[V], v[V];
        set<V>(v, 0); /* b = 0 ignores what y held, be it a NaN */
        load<V>(x, at, u);
        if (b != 0) load_own<V>(y, at, v);
        UNROLL for (int i = 0; i < V; i++) v[i] = a * u[i] + b * v[i];
        store<V>(y, at, v);
    }
};

struct adam {
    float beta1, beta2, rest1, rest2, rate, root, eps;
    float *p, *m, *v;
    const float *g;
    template <int V> IK_HD void take(int64_t at) const {
        float P[V], M[V], W[V], G[V];
        load<V>(g, at, G);
        load_own<V>(p, at, P);
        load_own<V>(m, at, M);
        load_own<V>(v, at, W);
        UNROLL for (int i = 0; i < V; i++) {
            M[i] = beta1 * M[i] + rest1 * G[i];
            W[i] = beta2 * W[i] + rest2 * G[i] * G[i];
            P[i] -= rate * M[i] / (sqrtf(W[i]) * root + eps);
        }
        store<V>(p, at, P);
        store<V>(m, at, M);
        store<V>(v, at, W);
    }
};

} // namespace

cudaError_t cuda_flat_copy(cudaStream_t stream, const cuda_alarm *alarm, int64_t n,
                           const float *from, float *to) {
    return launch_flat(stream, alarm, n, copy{from, to}, {from, to});
}

cudaError_t cuda_flat_axpby(cudaStream_t stream, const cuda_alarm *alarm, int64_t n, double a,
                            const float *x, double b, float *y) {
    return launch_flat(stream, alarm, n, axpby{(float)a, (float)b, x, y}, {x, y});
}

cudaError_t cuda_flat_adam(cudaStream_t stream, const cuda_alarm *alarm, int64_t n,
                           const ik_adam *a, float *p, const float *g, float *m, float *v) {
    adam f = {(float)a->beta1,
              (float)a->beta2,
              (float)(1 - a->beta1),
              (float)(1 - a->beta2),
              (float)(a->lr / (1 - pow(a->beta1, (double)a->t))),
              (float)(1 / sqrt(1 - pow(a->beta2, (double)a->t))),
              (float)a->eps,
              p,
              m,
              v,
              g};
    return launch_flat(stream, alarm, n, f, {p, g, m, v});
}
