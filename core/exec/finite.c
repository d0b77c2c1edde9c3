/* The search for the first number that is not finite: the program's kernels once more, one at a
 * time, each result looked at before its memory serves another. The run before it committed
 * nothing, and random numbers depend on the step alone, so every value comes out as it did. */
#include "finite.h"

#include "base/numbers.h"

#include <math.h>
#include <stdlib.h>

typedef struct search {
    ik__engine *e;
    ik__program *p;
    const ik_step *step;
    float *host; /* room for the largest value */
} search;

/* The first element that is not finite; -1: all are. What cannot be read is taken as finite. */
static int64_t odd_element(search *s, const ik__node *n) {
    if (n->t.dtype != IK_F32 || n->op == IK_RELAYOUT) return -1;
    ik_error ignored;
    if (ik__program_tensor(s->e, s->p, n, s->host, &ignored)) return -1;
    return ik__first_odd(s->host, ik_count(n->t.shape));
}

static void describe(const search *s, const ik__node *n, int64_t at, char *text, size_t size) {
    char shape[64];
    ik__shape_text(n->t.shape, shape, sizeof shape);
    double value = isnan(s->host[at]) ? NAN : (double)s->host[at]; /* without a sign */
    if (n->op == IK_INPUT)
        snprintf(text, size, "the input '%s' %s holds %g", n->name, shape, value);
    else if (ik__is_leaf(n->op))
        snprintf(text, size, "the %s %s %s was %g before the step",
                 n->entry->learned ? "parameter" : "buffer", n->entry->path, shape, value);
    else
        snprintf(text, size, "%s, %s %s, was the first to make %g",
                 n->path[0] ? n->path : "the total", ik__op_name(n), shape, value);
}

void ik__check_finite(ik__engine *e, ik__program *p, const ik_step *step, char *text, size_t size) {
    int64_t most = 1;
    for (int i = 0; i < p->n; i++)
        if (ik_count(p->order[i]->t.shape) > most) most = ik_count(p->order[i]->t.shape);
    search s = {e, p, step, malloc((size_t)most * sizeof *s.host)};
    text[0] = 0;
    int kernel = 0;
    for (int i = 0; s.host && i < p->n && !text[0]; i++) {
        const ik__node *n = p->order[i];
        if (ik__is_view(n->op)) continue;
        ik_error ignored;
        if (!ik__is_leaf(n->op) &&
            e->backend->replay(e->self, &p->replayed[kernel++], 1, step, &ignored))
            break;
        int64_t at = odd_element(&s, n);
        if (at >= 0) describe(&s, n, at, text, size);
    }
    free(s.host);
}
