/* Finding and loading plugins, and making instances of them; from any thread.
 *
 * <dir>/<kind>/<name>.so is looked for in the directories of --plugin-path, INADEKIT_PLUGIN_PATH,
 * ../lib/inadekit beside the executable, inadekit beside this library, and the compiled-in one, in
 * that order. The first file of a name counts, even if it is refused. Nothing is ever unloaded. */
#ifndef INADEKIT_PLUGIN_PLUGINS_H
#define INADEKIT_PLUGIN_PLUGINS_H

#include "inadekit/plugin.h"

#include "base/pool.h"
#include "config/config.h"

typedef struct ik__instance {
    const ik_plugin *plugin;
    void *self; /* the struct that the options filled */
    ik__pool *pool;
    const ik__conf *conf; /* borrowed; NULL when made by name */
} ik__instance;

/* Does an interface of a plugin, maybe older than this core, have a field that was appended later?
 */
#define IK__PROVIDES(iface, field)                                                                 \
    ((iface)->struct_size >= (char *)(&(iface)->field + 1) - (char *)(iface) &&                    \
     (iface)->field != NULL)

/* Folder names by ik_kind, NULL-terminated. */
extern const char *const ik__kind_names[];

/* ':'-separated directories of --plugin-path; replaces those of an earlier call; NULL for none. */
void ik__plugins_path(const char *dirs);

/* `at`, which may be NULL, is where the name is written. */
ik_status ik__plugin_find(ik_kind kind, const char *name, const ik__conf *at, const ik_plugin **out,
                          ik_error *err);

/* From here on every file is loaded in a child process first, and refused if that does not live. To
 * be asked for before anything here has started threads. */
void ik__plugins_careful(void);

/* Loads a file and gives all its descriptors, NULL-terminated, every one checked. */
ik_status ik__plugin_load(const char *path, const ik_plugin *const **list, ik_error *err);
/* These are found before those of any folder; NULL: none. The list is kept, and the one before it
 * given. */
const ik_plugin *const *ik__plugins_prefer(const ik_plugin *const *list);

/* Loads a file and takes the descriptor of that kind and name. A refusal names the path, the
 * versions of the plugin interface on both sides and the remedy. */
ik_status ik__plugin_load_file(const char *path, ik_kind kind, const char *name,
                               const ik_plugin **out, ik_error *err);

/* What a refusal of a file says behind its path. */
const char *ik__refusal(const char *path, const char *text);

/* Loads all plugins of a kind, by directory and then by name; `p` is NULL where one was refused,
 * and `why_not` says why. Returns how many there are. */
int ik__plugins_list(ik_kind kind,
                     void (*each)(const char *path, const ik_plugin *p, const char *why_not,
                                  void *user),
                     void *user);

/* Creates an instance from a map `{plugin: NAME, ...options}`; `also` are keys of the map that are
 * not the plugin's. `conf` may be a bare scalar: the plugin's name. Where --set, or a file over an
 * included one, chose the plugin, keys of the file that the plugin does not know are removed from
 * the map, which is so dump a configuration after its instances are made. `conf` must outlive the
 * instance. */
ik_status ik__instance_new(ik_kind kind, const ik__conf *conf, const char *const *also,
                           ik__instance **out, ik_error *err);

/* The same where another key names the plugin. */
ik_status ik__instance_of(ik_kind kind, const ik__conf *name, const ik__conf *conf,
                          const char *const *also, ik__instance **out, ik_error *err);

/* The same by name, with default options. */
ik_status ik__instance_named(ik_kind kind, const char *name, ik__instance **out, ik_error *err);
void ik__instance_free(ik__instance *instance); /* NULL is fine */

#endif
