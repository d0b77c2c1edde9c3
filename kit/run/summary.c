/* What a pipeline builds, in tables; see summary.h. */
#include "summary.h"

#include "session/counts.h"
#include "session/session.h"

static void print_tables(const ik__session *s, FILE *to) {
    fprintf(to, "%-16s %14s %18s %18s\n", "network", "parameters", "multiply-adds", "activations");
    for (int i = 0; i < s->model->n_networks; i++) {
        const char *name = s->model->networks[i].name;
        ik__totals t = ik__summary_totals(s, name);
        if (t.pruned)
            fprintf(to, "%-16s pruned: nobody asks for what it provides\n", name);
        else
            fprintf(to, "%-16s %14lld %16.3f G %14.1f MiB\n", name, (long long)t.params,
                    (double)t.macs * 1e-9, (double)t.bytes / 1048576);
    }
    fprintf(
        to,
        "(multiply-adds and activations per picture; of what a loss asks, of the fake's and the "
        "picture's)\n\n%-16s %10s %18s %18s %18s\n",
        "program", "nodes", "activations", "workspace", "kept");
    for (int i = 0; i < s->engine->n_programs; i++) {
        const ik__program *p = s->engine->programs[i];
        fprintf(to, "%-16s %10d %14.1f MiB %14.1f MiB %14.1f MiB\n", p->name, p->n_kernels,
                (double)p->arena_bytes / 1048576, (double)p->workspace_bytes / 1048576,
                (double)p->kept_bytes / 1048576);
    }
    fprintf(to, "(kept: what is computed from fixed weights once, besides the weights)\n");
}

static void print_published(const ik__published *p, FILE *to) {
    fprintf(to,
            "\nthe generator as publications count it: P %.4f M parameters, F %.4f G "
            "multiply-adds\n(F: convolutions with their bias adds, and linear maps, for a picture "
            "of %lld instances)\n",
            (double)p->params * 1e-6, (double)p->macs * 1e-9, (long long)p->instances);
}

ik_status ik__summary_print(const ik__session *s, int64_t instances, FILE *to, ik_error *err) {
    ik__published published;
    ik_status status = ik__summary_published(s, instances, &published, err);
    if (status) return status;
    print_tables(s, to);
    print_published(&published, to);
    return IK_OK;
}

static void print_json(const ik__session *s, const ik__published *p, FILE *to) {
    fprintf(to, "{\"published\": {\"instances\": %lld, \"params\": %lld, \"macs\": %lld}, ",
            (long long)p->instances, (long long)p->params, (long long)p->macs);
    fprintf(to, "\"networks\": {");
    for (int i = 0; i < s->model->n_networks; i++) {
        const char *name = s->model->networks[i].name;
        ik__totals t = ik__summary_totals(s, name);
        fprintf(to, "%s\"%s\": {\"params\": %lld, \"macs\": %lld, \"activation_bytes\": %lld}",
                i ? ", " : "", name, (long long)t.params, (long long)t.macs, (long long)t.bytes);
    }
    fprintf(to, "}, \"programs\": {");
    for (int i = 0; i < s->engine->n_programs; i++) {
        const ik__program *made = s->engine->programs[i];
        fprintf(to,
                "%s\"%s\": {\"arena_bytes\": %zu, \"workspace_bytes\": %zu, "
                "\"kept_bytes\": %zu, \"kernels\": %d}",
                i ? ", " : "", made->name, made->arena_bytes, made->workspace_bytes,
                made->kept_bytes, made->n_kernels);
    }
    fprintf(to, "}}\n");
}

ik_status ik__summary(const ik__run_options *o, bool json, int64_t instances, FILE *to,
                      ik_error *err) {
    ik__session *s;
    ik__published published;
    ik__run_options with = *o;
    with.no_data = true;
    ik_status status = ik__session_open(&with, &s, err);
    if (status) return status;
    if (json) {
        status = ik__summary_published(s, instances, &published, err);
        if (!status) print_json(s, &published, to);
    } else {
        status = ik__summary_print(s, instances, to, err);
    }
    ik__session_close(s);
    return status;
}
