/* Walking two tensors side by side by the elements of a third: axes that behave alike in both are
 * merged first, so that equal shapes, a scalar, a vector of channels or a slice come down to one
 * or two axes. */
#ifndef CUDA_WALK_CUH
#define CUDA_WALK_CUH

#include "values.cuh"

struct walk {
    int rank;                     /* at least 1 */
    int64_t d[IK_MAX_RANK];       /* slowest axis first */
    int64_t step[2][IK_MAX_RANK]; /* elements to the next, 0 where an axis is repeated */
    int64_t start[2];
};

/* Distance between neighbours along each axis of a dense tensor. */
static inline void dense_steps(const ik_shape &s, int64_t step[IK_MAX_RANK]) {
    int64_t n = 1;
    for (int i = s.rank - 1; i >= 0; i--) step[i] = n, n *= s.d[i];
}

/* The same, but 0 along axes of 1, which are thereby repeated. */
static inline void repeat_steps(const ik_shape &s, int64_t step[IK_MAX_RANK]) {
    dense_steps(s, step);
    for (int i = 0; i < s.rank; i++)
        if (s.d[i] == 1) step[i] = 0;
}

static inline walk walk_of(const ik_shape &s, const int64_t *first, const int64_t *second) {
    walk w = {0, {0}, {{0}, {0}}, {0, 0}};
    for (int i = 0; i < s.rank; i++) {
        if (s.d[i] == 1) continue;
        int last = w.rank - 1;
        if (w.rank && w.step[0][last] == first[i] * s.d[i] &&
            w.step[1][last] == second[i] * s.d[i]) {
            w.d[last] *= s.d[i];
        } else {
            last = w.rank++;
            w.d[last] = s.d[i];
        }
        w.step[0][last] = first[i], w.step[1][last] = second[i];
    }
    if (!w.rank) w.rank = 1, w.d[0] = 1;
    return w;
}

/* Where unit i, of V elements along the last axis, lies in both. */
template <int V>
IK_HD static inline void walk_to(const walk &w, int64_t i, int64_t &first, int64_t &second) {
    first = w.start[0], second = w.start[1];
    for (int k = w.rank - 1; k >= 0; k--) {
        bool last = k == w.rank - 1;
        int64_t index = k ? digit(i, last ? w.d[k] / V : w.d[k]) : i;
        if (last) index *= V;
        first += index * w.step[0][k], second += index * w.step[1][k];
    }
}

/* Whether 8 elements of the last axis can be taken at once: they lie side by side or are one. */
static inline int walk_width(const walk &w, std::initializer_list<const void *> pointers) {
    int last = w.rank - 1;
    for (int side = 0; side < 2; side++) {
        if (w.step[side][last] > 1 || w.start[side] % 8) return 1;
        for (int i = 0; i < last; i++)
            if (w.step[side][last] && w.step[side][i] % 8) return 1;
    }
    return width_of(w.d[last], pointers);
}

#endif
