/* Loading from beginning to end, and reading the result. */
#include "config.h"
#include "tree.h"

/* The root and, behind it, what keeps the whole tree. */
typedef struct tree {
    ik__conf root;
    ik__pool *pool;
} tree;

ik__conf *ik__conf_get(const ik__conf *map, const char *key) {
    if (!map || map->kind != IK_CONF_MAP) return NULL;
    for (int i = 0; i < map->n; i++)
        if (strcmp(map->keys[i], key) == 0) return map->items[i];
    return NULL;
}

void ik__conf_remove(ik__conf *map, const char *key) {
    int kept = 0;
    for (int i = 0; i < map->n; i++) {
        if (!strcmp(map->keys[i], key)) continue;
        map->keys[kept] = map->keys[i];
        map->items[kept++] = map->items[i];
    }
    map->n = kept;
}

void ik__conf_note(const ik__conf *c, const struct ik_option *rows) {
    ik__conf *noted = (ik__conf *)c;
    for (int i = 0; i < c->n_tables; i++)
        if (c->tables[i] == rows) return;
    if (rows && c->n_tables < IK__CONF_TABLES) noted->tables[noted->n_tables++] = rows;
}

ik__conf *ik__conf_ensure(ik__conf *root, ik__conf *map, const char *key) {
    ik__conf *there = ik__conf_get(map, key);
    if (there) return there->kind == IK_CONF_MAP ? there : NULL;
    if (!map || map->kind != IK_CONF_MAP) return NULL;
    ik__yaml loader = {.pool = ((tree *)root)->pool};
    ik__yaml_node *node = ik__yaml_new(&loader, IK_CONF_MAP, "default", 1, 1);
    size_t n = (size_t)map->n;
    ik__conf **items = ik__pool_alloc(loader.pool, (n + 1) * sizeof *items);
    const char **keys = ik__pool_alloc(loader.pool, (n + 1) * sizeof *keys);
    if (n) {
        memcpy(items, map->items, n * sizeof *items);
        memcpy(keys, map->keys, n * sizeof *keys);
    }
    items[n] = &node->conf;
    keys[n] = ik__pool_strdup(loader.pool, key);
    map->items = items, map->keys = keys, map->n++;
    return &node->conf;
}

bool ik__conf_is_null(const ik__conf *c) {
    return c->kind == IK_CONF_SCALAR && !c->quoted && !*c->text;
}

ik_status ik__conf_fail(const ik__conf *at, ik_error *err, const char *fmt, ...) {
    if (!err) return IK_USAGE;
    int n = at ? snprintf(err->text, sizeof err->text, "%.1024s:%d:%d: ", at->file, at->line,
                          at->column)
               : 0;
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->text + n, sizeof err->text - (size_t)n, fmt, args);
    va_end(args);
    return IK_USAGE;
}

/* The digits and the colon behind a colon; NULL if there are none. */
static const char *number(const char *s) {
    size_t n = *s == ':' ? strspn(s + 1, "0123456789") : 0;
    return n && s[n + 1] == ':' ? s + n + 1 : NULL;
}

const char *ik__conf_message(const char *text) {
    for (const char *s = text; *s && *s != '\n'; s++) {
        const char *line = number(s), *column = line ? number(line) : NULL;
        if (column && column[1] == ' ') return column + 2;
    }
    return text;
}

/* It would be taken for a folder called '~', and one would be made. */
static ik_status refuse_home(const ik__conf *c, ik_error *err) {
    if (strncmp(c->text, "~/", 2) != 0) return IK_OK;
    return ik__conf_fail(c, err,
                         "'~' is the shell's and means nothing in a file; write \"${HOME}%.200s\", "
                         "in quotes, or \"./%.200s\" for a folder called so",
                         c->text + 1, c->text);
}

static ik_status resolve_scalar(ik__yaml *loader, const ik__yaml_node *n, ik__conf *out,
                                ik_error *err) {
    ik_status status = n->expand ? ik__yaml_text_expand(loader, out, &out->text, err) : IK_OK;
    if (!status) status = refuse_home(out, err);
    if (status || n->expand || !n->plain) return status;
    if (strstr(out->text, "${"))
        return ik__conf_fail(out, err, "variables are replaced in quotes only; write \"%.80s\"",
                             out->text);
    if (strcmp(out->text, "~") == 0 || strcmp(out->text, "null") == 0) out->text = "";
    return IK_OK;
}

/* Copies a node and, where it is an alias, what it stands for. */
static ik_status resolve(ik__yaml *loader, ik__yaml_node *alias, int depth, ik__conf *out,
                         ik_error *err) {
    ik__yaml_node *n = ik__yaml_follow(alias);
    if (!n || n->active)
        return ik__conf_fail(&alias->conf, err,
                             "this alias lies inside the node it stands for; move it out");
    *out = n->conf;
    out->key_file = alias->conf.key_file;
    out->key_line = alias->conf.key_line;
    out->key_column = alias->conf.key_column;
    loader->nodes++;
    ik_status status = ik__yaml_check(loader, &alias->conf, err);
    if (status) return status;
    if (out->kind == IK_CONF_SCALAR) return resolve_scalar(loader, n, out, err);
    if (depth >= IK__CONF_MAX_DEPTH)
        return ik__conf_fail(&alias->conf, err, "nested deeper than %d levels; flatten it",
                             IK__CONF_MAX_DEPTH);
    n->active = true;
    out->items = ik__pool_alloc(loader->pool, (size_t)out->n * sizeof *out->items);
    for (int i = 0; i < out->n && !status; i++) {
        out->items[i] = ik__pool_alloc(loader->pool, sizeof *out->items[i]);
        status = resolve(loader, ik__yaml_item(n, i), depth + 1, out->items[i], err);
    }
    n->active = false;
    return status;
}

/* Takes over the loader's pool, whether it succeeds or not. */
static ik_status finish(ik__yaml *loader, ik__yaml_node *root, ik_status status, ik__conf **out,
                        ik_error *err) {
    tree *t = ik__pool_alloc(loader->pool, sizeof *t);
    t->pool = loader->pool;
    loader->nodes = 0; /* the limit holds for what was written and for what comes of it */
    if (!status) status = resolve(loader, root, 0, &t->root, err);
    *out = status ? NULL : &t->root;
    if (status) ik__pool_free(loader->pool);
    return status;
}

ik_status ik__conf_load(const char *path, int n_sets, const char *const *sets, ik__conf **out,
                        ik_error *err) {
    ik__yaml loader = {.pool = ik__pool_new()};
    ik__yaml_node *root = NULL;
    ik_status status = ik__yaml_load(&loader, path, &root, err);
    if (!status) status = ik__yaml_set(&loader, root, n_sets, sets, err);
    return finish(&loader, root, status, out, err);
}

ik_status ik__conf_parse(const char *name, const char *text, size_t size, ik__conf **out,
                         ik_error *err) {
    ik__yaml loader = {.pool = ik__pool_new()};
    ik__yaml_source source = {.text = text, .size = size};
    source.file = ik__pool_strdup(loader.pool, name);
    ik__yaml_node *root = NULL;
    ik_status status = ik__yaml_parse(&loader, &source, &root, err);
    return finish(&loader, root, status, out, err);
}

void ik__conf_free(ik__conf *root) {
    if (root) ik__pool_free(((tree *)root)->pool);
}
