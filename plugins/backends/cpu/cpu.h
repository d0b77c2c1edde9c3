/* What the files of the cpu backend share.
 *
 * A kernel is a function over a range of units (elements, pixels, rows or tasks), split over
 * threads in equal consecutive parts. Where a sum crosses units, fixed blocks keep partial sums in
 * the workspace, combined in order: nothing depends on timing, and little on the number of threads.
 */
#ifndef INADEKIT_CPU_H
#define INADEKIT_CPU_H

#include "inadekit/plugin.h"
#include "onednn_versions.h"

typedef struct cpu_layouts cpu_layouts;

typedef struct cpu {
    int threads;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    cpu_layouts *layouts; /* see layouts.c; NULL before the first */
} cpu;

typedef void (*cpu_range)(const ik_kernel *k, int64_t from, int64_t to);

/* How to run an op: `range` over `units` of them, or else `run`; `prepare` replaces k->state. */
typedef struct cpu_op {
    cpu_range range;
    int64_t (*units)(const ik_node_desc *node);
    ik_status (*run)(ik_kernel *k, const ik_step *step, ik_error *err);
    size_t (*workspace)(const cpu *c, const ik_node_desc *node); /* bytes; NULL: none */
    ik_status (*prepare)(cpu *c, ik_kernel *k, ik_error *err);
    int cost; /* of an element, where it is many times that of a sum; 0: 1 */
} cpu_op;

/* One table per file, in the order of ik_opcode; ops of other files are empty rows. */
extern const cpu_op cpu_elementwise_ops[IK_OP_COUNT], cpu_shape_ops[IK_OP_COUNT],
    cpu_pooling_ops[IK_OP_COUNT], cpu_norm_ops[IK_OP_COUNT], cpu_modulate_ops[IK_OP_COUNT],
    cpu_segment_ops[IK_OP_COUNT], cpu_maps_ops[IK_OP_COUNT], cpu_label_conv_ops[IK_OP_COUNT],
    cpu_patches_ops[IK_OP_COUNT], cpu_spectral_ops[IK_OP_COUNT], cpu_dnnl_ops[IK_OP_COUNT],
    cpu_reduce_ops[IK_OP_COUNT], cpu_linear_ops[IK_OP_COUNT];

/* layouts.c: ik_tensor.storage is the number of one of oneDNN's layouts, from 1 on; 0 is plain. */
int cpu_layout(cpu *c, onednn_const_md md); /* its number; 0 without memory for it */
onednn_const_md cpu_layout_of(const cpu *c, const ik_tensor *t);
size_t cpu_tensor_bytes(void *self, const ik_tensor *t);
void cpu_layouts_free(cpu *c);
/* onednn.c: convolutions want their weights as oneDNN chooses. */
int cpu_wanted(void *self, const ik_node_desc *node, int input);

/* Prepares an op that a plugin brings. */
ik_status cpu_custom(const cpu *self, ik_kernel *k, ik_error *err);

/* Calls f over 0..units in one part per thread; in one part where `work` (elements touched) does
 * not pay for waking threads. */
void cpu_split(const ik_kernel *k, int64_t units, int64_t work, cpu_range f);

/* Usual units. */
int64_t cpu_elements(const ik_node_desc *node); /* of the output */
int64_t cpu_pixels(const ik_node_desc *node);   /* of the output: elements / last axis */
int64_t cpu_rows(const ik_node_desc *node);     /* of the output: its first two axes */

enum { CPU_SMALL = 32768 }; /* elements below which a kernel stays on one thread */

/* Hot range functions are compiled for three instruction sets, chosen when the plugin is loaded. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__)
#define HOT __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define HOT
#endif

static inline const cpu *cpu_of(const ik_kernel *k) {
    return k->state;
}
static inline int64_t cpu_min(int64_t a, int64_t b) {
    return a < b ? a : b;
}
static inline int64_t cpu_max(int64_t a, int64_t b) {
    return a > b ? a : b;
}
static inline int64_t cpu_ceil_div(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}
/* What normalising and its gradients need of every group and channel, [G][4][C]: mean, r =
 * 1/sqrt(var + eps), and with dstats a = dmean / N, b = 2 dvar / N (else 0). */
enum { CPU_MEAN, CPU_R, CPU_A, CPU_B, CPU_COEFFICIENTS };
size_t cpu_coefficients_bytes(const ik_tensor *stats);
void cpu_coefficients(const ik_tensor *x, const ik_tensor *stats, const float *values,
                      const float *dstats, double eps, float *out);

/* Channels: the last axis. */
static inline int64_t cpu_channels(const ik_tensor *t) {
    return t->shape.rank ? t->shape.d[t->shape.rank - 1] : 1;
}
/* Elements of one batch row. */
static inline int64_t cpu_per_sample(const ik_tensor *t) {
    int64_t n = ik_count(t->shape);
    return t->shape.rank && t->shape.d[0] ? n / t->shape.d[0] : n;
}

#endif
