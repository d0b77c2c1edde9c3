/* See keys.h: the pipeline's own tables, looked through. */
#include "keys.h"

#include "data/data.h"
#include "session/settings.h"

/* Of plugins, which have options of their own. */
static const struct {
    const char *key, *values;
} more[] = {{"device", "auto @backend"}, {"norm.plugin", "@norm"}, {"dataset.plugin", "@datasets"}};
enum { MORE = sizeof more / sizeof *more };

typedef bool visit(void *user, const char *key, const ik_option *row);

static bool walk_rows(const char *section, const ik_option *rows, visit *each, void *user) {
    for (const ik_option *row = rows; row->name; row++) {
        char key[128];
        snprintf(key, sizeof key, "%s%s%s", section, *section ? "." : "", row->name);
        if (each(user, key, row)) return true;
    }
    return false;
}

/* Until one says true. A list's items have no key of their own. */
static void walk(visit *each, void *user) {
    for (const ik__settings_table *t = ik__settings_tables; t->rows; t++)
        if (strcmp(t->key, "synthesize.style") != 0 &&
            walk_rows(t == ik__settings_tables ? "" : t->key, t->rows, each, user))
            return;
    walk_rows("dataset", ik__data_options, each, user);
}

const char *cli_key_named(const char *name) {
    static _Thread_local char key[128];
    for (const ik__settings_table *t = ik__settings_tables; t->rows; t++)
        for (const ik_option *row = t->rows; row->name; row++) {
            if (strcmp(row->name, name)) continue;
            bool top = t == ik__settings_tables;
            snprintf(key, sizeof key, "%s%s%s", top ? "" : t->key, top ? "" : ".", name);
            return key;
        }
    return NULL;
}

typedef struct printing {
    const char *stem;
    FILE *out;
} printing;

static void print_key(const printing *p, const char *key) {
    if (!strncmp(key, p->stem, strlen(p->stem))) fprintf(p->out, "%s=\n", key);
}

static bool print_row(void *user, const char *key, const ik_option *row) {
    (void)row;
    print_key(user, key);
    return false;
}

void cli_keys_print(const char *stem, FILE *out) {
    printing p = {stem, out};
    walk(print_row, &p);
    for (int i = 0; i < MORE; i++)
        if (strchr(more[i].key, '.')) print_key(&p, more[i].key); /* the others have rows */
}

typedef struct search {
    const char *key;
    char values[256];
} search;

static bool take_values(void *user, const char *key, const ik_option *row) {
    search *s = user;
    if (strcmp(key, s->key)) return false;
    size_t at = 0;
    for (int i = 0; row->type == IK_OPT_CHOICE && row->choices[i] && at < sizeof s->values; i++)
        at += (size_t)snprintf(s->values + at, sizeof s->values - at, "%s%s", i ? " " : "",
                               row->choices[i]);
    if (row->type == IK_OPT_BOOL) snprintf(s->values, sizeof s->values, "true false");
    return true;
}

const char *cli_key_values(const char *key) {
    static _Thread_local search s;
    s = (search){.key = key};
    for (int i = 0; i < MORE; i++)
        if (!strcmp(more[i].key, key)) return more[i].values;
    walk(take_values, &s);
    return s.values;
}
