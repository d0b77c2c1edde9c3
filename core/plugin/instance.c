/* Instances: a plugin's struct with its options filled and checked. */
#include "plugins.h"

#include "base/watch.h"
#include "blame.h"

#include "config/options.h"

static ik_status plugin_name(ik_kind kind, const ik__conf *conf, const ik__conf **name,
                             ik_error *err) {
    *name = conf->kind == IK_CONF_MAP ? ik__conf_get(conf, "plugin") : conf;
    if (*name && (*name)->kind == IK_CONF_SCALAR && *(*name)->text) return IK_OK;
    return ik__conf_fail(*name ? *name : conf, err,
                         "a plugin of kind '%s' is not named here; add 'plugin: NAME'",
                         ik__kind_names[kind]);
}

static bool is_one_of(const char *const *words, const char *word) {
    for (; words && *words; words++)
        if (strcmp(*words, word) == 0) return true;
    return false;
}

/* Does a key come from where the plugin was chosen, or after it? Then it is meant for it, and
 * refused later if it is unknown. */
static bool is_meant(const ik__conf *map, const ik__conf *item) {
    if (strncmp(item->key_file, "--set ", 6) == 0) return true;
    return map->plugin_file &&
           (!strcmp(item->key_file, map->plugin_file) || !strcmp(item->file, map->plugin_file));
}

/* --set, or a file over an included one, chose another plugin: what was written for the old one
 * goes. The tree is changed, so that its dump loads again. */
static void drop_foreign_keys(ik__conf *map, const ik_plugin *p, const char *const *also) {
    int kept = 0;
    for (int i = 0; i < map->n; i++) {
        const char *key = map->keys[i];
        ik__conf *item = map->items[i];
        bool stays = strcmp(key, "plugin") == 0 || ik__options_have(p->options, key) ||
                     is_one_of(also, key) || is_meant(map, item);
        if (stays) {
            map->keys[kept] = key;
            map->items[kept++] = item;
            continue;
        }
        ik__tell(IK__NOTED, "%s:%d:%d: dropped '%s', which %s/%s does not know", item->key_file,
                 item->key_line, item->key_column, key, ik__kind_names[p->kind], p->name);
    }
    map->n = kept;
}

static ik_status init(ik__instance *in, const ik__conf *at, const char *what, ik_error *err) {
    if (!in->plugin->init) return IK_OK;
    ik_error inner = {""};
    ik__blame b;
    ik__blame_begin(&b, in->plugin, "checking its options");
    ik_status status = in->plugin->init(in->self, &inner);
    ik__blame_end(&b);
    if (!status) return IK_OK;
    ik__conf_fail(at, err, "%s: %s", what, *inner.text ? inner.text : "it failed without a reason");
    return status;
}

/* `conf` is a map, a bare name, which is one without options, or NULL. */
static ik_status make(const ik_plugin *p, const ik__conf *conf, const char *const *also,
                      ik__instance **out, ik_error *err) {
    char what[160];
    snprintf(what, sizeof what, "%s/%s", ik__kind_names[p->kind], p->name);
    ik__pool *pool = ik__pool_new();
    ik__instance *in = ik__pool_alloc(pool, sizeof *in);
    *in = (ik__instance){.plugin = p, .pool = pool, .conf = conf};
    in->self = ik__pool_alloc(pool, p->instance_size ? p->instance_size : 1);
    bool bare = conf && conf->kind != IK_CONF_MAP;
    ik_status status = bare ? ik__options_pick(p->options, conf, what, in->self, pool, err)
                            : ik__options_fill(p->options, conf, also, what, in->self, pool, err);
    if (!status) status = init(in, conf, what, err);
    if (status) ik__pool_free(pool);
    *out = status ? NULL : in;
    return status;
}

ik_status ik__instance_of(ik_kind kind, const ik__conf *name, const ik__conf *conf,
                          const char *const *also, ik__instance **out, ik_error *err) {
    const ik_plugin *p;
    *out = NULL;
    ik_status status = ik__plugin_find(kind, name->text, name, &p, err);
    if (status) return status;
    if (conf->kind == IK_CONF_MAP && conf->plugin_overridden)
        drop_foreign_keys((ik__conf *)conf, p, also);
    return make(p, conf, also, out, err);
}

ik_status ik__instance_new(ik_kind kind, const ik__conf *conf, const char *const *also,
                           ik__instance **out, ik_error *err) {
    const ik__conf *name;
    *out = NULL;
    ik_status status = plugin_name(kind, conf, &name, err);
    return status ? status : ik__instance_of(kind, name, conf, also, out, err);
}

ik_status ik__instance_named(ik_kind kind, const char *name, ik__instance **out, ik_error *err) {
    const ik_plugin *p;
    *out = NULL;
    ik_status status = ik__plugin_find(kind, name, NULL, &p, err);
    return status ? status : make(p, NULL, NULL, out, err);
}

void ik__instance_free(ik__instance *instance) {
    if (!instance) return;
    if (instance->plugin->fini) instance->plugin->fini(instance->self);
    ik__pool_free(instance->pool);
}
