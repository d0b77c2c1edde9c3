/* Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), and
 * normals by Box-Muller. The same header is compiled for host and device, so the integers are the
 * same everywhere. A number depends on seed, stream, step, sample and element alone: order, batch
 * split and ranks never matter. */
#ifndef INADEKIT_PHILOX_H
#define INADEKIT_PHILOX_H

#include <math.h>
#include <stdint.h>

#ifdef __CUDACC__
#define IK_HD __host__ __device__
#else
#define IK_HD
#endif

static inline IK_HD void ik_philox(const uint32_t counter[4], const uint32_t key[2],
                                   uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

/* splitmix64's finaliser: spreads seed and stream over the key. */
static inline IK_HD uint64_t ik_mix64(uint64_t x) {
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* Four words for block `block` of one sample's stream. */
static inline IK_HD void ik_philox_block(uint64_t seed, uint64_t stream, uint64_t step,
                                         uint64_t sample, uint64_t block, uint32_t out[4]) {
    uint64_t k = ik_mix64(seed ^ ik_mix64(stream));
    uint32_t key[2] = {(uint32_t)k, (uint32_t)(k >> 32)};
    uint32_t counter[4] = {(uint32_t)block, (uint32_t)step, (uint32_t)sample,
                           (uint32_t)(step >> 32) ^ ((uint32_t)(sample >> 32) << 16)};
    ik_philox(counter, key, out);
}

/* A uniform number in [0,1) from a word. */
static inline IK_HD double ik_uniform01(uint32_t word) {
    return word * (1.0 / 4294967296.0);
}

/* Normal number `element` of a sample: each block gives four, a pair of words two of them. */
static inline IK_HD double ik_philox_normal(uint64_t seed, uint64_t stream, uint64_t step,
                                            uint64_t sample, uint64_t element) {
    uint32_t w[4];
    ik_philox_block(seed, stream, step, sample, element >> 2, w);
    const uint32_t *pair = (element & 2) ? w + 2 : w;
    double radius = sqrt(-2.0 * log((pair[0] + 1.0) * (1.0 / 4294967296.0)));
    double angle = 6.283185307179586476925 * ik_uniform01(pair[1]);
    return radius * ((element & 1) ? sin(angle) : cos(angle));
}

/* FNV-1a of a path such as "generator.z": the name of a stream. */
static inline uint64_t ik_stream_of(const char *path) {
    uint64_t h = 1469598103934665603u;
    for (; *path; path++) h = (h ^ (unsigned char)*path) * 1099511628211u;
    return h;
}

#endif
