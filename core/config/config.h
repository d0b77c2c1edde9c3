/* A YAML file as a tree in which every node knows where it was written.
 *
 * Loading: files are parsed, `include:` at the top of a file is merged in, `--set` overrides are
 * applied, then aliases are copied and `${VAR}` in quoted scalars is replaced. A variable that an
 * override made superfluous need not be set. `$${` stands for a literal `${`.
 *
 * Limits: 1 MiB a file, 64 levels, 64 files, 1024 keys a map, 2^18 values. Beyond them, and for
 * duplicate keys, tags, merge keys, cyclic aliases or includes, several documents, keys that are
 * not scalars and bytes that are not UTF-8, loading fails with `file:line:column: ...`. */
#ifndef INADEKIT_CONFIG_CONFIG_H
#define INADEKIT_CONFIG_CONFIG_H

#include "inadekit/types.h"

struct ik_option;
enum { IK__CONF_TABLES = 3 };

typedef enum { IK_CONF_SCALAR, IK_CONF_LIST, IK_CONF_MAP } ik__conf_kind;

/* Owned by its root; an alias is a copy that keeps the position of the original. */
typedef struct ik__conf ik__conf;
struct ik__conf {
    ik__conf_kind kind;
    const char *file; /* as given on the command line; "--set KEY=VALUE" for overrides */
    int line, column; /* from 1; columns count characters */
    const char *text; /* scalar; null is an unquoted empty text */
    bool quoted;      /* was not a plain scalar, so never a number, a boolean or null */
    int n;
    ik__conf **items;  /* list elements or map values */
    const char **keys; /* map keys, same index as items */
    /* Map: its key `plugin` was overridden, by that file or, NULL, by --set. */
    bool plugin_overridden;
    const char *plugin_file;
    /* Where this node's key is written, when it is a map's value. */
    const char *key_file;
    int key_line, key_column;
    /* Which options were read from here: what is not written then holds by its default. */
    int n_tables;
    const struct ik_option *tables[IK__CONF_TABLES];
};

/* Loads a file whose root is a map and applies overrides `a.b.c=value` in order. A component that
 * is a number indexes a list, from 0; missing map keys are made; the value is YAML flow. Overrides
 * act on anchored originals before aliases are copied; one that goes through an alias changes that
 * copy. */
ik_status ik__conf_load(const char *path, int n_sets, const char *const *sets, ik__conf **out,
                        ik_error *err);

/* Parses text with any root and no includes; `name` stands for the file in messages. */
ik_status ik__conf_parse(const char *name, const char *text, size_t size, ik__conf **out,
                         ik_error *err);
void ik__conf_free(ik__conf *root); /* the whole tree; NULL is fine */
/* The library that parses, with its version. */
const char *ik__conf_library(void);

void ik__conf_remove(ik__conf *map, const char *key);         /* if it is there */
ik__conf *ik__conf_get(const ik__conf *map, const char *key); /* NULL if absent or not a map */
bool ik__conf_is_null(const ik__conf *c);                     /* `key:`, `key: ~`, `key: null` */

/* The part of an error's first line behind its position, if it has one: for whoever prints it. */
const char *ik__conf_message(const char *text);

/* "file:line:column: ..."; returns IK_USAGE. Without `at` the position is left out. */
ik_status ik__conf_fail(const ik__conf *at, ik_error *err, const char *fmt, ...) IK_PRINTF(3, 4);

/* The tree as YAML text that loads to the same tree without any environment; malloc'ed. */
char *ik__conf_dump(const ik__conf *root);
/* The same in a file, written whole or not at all. */
ik_status ik__conf_write(const ik__conf *root, const char *path, ik_error *err);

/* Notes that an option table was read from a node; changes nothing else of it. */
void ik__conf_note(const ik__conf *c, const struct ik_option *rows);
/* The map of that key in a map of the tree; an empty one is added where there is none. NULL where
 * something else is. */
ik__conf *ik__conf_ensure(ik__conf *root, ik__conf *map, const char *key);

#endif
