/* The stages of a run, and the summary. */
#include "run.h"

#include "session.h"

#include <stdlib.h>

/* Multiply-accumulates of the convolutions and products of one picture. */
static double macs_of(const ik__node *n) {
    double out = (double)ik_count(n->t.shape);
    switch (n->op) {
    case IK_CONV2D: {
        ik_shape w = n->in[1]->t.shape;
        return out * (double)(w.d[1] * w.d[2] * w.d[3]);
    }
    case IK_LABEL_CONV: {
        ik_shape w = n->in[1]->t.shape;
        return out * (double)(w.d[2] * w.d[3]);
    }
    case IK_MATMUL: {
        ik_shape a = n->in[0]->t.shape;
        return out * (double)a.d[n->attrs.transpose_a ? 0 : 1];
    }
    default:
        return 0;
    }
}

static bool within(const char *path, const char *network) {
    size_t n = strlen(network);
    return !strncmp(path, network, n) && (path[n] == 0 || path[n] == '.');
}

typedef struct totals {
    int64_t params, macs, bytes;
} totals;

/* From the program in which the network's forward pass stands: before the backward pass begins. */
static totals measure(const ik__session *s, const char *network, const ik__program *p) {
    totals t = {0};
    double macs = 0;
    const ik__store *store = s->engine->store;
    for (int i = 0; i < store->n; i++)
        if (store->entries[i]->learned && within(store->entries[i]->path, network))
            t.params += ik_count(store->entries[i]->shape);
    for (int i = 0; p && i < p->n; i++) {
        const ik__node *n = p->order[i];
        if (!within(n->path, network)) continue;
        macs += macs_of(n);
        if (!ik__is_leaf(n->op) && !ik__is_view(n->op)) t.bytes += (int64_t)p->bytes[n->t.id];
    }
    int64_t batch = p ? p->graph->pub.info.batch : 1;
    t.macs = (int64_t)(macs / (double)batch);
    t.bytes /= batch;
    return t;
}

static const ik__program *forward_of(const ik__session *s, const char *network) {
    return !strcmp(network, "generator") ? s->sample : s->step[IK__GENERATOR];
}

static bool pruned(const ik__session *s, const char *network) {
    for (int i = 0; i < s->engine->store->n; i++)
        if (within(s->engine->store->entries[i]->path, network)) return false;
    return true;
}

static void print_summary(const ik__session *s, FILE *to) {
    fprintf(to, "%-16s %14s %18s %18s\n", "network", "parameters", "multiply-adds", "activations");
    for (int i = 0; i < s->model->n_networks; i++) {
        const char *name = s->model->networks[i].name;
        totals t = measure(s, name, forward_of(s, name));
        if (pruned(s, name))
            fprintf(to, "%-16s pruned: nobody asks for what it provides\n", name);
        else
            fprintf(to, "%-16s %14lld %16.3f G %14.1f MiB\n", name, (long long)t.params,
                    (double)t.macs * 1e-9, (double)t.bytes / 1048576);
    }
    fprintf(to, "(multiply-adds and activations per picture)\n\n%-16s %10s %18s %18s\n", "program",
            "nodes", "activations", "workspace");
    for (int i = 0; i < s->engine->n_programs; i++) {
        const ik__program *p = s->engine->programs[i];
        fprintf(to, "%-16s %10d %14.1f MiB %14.1f MiB\n", p->name, p->n_kernels,
                (double)p->arena_bytes / 1048576, (double)p->workspace_bytes / 1048576);
    }
}

static void print_json(const ik__session *s, FILE *to) {
    fprintf(to, "{\"networks\": {");
    for (int i = 0; i < s->model->n_networks; i++) {
        const char *name = s->model->networks[i].name;
        totals t = measure(s, name, forward_of(s, name));
        fprintf(to, "%s\"%s\": {\"params\": %lld, \"macs\": %lld, \"activation_bytes\": %lld}",
                i ? ", " : "", name, (long long)t.params, (long long)t.macs, (long long)t.bytes);
    }
    fprintf(to, "}, \"programs\": {");
    for (int i = 0; i < s->engine->n_programs; i++) {
        const ik__program *p = s->engine->programs[i];
        fprintf(to, "%s\"%s\": {\"arena_bytes\": %zu, \"workspace_bytes\": %zu, \"kernels\": %d}",
                i ? ", " : "", p->name, p->arena_bytes, p->workspace_bytes, p->n_kernels);
    }
    fprintf(to, "}}\n");
}

ik_status ik__summary(const ik__run_options *o, bool json, FILE *to, ik_error *err) {
    ik__session *s;
    ik_status status = ik__session_open(o, &s, err);
    if (status) return status;
    if (json)
        print_json(s, to);
    else
        print_summary(s, to);
    ik__session_close(s);
    return IK_OK;
}

static ik_status paint(ik__session *s, const char *name, ik__painting how, ik_error *err) {
    const struct ik__synthesize *set = &s->set.synthesize;
    char grid[1200], folder[1200];
    snprintf(grid, sizeof grid, "%s/images/%s.png", s->out, name);
    snprintf(folder, sizeof folder, "%s/images/%s", s->out, name);
    return ik__synthesize(s, set->items, set->samples, how, grid, folder, err);
}

static ik_status synthesize(ik__session *s, ik_error *err) {
    const struct ik__synthesize *set = &s->set.synthesize;
    ik_status status = paint(s, "samples", IK__FRESH, err);
    if (!status && set->vary) status = paint(s, "varied", IK__VARIED, err);
    if (!status && set->n_styles) status = paint(s, "styled", IK__STYLED, err);
    return status;
}

/* Synthesis alone takes the weights of the newest checkpoint. */
static ik_status load_trained(ik__session *s, ik_error *err) {
    ik__position at;
    ik_status status = ik__checkpoint_resume(s, &at, err);
    if (status || at.step) return status;
    return ik_errorf(err, IK_USAGE, "error: %s has no checkpoint to go on from; train first",
                     s->out);
}

static ik_status stages(ik__session *s, const ik__run_options *o, ik_error *err) {
    ik_status status = ik__session_folder(s, o, err);
    if (!status) status = ik__session_ready(s, err);
    if (!status && !o->quiet)
        fprintf(stderr, "%s on %s: %lld training items, %lldx%lld, %lld labels; writes to %s\n",
                s->set.name, s->device, (long long)s->info->count[IK_TRAIN],
                (long long)s->info->height, (long long)s->info->width, (long long)s->info->labels,
                s->out);
    if (!status && o->verbose) print_summary(s, stderr);
    if (!status && o->resume && !ik__settings_stage(&s->set, "train"))
        status = load_trained(s, err);
    for (int i = 0; i < s->set.stages.n && !status; i++) {
        if (!strcmp(s->set.stages.v[i], "train"))
            status = ik__train(s, o, err);
        else
            status = synthesize(s, err);
    }
    if (!status && !o->quiet) fprintf(stderr, "done: see %s/images\n", s->out);
    return status;
}

ik_status ik__run(const ik__run_options *o, ik_error *err) {
    ik__session *s;
    ik_status status = ik__session_open(o, &s, err);
    if (status) return status;
    if (o->dry_run) {
        char *text = ik__conf_dump(s->conf);
        printf("%s\n", text ? text : "");
        free(text);
        print_summary(s, stdout);
    } else {
        status = stages(s, o, err);
    }
    ik__session_close(s);
    return status;
}
