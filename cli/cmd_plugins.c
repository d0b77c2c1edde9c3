/* inadekit plugins: what is installed, and what its options are. */
#define _GNU_SOURCE
#include "commands.h"
#include "print.h"

#include "base/nearest.h"
#include "config/options.h"
#include "data/data.h"
#include "model/layer.h"
#include "plugin/plugins.h"
#include "reference.h"

#include <dlfcn.h>
#include <stdlib.h>

/* --- list */

enum { COLUMNS = 5 }; /* kind, name, version, summary, path */

typedef struct table {
    const char *kind;
    int n;
    char *(*rows)[COLUMNS];
    int width[COLUMNS];
} table;

static void *checked(void *p) {
    if (p) return p;
    fputs("error: no memory left to list plugins; free some and retry\n", stderr);
    exit(1);
}

static void add_row(table *t, const char *const *cells) {
    t->rows = checked(realloc(t->rows, (size_t)(t->n + 1) * sizeof *t->rows));
    for (int i = 0; i < COLUMNS; i++) {
        int width = (int)strlen(cells[i]);
        t->rows[t->n][i] = checked(strdup(cells[i]));
        if (width > t->width[i]) t->width[i] = width;
    }
    t->n++;
}

static void add_plugin(const char *path, const ik_plugin *p, const char *why_not, void *user) {
    table *t = user;
    if (p) {
        add_row(t, (const char *const[]){t->kind, p->name, p->version, p->summary, path});
        return;
    }
    const char *slash = strrchr(path, '/');
    char name[256], why[sizeof((ik_error *)0)->text + 16];
    snprintf(name, sizeof name, "%s", slash ? slash + 1 : path);
    size_t n = strlen(name);
    if (n > 3 && strcmp(name + n - 3, ".so") == 0) name[n - 3] = 0;
    /* The message begins with the path, which has a column of its own. */
    snprintf(why, sizeof why, "%s", ik__refusal(path, why_not));
    add_row(t, (const char *const[]){t->kind, name, "refused", why, path});
}

static void print_table(const table *t) {
    static const char *const head[COLUMNS] = {"KIND", "NAME", "VERSION", "SUMMARY", "PATH"};
    for (int r = -1; r < t->n; r++)
        for (int i = 0; i < COLUMNS; i++) {
            const char *cell = r < 0 ? head[i] : t->rows[r][i];
            int width = (int)strlen(head[i]);
            if (t->width[i] > width) width = t->width[i];
            if (i == COLUMNS - 1)
                cli_print(stdout, "%s\n", cell);
            else
                cli_print(stdout, "%-*s  ", width, cell);
        }
}

static const char all_kinds[] =
    "norm, blocks, encoders, discriminators, losses, datasets, metrics, backends and comm";

static int unknown_kind(const cli_args *args, const char *word) {
    const char *near = ik__nearest(word, ik__kind_names);
    if (near) return cli_usage(args->command, "unknown kind '%s'; did you mean '%s'?", word, near);
    return cli_usage(args->command, "unknown kind '%s'; there are %s", word, all_kinds);
}

/* IK_KIND_COUNT if there is none of that name. */
static ik_kind kind_of(const char *word) {
    int k = 0;
    while (k < IK_KIND_COUNT && strcmp(ik__kind_names[k], word) != 0) k++;
    return (ik_kind)k;
}

static int list(const cli_args *args) {
    const char *word = args->n ? args->words[0] : NULL;
    ik_kind only = word ? kind_of(word) : IK_KIND_COUNT;
    if (word && only == IK_KIND_COUNT) return unknown_kind(args, word);
    table t = {0};
    ik__plugins_careful();
    for (int k = 0; k < IK_KIND_COUNT; k++) {
        if (word && k != (int)only) continue;
        t.kind = ik__kind_names[k];
        ik__plugins_list((ik_kind)k, add_plugin, &t);
    }
    if (t.n)
        print_table(&t);
    else
        cli_print(stderr,
                  "no plugins%s%s are found; name their folder with --plugin-path or "
                  "INADEKIT_PLUGIN_PATH\n",
                  word ? " of kind " : "", word ? word : "");
    for (int r = 0; r < t.n; r++)
        for (int i = 0; i < COLUMNS; i++) free(t.rows[r][i]);
    free(t.rows);
    return 0;
}

/* --- describe */

static void print_options(const char *title, const ik_option *rows) {
    if (!rows || !rows->name) return;
    cli_print(stdout, "\n%s:\n", title);
    ik__options_describe(rows, stdout);
}

static int describe_ops(void) {
    puts("Built-in nodes of a network, as `- {op: NAME, OPTION: VALUE}`. Every node also takes\n"
         "`id:`, `in:` (a name or a list of names; else the node before) and `norm:`.");
    for (const ik__layer *l = ik__layers; l->name; l++) {
        cli_print(stdout, "\n%s: %s\n", l->name, l->help);
        ik__options_describe(l->options, stdout);
    }
    return 0;
}

/* How a pipeline names a plugin of the kind. */
static const char *const in_yaml[] = {
    [IK_NORM] = "norm: {plugin: %s}",
    [IK_BLOCK] = "networks: {generator: {nodes: [..., {block: %s}, ...]}}",
    [IK_ENCODER] = "networks: {encoder: {plugin: %s}}",
    [IK_DISCRIMINATOR] = "networks: {discriminator: {plugin: %s}}",
    [IK_LOSS] = "losses: [{plugin: %s, weight: 1}]",
    [IK_DATASET] = "dataset: {plugin: %s, size: [256, 256]}",
    [IK_METRIC] = "evaluate: [{plugin: %s}]",
};

static void describe_plugin(const ik_plugin *p) {
    Dl_info file;
    cli_print(stdout, "%s/%s %s\n%s\n", ik__kind_names[p->kind], p->name, p->version, p->summary);
    if (dladdr((const void *)p, &file)) cli_print(stdout, "path: %s\n", file.dli_fname);
    if ((size_t)p->kind < sizeof in_yaml / sizeof *in_yaml && in_yaml[p->kind]) {
        const char *form = in_yaml[p->kind], *gap = strstr(form, "%s");
        cli_print(stdout, "in YAML: %.*s%s%s\n", (int)(gap - form), form, p->name, gap + 2);
    }
    print_options("options", p->options);
    if (p->kind == IK_DATASET) print_options("options of every dataset", ik__data_options);
    if (p->kind != IK_DATASET && (!p->options || !p->options->name)) puts("\nIt has no options.");
}

static int describe(const cli_args *args) {
    const char *word = args->words[0];
    if (strcmp(word, "ops") == 0) return describe_ops();
    const char *slash = strchr(word, '/');
    if (!slash)
        return cli_usage(args->command,
                         "'%s' names no plugin; write KIND/NAME, as norm/inade, or ops", word);
    char kind_word[64];
    snprintf(kind_word, sizeof kind_word, "%.*s", (int)(slash - word), word);
    ik_kind kind = kind_of(kind_word);
    if (kind == IK_KIND_COUNT) return unknown_kind(args, kind_word);
    ik_error err = {""};
    const ik_plugin *p = NULL;
    ik_status status = ik__plugin_find(kind, slash + 1, NULL, &p, &err);
    if (status) return cli_exit(status, &err);
    describe_plugin(p);
    return 0;
}

/* --- the commands */

static const cli_operand kind[] = {{"KIND", "kind", "name one, as norm", "@kind", true}, {0}};
static const cli_command cmd_list = {
    .name = "plugins list",
    .summary = "show the plugins that are found, and why one is refused",
    .about = "Lists the plugins that are found, all or those of one kind: norm, blocks, encoders, "
             "discriminators, losses, datasets, metrics, backends, comm. One that is refused is "
             "listed with the reason.",
    .examples = "  inadekit plugins list\n"
                "  inadekit plugins list norm --plugin-path build/plugins\n",
    .common = CLI_PLUGIN_PATH,
    .operands = kind,
    .run = list,
};

static const cli_operand plugin[] = {
    {"KIND/NAME|ops", "plugin", "name one, as norm/inade, or write ops", "@plugin ops", false},
    {0}};
static const cli_command cmd_describe = {
    .name = "plugins describe",
    .summary = "explain a plugin and its options, or the built-in nodes of a network",
    .about = "Explains a plugin and its options, or, as `describe ops`, the built-in nodes of a "
             "network.",
    .examples = "  inadekit plugins describe norm/inade\n"
                "  inadekit plugins describe ops\n",
    .common = CLI_PLUGIN_PATH,
    .operands = plugin,
    .run = describe,
};

static int reference(const cli_args *args) {
    (void)args;
    ik__reference(stdout);
    return 0;
}
static const cli_command cmd_reference = {
    .name = "plugins reference",
    .summary = "print all options there are, as Markdown",
    .about = "Prints the options of a pipeline, of the built-in nodes of a network, and of every "
             "plugin that is found, as Markdown.",
    .examples = "  inadekit plugins reference >reference.md\n",
    .common = CLI_PLUGIN_PATH,
    .run = reference,
};

static const cli_command *const actions[] = {&cmd_list,        &cmd_describe,  &cmd_plugins_check,
                                             &cmd_plugins_new, &cmd_reference, NULL};
const cli_command cmd_plugins = {
    .name = "plugins",
    .summary = "list plugins, describe one, check one, or begin one",
    .about =
        "Shows the plugins that are found, and what they take. `inadekit plugins ACTION --help` "
        "explains an action.",
    .examples = "  inadekit plugins list\n"
                "  inadekit plugins describe norm/inade\n",
    .common = CLI_PLUGIN_PATH,
    .actions = actions,
};
