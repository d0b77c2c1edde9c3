/* Shared small types: status, error text, shapes, tensors.
 * Everything in this folder includes libc only and compiles as C11 and as C++. */
#ifndef INADEKIT_TYPES_H
#define INADEKIT_TYPES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The program's exit status follows from it: IK_USAGE gives 2, any other failure 1. */
typedef enum ik_status {
    IK_OK = 0,
    IK_FAILED,      /* failed while running: files, memory, numbers */
    IK_USAGE,       /* wrong command line or wrong YAML */
    IK_INTERRUPTED, /* a signal that asks to stop was obeyed */
} ik_status;

/* What went wrong, where, and what to do about it. Owned by the caller; the first failure fills it.
 */
typedef struct ik_error {
    char text[2048];
} ik_error;

#if defined(__GNUC__)
#define IK_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define IK_PRINTF(fmt, args)
#endif

/* Formats `err` and returns `status`, so that a failure is one line: `return ik_errorf(...)`. */
static inline ik_status IK_PRINTF(3, 4)
    ik_errorf(ik_error *err, ik_status status, const char *format, ...) {
    if (err) {
        va_list args;
        va_start(args, format);
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
    }
    return status;
}

enum { IK_MAX_RANK = 5 };

/* Logical order is NHWC. Rank 0 is a scalar (one element). */
typedef struct ik_shape {
    int rank;
    int64_t d[IK_MAX_RANK];
} ik_shape;

static inline ik_shape ik_shape_of(int rank, int64_t a, int64_t b, int64_t c, int64_t d,
                                   int64_t e) {
    ik_shape s = {rank, {a, b, c, d, e}};
    for (int i = rank; i < IK_MAX_RANK; i++) s.d[i] = 0;
    return s;
}
#define IK_SHAPE0() ik_shape_of(0, 0, 0, 0, 0, 0)
#define IK_SHAPE1(a) ik_shape_of(1, a, 0, 0, 0, 0)
#define IK_SHAPE2(a, b) ik_shape_of(2, a, b, 0, 0, 0)
#define IK_SHAPE3(a, b, c) ik_shape_of(3, a, b, c, 0, 0)
#define IK_SHAPE4(a, b, c, d) ik_shape_of(4, a, b, c, d, 0)
#define IK_SHAPE5(a, b, c, d, e) ik_shape_of(5, a, b, c, d, e)

static inline int64_t ik_count(ik_shape s) {
    int64_t n = 1;
    for (int i = 0; i < s.rank; i++) n *= s.d[i];
    return n;
}

static inline bool ik_same_shape(ik_shape a, ik_shape b) {
    if (a.rank != b.rank) return false;
    for (int i = 0; i < a.rank; i++)
        if (a.d[i] != b.d[i]) return false;
    return true;
}

typedef enum ik_dtype {
    IK_F32, /* a real number; how a backend stores it is its own affair (naive: f64) */
    IK_I32, /* label, instance and segment maps */
} ik_dtype;

/* A tensor of the graph being recorded: its description, not its data. Owned by the graph. */
typedef struct ik_tensor {
    ik_shape shape;
    ik_dtype dtype;
    int id; /* the position of its node in the graph */
    /* 1.1: how a backend stores it, in the backend's own numbers; 0 is plain. Others leave it. */
    int storage;
} ik_tensor;

/* Lists, as options of a list type fill them. Owned by the core. */
typedef struct ik_ints {
    int n;
    const int64_t *v;
} ik_ints;
typedef struct ik_doubles {
    int n;
    const double *v;
} ik_doubles;
typedef struct ik_strings {
    int n;
    const char *const *v;
} ik_strings;

#ifdef __cplusplus
}
#endif
#endif
