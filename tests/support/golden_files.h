/* Tensors of safetensors files by name, and how far two lie apart; running `inadekit trace` on the
 * golden files. */
#ifndef TEST_GOLDEN_FILES_H
#define TEST_GOLDEN_FILES_H

#include "cli.h"
#include "tensors/safetensors.h"

#include <math.h>

#define GOLDEN SOURCE_DIR "/tests/golden/inade_small"

static ik__st *open_file(const char *path) {
    ik__st *st;
    ik_error err;
    ck_assert_msg(!ik__st_open(path, &st, &err), "%s", err.text);
    return st;
}

static inline ik__st *open_golden(const char *name) {
    char path[512];
    snprintf(path, sizeof path, GOLDEN "/%s.safetensors", name);
    return open_file(path);
}

/* In the test's own folder. */
static inline ik__st *open_output(const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s.safetensors", folder, name);
    return open_file(path);
}

/* A real tensor; the caller frees it. */
static float *read_reals(ik__st *st, const char *name, ik_shape *shape) {
    int i = ik__st_find(st, name);
    ck_assert_msg(i >= 0, "there is no %s", name);
    const ik__st_entry *e = ik__st_entry_at(st, i);
    ck_assert_msg(e->dtype == IK_F32, "%s is not real", name);
    *shape = e->shape;
    float *v = malloc((size_t)ik_count(e->shape) * sizeof *v);
    ik_error err;
    ck_assert_ptr_nonnull(v);
    ck_assert_msg(!ik__st_read(st, i, v, &err), "%s", err.text);
    return v;
}

typedef struct distance {
    double apart, size; /* 2-norms of the difference and of the first */
} distance;

/* Of the tensor `name` of a file and values of that shape. Where the file keeps only every
 * so-manieth value, as its metadata `stride.NAME` says, only those count. */
static inline distance compare_values(ik__st *want, const char *name, const float *y, ik_shape b) {
    ik_shape a;
    float *x = read_reals(want, name, &a);
    char key[300];
    snprintf(key, sizeof key, "stride.%s", name);
    const char *thinned = ik__st_meta(want, key);
    int64_t stride = thinned ? atoll(thinned) : 1;
    ck_assert_int_gt(stride, 0);
    if (thinned) b = IK_SHAPE1((ik_count(b) + stride - 1) / stride);
    ck_assert_msg(ik_same_shape(a, b), "%s: the shapes differ", name);
    distance d = {0, 0};
    for (int64_t i = 0; i < ik_count(a); i++) {
        double difference = (double)x[i] - y[i * stride];
        d.apart += difference * difference;
        d.size += (double)x[i] * x[i];
    }
    free(x);
    return (distance){sqrt(d.apart), sqrt(d.size)};
}

/* Of the tensor `name` of one file and `other` of the second, which have to agree on the shape. */
static inline distance compare_as(ik__st *want, const char *name, ik__st *got, const char *other) {
    ik_shape shape;
    float *y = read_reals(got, other, &shape);
    distance d = compare_values(want, name, y, shape);
    free(y);
    return d;
}

static inline distance compare(ik__st *want, ik__st *got, const char *name) {
    return compare_as(want, name, got, name);
}

/* Runs a program on golden weights and the golden inputs of that name; writes OUT.safetensors. */
static inline void trace(const char *program, const char *inputs, const char *out,
                         const char *more) {
    char arguments[800];
    snprintf(arguments, sizeof arguments,
             "trace " GOLDEN ".yaml --program %s --weights " GOLDEN "/weights.safetensors "
             "--inputs " GOLDEN "/%s.safetensors --outputs %s.safetensors %s",
             program, inputs, out, more);
    expect(arguments, 0, NULL);
}

#endif
