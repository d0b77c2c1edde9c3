/* Programs and the engine that runs them; see program.h. */
#include "program.h"

#include <stdlib.h>

ik_status ik__engine_new(ik__instance *backend, int threads, ik__engine **out, ik_error *err) {
    ik__engine *e = calloc(1, sizeof *e);
    if (!e) return ik_errorf(err, IK_FAILED, "out of memory");
    e->instance = backend;
    e->backend = backend->plugin->iface;
    e->self = backend->self;
    ik_status status = e->backend->open(e->self, threads, err);
    if (status) {
        free(e);
        return status;
    }
    *out = e;
    return IK_OK;
}

static void program_free(ik__engine *e, ik__program *p) {
    if (!p) return;
    if (p->kept) e->backend->free(e->self, p->kept);
    for (int i = 0; p->kernels && i < p->n_kernels; i++)
        if (p->kernels[i].release) p->kernels[i].release(&p->kernels[i]);
    ik__graph_free(p->graph);
    free(p->order);
    free(p->kernels);
    free(p->replayed);
    free(p->pointer);
    free(p->offset);
    free(p->bytes);
    free(p->grads);
    free(p);
}

void ik__engine_free(ik__engine *e) {
    if (!e) return;
    for (int i = 0; i < e->n_programs; i++) program_free(e, e->programs[i]);
    for (int i = 0; i < e->n_inputs; i++)
        if (e->inputs[i].data) e->backend->free(e->self, e->inputs[i].data);
    if (e->arena) e->backend->free(e->self, e->arena);
    ik__store_free(e->store);
    if (e->backend->close) e->backend->close(e->self);
    ik__instance_free(e->instance);
    free(e);
}

/* What a view of views shows; known of what is in a program's order. */
static ik__node *root_of(ik__node *n) {
    return ik__is_view(n->op) ? n->root : n;
}

static void mark(bool *live, ik__node *n) {
    live[n->t.id] = true;
}

static void mark_live(const ik__engine *e, const ik__program *p, bool *live) {
    ik__graph *g = p->graph;
    for (int i = 0; i < g->outputs.n; i++) mark(live, g->outputs.v[i].node);
    for (int i = 0; i < g->assigns.n; i++) mark(live, g->assigns.v[i].node);
    for (int i = 0; i < g->kept.n; i++) mark(live, g->kept.v[i].node);
    for (int i = 0; i < p->n_grads; i++) mark(live, ik__node_of(p->grads[i].tensor));
    for (int i = g->n - 1; i >= 0; i--) {
        if (e->keep_all && !ik__is_leaf(g->nodes[i]->op)) live[i] = true;
        for (int k = 0; live[i] && k < g->nodes[i]->n_in; k++)
            live[g->nodes[i]->in[k]->t.id] = true;
    }
}

/* Asks the backend how it stores each tensor, where it cares. What the store's blocks take in
 * (gradients, assigned values) stays plain, and a view lies as what it views. */
static ik_status lay_out(ik__engine *e, ik__program *p, ik_error *err) {
    if (!IK__PROVIDES(e->backend, storage)) return IK_OK;
    ik__graph *g = p->graph;
    bool *plain = calloc((size_t)g->n + 1, sizeof *plain);
    if (!plain) return ik_errorf(err, IK_FAILED, "out of memory while preparing %s", p->name);
    for (int i = 0; i < g->assigns.n; i++) plain[root_of(g->assigns.v[i].node)->t.id] = true;
    for (int i = 0; i < p->n_grads; i++)
        plain[root_of(ik__node_of(p->grads[i].tensor))->t.id] = true;
    const ik_kernel *k = p->kernels; /* of the next node that has one */
    for (int i = 0; i < p->n; i++) {
        ik__node *n = p->order[i];
        if (ik__is_view(n->op)) n->t.storage = n->in[0]->t.storage;
        if (ik__is_leaf(n->op) || ik__is_view(n->op)) continue;
        if (!plain[n->t.id] && n->op != IK_RELAYOUT)
            n->t.storage = e->backend->storage(e->self, &k->node);
        k++;
    }
    free(plain);
    return IK_OK;
}

size_t ik__tensor_bytes(const ik__engine *e, const ik_tensor *t) {
    if (IK__PROVIDES(e->backend, tensor_bytes)) return e->backend->tensor_bytes(e->self, t);
    return (size_t)ik_count(t->shape) * e->backend->element_bytes(e->self, t->dtype);
}

ik_node_desc ik__node_desc(const ik__node *n) {
    ik_node_desc d = {.op = n->op, .attrs = &n->attrs, .n_in = n->n_in, .out = &n->t};
    for (int i = 0; i < n->n_in; i++) d.in[i] = &n->in[i]->t;
    return d;
}

static void describe(ik__program *p) {
    for (int i = 0; i < p->n; i++) {
        ik__node *n = p->order[i];
        if (ik__is_leaf(n->op) || ik__is_view(n->op)) continue;
        ik_kernel *k = &p->kernels[p->n_kernels];
        k->node = ik__node_desc(n);
        k->custom = n->custom;
        k->custom_attrs = n->custom_attrs;
        p->n_settled += i < p->n_constant;
        p->replayed[p->n_kernels++] = k;
    }
}

static ik_status prepare(ik__engine *e, ik__program *p, ik_error *err) {
    describe(p);
    ik_status status = lay_out(e, p, err);
    for (int i = 0; i < p->n_kernels && !status; i++) {
        ik_kernel *k = &p->kernels[i];
        ik_error why;
        if (e->backend->prepare(e->self, k, &why))
            status = ik_errorf(err, IK_FAILED, "%s, %s: %s", p->name,
                               p->graph->nodes[k->node.out->id]->path, why.text);
        if (k->workspace_bytes > p->workspace_bytes) p->workspace_bytes = k->workspace_bytes;
    }
    return status;
}

/* Where each live tensor lies: gradients in their slots, leaves in the store, constants that every
 * run reads in storage of their own, the rest planned. */
static ik_status plan(ik__engine *e, ik__program *p, ik_error *err) {
    ik__graph *g = p->graph;
    int *last = calloc((size_t)g->n + 1, sizeof *last),
        *span = calloc((size_t)g->n + 1, sizeof *span);
    ik__span *spans = calloc((size_t)p->n + 1, sizeof *spans);
    int m = 0;
    if (!last || !span || !spans) {
        free(last), free(span), free(spans);
        return ik_errorf(err, IK_FAILED, "out of memory while planning %s", p->name);
    }
    for (int i = 0; i < p->n; i++) {
        ik__node *n = p->order[i];
        last[root_of(n)->t.id] = i;
        for (int k = 0; k < n->n_in; k++) last[root_of(n->in[k])->t.id] = i;
    }
    for (int i = 0; i < g->outputs.n; i++) last[root_of(g->outputs.v[i].node)->t.id] = p->n;
    for (int i = 0; i < g->assigns.n; i++) last[root_of(g->assigns.v[i].node)->t.id] = p->n;
    for (int i = 0; i < g->kept.n; i++) last[root_of(g->kept.v[i].node)->t.id] = p->n;
    for (int i = 0; i < p->n_grads; i++)
        p->bytes[root_of(ik__node_of(p->grads[i].tensor))->t.id] = SIZE_MAX; /* has a slot */
    for (int i = 0; i < p->n; i++) {
        ik__node *n = p->order[i];
        int id = n->t.id;
        span[id] = -1;
        if (ik__is_leaf(n->op) || ik__is_view(n->op) || p->bytes[id] == SIZE_MAX) continue;
        p->bytes[id] = ik__tensor_bytes(e, &n->t);
        n->kept = n->constant && last[id] >= p->n_constant;
        if (n->kept) {
            p->offset[id] = p->kept_bytes;
            p->kept_bytes += (p->bytes[id] + 255) & ~(size_t)255;
            continue;
        }
        spans[m] =
            (ik__span){.bytes = p->bytes[id], .from = i, .to = e->keep_all ? p->n : last[id]};
        span[id] = m++;
    }
    p->arena_bytes = ik__plan(spans, m);
    for (int i = 0; i < p->n; i++) {
        int id = p->order[i]->t.id;
        if (span[id] >= 0) p->offset[id] = spans[span[id]].offset;
    }
    free(last), free(span), free(spans);
    return IK_OK;
}

static struct ik__held *find_input(ik__engine *e, const char *name, int64_t rows) {
    for (int i = 0; i < e->n_inputs; i++)
        if (!strcmp(e->inputs[i].name, name) && e->inputs[i].shape.d[0] == rows)
            return &e->inputs[i];
    return NULL;
}

/* One storage serves all programs whose input has that name and batch, so they must agree on the
 * rest of its shape. */
static ik_status hold_input(ik__engine *e, const ik__node *n, ik_error *err) {
    const struct ik__held *h = find_input(e, n->name, n->t.shape.d[0]);
    if (h && ik_same_shape(h->shape, n->t.shape) && h->dtype == n->t.dtype) return IK_OK;
    if (h) return ik_errorf(err, IK_FAILED, "input %s is read with two different shapes", n->name);
    if (e->n_inputs == (int)(sizeof e->inputs / sizeof *e->inputs))
        return ik_errorf(err, IK_FAILED, "input %s: a session holds at most %zu inputs", n->name,
                         sizeof e->inputs / sizeof *e->inputs);
    e->inputs[e->n_inputs++] =
        (struct ik__held){.name = n->name, .shape = n->t.shape, .dtype = n->t.dtype};
    return IK_OK;
}

static ik_status add_node(ik__engine *e, ik__program *p, ik__node *n, ik_error *err) {
    p->order[p->n++] = n;
    if (ik__is_view(n->op)) n->root = root_of(n->in[0]);
    return n->op == IK_INPUT ? hold_input(e, n, err) : IK_OK;
}

/* Constant nodes first, each with the layouts made of it behind it. */
static ik_status put_in_order(ik__engine *e, ik__program *p, int recorded, const bool *live,
                              ik_error *err) {
    ik__graph *g = p->graph;
    ik_status status = IK_OK;
    for (int i = 0; i < recorded; i++) {
        if (!live[i] || !g->nodes[i]->constant) continue;
        status = add_node(e, p, g->nodes[i], err);
        for (ik__node *l = g->nodes[i]->laid; l && !status; l = l->next_laid)
            status = add_node(e, p, l, err);
    }
    p->n_constant = p->n;
    for (int i = 0; i < recorded && !status; i++)
        if (live[i] && !g->nodes[i]->constant) status = add_node(e, p, g->nodes[i], err);
    return status;
}

static bool make_room(ik__program *p) {
    size_t n = (size_t)p->graph->n + 1;
    p->order = calloc(n, sizeof *p->order);
    p->kernels = calloc(n, sizeof *p->kernels);
    p->replayed = calloc(n, sizeof *p->replayed);
    p->pointer = calloc(n, sizeof *p->pointer);
    p->offset = calloc(n, sizeof *p->offset);
    p->bytes = calloc(n, sizeof *p->bytes);
    return p->order && p->kernels && p->replayed && p->pointer && p->offset && p->bytes;
}

static ik_status build(ik__engine *e, ik__program *p, bool *live, ik_error *err) {
    int recorded = p->graph->n;
    mark_live(e, p, live);
    ik__constants_find(e, p->graph, live);
    if (!make_room(p))
        return ik_errorf(err, IK_FAILED, "out of memory while preparing %s", p->name);
    ik_status status = put_in_order(e, p, recorded, live, err);
    if (!status) status = prepare(e, p, err);
    return status ? status : plan(e, p, err);
}

ik_status ik__program_new(ik__engine *e, const char *name, ik__graph *g, int n_grads,
                          const ik__gradient *grads, ik__program **out, ik_error *err) {
    if (e->n_programs == (int)(sizeof e->programs / sizeof *e->programs)) {
        ik__graph_free(g);
        return ik_errorf(err, IK_FAILED, "%s: a session holds at most %zu programs", name,
                         sizeof e->programs / sizeof *e->programs);
    }
    ik__program *p = calloc(1, sizeof *p);
    bool *live = calloc((size_t)g->n + 1, sizeof *live);
    if (p) {
        p->name = name;
        p->graph = g;
        p->grads = calloc((size_t)n_grads + 1, sizeof *p->grads);
        e->programs[e->n_programs++] = p;
    }
    ik_status status = IK_OK;
    if (!p || !live || !p->grads)
        status = ik_errorf(err, IK_FAILED, "out of memory while preparing %s", name);
    for (int i = 0; i < n_grads && !status; i++)
        if (grads[i].tensor) p->grads[p->n_grads++] = grads[i];
    if (!status) status = build(e, p, live, err);
    *out = p;
    free(live);
    return status;
}

bool ik__program_reads(const ik__program *p, const char *input) {
    for (int i = 0; i < p->n; i++)
        if (p->order[i]->op == IK_INPUT && !strcmp(p->order[i]->name, input)) return true;
    return false;
}

static void *pointer_of(ik__engine *e, ik__program *p, ik__node *n) {
    if (n->op == IK_INPUT) return find_input(e, n->name, n->t.shape.d[0])->data;
    if (n->entry) return ik__store_value(e->store, n->entry);
    if (!ik__is_view(n->op)) return (char *)(n->kept ? p->kept : e->arena) + p->offset[n->t.id];
    size_t skip = 0;
    if (n->op == IK_ROWS) {
        const ik_tensor *whole = &n->in[0]->t;
        skip = (size_t)n->attrs.start * (ik__tensor_bytes(e, whole) / (size_t)whole->shape.d[0]);
    }
    return (char *)p->pointer[n->in[0]->t.id] + skip;
}

static void bind(ik__engine *e, ik__program *p, void *workspace) {
    for (int i = 0; i < p->n; i++) p->pointer[p->order[i]->t.id] = pointer_of(e, p, p->order[i]);
    for (int i = 0; i < p->n_grads; i++)
        p->pointer[root_of(ik__node_of(p->grads[i].tensor))->t.id] =
            ik__store_grad(e->store, p->grads[i].entry);
    for (int i = 0; i < p->n; i++) /* views of a gradient, if any */
        if (ik__is_view(p->order[i]->op))
            p->pointer[p->order[i]->t.id] = pointer_of(e, p, p->order[i]);
    for (int i = 0; i < p->n_kernels; i++) {
        ik_kernel *k = &p->kernels[i];
        for (int j = 0; j < k->node.n_in; j++) k->in[j] = p->pointer[k->node.in[j]->id];
        k->out = p->pointer[k->node.out->id];
        k->workspace = workspace;
    }
}

/* What all programs together take besides weights. */
typedef struct needs {
    size_t tensors, workspace, inputs, kept;
} needs;

size_t ik__input_bytes(const ik__engine *e, const struct ik__held *h) {
    return (size_t)ik_count(h->shape) * e->backend->element_bytes(e->self, h->dtype);
}

static needs needs_of(const ik__engine *e) {
    needs n = {0};
    for (int i = 0; i < e->n_programs; i++) {
        const ik__program *p = e->programs[i];
        if (p->arena_bytes > n.tensors) n.tensors = p->arena_bytes;
        if (p->workspace_bytes > n.workspace) n.workspace = p->workspace_bytes;
        n.kept += p->kept_bytes;
    }
    for (int i = 0; i < e->n_inputs; i++) n.inputs += ik__input_bytes(e, &e->inputs[i]);
    return n;
}

ik_status ik__engine_fits(const ik__engine *e, size_t weights, ik_error *err) {
    if (!IK__PROVIDES(e->backend, memory)) return IK_OK;
    size_t free = 0, total = 0;
    e->backend->memory(e->self, &free, &total);
    needs n = needs_of(e);
    n.tensors += n.inputs;
    weights += n.kept;
    if (weights + n.tensors + n.workspace <= free) return IK_OK;
    const double mib = 1048576;
    return ik_errorf(err, IK_FAILED,
                     "out of memory: the run needs %.1f MiB (weights and their optimiser "
                     "%.1f, activations %.1f, workspace %.1f), the device has %.1f of %.1f MiB "
                     "free; reduce train.batch, synthesize.batch or dataset.size, set a coarser "
                     "`precision`, or end what else uses the device",
                     (double)(weights + n.tensors + n.workspace) / mib, (double)weights / mib,
                     (double)n.tensors / mib, (double)n.workspace / mib, (double)free / mib,
                     (double)total / mib);
}

ik_status ik__engine_ready(ik__engine *e, ik_error *err) {
    needs n = needs_of(e);
    e->arena_bytes = n.tensors + n.workspace + 64;
    e->arena = e->backend->alloc(e->self, e->arena_bytes);
    if (!e->arena)
        return ik_errorf(err, IK_FAILED,
                         "out of memory: activations need %.1f MiB and workspace %.1f MiB; reduce "
                         "train.batch or dataset.size",
                         (double)n.tensors / 1048576, (double)n.workspace / 1048576);
    for (int i = 0; i < e->n_inputs; i++) {
        struct ik__held *h = &e->inputs[i];
        h->data = e->backend->alloc(e->self, ik__input_bytes(e, h));
        if (!h->data) return ik_errorf(err, IK_FAILED, "out of memory for the input %s", h->name);
    }
    for (int i = 0; i < e->n_programs; i++) {
        ik__program *p = e->programs[i];
        if (p->kept_bytes) p->kept = e->backend->alloc(e->self, p->kept_bytes);
        if (p->kept_bytes && !p->kept)
            return ik_errorf(err, IK_FAILED,
                             "out of memory for the %.1f MiB that %s keeps of its weights",
                             (double)p->kept_bytes / 1048576, p->name);
        bind(e, p, (char *)e->arena + n.tensors);
    }
    return IK_OK;
}

ik_status ik__engine_upload(ik__engine *e, const char *input, int64_t rows, const void *data,
                            ik_error *err) {
    struct ik__held *h = find_input(e, input, rows);
    if (!h) return IK_OK;
    return e->backend->upload(e->self, h->dtype, ik_count(h->shape), h->data, data, err);
}

void ik__program_commit(ik__engine *e, ik__program *p) {
    const ik__names *l = &p->graph->assigns;
    if (l->n) ik__store_changed(e->store);
    for (int i = 0; i < l->n; i++) {
        const ik__node *n = l->v[i].node;
        ik__entry *entry = ik__store_find(e->store, l->v[i].name);
        e->backend->copy(e->self, IK_F32, ik_count(n->t.shape), ik__store_value(e->store, entry),
                         p->pointer[n->t.id]);
    }
}

ik_status ik__program_run(ik__engine *e, ik__program *p, const ik_step *step, bool hold,
                          ik_error *err) {
    ik_status status = ik__constants_settle(e, p, step, err);
    if (!status)
        status = e->backend->replay(e->self, p->replayed + p->n_settled,
                                    p->n_kernels - p->n_settled, step, err);
    if (!status && !hold) ik__program_commit(e, p);
    return status;
}

ik_status ik__program_run_to(ik__engine *e, ik__program *p, const ik__node *n, const ik_step *step,
                             ik_error *err) {
    while (ik__is_view(n->op)) n = n->in[0];
    int end = p->n_kernels;
    while (end > p->n_settled && p->replayed[end - 1]->node.out != &n->t) end--;
    ik_status status = ik__constants_settle(e, p, step, err);
    return status ? status
                  : e->backend->replay(e->self, p->replayed + p->n_settled, end - p->n_settled,
                                       step, err);
}

ik_status ik__engine_read(const ik__engine *e, const ik_tensor *t, void *to, const void *from,
                          ik_error *err) {
    if (IK__PROVIDES(e->backend, read)) return e->backend->read(e->self, t, to, from, err);
    return e->backend->download(e->self, t->dtype, ik_count(t->shape), to, from, err);
}

ik_status ik__program_tensor(ik__engine *e, ik__program *p, const ik__node *n, void *to,
                             ik_error *err) {
    return ik__engine_read(e, &n->t, to, p->pointer[n->t.id], err);
}

ik_status ik__program_output(ik__engine *e, ik__program *p, const char *name, void *to,
                             ik_error *err) {
    ik__node *n = ik__names_get(&p->graph->outputs, name);
    if (!n) return ik_errorf(err, IK_FAILED, "%s has no output '%s'", p->name, name);
    return ik__program_tensor(e, p, n, to, err);
}
