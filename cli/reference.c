/* The reference; see reference.h. */
#include "reference.h"

#include "config/options.h"
#include "data/data.h"
#include "graph/graph.h"
#include "model/layer.h"
#include "plugin/plugins.h"
#include "session/settings.h"

static void options(const ik_option *rows, FILE *out) {
    if (rows && rows->name)
        ik__options_markdown(rows, out);
    else
        fputs("No options.\n", out);
}

static void pipeline(FILE *out) {
    fputs("## The pipeline's own keys\n", out);
    for (const ik__settings_table *t = ik__settings_tables; t->rows; t++) {
        fprintf(out, "\n### %s\n\n", t->key);
        options(t->rows, out);
    }
}

static void nodes(FILE *out) {
    fputs("\n## Built-in nodes of a network\n", out);
    for (const ik__layer *l = ik__layers; l->name; l++) {
        fprintf(out, "\n### op: %s\n\n%s\n\n", l->name, l->help);
        options(l->options, out);
    }
}

/* A name is listed once: where it is found in two folders, the first counts. */
typedef struct listing {
    FILE *out;
    int n;
    const ik_plugin *seen[256];
} listing;

static void plugin(const char *path, const ik_plugin *p, const char *why_not, void *user) {
    (void)path, (void)why_not;
    listing *l = user;
    if (!p || l->n == (int)(sizeof l->seen / sizeof *l->seen)) return;
    if (!l->n) fprintf(l->out, "\n## %s\n", ik__kind_names[p->kind]);
    for (int i = 0; i < l->n; i++)
        if (!strcmp(l->seen[i]->name, p->name)) return;
    l->seen[l->n++] = p;
    fprintf(l->out, "\n### %s/%s\n\n%s\n\n", ik__kind_names[p->kind], p->name, p->summary);
    options(p->options, l->out);
}

/* For plugins: what they may record. */
static void ops(FILE *out) {
    static const struct {
        int least, most;
    } inputs[] = {
#define IK_OP(code, name, least, most) {least, most},
        IK_OPS(IK_OP)
#undef IK_OP
    };
    fputs(
        "\n## Ops that a plugin records\n\n"
        "`inadekit/ops.h` says of each what it computes and which attributes it takes. A gradient "
        "stops at one that passes none on.\n\n"
        "| op | inputs | gradient |\n|---|---|---|\n",
        out);
    for (int op = 0; op < IK_OP_COUNT; op++) {
        if (!ik__op_recordable((ik_opcode)op)) continue;
        fprintf(out, "| `%s` | %d", ik_op_text((ik_opcode)op), inputs[op].least);
        if (inputs[op].most > inputs[op].least) fprintf(out, " to %d", inputs[op].most);
        fprintf(out, " | %s |\n", ik__op_differentiable((ik_opcode)op) ? "yes" : "no");
    }
}

void ik__reference(FILE *out) {
    fputs("# Reference of all options and ops\n\n"
          "Written by `inadekit plugins reference` from the tables that check a pipeline: do not "
          "edit.\n\n",
          out);
    pipeline(out);
    fputs("\n### Every dataset\n\n", out);
    options(ik__data_options, out);
    nodes(out);
    ops(out);
    for (int k = 0; k < IK_KIND_COUNT; k++) {
        listing l = {.out = out};
        ik__plugins_list((ik_kind)k, plugin, &l);
    }
}
