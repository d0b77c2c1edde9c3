/* Option tables: rows that validate, fill and explain, so they have to be right themselves. */
#include "check.h"

#include "config/options.h"
#include "data/data.h"

#include <stdlib.h>

/* Keys that the core reads in the same map. */
static const char *const taken[IK_KIND_COUNT][8] = {
    [IK_NORM] = {"plugin"},
    [IK_BLOCK] = {"plugin", "id", "in", "norm", "block", "op"},
    [IK_ENCODER] = {"plugin", "frozen", "weights", "inputs", "nodes", "outputs"},
    [IK_DISCRIMINATOR] = {"plugin", "frozen", "weights", "inputs", "nodes", "outputs"},
    [IK_LOSS] = {"plugin", "weight"},
    [IK_DATASET] = {"plugin"},
    [IK_METRIC] = {"plugin"},
    [IK_BACKEND] = {"plugin"},
};

static bool is_taken(const ik_plugin *p, const char *name) {
    for (int i = 0; i < 8 && taken[p->kind][i]; i++)
        if (!strcmp(taken[p->kind][i], name)) return true;
    return p->kind == IK_DATASET && ik__options_have(ik__data_options, name);
}

static bool is_name(const char *s) {
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return n > 0 && !s[n] && (s[0] < '0' || s[0] > '9');
}

static bool overlaps(const ik_option *a, const ik_option *b) {
    return a->offset < b->offset + ik__option_size(b->type) &&
           b->offset < a->offset + ik__option_size(a->type);
}

/* Fills the row's field with its default alone. */
static void check_default(check_findings *f, const ik_plugin *p, const ik_option *row) {
    const ik_option alone[2] = {*row, {0}};
    char what[160];
    ik_error err = {""};
    void *self = calloc(1, p->instance_size + 1);
    ik__pool *pool = ik__pool_new();
    snprintf(what, sizeof what, "option '%s': its default '%s' is refused", row->name,
             row->fallback);
    if (self && ik__options_fill(alone, NULL, NULL, p->name, self, pool, &err))
        check_found_error(f, what, &err);
    ik__pool_free(pool);
    free(self);
}

static void check_row(check_findings *f, const ik_plugin *p, const ik_option *row) {
    if (!is_name(row->name))
        check_found(f, CHECK_WRONG,
                    "option '%s': a name is lower-case letters, digits and '_', and no digit first",
                    row->name);
    if (is_taken(p, row->name))
        check_found(f, CHECK_WRONG,
                    "option '%s': the core reads this key itself; choose another name", row->name);
    if (!row->help || !*row->help)
        check_found(f, CHECK_WRONG, "option '%s': it has no help; say what it does", row->name);
    if (row->min > row->max)
        check_found(f, CHECK_WRONG,
                    "option '%s': its least value, %.15g, is above its greatest, %.15g", row->name,
                    row->min, row->max);
    if (row->type == IK_OPT_CHOICE && !row->choices[0])
        check_found(f, CHECK_WRONG, "option '%s': its list of choices is empty", row->name);
    for (const ik_option *b = p->options; b != row; b++) {
        if (!strcmp(b->name, row->name))
            check_found(f, CHECK_WRONG, "option '%s': there are two of this name", row->name);
        else if (overlaps(b, row))
            check_found(f, CHECK_WRONG, "options '%s' and '%s' fill the same bytes", b->name,
                        row->name);
    }
    if (row->fallback) check_default(f, p, row);
}

void check_rows(check_findings *f, const ik_plugin *p) {
    int n = 0, failed = f->failed;
    for (const ik_option *row = p->options; row && row->name; row++, n++) check_row(f, p, row);
    if (f->failed == failed)
        check_found(f, CHECK_FINE, "%d option%s: names, types, ranges and defaults are in order", n,
                    n == 1 ? "" : "s");
}

bool check_is_set(const check_findings *f, const char *name) {
    size_t n = strlen(name);
    for (int i = 0; i < f->what->sets.n; i++) {
        const char *set = f->what->sets.v[i];
        if (!strncmp(set, name, n) && set[n] == '=') return true;
    }
    return false;
}

bool check_required(check_findings *f, const ik_plugin *p) {
    int failed = f->failed;
    for (const ik_option *row = p->options; row && row->name; row++)
        if (!row->fallback && !check_is_set(f, row->name))
            check_found(f, CHECK_WRONG,
                        "option '%s' is required (%s): nothing more can be checked without "
                        "--set %s=VALUE",
                        row->name, row->help, row->name);
    return f->failed == failed;
}
