/* Calls kernels of the naive backend one by one, without the core: a test makes tensors, applies an
 * op to them and reads doubles. The plugin is loaded once; tensors are freed after each test. */
#ifndef NAIVE_FIXTURE_H
#define NAIVE_FIXTURE_H

#include "support/suite.h"
#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>

#include "inadekit/plugin.h"

typedef struct tensor {
    ik_tensor t;
    void *data;
} tensor;

static const ik_backend_iface *backend;
static char instance[64];
static tensor *pool[1 << 12];
static int pool_size;
static uint64_t random_state = 1;

static inline void load_backend(void) {
    const char *path = BUILD_DIR "/lib/inadekit/backends/naive.so";
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg(library != NULL, "%s", library ? "" : dlerror());
    ik_plugin_entry entry;
    *(void **)&entry = dlsym(library, IK_PLUGIN_ENTRY);
    ck_assert(entry != NULL);
    const ik_plugin *plugin = entry()[0];
    ck_assert_str_eq(plugin->name, "naive");
    ck_assert_int_eq(plugin->kind, IK_BACKEND);
    ck_assert_uint_le(plugin->instance_size, sizeof instance);
    backend = plugin->iface;
    random_state = 1;
}

/* Frees the tensors made since the pool had `size`. */
static inline void free_tensors(int size) {
    while (pool_size > size) {
        tensor *x = pool[--pool_size];
        backend->free(instance, x->data);
        free(x);
    }
}

static inline void free_all(void) {
    free_tensors(0);
}

static inline tensor *make(ik_dtype dtype, ik_shape shape) {
    tensor *x = malloc(sizeof *x);
    ck_assert(x != NULL && pool_size < (int)(sizeof pool / sizeof *pool));
    size_t bytes = (size_t)ik_count(shape) * backend->element_bytes(instance, dtype);
    *x = (tensor){{shape, dtype, 0}, backend->alloc(instance, bytes)};
    ck_assert(x->data != NULL);
    pool[pool_size++] = x;
    return x;
}

static inline double *reals(const tensor *x) {
    ck_assert_int_eq(x->t.dtype, IK_F32);
    return x->data;
}
static inline int32_t *ints(const tensor *x) {
    ck_assert_int_eq(x->t.dtype, IK_I32);
    return x->data;
}

static inline double next_random(void) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (double)(random_state >> 11) / 9007199254740992.0;
}

static inline tensor *random_between(ik_shape shape, double low, double high) {
    tensor *x = make(IK_F32, shape);
    for (int64_t i = 0; i < ik_count(shape); i++) reals(x)[i] = low + (high - low) * next_random();
    return x;
}
static inline tensor *random_tensor(ik_shape shape) {
    return random_between(shape, -1, 1);
}

/* Indices from -1, which is padding, to n, which is past the end of a table of n. */
static inline tensor *random_map(ik_shape shape, int n) {
    tensor *x = make(IK_I32, shape);
    for (int64_t i = 0; i < ik_count(shape); i++) ints(x)[i] = (int)(next_random() * (n + 2)) - 1;
    return x;
}

static inline tensor *of_reals(ik_shape shape, const double *v) {
    tensor *x = make(IK_F32, shape);
    memcpy(x->data, v, (size_t)ik_count(shape) * sizeof *v);
    return x;
}
static inline tensor *of_ints(ik_shape shape, const int32_t *v) {
    tensor *x = make(IK_I32, shape);
    memcpy(x->data, v, (size_t)ik_count(shape) * sizeof *v);
    return x;
}
#define REALS(shape, ...) of_reals(shape, (const double[]){__VA_ARGS__})
#define INTS(shape, ...) of_ints(shape, (const int32_t[]){__VA_ARGS__})

/* The same elements under another shape. */
static inline tensor *view(const tensor *x, ik_shape shape) {
    ck_assert_int_eq(ik_count(x->t.shape), ik_count(shape));
    return x->t.dtype == IK_F32 ? of_reals(shape, x->data) : of_ints(shape, x->data);
}

/* Runs `op`. The output starts as rubbish: a kernel must not rely on what it finds there. */
static inline tensor *apply_list(ik_opcode op, const ik_attrs *attrs, ik_dtype dtype,
                                 ik_shape shape, int n, tensor *const *in) {
    static const ik_attrs none;
    tensor *out = make(dtype, shape);
    size_t bytes = (size_t)ik_count(shape) * backend->element_bytes(instance, dtype);
    memset(out->data, 0x7b, bytes);
    ik_kernel k = {.node = {.op = op, .attrs = attrs ? attrs : &none, .n_in = n, .out = &out->t}};
    for (int i = 0; i < n; i++) k.node.in[i] = &in[i]->t;
    ik_error err = {""};
    ck_assert_msg(backend->prepare(instance, &k, &err) == IK_OK, "%s", err.text);
    for (int i = 0; i < n; i++) k.in[i] = in[i]->data;
    k.out = out->data;
    ik_step step = {.seed = 5, .step = 7, .sample = 3};
    ik_kernel *const list[] = {&k};
    ck_assert_msg(backend->replay(instance, list, 1, &step, &err) == IK_OK, "%s", err.text);
    if (k.release) k.release(&k);
    return out;
}
#define INPUTS(...)                                                                                \
    (int)(sizeof((tensor *[]){__VA_ARGS__}) / sizeof(tensor *)), (tensor *[]) {                    \
        __VA_ARGS__                                                                                \
    }
#define ATTRS(...) (&(ik_attrs){__VA_ARGS__})
#define APPLY(op, attrs, shape, ...) apply_list(op, attrs, IK_F32, shape, INPUTS(__VA_ARGS__))
#define APPLY_MAP(op, attrs, shape, ...) apply_list(op, attrs, IK_I32, shape, INPUTS(__VA_ARGS__))

static inline double dot(const tensor *a, const tensor *b) {
    ck_assert(ik_same_shape(a->t.shape, b->t.shape));
    double sum = 0;
    for (int64_t i = 0; i < ik_count(a->t.shape); i++) sum += reals(a)[i] * reals(b)[i];
    return sum;
}

static inline void assert_near(double a, double b, double tolerance, const char *what) {
    ck_assert_msg(fabs(a - b) <= tolerance * (1 + fabs(a) + fabs(b)), "%s: %.15g, not %.15g", what,
                  a, b);
}
static inline void assert_same(const tensor *a, const tensor *b, double tolerance,
                               const char *what) {
    ck_assert(ik_same_shape(a->t.shape, b->t.shape));
    for (int64_t i = 0; i < ik_count(a->t.shape); i++)
        assert_near(reals(a)[i], reals(b)[i], tolerance, what);
}
static inline void assert_ints(const tensor *a, const int32_t *expected, const char *what) {
    for (int64_t i = 0; i < ik_count(a->t.shape); i++)
        ck_assert_msg(ints(a)[i] == expected[i], "%s: element %d is %d, not %d", what, (int)i,
                      ints(a)[i], expected[i]);
}
#define ASSERT_REALS(x, ...)                                                                       \
    assert_same(x, of_reals((x)->t.shape, (const double[]){__VA_ARGS__}), 1e-12, #x)
#define ASSERT_INTS(x, ...) assert_ints(x, (const int32_t[]){__VA_ARGS__}, #x)

#endif
