/* Fused recordings beside unfused ones: the same values and gradients on every backend, and how
 * many nodes of an op are left. */
#ifndef FUSION_H
#define FUSION_H

#include "backends/op_bench.h"

/* How many nodes of some op lead to the result. */
typedef struct fusion_count {
    ik_opcode op;
    int n;
} fusion_count;

/* Those up to the result: not of the gradients. */
static inline int fusion_live(const op_bench *b, ik_opcode op) {
    int n = 0;
    for (int i = 0; i < b->program->n && b->program->order[i]->t.id <= b->y->t.id; i++)
        n += b->program->order[i]->op == op;
    return n;
}

static inline op_result fusion_result(op_bench *b) {
    op_poison(b, NAN);
    op_run(b);
    return op_read(b);
}

/* Unfused on naive against fused on a backend. `want` ends with IK_OP_COUNT. */
static inline void fusion_compare(const op_case *c, const char *backend, const fusion_count *want,
                                  double tolerance) {
    op_bench plain = op_build(c, "naive", false), fused = op_build(c, backend, true);
    ck_assert_int_eq(fusion_live(&plain, c->op), 0);
    for (; want->op != IK_OP_COUNT; want++)
        ck_assert_msg(fusion_live(&fused, want->op) == want->n, "%s on %s: %d nodes are %s, not %d",
                      op_title(c), backend, fusion_live(&fused, want->op), ik_op_text(want->op),
                      want->n);
    op_result values = fusion_result(&plain), got = fusion_result(&fused);
    op_assert_same(&fused, &got, &values, tolerance);
    op_result_free(&values);
    op_result_free(&got);
    op_free(&plain);
    op_free(&fused);
}

static inline void fusion_compare_all(const op_case *c, const fusion_count *want) {
    fusion_compare(c, "naive", want, 1e-6); /* both are read as float */
    for (int i = 0; i < op_others()->n; i++) fusion_compare(c, op_others()->name[i], want, 1e-5);
}

#endif
