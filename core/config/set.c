/* `--set a.b.c=value`. An override replaces the contents of a node in place, so that aliases of the
 * node see it. Overrides that go through an alias come last: they change a copy, which has to be
 * made after all changes to the original. */
#include "tree.h"

#include <stdlib.h>

typedef struct override {
    ik__conf at;        /* in the text the user wrote */
    const char *path;   /* a.b.c */
    int n;              /* components, */
    const char **names; /* the components */
    ik__yaml_node *value;
} override;

static int characters(const char *from, const char *to) {
    int n = 0;
    for (; from < to; from++) n += ((unsigned char)*from & 0xC0) != 0x80;
    return n;
}

static bool is_one_line(const char *s) {
    for (; *s; s++)
        if ((unsigned char)*s < 0x20) return false;
    return true;
}

static ik_status split(ik__yaml *loader, override *o, ik_error *err) {
    char *s = ik__pool_strdup(loader->pool, o->path);
    int n = 1;
    for (const char *c = s; *c; c++) n += *c == '.';
    o->names = ik__pool_alloc(loader->pool, (size_t)n * sizeof *o->names);
    for (char *part; (part = strsep(&s, ".")) != NULL; o->names[o->n++] = part)
        if (!*part || strlen(part) > IK__CONF_MAX_KEY_BYTES)
            return ik__conf_fail(&o->at, err, "a part of the key is %s; write it as a.b.c",
                                 *part ? "too long" : "empty");
    if (!is_one_line(o->path))
        return ik__conf_fail(&o->at, err, "a key must be one line; write it as a.b.c");
    if (strcmp(o->names[0], "include") == 0)
        return ik__conf_fail(&o->at, err,
                             "'include' cannot be overridden; override the keys it brings");
    return IK_OK;
}

static ik_status read_override(ik__yaml *loader, const char *arg, override *o, ik_error *err) {
    const char *equals = strchr(arg, '=');
    char label[128];
    snprintf(label, sizeof label, strlen(arg) > 100 ? "--set %.100s..." : "--set %s", arg);
    o->at = (ik__conf){.file = ik__pool_strdup(loader->pool, label), .line = 1, .column = 1};
    ik_status status = ik__yaml_text_check(o->at.file, arg, strlen(arg), err);
    if (status) return status;
    if (!equals || equals == arg)
        return ik__conf_fail(&o->at, err,
                             "an override needs a key and a value; write "
                             "--set KEY=VALUE");
    char *path = ik__pool_strdup(loader->pool, arg);
    path[equals - arg] = 0;
    o->path = path;
    status = split(loader, o, err);
    if (status) return status;
    ik__yaml_source source = {.file = o->at.file,
                              .text = equals + 1,
                              .size = strlen(equals + 1),
                              .flow_only = true,
                              .shift = characters(arg, equals + 1)};
    return ik__yaml_parse(loader, &source, &o->value, err);
}

static ik_status list_item(const override *o, int part, ik__yaml_node *list, ik__yaml_node **out,
                           ik_error *err) {
    char *end;
    const char *name = o->names[part];
    unsigned long i = strtoul(name, &end, 10);
    if (*name < '0' || *name > '9' || *end)
        return ik__conf_fail(&o->at, err,
                             "'%s' is not a number, but the list at %s:%d:%d is "
                             "indexed by 0, 1, ...",
                             name, list->conf.file, list->conf.line, list->conf.column);
    if (i >= (unsigned long)list->conf.n)
        return ik__conf_fail(
            &o->at, err, "there is no element %s: the list at %s:%d:%d has %d, counted from 0",
            name, list->conf.file, list->conf.line, list->conf.column, list->conf.n);
    *out = ik__yaml_item(list, (int)i);
    return IK_OK;
}

/* A null becomes an empty map; so does a plugin's bare name when its plugin is overridden. */
static ik_status make_map(const override *o, int part, ik__yaml_node *n, ik_error *err) {
    bool null = n->plain && (!*n->conf.text || strcmp(n->conf.text, "~") == 0 ||
                             strcmp(n->conf.text, "null") == 0);
    bool name = part == o->n - 1 && strcmp(o->names[part], "plugin") == 0;
    if (!null && !name)
        return ik__conf_fail(&o->at, err,
                             "'%s' has no place in '%.80s' at %s:%d:%d, which is no map; set the "
                             "whole of it",
                             o->names[part], n->conf.text, n->conf.file, n->conf.line,
                             n->conf.column);
    n->conf.kind = IK_CONF_MAP;
    n->conf.text = NULL;
    n->conf.quoted = n->plain = n->expand = false;
    return IK_OK;
}

/* The override is where the key stands. */
static void own_key(ik__yaml_node *n, const override *o) {
    n->conf.key_file = o->at.file;
    n->conf.key_line = 1;
    n->conf.key_column = 1;
}

static ik_status map_item(ik__yaml *loader, const override *o, int part, ik__yaml_node *map,
                          ik__yaml_node **out, ik_error *err) {
    const char *name = o->names[part];
    if (part == o->n - 1 && (!strcmp(name, "plugin") || !strcmp(name, "block")))
        map->conf.plugin_overridden = true, map->conf.plugin_file = NULL;
    int k = ik__yaml_find(map, o->names[part]);
    if (k >= 0) {
        *out = ik__yaml_item(map, k);
        return IK_OK;
    }
    if (map->conf.n == IK__CONF_MAX_KEYS)
        return ik__conf_fail(&o->at, err, "more than %d keys in a map; split it",
                             IK__CONF_MAX_KEYS);
    *out = ik__yaml_new(loader, IK_CONF_MAP, o->at.file, 1, 1);
    own_key(*out, o);
    ik__yaml_add(loader, map, o->names[part], *out);
    return IK_OK;
}

static ik_status apply(ik__yaml *loader, ik__yaml_node *n, override *o, ik_error *err) {
    ik_status status = IK_OK;
    for (int part = 0; part < o->n && !status; part++) {
        status = ik__yaml_own(loader, n, err);
        if (!status) status = ik__yaml_check(loader, &o->at, err);
        if (!status && n->conf.kind == IK_CONF_SCALAR) status = make_map(o, part, n, err);
        if (status) break;
        status = n->conf.kind == IK_CONF_LIST ? list_item(o, part, n, &n, err)
                                              : map_item(loader, o, part, n, &n, err);
    }
    if (status) return status;
    ik__yaml_replace(n, o->value);
    own_key(n, o);
    return IK_OK;
}

/* Does the way to the last component lead through an alias? */
static bool through_alias(const ik__yaml_node *n, const override *o) {
    for (int part = 0; part < o->n; part++) {
        if (n->target) return true;
        int k = -1;
        if (n->conf.kind == IK_CONF_MAP) k = ik__yaml_find(n, o->names[part]);
        if (n->conf.kind == IK_CONF_LIST) k = (int)strtol(o->names[part], NULL, 10);
        if (k < 0 || k >= n->conf.n) return false;
        n = ik__yaml_item(n, k);
    }
    return false;
}

ik_status ik__yaml_set(ik__yaml *loader, ik__yaml_node *root, int n, const char *const *sets,
                       ik_error *err) {
    if (n <= 0) return IK_OK;
    override *list = ik__pool_alloc(loader->pool, (size_t)n * sizeof *list);
    bool *later = ik__pool_alloc(loader->pool, (size_t)n * sizeof *later);
    ik_status status = IK_OK;
    for (int i = 0; i < n && !status; i++) {
        status = read_override(loader, sets[i], &list[i], err);
        if (status) break;
        later[i] = through_alias(root, &list[i]);
        if (!later[i]) status = apply(loader, root, &list[i], err);
    }
    for (int i = 0; i < n && !status; i++)
        if (later[i]) status = apply(loader, root, &list[i], err);
    return status;
}
