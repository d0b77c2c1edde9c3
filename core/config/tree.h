/* Shared by config*.c: the tree while it is being put together, with aliases still in place. */
#ifndef INADEKIT_CONFIG_TREE_H
#define INADEKIT_CONFIG_TREE_H

#include "base/pool.h"
#include "config.h"

enum {
    IK__CONF_MAX_BYTES = 1 << 20,
    IK__CONF_MAX_DEPTH = 64,
    IK__CONF_MAX_FILES = 64,
    IK__CONF_MAX_KEYS = 1024,
    IK__CONF_MAX_KEY_BYTES = 256,
    IK__CONF_MAX_NODES = 1 << 18,
};

/* What one load shares: memory and the budgets that keep hostile input small. */
typedef struct ik__yaml {
    ik__pool *pool;
    int nodes, files;
} ik__yaml;

/* `conf` comes first, and its items are nodes too. */
typedef struct ik__yaml_node ik__yaml_node;
struct ik__yaml_node {
    ik__conf conf;
    ik__yaml_node *target; /* stands for that node: an alias, or what a merge has replaced */
    bool expand;           /* '...' or "...": `${VAR}` is replaced when the tree is resolved */
    bool plain;
    bool active; /* being copied: meeting it again is a cycle */
};

static inline ik__yaml_node *ik__yaml_item(const ik__yaml_node *n, int i) {
    return (ik__yaml_node *)n->conf.items[i];
}

ik__yaml_node *ik__yaml_new(ik__yaml *loader, ik__conf_kind kind, const char *file, int line,
                            int column);
void ik__yaml_add(ik__yaml *loader, ik__yaml_node *parent, const char *key, ik__yaml_node *item);
int ik__yaml_find(const ik__yaml_node *map, const char *key); /* index or -1 */
/* Follows aliases; NULL if they run in a circle. */
ik__yaml_node *ik__yaml_follow(ik__yaml_node *n);
/* Turns an alias into a copy of what it stands for, aliases inside left in place. */
ik_status ik__yaml_own(ik__yaml *loader, ik__yaml_node *n, ik_error *err);
/* Gives `to` the contents of `from`; aliases of either mean `to` from now on. */
void ik__yaml_replace(ik__yaml_node *to, ik__yaml_node *from);
/* Fails when the load has become too large. */
ik_status ik__yaml_check(const ik__yaml *loader, const ik__conf *at, ik_error *err);

/* Refuses what is not UTF-8 text. */
ik_status ik__yaml_text_check(const char *file, const char *text, size_t size, ik_error *err);
/* Line and column, from 1, of a byte. */
void ik__yaml_text_position(const char *text, size_t offset, int *line, int *column);
/* Reads one code point; returns its length, 0 if it is not valid. */
int ik__yaml_utf8(const char *text, size_t size, uint32_t *code);
/* Replaces `${VAR}` and `${VAR:-default}` in a scalar. */
ik_status ik__yaml_text_expand(ik__yaml *loader, const ik__conf *at, const char **text,
                               ik_error *err);

/* How a text is parsed: a whole file, or the value of an override (flow only, may be empty), whose
 * first line begins `shift` characters into what the user wrote. */
typedef struct ik__yaml_source {
    const char *file, *text;
    size_t size;
    bool flow_only;
    int shift;
} ik__yaml_source;

ik_status ik__yaml_parse(ik__yaml *loader, const ik__yaml_source *source, ik__yaml_node **out,
                         ik_error *err);
ik_status ik__yaml_load(ik__yaml *loader, const char *path, ik__yaml_node **out, ik_error *err);
ik_status ik__yaml_set(ik__yaml *loader, ik__yaml_node *root, int n, const char *const *sets,
                       ik_error *err);

/* Parts of a dump. Scalars and lists of nothing but scalars fit on a line. */
bool ik__yaml_is_flat(const ik__conf *c);
void ik__yaml_put_flat(FILE *f, const ik__conf *c);
void ik__yaml_put_key(FILE *f, const char *key); /* and its colon */

#endif
