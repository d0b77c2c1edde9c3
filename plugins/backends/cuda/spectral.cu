/* Spectral normalisation: one power iteration over W, w viewed as [O, K], all in f32.
 * Bytes: spectral_uv W twice, spectral_scale W twice, spectral_grad dy and W twice, dw once;
 * vectors are small. Launches: spectral_uv five at most, spectral_grad three. */
#include "rows.cuh"

namespace {

struct matrix {
    int64_t o, k;
};

matrix matrix_of(const ik_tensor *w) {
    int64_t o = w->shape.d[0];
    return {o, ik_count(w->shape) / larger(o, 1)};
}

/* y = W^T u: rows of W, each times its u. */
template <int V> struct turned {
    const float *w, *u;
    float *y;
    int64_t k;
    typedef vector_sum<V> part;
    typedef nothing own;
    struct fetched {
        float w[V], u;
    };
    static constexpr int at_once = 4;
    IK_HD void fetch(fetched &to, int64_t, int64_t row, int64_t group) const {
        load<V>(w, row * k + group * V, to.w);
        to.u = read_one(u + row);
    }
    IK_HD void add(part &p, const own &, const fetched &of) const {
        UNROLL for (int i = 0; i < V; i++) p.v[i] += of.u * of.w[i];
    }
    IK_HD void finish(const part &p, int64_t, int64_t group) const {
        store<V>(y, group * V, p.v);
    }
};

/* y[outer] = the dot product of two vectors, `step` elements on for the next. */
template <int V> struct dots {
    const float *a, *b;
    int64_t step_a, step_b;
    float *y;
    typedef vector_sum<V> part;
    typedef nothing own;
    struct fetched {
        float a[V], b[V];
    };
    static constexpr int at_once = 2;
    IK_HD void fetch(fetched &to, int64_t outer, int64_t row, int64_t) const {
        load<V>(a, outer * step_a + row * V, to.a);
        load<V>(b, outer * step_b + row * V, to.b);
    }
    IK_HD void add(part &p, const own &, const fetched &of) const {
        UNROLL for (int i = 0; i < V; i++) p.v[i] += of.a[i] * of.b[i];
    }
    IK_HD void finish(const part &p, int64_t outer, int64_t) const {
        float sum = p.v[0];
        for (int i = 1; i < V; i++) sum += p.v[i];
        y[outer] = sum;
    }
};

/* One block: out = a / max(|a|, eps) and, where asked for, sigma = out . a; or, given `as`, out =
 * as itself. */
struct unit_vector {
    const float *a, *as;
    int64_t n;
    float eps, *out, *sigma;
    struct shared {
        vector_sum<1> parts[THREADS];
    };
    typedef nothing own;
    IK_HD bool phase(int k, int64_t, int thread, shared &s, own &) const {
        int rounds = rounds_of(THREADS);
        if (k == 0) {
            float sum = 0;
            for (int64_t i = thread; i < n; i += THREADS) sum += a[i] * (as ? as[i] : a[i]);
            s.parts[thread].v[0] = sum;
            return true;
        }
        if (k <= rounds) {
            tree_round(s.parts, k - 1, rounds, thread, THREADS, thread, 1);
            return true;
        }
        float total = s.parts[0].v[0], length = as ? 1 : fmaxf(sqrtf(total), eps);
        for (int64_t i = thread; i < n; i += THREADS) out[i] = as ? as[i] : a[i] / length;
        if (sigma && thread == 0) *sigma = total / length;
        return false;
    }
};

ik_status make_unit(const queue &q, const float *a, const float *as, int64_t n, float eps,
                    float *out, float *sigma) {
    return blocks(q, 1, unit_vector{a, as, n, eps, out, sigma});
}

/* W v, a block for each row. */
template <int V>
ik_status multiply(const queue &q, const float *w, const matrix &m, const float *v, float *y) {
    rows r = rows_of(m.o, m.k / V, 1, 1);
    dots<V> f = {w, v, m.k, 0, y};
    return blocks(q, block_count(r), reducing<dots<V>>{f, r, NULL});
}

/* The workspace holds a product of the length of u or v, then parts of a reduction. */
size_t vector_bytes(const matrix &m) {
    return ((size_t)larger(m.o, m.k) * sizeof(float) + 63) / 64 * 64;
}

template <int V>
ik_status iterate(const queue &q, const float *w, const float *u, const matrix &m, float *product,
                  void *parts) {
    return reduce(q, 1, m.o, m.k / V, turned<V>{w, u, product, m.k}, parts);
}

ik_status uv_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "spectral_uv", err};
    matrix m = matrix_of(k->node.in[0]);
    const float *w = f32_in(k, 0), *u0 = f32_in(k, 1), *v0 = f32_in(k, 2);
    bool again = k->node.attrs->iterate;
    float eps = (float)k->node.attrs->eps, *product = (float *)k->workspace;
    float *u = f32_out(k), *v = u + m.o, *sigma = v + m.k;
    void *parts = (char *)k->workspace + vector_bytes(m);
    ik_status status = IK_OK;
    if (again)
        status = width_of(m.k, {w, product}) == 8 ? iterate<8>(q, w, u0, m, product, parts)
                                                  : iterate<1>(q, w, u0, m, product, parts);
    if (!status) status = make_unit(q, again ? product : v0, again ? NULL : v0, m.k, eps, v, NULL);
    if (!status)
        status = width_of(m.k, {w, v}) == 8 ? multiply<8>(q, w, m, v, product)
                                            : multiply<1>(q, w, m, v, product);
    if (!status) status = make_unit(q, product, again ? NULL : u0, m.o, eps, u, sigma);
    return status;
}

size_t uv_workspace(const ik_node_desc *node) {
    matrix m = matrix_of(node->in[0]);
    size_t one = reduce_bytes<turned<1>>(1, m.o, m.k);
    size_t eight = m.k % 8 ? 0 : reduce_bytes<turned<8>>(1, m.o, m.k / 8);
    return vector_bytes(m) + (one > eight ? one : eight);
}

/* --- w / sigma */

template <int V> struct scaled {
    const float *w, *sigma;
    float *y;
    IK_HD void operator()(int64_t i) const {
        float v[V], by = read_one(sigma);
        load<V>(w, i * V, v);
        UNROLL for (int j = 0; j < V; j++) v[j] /= by;
        store<V>(y, i * V, v);
    }
};

ik_status scale_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "spectral_scale", err};
    matrix m = matrix_of(k->node.in[0]);
    const float *w = f32_in(k, 0), *sigma = f32_in(k, 1) + m.o + m.k;
    if (width_of(m.o * m.k, {w, k->out}) == 8)
        return units(q, m.o * m.k / 8, scaled<8>{w, sigma, f32_out(k)});
    return units(q, m.o * m.k, scaled<1>{w, sigma, f32_out(k)});
}

/* --- dy / sigma - (sum dy w / sigma^2) u v^T */

template <int V> struct grad {
    const float *dy, *uvs, *dot;
    float *dw;
    matrix m;
    IK_HD void operator()(int64_t i) const {
        int64_t row = i, column = V * digit(row, m.k / V);
        float sigma = read_one(uvs + m.o + m.k);
        float factor = read_one(dot) / (sigma * sigma) * read_one(uvs + row), v[V];
        load<V>(dy, i * V, v);
        UNROLL for (int j = 0; j < V; j++) v[j] =
            v[j] / sigma - factor * read_one(uvs + m.o + column + j);
        store<V>(dw, i * V, v);
    }
};

template <int V> ik_status grad_run(const queue &q, ik_kernel *k, const matrix &m) {
    float *dot = (float *)k->workspace;
    dots<V> f = {f32_in(k, 0), f32_in(k, 1), 0, 0, dot};
    ik_status status = reduce(q, 1, m.o * m.k / V, 1, f, (char *)k->workspace + 64);
    if (status) return status;
    return units(q, m.o * m.k / V, grad<V>{f32_in(k, 0), f32_in(k, 2), dot, f32_out(k), m});
}

ik_status grad_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "spectral_grad", err};
    matrix m = matrix_of(k->node.in[1]);
    return width_of(m.k, {k->in[0], k->in[1], k->out}) == 8 ? grad_run<8>(q, k, m)
                                                            : grad_run<1>(q, k, m);
}

size_t grad_workspace(const ik_node_desc *node) {
    matrix m = matrix_of(node->in[1]);
    size_t one = reduce_bytes<dots<1>>(1, m.o * m.k, 1);
    size_t eight = m.k % 8 ? 0 : reduce_bytes<dots<8>>(1, m.o * m.k / 8, 1);
    return 64 + (one > eight ? one : eight);
}

} // namespace

const cuda_row cuda_spectral_ops[] = {
    {IK_SPECTRAL_UV, {uv_launch, uv_workspace, NULL, 7 | PLAIN_OUT}},
    {IK_SPECTRAL_SCALE, {scale_launch, NULL, NULL, 3 | PLAIN_OUT}},
    {IK_SPECTRAL_GRAD, {grad_launch, grad_workspace, NULL, 7 | PLAIN_OUT}},
    {IK_OP_COUNT, {}},
};
