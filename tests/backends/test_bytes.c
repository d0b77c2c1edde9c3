/* What the kernels of the cuda backend say of their bytes, counted: the large operands of an op are
 * read once and its output is written once, however rows, channels and segments fall. What is small
 * (tables, statistics, maps) may be read again, from the device's caches. */
#include "op_bench.h"

#include <dlfcn.h>

#include "backends/cuda_host/accesses.h"
#include "op_cases.h"

static emulated_watch *watched;
static int *watching;

static void find_counters(void) {
    void *library = dlopen(BUILD_DIR "/tests/plugins/backends/cuda_host.so", RTLD_NOW);
    if (library) watched = dlsym(library, "emulated_watched");
    if (library) watching = dlsym(library, "emulated_watching");
    if (watched && watching) return;
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
}

enum { X = 1, Y = 2, Z = 4, OUT = 8, EVERY = 16 };

/* Inputs read once (bits 0 to 2), and the output, written once and never read. EVERY: a map without
 * gaps; pixels of no segment need not be read. */
static const struct {
    ik_opcode op;
    int once;
} promises[] = {
    {IK_AFFINE, X | OUT},
    {IK_LEAKY_RELU, X | OUT},
    {IK_LEAKY_RELU_GRAD, X | Y | OUT},
    {IK_SUM, X | OUT},
    {IK_BROADCAST, OUT},
    {IK_CONCAT, X | Y | OUT},
    {IK_SLICE, OUT},
    {IK_PAD_SLICE, X | OUT},
    {IK_PERMUTE, X | OUT},
    {IK_UPSAMPLE, OUT},
    {IK_UPSAMPLE_GRAD, X | OUT},
    {IK_BILINEAR, OUT},
    {IK_AVG_POOL, OUT},
    {IK_MAX_POOL, OUT},
    {IK_MOMENTS, X | OUT},
    {IK_NORMALIZE, X | OUT},
    {IK_NORMALIZE_DSTATS, X | Y | OUT},
    {IK_NORMALIZE_DX, X | Y | OUT},
    {IK_LOOKUP, OUT},
    {IK_SEGMENT_SUM, X | OUT | EVERY},
    {IK_MODULATE, X | OUT},
    {IK_MODULATE_DX, X | Y | OUT},
    {IK_MODULATE_DTABLES, X | Y | OUT | EVERY},
    {IK_ONE_HOT, OUT},
    {IK_LABEL_CONV, OUT},
    {IK_PATCHES, OUT},
    {IK_SPECTRAL_SCALE, X | OUT},
};
enum { PROMISES = sizeof promises / sizeof *promises };

static int64_t bytes_of(const ik_tensor *t) {
    return 4 * ik_count(t->shape);
}

static bool gaps(const op_bench *b) {
    for (int i = 0; i < op_inputs(b->c); i++)
        if (op_is_map(&b->c->in[i]) && b->c->in[i].kind != OP_MAP) return true;
    return false;
}

/* Runs one kernel with its operands watched. */
static void check_kernel(const op_bench *b, ik_kernel *k, int once) {
    const ik_node_desc *n = &k->node;
    *watching = n->n_in + 1;
    for (int i = 0; i <= n->n_in; i++)
        watched[i] = (emulated_watch){i < n->n_in ? k->in[i] : k->out,
                                      (size_t)bytes_of(i < n->n_in ? n->in[i] : n->out),
                                      {0, 0}};
    ck_assert_msg(k->run(k, &op_step, &op_err) == IK_OK, "%s", op_err.text);
    *watching = 0;
    const char *name = ik_op_text(n->op);
    for (int i = 0; i < n->n_in && i < 3; i++) {
        if (!(once >> i & 1)) continue;
        OP_CHECK(watched[i].moved[0] == bytes_of(n->in[i]) && !watched[i].moved[1],
                 "%s, %s: input %d of %lld bytes: %lld are read, %lld written", op_title(b->c),
                 name, i, (long long)bytes_of(n->in[i]), (long long)watched[i].moved[0],
                 (long long)watched[i].moved[1]);
    }
    const emulated_watch *out = &watched[n->n_in];
    OP_CHECK(!(once & OUT) || (out->moved[1] == bytes_of(n->out) && !out->moved[0]),
             "%s, %s: output of %lld bytes: %lld are written, %lld read", op_title(b->c), name,
             (long long)bytes_of(n->out), (long long)out->moved[1], (long long)out->moved[0]);
}

static bool seen[IK_OP_COUNT];

START_TEST(once) {
    op_bench b = op_build(case_of(_i), "cuda_host", false);
    op_poison(&b, NAN);
    op_run(&b);
    for (int i = 0; i < b.program->n_kernels; i++) {
        ik_kernel *k = &b.program->kernels[i];
        for (int p = 0; p < PROMISES; p++) {
            int promised = promises[p].once;
            if (promises[p].op != k->node.op || ((promised & EVERY) && gaps(&b))) continue;
            if (k->node.op == IK_NORMALIZE_DX && k->node.n_in == 3) promised &= ~Y;
            check_kernel(&b, k, promised);
            seen[k->node.op] = true;
        }
    }
    op_free(&b);
}
END_TEST

START_TEST(every_promise_is_kept_somewhere) {
    for (int p = 0; p < PROMISES; p++)
        ck_assert_msg(seen[promises[p].op], "%s was in no case", ik_op_text(promises[p].op));
}
END_TEST

int main(void) {
    ik__plugins_path(BUILD_DIR "/tests/plugins");
    find_counters();
    return RUN_OPS("bytes", {once, count_cases()}, {every_promise_is_kept_somewhere});
}
