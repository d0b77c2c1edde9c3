/* Files and `include:`. Included files are laid down first, in order, and the including file is
 * merged over them: maps key by key, everything else replaced. */
#include "tree.h"

#include "base/open.h"

#include <errno.h>
#include <sys/stat.h>

/* The files being read, innermost first. */
typedef struct chain {
    dev_t device;
    ino_t inode;
    const char *path;
    const struct chain *up;
} chain;

static ik_status load(ik__yaml *loader, const char *path, const ik__conf *at, const chain *up,
                      ik__yaml_node **out, ik_error *err);

/* Another plugin than the one before: what was written for that is not for this. */
static void note_plugin(ik__yaml_node *map, const ik__yaml_node *old, const ik__yaml_node *new) {
    if (!old || !new || old->conf.kind != IK_CONF_SCALAR || new->conf.kind != IK_CONF_SCALAR)
        return;
    if (!strcmp(old->conf.text, new->conf.text)) return;
    map->conf.plugin_overridden = true;
    map->conf.plugin_file = new->conf.file;
}

static ik_status merge(ik__yaml *loader, ik__yaml_node *base, ik__yaml_node *over, int depth,
                       ik_error *err) {
    ik__yaml_node *b = ik__yaml_follow(base), *o = ik__yaml_follow(over);
    if (depth > IK__CONF_MAX_DEPTH || !b || !o)
        return ik__conf_fail(&over->conf, err,
                             "aliases make the merged maps endless or deeper than %d levels; "
                             "remove the circle",
                             IK__CONF_MAX_DEPTH);
    if (b->conf.kind != IK_CONF_MAP || o->conf.kind != IK_CONF_MAP) {
        ik__yaml_replace(base, over);
        return IK_OK;
    }
    /* Two maps are merged in copies of their own. Where neither is an alias nothing is copied. */
    ik_status status = ik__yaml_own(loader, base, err);
    if (!status) status = ik__yaml_own(loader, over, err);
    for (int i = 0; i < over->conf.n && !status; i++) {
        int k = ik__yaml_find(base, over->conf.keys[i]);
        if (k >= 0 && !strcmp(over->conf.keys[i], "plugin"))
            note_plugin(base, ik__yaml_follow(ik__yaml_item(base, k)),
                        ik__yaml_follow(ik__yaml_item(over, i)));
        if (k >= 0)
            status = merge(loader, ik__yaml_item(base, k), ik__yaml_item(over, i), depth + 1, err);
        else
            ik__yaml_add(loader, base, over->conf.keys[i], ik__yaml_item(over, i));
    }
    over->target = base;
    return status;
}

static void take_out(ik__yaml_node *map, int k) {
    ik__conf *c = &map->conf;
    size_t behind = (size_t)(c->n - k - 1);
    memmove(c->items + k, c->items + k + 1, behind * sizeof *c->items);
    memmove(c->keys + k, c->keys + k + 1, behind * sizeof *c->keys);
    c->n--;
}

static const char *beside(ik__pool *pool, const char *file, const char *path) {
    const char *slash = strrchr(file, '/');
    if (*path == '/' || !slash) return path;
    size_t folder = (size_t)(slash - file) + 1;
    char *joined = ik__pool_alloc(pool, folder + strlen(path) + 1);
    memcpy(joined, file, folder);
    strcpy(joined + folder, path);
    return joined;
}

/* Loads one included file and merges it over what `base` holds so far. */
static ik_status include_one(ik__yaml *loader, ik__yaml_node *entry, const chain *up,
                             ik__yaml_node **base, ik_error *err) {
    ik__yaml_node *n = ik__yaml_follow(entry), *next = NULL;
    if (!n || n->conf.kind != IK_CONF_SCALAR || !*n->conf.text)
        return ik__conf_fail(&entry->conf, err,
                             "'include' takes a path or a list of paths; write the file's name");
    const char *path = n->conf.text;
    ik_status status = n->expand ? ik__yaml_text_expand(loader, &n->conf, &path, err) : IK_OK;
    if (status) return status;
    path = beside(loader->pool, n->conf.file, path);
    status = load(loader, path, &n->conf, up, &next, err);
    if (status) return status;
    if (*base) return merge(loader, *base, next, 0, err);
    *base = next;
    return IK_OK;
}

static ik_status include_all(ik__yaml *loader, const chain *here, ik__yaml_node **file,
                             ik_error *err) {
    int k = ik__yaml_find(*file, "include");
    if (k < 0) return IK_OK;
    ik__yaml_node *entry = ik__yaml_item(*file, k), *list = ik__yaml_follow(entry), *base = NULL;
    take_out(*file, k);
    ik_status status = IK_OK;
    if (list && list->conf.kind == IK_CONF_LIST)
        for (int i = 0; i < list->conf.n && !status; i++)
            status = include_one(loader, ik__yaml_item(list, i), here, &base, err);
    else
        status = include_one(loader, entry, here, &base, err);
    if (status || !base) return status;
    status = merge(loader, base, *file, 0, err);
    *file = base;
    return status;
}

static ik_status refuse_cycle(const ik__conf *at, const chain *here, ik_error *err) {
    char way[512] = "";
    size_t n = 0;
    for (const chain *c = here->up; c && n < sizeof way; c = c->up) {
        n += (size_t)snprintf(way + n, sizeof way - n, ", included by %s", c->path);
        if (c->device == here->device && c->inode == here->inode) break;
    }
    return ik__conf_fail(at, err, "'%s' includes itself: %s%s; remove one of the includes",
                         here->path, here->path, way);
}

static ik_status read_file(ik__yaml *loader, FILE *f, chain *here, const ik__conf *at,
                           ik__yaml_source *source, ik_error *err) {
    struct stat st;
    if (fstat(fileno(f), &st) == 0) {
        here->device = st.st_dev;
        here->inode = st.st_ino;
    }
    for (const chain *c = here->up; c; c = c->up)
        if (c->device == here->device && c->inode == here->inode)
            return refuse_cycle(at, here, err);
    char *text = ik__pool_alloc(loader->pool, IK__CONF_MAX_BYTES + 1);
    errno = 0;
    source->size = fread(text, 1, IK__CONF_MAX_BYTES + 1, f);
    source->text = text;
    if (!ferror(f)) return IK_OK;
    return ik__conf_fail(at, err, "cannot read '%s': %s; give a YAML file", here->path,
                         ik__why(errno));
}

static ik_status load(ik__yaml *loader, const char *path, const ik__conf *at, const chain *up,
                      ik__yaml_node **out, ik_error *err) {
    if (++loader->files > IK__CONF_MAX_FILES)
        return ik__conf_fail(at, err, "more than %d files are included; merge some",
                             IK__CONF_MAX_FILES);
    chain here = {.path = ik__pool_strdup(loader->pool, path), .up = up};
    ik__yaml_source source = {.file = here.path};
    const char *why;
    FILE *f = ik__open_file(path, &why);
    if (!f)
        return ik__conf_fail(at, err, "cannot open '%s': %s; check the path%s", path, why,
                             up ? ", which is relative to the including file" : "");
    ik_status status = read_file(loader, f, &here, at, &source, err);
    fclose(f);
    const char *foreign = status ? NULL : ik__foreign(source.text, source.size);
    if (foreign) status = ik__conf_fail(at, err, "'%s' is %s", path, foreign);
    if (!status) status = ik__yaml_parse(loader, &source, out, err);
    if (status) return status;
    if ((*out)->conf.kind != IK_CONF_MAP)
        return ik__conf_fail(&(*out)->conf, err,
                             "a configuration is a map; begin with a line such as 'name: x'");
    return include_all(loader, &here, out, err);
}

ik_status ik__yaml_load(ik__yaml *loader, const char *path, ik__yaml_node **out, ik_error *err) {
    return load(loader, path, NULL, NULL, out, err);
}
