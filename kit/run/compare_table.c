/* A comparison in a table; see compare.h. */
#include "compare.h"

#include "base/numbers.h"
#include "base/watch.h"
#include "folder/facts.h"

static void print(const ik__compare *c, FILE *to) {
    ik__facts last = {0};
    fprintf(to, "%-24s %12s %12s %12s\n", "variant", "P (M)", "F (G)", "T");
    for (int i = 0; i < c->n; i++) {
        ik__facts f;
        const struct ik__network_facts *g =
            ik__facts_read(&f, c->variants[i].run.out) ? ik__facts_painter(&f) : NULL;
        if (!g) continue;
        last = f;
        fprintf(to, "%-24s %12.4f %12.4f ", c->variants[i].name, (double)g->params * 1e-6,
                (double)f.counted_macs * 1e-9);
        char time[IK__WORDS] = "-"; /* nothing was synthesised */
        if (f.picture_us) ik__time_words(time, (double)f.picture_us * 1e-6);
        fprintf(to, "%12s\n", time);
    }
    if (!last.n_networks) return;
    fprintf(to,
            "(the generator's parameters; its multiply-adds for a picture of %lld instances; the "
            "time for a\n picture%s)\n",
            (long long)last.counted_instances, last.picture_us ? "" : ", where one was made");
}

void ik__compare_tell(const ik__compare *c) {
    ik__telling t;
    ik__telling_begin(&t);
    if (t.file) print(c, t.file);
    ik__telling_end(&t, IK__RESULT);
}
