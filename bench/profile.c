#include "profile.h"

#include "exec/adam.h"
#include "measure.h"

#include <stdlib.h>

enum { ROUNDS = 10, RUNS = 5, MOST_LINES = 4096 };

/* Kernels that are equal in all that is printed of them. */
typedef struct line {
    char op[32], what[160];
    int count;
    double seconds, bytes, operations, floor;
} line;

typedef struct table {
    line lines[MOST_LINES];
    int n;
    line all;
} table;

static double floor_of_line(const line *l, const ceilings *c) {
    double bytes = c->bytes > 0 ? l->bytes / c->bytes : 0;
    double operations = c->operations > 0 ? l->operations / c->operations : 0;
    return bytes > operations ? bytes : operations;
}

static void add(line *to, const line *l) {
    to->count += l->count;
    to->seconds += l->seconds;
    to->bytes += l->bytes;
    to->operations += l->operations;
    to->floor += l->floor;
}

static void add_to(table *t, const line *l) {
    int i = 0;
    while (i < t->n && (strcmp(t->lines[i].op, l->op) || strcmp(t->lines[i].what, l->what))) i++;
    if (i == MOST_LINES) i--; /* those that come after so many share the last line */
    if (i == t->n) {
        t->n++;
        memcpy(&t->lines[i], l, sizeof *l);
    } else {
        add(&t->lines[i], l);
    }
    add(&t->all, l);
}

/* --- A kernel's line. */

static double bytes_of(const ik__engine *e, const ik_node_desc *n) {
    double bytes = (double)ik__tensor_bytes(e, n->out);
    for (int i = 0; i < n->n_in; i++) {
        bool again = false;
        for (int k = 0; k < i; k++) again |= n->in[k] == n->in[i];
        if (!again) bytes += (double)ik__tensor_bytes(e, n->in[i]);
    }
    return bytes;
}

/* As "1x64x64x256 h": h is for elements of two bytes. */
static size_t add_tensor(const ik__engine *e, const ik_tensor *t, char *to, size_t size) {
    size_t at = 0;
    for (int i = 0; i < t->shape.rank && at < size; i++)
        at +=
            (size_t)snprintf(to + at, size - at, "%s%lld", i ? "x" : "", (long long)t->shape.d[i]);
    bool half = ik__tensor_bytes(e, t) == 2 * (size_t)ik_count(t->shape);
    if (at < size) at += (size_t)snprintf(to + at, size - at, "%s", half ? "h" : "");
    return at < size ? at : size;
}

static void describe(const ik__engine *e, const ik_node_desc *n, char *to, size_t size) {
    size_t at = 0;
    for (int i = 0; i < n->n_in && i < 2; i++) {
        at += add_tensor(e, n->in[i], to + at, size - at);
        if (at < size) at += (size_t)snprintf(to + at, size - at, " ");
        if (at >= size) return;
    }
    at += (size_t)snprintf(to + at, size - at, "> ");
    if (at < size) at += add_tensor(e, n->out, to + at, size - at);
    int stride = n->attrs->stride[0];
    if (stride > 1 && at < size) snprintf(to + at, size - at, " /%d", stride);
}

static line line_of(const ik__engine *e, const ik_kernel *k, double seconds, const ceilings *c) {
    line l = {.count = 1, .seconds = seconds};
    const ik__node *node = (const ik__node *)(const void *)k->node.out;
    snprintf(l.op, sizeof l.op, "%s", ik__op_name(node));
    describe(e, &k->node, l.what, sizeof l.what);
    l.bytes = bytes_of(e, &k->node);
    l.operations = 2 * ik__macs(&k->node);
    l.floor = floor_of_line(&l, c);
    return l;
}

static ik_status add_program(ik__session *s, ik__program *p, bool plan, const ceilings *c, table *t,
                             ik_error *err) {
    int n = p->n_kernels - p->n_settled;
    double *seconds = calloc((size_t)n + 1, sizeof *seconds);
    ik_step step = {(uint64_t)s->set.seed, 1, 0};
    if (!seconds) return ik_errorf(err, IK_FAILED, "error: out of memory");
    ik_status status =
        plan ? IK_OK : ik__program_profile(s->engine, p, &step, ROUNDS, seconds, err);
    for (int i = 0; i < n && !status; i++) {
        line l = line_of(s->engine, p->replayed[p->n_settled + i], seconds[i], c);
        add_to(t, &l);
    }
    free(seconds);
    return status;
}

/* The optimiser is no node: it reads parameters, gradients and two moments, and writes all but the
 * gradients. */
static ik_status add_adam(ik__session *s, int player, bool plan, const ceilings *c, table *t,
                          ik_error *err) {
    line l = {.op = "adam", .count = 1};
    const ik__store *store = s->engine->store;
    double elements = 0, before;
    for (int i = 0; i < store->n_blocks; i++) {
        const ik__block *b = &store->blocks[i];
        if (b->trained && b->player == player) elements += (double)b->learned;
    }
    snprintf(l.what, sizeof l.what, "%.0f", elements);
    l.bytes = 7 * elements * (double)s->engine->backend->element_bytes(s->engine->self, IK_F32);
    l.floor = floor_of_line(&l, c);
    ik_status status = plan ? IK_OK : ik__engine_elapsed(s->engine, &before, err);
    ik_adam how = ik__settings_adam(&s->set, 0);
    for (int i = 0; i < ROUNDS && !plan; i++) ik__adam_step(s->engine->store, player, &how);
    if (!plan && !status) status = ik__engine_elapsed(s->engine, &l.seconds, err);
    l.seconds /= ROUNDS;
    add_to(t, &l);
    return status;
}

/* --- The whole of it. */

static ik_status whole(ik__session *s, bool training, double *seconds, ik_error *err) {
    ik_status status = IK_OK;
    double before, took;
    int runs = is_device(s) ? REPLAYS : 1;
    uint64_t n = 0;
    *seconds = 1e9;
    for (int i = 0; i < RUNS && !status; i++) {
        status = ik__engine_elapsed(s->engine, &before, err);
        for (int k = 0; k < runs && !status; k++) status = run_step(s, training, n++, err);
        if (!status) status = ik__engine_elapsed(s->engine, &took, err);
        if (!status && took / runs < *seconds) *seconds = took / runs;
    }
    return status;
}

/* --- Printing. */

static int by_time(const void *a, const void *b) {
    const line *x = a, *y = b;
    double dx = x->seconds > 0 || y->seconds > 0 ? x->seconds - y->seconds : x->floor - y->floor;
    return dx < 0 ? 1 : dx > 0 ? -1 : strcmp(x->what, y->what);
}

static void print_rate(FILE *to, double amount, double seconds, double unit) {
    if (seconds > 0 && amount > 0)
        fprintf(to, " %8.*f", amount / seconds / unit < 100 ? 2 : 0, amount / seconds / unit);
    else
        fprintf(to, " %8s", "-");
}

static void print_line(FILE *to, const line *l, double total, bool plan) {
    double shown = plan ? l->floor : l->seconds;
    fprintf(to, "%10.4f %5.1f%% %5d", 1e3 * shown, total > 0 ? 100 * shown / total : 0, l->count);
    fprintf(to, " %10.2f %9.3f", 1e-6 * l->bytes, 1e-9 * l->operations);
    if (!plan) {
        print_rate(to, l->bytes, l->seconds, 1e9);
        print_rate(to, l->operations, l->seconds, 1e12);
        if (l->floor > 0 && l->seconds > 0)
            fprintf(to, " %6.0f%%", 100 * l->floor / l->seconds);
        else
            fprintf(to, " %7s", "-");
    }
    fprintf(to, "  %-18s %s\n", l->op, l->what);
}

static void print_head(FILE *to, bool plan) {
    fprintf(to, "%10s %6s %5s %10s %9s", plan ? "least ms" : "ms", "share", "count", "MB", "GFLOP");
    if (!plan) fprintf(to, " %8s %8s %7s", "GB/s", "TFLOP/s", "of most");
    fprintf(to, "  %-18s %s\n", "op", "inputs > output");
}

static void print_lines(FILE *to, line *lines, int n, double total, bool plan) {
    qsort(lines, (size_t)n, sizeof *lines, by_time);
    print_head(to, plan);
    for (int i = 0; i < n; i++) print_line(to, &lines[i], total, plan);
}

static void print_by_op(FILE *to, const table *t, double total, bool plan) {
    line *ops = calloc(MOST_LINES, sizeof *ops);
    int n = 0;
    for (int i = 0; i < t->n && ops; i++) {
        int k = 0;
        while (k < n && strcmp(ops[k].op, t->lines[i].op) != 0) k++;
        if (k == n) snprintf(ops[n++].op, sizeof ops->op, "%s", t->lines[i].op);
        add(&ops[k], &t->lines[i]);
    }
    if (ops) print_lines(to, ops, n, total, plan);
    free(ops);
}

static void print_table(FILE *to, table *t, double replay, bool plan, const ceilings *c) {
    double total = plan ? t->all.floor : t->all.seconds;
    print_lines(to, t->lines, t->n, total, plan);
    fprintf(to, "\n");
    print_by_op(to, t, total, plan);
    fprintf(to, "\nkernels: %d, %.1f MB, %.3f GFLOP", t->all.count, 1e-6 * t->all.bytes,
            1e-9 * t->all.operations);
    if (c->bytes > 0 || c->operations > 0)
        fprintf(to, "; at %.0f GB/s and %.1f TFLOP/s at least %.4f ms", 1e-9 * c->bytes,
                1e-12 * c->operations, 1e3 * t->all.floor);
    fprintf(to, "\n");
    if (!plan)
        fprintf(to, "kernels by themselves %.4f ms, the whole replay %.4f ms\n",
                1e3 * t->all.seconds, 1e3 * replay);
}

ik_status profile(ik__session *s, bool training, bool plan, const ceilings *c, FILE *to,
                  ik_error *err) {
    table *t = calloc(1, sizeof *t);
    if (!t) return ik_errorf(err, IK_FAILED, "error: out of memory");
    double replay = 0;
    ik_status status = plan ? IK_OK : upload_scenes(s, training, err);
    if (!status && !plan) status = whole(s, training, &replay, err);
    if (!training && !status) status = add_program(s, s->sample, plan, c, t, err);
    const ik__players *all = &s->model->players;
    for (int i = 0; i < all->n_updates && training && !status; i++) {
        const ik__update *u = &all->updates[i];
        if (!s->update[i]) continue;
        status = add_program(s, s->update[i], plan, c, t, err);
        for (int k = 0; k < u->n && !status; k++)
            status = add_adam(s, u->players[k], plan, c, t, err);
    }
    if (!status) print_table(to, t, replay, plan, c);
    free(t);
    return status;
}
