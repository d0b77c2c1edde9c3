/* Every op with a kernel, case by case: gradients on the naive backend against central differences,
 * every other backend against naive. OPS_SPEED=1 prints what a run of each case takes;
 * OPS_PRECISION=tf32 or bf16 compares the backends that compute so, OPS_ONLY=products those cases.
 */
#include "op_bench.h"

#include "op_cases.h"

static double loss_with(op_bench *b, double *at, double value) {
    double was = *at;
    *at = value;
    op_run(b);
    *at = was;
    return *(const double *)b->program->pointer[b->loss->t.id];
}

enum { MOST_DIFFERENCES = 48 };
static const double h = 1.0 / 32768;

/* All elements of a small tensor, some of a larger one. */
static void check_elements(op_bench *b, int input, const double *grad, int64_t n, double largest) {
    double *x = ik__store_value(b->engine->store, b->in[input]->entry);
    for (int64_t k = 0; k < n && k < MOST_DIFFERENCES; k++) {
        int64_t i = n <= MOST_DIFFERENCES ? k : (int64_t)(op_word(7, k) % (uint64_t)n);
        double slope = (loss_with(b, &x[i], x[i] + h) - loss_with(b, &x[i], x[i] - h)) / (2 * h);
        OP_CHECK(fabs(slope - grad[i]) <= 1e-6 * largest + 1e-8,
                 "%s: the gradient of input %d[%lld] is %.12g, by differences %.12g",
                 op_title(b->c), input, (long long)i, grad[i], slope);
    }
}

/* All elements at once, along a random direction of signs. */
static void check_direction(op_bench *b, int input, const double *grad, int64_t n) {
    double *x = ik__store_value(b->engine->store, b->in[input]->entry), loss[2], want = 0, sum = 0;
    for (int side = 0; side < 2; side++) {
        double step = side ? -h : h;
        for (int64_t i = 0; i < n; i++) x[i] += op_word(8, i) & 1 ? step : -step;
        op_run(b);
        loss[side] = *(const double *)b->program->pointer[b->loss->t.id];
        for (int64_t i = 0; i < n; i++) x[i] -= op_word(8, i) & 1 ? step : -step;
    }
    for (int64_t i = 0; i < n; i++) {
        want += op_word(8, i) & 1 ? grad[i] : -grad[i];
        sum += fabs(grad[i]);
    }
    double slope = (loss[0] - loss[1]) / (2 * h);
    OP_CHECK(fabs(slope - want) <= 1e-6 * sum + 1e-8,
             "%s: along a direction of input %d the gradient is %.12g, by differences %.12g",
             op_title(b->c), input, want, slope);
}

START_TEST(gradients) {
    const op_case *c = case_of(_i);
    op_bench b = op_build(c, "naive", false);
    op_poison(&b, NAN);
    op_run(&b);
    for (int i = 0; i < op_inputs(c); i++) {
        if (op_is_map(&c->in[i])) continue;
        if (c->constant || b.in[i] == NULL) {
            ck_assert_msg(!b.grad[i], "%s: input %d has a gradient", op_title(c), i);
            continue;
        }
        bool stopped_input = c->op >= IK_SPECTRAL_UV && c->op <= IK_SPECTRAL_GRAD && i > 0;
        ck_assert_msg(!b.grad[i] == stopped_input, "%s: input %d has %s gradient", op_title(c), i,
                      b.grad[i] ? "a" : "no");
        if (!b.grad[i]) continue;
        op_run(&b); /* at the case's own values: the input before was moved */
        int64_t n = ik_count(c->in[i].shape);
        double *grad = malloc((size_t)n * sizeof *grad), largest = 0;
        memcpy(grad, ik__store_grad(b.engine->store, b.in[i]->entry), (size_t)n * sizeof *grad);
        for (int64_t k = 0; k < n; k++) {
            OP_CHECK(isfinite(grad[k]), "%s: gradient of input %d is not finite", op_title(c), i);
            largest = fmax(largest, fabs(grad[k]));
        }
        if (!c->kinks) {
            check_elements(&b, i, grad, n, largest);
            check_direction(&b, i, grad, n);
        }
        free(grad);
    }
    op_free(&b);
}
END_TEST

/* Whatever lay in storage before, the same bytes come out. */
static op_result run_twice(op_bench *b) {
    op_poison(b, NAN);
    op_run(b);
    op_result first = op_read(b);
    op_poison(b, 1e30f);
    double start = op_milliseconds();
    op_run(b);
    double took = op_milliseconds() - start;
    const char *speed = getenv("OPS_SPEED");
    if (speed && *speed == '1') printf("%9.3f ms  %-8s %s\n", took, b->backend, op_title(b->c));
    op_result second = op_read(b);
    op_assert_bytes(b, &first, &second);
    op_result_free(&first);
    return second;
}

START_TEST(backends) {
    const op_case *c = chosen(_i);
    op_bench naive = op_build(c, "naive", false);
    op_result want = run_twice(&naive);
    for (int i = 0; i < op_others()->n; i++) {
        op_bench other = op_build(c, op_others()->name[i], false);
        op_result got = run_twice(&other);
        op_assert_same(&other, &got, &want, op_tolerance());
        op_result_free(&got);
        op_free(&other);
    }
    op_result_free(&want);
    op_free(&naive);
}
END_TEST

static void mark_ops(const op_case *c, bool *covered) {
    op_bench b = {.c = c};
    ik__store *store = ik__store_new();
    ik__graph *g = op_graph(&b, c, store, false);
    for (int i = 0; i < g->n; i++) covered[g->nodes[i]->op] = true;
    ik__graph_free(g);
    ik__store_free(store);
}

START_TEST(no_op_is_left_out) {
    bool covered[IK_OP_COUNT] = {false};
    for (int i = 0; i < count_cases(); i++) mark_ops(case_of(i), covered);
    for (int op = 0; op < IK_OP_COUNT; op++)
        ck_assert_msg(covered[op] || ik__is_leaf((ik_opcode)op) ||
                          op == IK_RELAYOUT /* test_constants.c */ ||
                          op == IK_CUSTOM /* test_custom.c */,
                      "op %s is in no case; add one to op_cases_*.h", ik_op_text((ik_opcode)op));
}
END_TEST

int main(void) {
    if (getenv("OPS_ONLY")) printf("%d of %d cases: products\n", count_chosen(), count_cases());
    return RUN_OPS("ops", {no_op_is_left_out},
                   {gradients, getenv("OPS_PRECISION") ? NONE : count_cases()},
                   {backends, count_chosen()});
}
