/* The tree under construction: nodes, lookup, aliases. */
#include "tree.h"

ik__yaml_node *ik__yaml_new(ik__yaml *loader, ik__conf_kind kind, const char *file, int line,
                            int column) {
    ik__yaml_node *n = ik__pool_alloc(loader->pool, sizeof *n);
    n->conf.kind = kind;
    n->conf.file = file;
    n->conf.line = line;
    n->conf.column = column;
    loader->nodes++;
    return n;
}

/* Arrays have room for the next power of two. */
static void *grown(ik__pool *pool, const void *array, int n) {
    if (n & (n - 1)) return (void *)array;
    void *larger = ik__pool_alloc(pool, (n ? 2 * (size_t)n : 1) * sizeof(void *));
    return n ? memcpy(larger, array, (size_t)n * sizeof(void *)) : larger;
}

void ik__yaml_add(ik__yaml *loader, ik__yaml_node *parent, const char *key, ik__yaml_node *item) {
    ik__conf *c = &parent->conf;
    c->items = grown(loader->pool, c->items, c->n);
    c->items[c->n] = &item->conf;
    if (key) {
        c->keys = grown(loader->pool, c->keys, c->n);
        c->keys[c->n] = key;
    }
    c->n++;
}

int ik__yaml_find(const ik__yaml_node *map, const char *key) {
    for (int i = 0; i < map->conf.n; i++)
        if (strcmp(map->conf.keys[i], key) == 0) return i;
    return -1;
}

ik__yaml_node *ik__yaml_follow(ik__yaml_node *n) {
    for (int steps = 0; n->target; n = n->target)
        if (++steps > IK__CONF_MAX_NODES) return NULL;
    return n;
}

static ik_status copy(ik__yaml *loader, const ik__yaml_node *from, ik__yaml_node *to,
                      ik_error *err) {
    *to = *from;
    to->conf.n = 0;
    to->conf.items = NULL;
    to->conf.keys = NULL;
    if (from->target) return IK_OK;
    for (int i = 0; i < from->conf.n; i++) {
        ik_status status = ik__yaml_check(loader, &from->conf, err);
        if (status) return status;
        ik__yaml_node *item = ik__yaml_new(loader, IK_CONF_SCALAR, NULL, 0, 0);
        ik__yaml_add(loader, to, from->conf.keys ? from->conf.keys[i] : NULL, item);
        status = copy(loader, ik__yaml_item(from, i), item, err);
        if (status) return status;
    }
    return IK_OK;
}

ik_status ik__yaml_own(ik__yaml *loader, ik__yaml_node *n, ik_error *err) {
    if (!n->target) return IK_OK;
    ik__yaml_node *original = ik__yaml_follow(n), place = *n;
    if (!original)
        return ik__conf_fail(&n->conf, err, "this alias stands for itself; remove the circle");
    ik_status status = copy(loader, original, n, err);
    n->target = NULL;
    n->conf.key_file = place.conf.key_file;
    n->conf.key_line = place.conf.key_line;
    n->conf.key_column = place.conf.key_column;
    return status;
}

void ik__yaml_replace(ik__yaml_node *to, ik__yaml_node *from) {
    *to = *from;
    from->target = to;
}

ik_status ik__yaml_check(const ik__yaml *loader, const ik__conf *at, ik_error *err) {
    if (loader->nodes <= IK__CONF_MAX_NODES) return IK_OK;
    return ik__conf_fail(
        at, err, "aliases and includes grow the configuration beyond %d values; simplify it",
        IK__CONF_MAX_NODES);
}
