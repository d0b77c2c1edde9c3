/* The kernels of a plugin's own ops, with values as a step has them, between pages that nobody may
 * touch: before and behind every buffer. Inputs may only be read. What a kernel does not write, or
 * reads of its workspace before it wrote there, holds other rubbish every time and so shows; what
 * is split among threads comes in another order. */
#define _GNU_SOURCE
#include "trial.h"

#include "base/clock.h"
#include "plugin/blame.h"

#include <sys/mman.h>

enum { PAGE = 4096, ALIGN = 64 };

bool check_buffer_take(check_buffer *b, size_t bytes, bool behind) {
    size_t room = (bytes + PAGE) / PAGE * PAGE;
    b->bytes = bytes;
    b->mapped = room + 2 * PAGE;
    b->pages = mmap(NULL, b->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (b->pages == MAP_FAILED) b->pages = NULL;
    if (!b->pages) return false;
    mprotect(b->pages, PAGE, PROT_NONE);
    mprotect(b->pages + PAGE + room, PAGE, PROT_NONE);
    b->at = b->pages + PAGE + (behind ? (room - bytes) / ALIGN * ALIGN : 0);
    return true;
}

void check_buffer_drop(check_buffer *b) {
    if (b->pages) munmap(b->pages, b->mapped);
}

typedef struct trial_of_op {
    const ik_custom_kernel *kernel;
    ik_custom_run run;
    check_buffer in[IK_MAX_INPUTS], out, work;
} trial_of_op;

static size_t bytes_of(const ik_custom_kernel *k, const ik_tensor *t) {
    size_t each = t->dtype == IK_F32 && k->reals == IK_REAL_F64 ? sizeof(double) : sizeof(float);
    return (size_t)ik_count(t->shape) * each;
}

/* The naive backend's storage: doubles, and maps as they are. */
static void fill(const ik_custom_kernel *k, const ik_tensor *t, const void *from,
                 check_buffer *to) {
    if (t->dtype != IK_F32 || k->reals == IK_REAL_F64)
        memcpy(to->at, from, to->bytes);
    else
        for (int64_t i = 0; i < ik_count(t->shape); i++)
            ((float *)to->at)[i] = (float)((const double *)from)[i];
    mprotect(to->pages + PAGE, to->mapped - 2 * PAGE, PROT_READ);
}

/* In three parts, the last first. */
static void split(const ik_custom_run *r, int64_t units, int64_t work, ik_custom_part *part) {
    (void)work;
    for (int i = 2; i >= 0; i--)
        if (units * i / 3 < units * (i + 1) / 3) part(r, units * i / 3, units * (i + 1) / 3);
}

static bool prepare(trial_of_op *o, const ik__program *p, const ik__node *n, const ik_step *step,
                    bool behind) {
    const ik_custom_kernel *k = o->kernel;
    o->run = (ik_custom_run){.struct_size = sizeof o->run,
                             .attrs = n->custom_attrs,
                             .n_in = n->n_in,
                             .out = &n->t,
                             .step = step,
                             .split = split};
    bool ok = check_buffer_take(&o->out, bytes_of(k, &n->t), behind);
    for (int i = 0; i < n->n_in && ok; i++) {
        const ik_tensor *t = o->run.in[i] = &n->in[i]->t;
        ok = check_buffer_take(&o->in[i], bytes_of(k, t), behind);
        if (ok) fill(k, t, p->pointer[t->id], &o->in[i]);
        o->run.in_data[i] = o->in[i].at;
    }
    size_t work = k->workspace ? k->workspace(n->custom_attrs, n->n_in, o->run.in, &n->t) : 0;
    ok = ok && check_buffer_take(&o->work, work, behind);
    o->run.out_data = o->out.at;
    o->run.workspace = o->work.at;
    return ok;
}

static void drop_all(trial_of_op *o) {
    for (int i = 0; i < IK_MAX_INPUTS; i++) check_buffer_drop(&o->in[i]);
    check_buffer_drop(&o->out);
    check_buffer_drop(&o->work);
}

/* Between rubbish; the page's rest beside a buffer has to keep it. */
static bool run(check_findings *f, trial_of_op *o, const char *name, int rubbish) {
    ik_error err = {""};
    check_buffer *const own[] = {&o->out, &o->work};
    for (int i = 0; i < 2; i++) memset(own[i]->pages + PAGE, rubbish, own[i]->mapped - 2 * PAGE);
    if (o->kernel->run(&o->run, &err)) {
        check_found_error(f, name, &err);
        return false;
    }
    for (int i = 0; i < 2; i++)
        for (const char *c = own[i]->pages + PAGE; c < own[i]->pages + own[i]->mapped - PAGE; c++) {
            bool inside = c >= own[i]->at && c < own[i]->at + own[i]->bytes;
            if (inside || *c == (char)rubbish) continue;
            check_found(f, CHECK_WRONG, "the op '%s' writes beside its %s", name,
                        i ? "workspace" : "output");
            return false;
        }
    return true;
}

static bool check_kernel(check_findings *f, const ik__program *p, const ik__node *n,
                         const ik_custom_kernel *k, const ik_step *step) {
    trial_of_op o[2] = {{.kernel = k}, {.kernel = k}};
    const char *name = n->custom->name;
    bool ok = prepare(&o[0], p, n, step, true) && prepare(&o[1], p, n, step, false) &&
              run(f, &o[0], name, 0xa5) && run(f, &o[1], name, 0x5a);
    if (ok && memcmp(o[0].out.at, o[1].out.at, o[0].out.bytes) != 0) {
        check_found(f, CHECK_WRONG,
                    "the op '%s' gives other values where its output and workspace held other "
                    "rubbish, or lay elsewhere: it leaves some unwritten, or reads what it did not "
                    "write",
                    name);
        ok = false;
    }
    double begin = ik__now();
    size_t before = 0;
    int runs = -CHECK_WARM;
    char what[100];
    ik_error ignored;
    for (; ok && runs < CHECK_TIMES && ik__now() - begin < 2; runs++) {
        if (!runs) before = check_heap();
        if (k->run(&o[0].run, &ignored)) break;
    }
    snprintf(what, sizeof what, "the op '%.80s'", name);
    if (ok && runs > 0) ok = !check_heap_grew(f, before, runs, what);
    for (int i = 0; i < 2; i++) drop_all(&o[i]);
    return ok;
}

static bool is_new(const ik__program *p, int at) {
    for (int i = 0; i < at; i++)
        if (p->order[i]->op == IK_CUSTOM && p->order[i]->custom == p->order[at]->custom)
            return false;
    return true;
}

/* Each op where the program has it first. Gives how many, -1 after a fault. */
static int check_program(check_findings *f, const ik_plugin *plugin, const ik__program *p,
                         const ik_step *step) {
    static char doing[160];
    int n = 0;
    for (int i = 0; i < p->n; i++) {
        const ik__node *node = p->order[i];
        if (node->op != IK_CUSTOM || !is_new(p, i)) continue;
        snprintf(doing, sizeof doing, "running the op '%.80s' between guard pages",
                 node->custom->name);
        for (int k = 0; node->custom->kernels[k]; k++) {
            if (strcmp(node->custom->kernels[k]->memory, "host") != 0) continue;
            ik__blame b;
            ik__blame_begin(&b, plugin, doing);
            bool ok = check_kernel(f, p, node, node->custom->kernels[k], step);
            ik__blame_end(&b);
            if (!ok) return -1;
        }
        n++;
    }
    return n;
}

static bool has_own_ops(const ik__session *s) {
    for (int u = 0; u < s->model->players.n_updates; u++)
        for (int i = 0; s->update[u] && i < s->update[u]->n; i++)
            if (s->update[u]->order[i]->op == IK_CUSTOM) return true;
    return false;
}

void check_guards(check_findings *f, const check_subject *of, check_size size,
                  const check_trial *naive, const char *at) {
    if (!has_own_ops(naive->s)) return;
    check_subject kept = *of;
    kept.keep_all = true;
    check_trial t;
    ik_error err = {""};
    int n = 0;
    ik_status status = check_trial_new(&kept, size, "naive", &t, &err);
    if (!status) status = check_trial_copy(naive, &t, &err);
    if (status) check_found_error(f, at, &err);
    for (int u = 0; !status && n >= 0 && u < t.s->model->players.n_updates; u++) {
        if (!t.s->update[u] || !check_trial_step(f, of->plugin, &t, u, false)) continue;
        int more = check_program(f, of->plugin, t.s->update[u], &t.step);
        n = more < 0 ? -1 : n + more;
    }
    if (n > 0)
        check_found(f, CHECK_FINE,
                    "%s: ops of its own stay within their buffers and write all of "
                    "their output",
                    at);
    check_trial_free(&t);
}
