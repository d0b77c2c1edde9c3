/* How kernels read and write tensors: reals that lie in memory as f32 or bf16, one at a time or
 * eight at once, and indices.
 *
 * Eight values are one 16-byte access in bf16 and two in f32. Whether an operand is bf16 is the
 * same for all threads, so the branch costs an instruction and spares a copy of every kernel for
 * every mixture of types. Everything here compiles for host and device. */
#ifndef CUDA_VALUES_CUH
#define CUDA_VALUES_CUH

#include <initializer_list>
#include <math.h>

#include "cuda.h"
#include "inadekit/philox.h"

#ifdef __CUDA_ARCH__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL
#endif

#ifdef __CUDACC__
#define ACCESS(p, bytes, writes)
#else
#include "accesses.h" /* of the tests: alignment is checked, bytes are counted */
#endif

/* --- Types. */

/* A real tensor in memory. Maps may be moved as reals too: nothing changes the bits of an f32. */
struct real {
    void *p;
    int bf16;
};

static inline real real_in(const ik_kernel *k, int i) {
    return {k->in[i], k->node.in[i]->storage == CUDA_BF16};
}
static inline real real_out(const ik_kernel *k) {
    return {k->out, k->node.out->storage == CUDA_BF16};
}
static inline const float *f32_in(const ik_kernel *k, int i) {
    return (const float *)k->in[i];
}
static inline const int32_t *map_in(const ik_kernel *k, int i) {
    return (const int32_t *)k->in[i];
}
static inline float *f32_out(const ik_kernel *k) {
    return (float *)k->out;
}

IK_HD static inline float float_of_bits(uint32_t bits) {
#ifdef __CUDA_ARCH__
    return __uint_as_float(bits);
#else
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
#endif
}

IK_HD static inline uint32_t bits_of_float(float f) {
#ifdef __CUDA_ARCH__
    return __float_as_uint(f);
#else
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
#endif
}

/* Two floats to bf16, to nearest even; `low` comes first in memory. */
IK_HD static inline uint32_t bf16_pair(float low, float high) {
#ifdef __CUDA_ARCH__
    uint32_t pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
#else
    uint32_t half[2];
    for (int i = 0; i < 2; i++) {
        uint32_t bits = bits_of_float(i ? high : low);
        half[i] = (bits & 0x7fffffffu) > 0x7f800000u ? 0x7fffu
                                                     : (bits + 0x7fffu + (bits >> 16 & 1)) >> 16;
    }
    return half[0] | half[1] << 16;
#endif
}

/* --- Memory. A kernel's output overlaps no input, so inputs may take the read-only path. */

struct alignas(16) quad {
    uint32_t w[4];
};

IK_HD static inline quad read_quad(const void *p) {
    ACCESS(p, 16, false);
#ifdef __CUDA_ARCH__
    uint4 v = __ldg((const uint4 *)p);
    return {{v.x, v.y, v.z, v.w}};
#else
    quad q;
    memcpy(&q, p, sizeof q);
    return q;
#endif
}

IK_HD static inline void write_quad(void *p, const quad &q) {
    ACCESS(p, 16, true);
#ifdef __CUDA_ARCH__
    /* The compiler makes four of an assignment. */
    asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};" ::"l"(__cvta_generic_to_global(p)),
                 "r"(q.w[0]), "r"(q.w[1]), "r"(q.w[2]), "r"(q.w[3])
                 : "memory");
#else
    memcpy(p, &q, sizeof q);
#endif
}

template <class T> IK_HD static inline T read_one(const T *p) {
    ACCESS(p, sizeof(T), false);
#ifdef __CUDA_ARCH__
    return __ldg(p);
#else
    return *p;
#endif
}

template <class T> IK_HD static inline void write_one(T *p, T value) {
    ACCESS(p, sizeof(T), true);
    *p = value;
}

/* V values on their way: read, and not yet looked at, so that a thread need not wait for one before
 * it asks for the next. V is 1, or 8 from 16 bytes on. */
template <int V> struct raw { quad q[2]; /* bf16: the first alone */ };
template <> struct raw<1> { uint32_t bits; };

template <int V> IK_HD static inline void fetch(const real &x, int64_t at, raw<V> &to) {
    if constexpr (V == 1) {
        if (x.bf16)
            to.bits = (uint32_t)read_one((const uint16_t *)x.p + at) << 16;
        else
            to.bits = read_one((const uint32_t *)x.p + at);
    } else if (x.bf16) {
        to.q[0] = read_quad((const uint16_t *)x.p + at);
    } else {
        to.q[0] = read_quad((const uint32_t *)x.p + at);
        to.q[1] = read_quad((const uint32_t *)x.p + at + 4);
    }
}

template <int V> IK_HD static inline void values(const real &x, const raw<V> &of, float (&v)[V]) {
    if constexpr (V == 1) {
        v[0] = float_of_bits(of.bits);
    } else if (x.bf16) {
        UNROLL for (int i = 0; i < 8; i++) {
            uint32_t pair = of.q[0].w[i / 2];
            v[i] = float_of_bits(i % 2 ? pair & 0xffff0000u : pair << 16);
        }
    } else {
        UNROLL for (int i = 0; i < 8; i++) v[i] = float_of_bits(of.q[i / 4].w[i % 4]);
    }
}

/* Both at once. */
template <int V> IK_HD static inline void load(const real &x, int64_t at, float (&v)[V]) {
    raw<V> r;
    fetch<V>(x, at, r);
    values<V>(x, r, v);
}
template <int V> IK_HD static inline void load(const float *p, int64_t at, float (&v)[V]) {
    load<V>(real{(void *)p, 0}, at, v);
}

template <int V> IK_HD static inline void store(const real &y, int64_t at, const float (&v)[V]) {
    if constexpr (V == 1) {
        if (y.bf16)
            write_one((uint16_t *)y.p + at, (uint16_t)bf16_pair(v[0], v[0]));
        else
            write_one((float *)y.p + at, v[0]);
    } else if (y.bf16) {
        quad q;
        UNROLL for (int i = 0; i < 4; i++) q.w[i] = bf16_pair(v[2 * i], v[2 * i + 1]);
        write_quad((uint16_t *)y.p + at, q);
    } else {
        UNROLL for (int half = 0; half < 2; half++) {
            quad q;
            UNROLL for (int i = 0; i < 4; i++) q.w[i] = bits_of_float(v[4 * half + i]);
            write_quad((float *)y.p + at + 4 * half, q);
        }
    }
}
template <int V> IK_HD static inline void store(float *y, int64_t at, const float (&v)[V]) {
    store<V>(real{y, 0}, at, v);
}

template <int V> IK_HD static inline void set(float (&v)[V], float to) {
    UNROLL for (int i = 0; i < V; i++) v[i] = to;
}
template <int V> IK_HD static inline void accumulate(float (&sum)[V], const float (&v)[V]) {
    UNROLL for (int i = 0; i < V; i++) sum[i] += v[i];
}

/* How many values a thread takes at once: 8 where rows of `row` elements allow it and every
 * pointer lies on 16 bytes (that of a view may not), else 1. */
static inline int width_of(int64_t row, std::initializer_list<const void *> pointers) {
    if (row % 8) return 1;
    for (const void *p : pointers)
        if ((uintptr_t)p % 16) return 1;
    return 8;
}

/* The output in cuda_op.plain. */
enum { PLAIN_OUT = 1 << IK_MAX_INPUTS };

/* --- Indices. */

IK_HD static inline int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}
IK_HD static inline int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* a / b of numbers not negative: a division of 64 bits takes several times one of 32. */
IK_HD static inline int64_t quotient(int64_t a, int64_t b) {
    if (!((uint64_t)(a | b) >> 32)) return (int64_t)((uint32_t)a / (uint32_t)b);
    return a / b;
}

/* Takes the last digit, of `base`, off `number`. */
IK_HD static inline int64_t digit(int64_t &number, int64_t base) {
    int64_t rest = quotient(number, base), last = number - rest * base;
    number = rest;
    return last;
}

IK_HD static inline bool inside(int64_t i, int64_t n) {
    return i >= 0 && i < n;
}

/* Which table or group of statistics serves sample b: its own, or the one that all share. */
IK_HD static inline int64_t group_of(int64_t groups, int64_t b) {
    return groups == 1 ? 0 : b;
}

/* A vector of channels of a pixel of a picture [B,H,W,C]. */
struct place {
    int64_t b;
    int y, x, c;
};

/* Unit i of a picture, V channels each. */
template <int V>
IK_HD static inline place place_of(int64_t i, int64_t h, int64_t w, int64_t channels) {
    place p;
    p.c = V * (int)digit(i, channels / V);
    p.x = (int)digit(i, w);
    p.y = (int)digit(i, h);
    p.b = i;
    return p;
}

#endif
