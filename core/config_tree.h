/* Shared by config*.c: the tree while it is being put together, with aliases still in place. */
#ifndef IK_CONFIG_TREE_H
#define IK_CONFIG_TREE_H

#include "config.h"
#include "pool.h"

enum {
    IK__CONF_MAX_BYTES = 1 << 20,
    IK__CONF_MAX_DEPTH = 64,
    IK__CONF_MAX_FILES = 64,
    IK__CONF_MAX_KEYS = 1024,
    IK__CONF_MAX_KEY_BYTES = 256,
    IK__CONF_MAX_NODES = 1 << 18,
};

/* What one load shares: memory and the budgets that keep hostile input small. */
typedef struct ik__loader {
    ik__pool *pool;
    int nodes, files;
} ik__loader;

/* `conf` comes first, and its items are nodes too. */
typedef struct ik__node ik__node;
struct ik__node {
    ik__conf conf;
    ik__node *target; /* stands for that node: an alias, or what a merge has replaced */
    bool expand;      /* '...' or "...": `${VAR}` is replaced when the tree is resolved */
    bool plain;
    bool active; /* being copied: meeting it again is a cycle */
};

static inline ik__node *ik__node_item(const ik__node *n, int i) {
    return (ik__node *)n->conf.items[i];
}

ik__node *ik__node_new(ik__loader *loader, ik__conf_kind kind, const char *file, int line,
                       int column);
void ik__node_add(ik__loader *loader, ik__node *parent, const char *key, ik__node *item);
int ik__node_find(const ik__node *map, const char *key); /* index or -1 */
/* Follows aliases; NULL if they run in a circle. */
ik__node *ik__node_follow(ik__node *n);
/* Turns an alias into a copy of what it stands for, aliases inside left in place. */
ik_status ik__node_own(ik__loader *loader, ik__node *n, ik_error *err);
/* Gives `to` the contents of `from`; aliases of either mean `to` from now on. */
void ik__node_replace(ik__node *to, ik__node *from);
/* Fails when the load has become too large. */
ik_status ik__loader_check(const ik__loader *loader, const ik__conf *at, ik_error *err);

/* Refuses what is not UTF-8 text. */
ik_status ik__text_check(const char *file, const char *text, size_t size, ik_error *err);
/* Line and column, from 1, of a byte. */
void ik__text_position(const char *text, size_t offset, int *line, int *column);
/* Reads one code point; returns its length, 0 if it is not valid. */
int ik__utf8_next(const char *text, size_t size, uint32_t *code);
/* Replaces `${VAR}` and `${VAR:-default}` in a scalar. */
ik_status ik__text_expand(ik__loader *loader, const ik__conf *at, const char **text, ik_error *err);

/* How a text is parsed: a whole file, or the value of an override (flow only, may be empty), whose
 * first line begins `shift` characters into what the user wrote. */
typedef struct ik__source {
    const char *file, *text;
    size_t size;
    bool flow_only;
    int shift;
} ik__source;

ik_status ik__tree_parse(ik__loader *loader, const ik__source *source, ik__node **out,
                         ik_error *err);
ik_status ik__tree_load(ik__loader *loader, const char *path, ik__node **out, ik_error *err);
ik_status ik__tree_set(ik__loader *loader, ik__node *root, int n, const char *const *sets,
                       ik_error *err);

#endif
