/* Finding and loading plugins: open the file, ask it for its descriptors. What they say is examined
 * by examine.c. */
#define _GNU_SOURCE
#include "search.h"

#include "base/files.h"
#include "base/child.h"
#include "base/nearest.h"
#include "base/open.h"
#include "base/status.h"
#include "blame.h"
#include "trust.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* How the child says that it got through, and how long it may take. */
#define LOADED "loaded"
enum { CAREFUL_SECONDS = 60 };

/* Files that were opened, so that none is asked twice. */
typedef struct loaded {
    struct loaded *next;
    const ik_plugin *const *list;
    char path[];
} loaded;

static struct {
    pthread_mutex_t lock; /* recursive: a plugin being loaded may load others */
    loaded *all;
    const ik_plugin *const *preferred;
    bool careful;
} registry = {.lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP};

const ik_plugin *const *ik__plugins_prefer(const ik_plugin *const *list) {
    pthread_mutex_lock(&registry.lock);
    const ik_plugin *const *before = registry.preferred;
    registry.preferred = list;
    pthread_mutex_unlock(&registry.lock);
    return before;
}

void ik__plugins_careful(void) {
    registry.careful = true;
}

const char *ik__refusal(const char *path, const char *text) {
    char *real = realpath(path, NULL);
    const char *begins[] = {path, real ? real : path};
    for (int i = 0; i < 2; i++) {
        size_t n = strlen(begins[i]);
        if (strncmp(text, begins[i], n) || strncmp(text + n, ": ", 2)) continue;
        text += n + 2;
        break;
    }
    free(real);
    return text;
}

static ik_status open_file(const char *path, const ik_plugin *const **list, ik_error *err) {
    char why[1024];
    ik__blame b;
    const char *no_file;
    FILE *file = ik__open_file(path, &no_file);
    if (!file) return ik__plugin_refuse(path, err, no_file, "name a plugin's file");
    fclose(file);
    if (!ik__file_is_whole(path))
        return ik__plugin_refuse(path, err, "the file is cut short", "copy or build it again");
    ik__blame_file(&b, path, "being loaded");
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    ik__blame_end(&b);
    if (!handle) {
        const char *said = dlerror();
        snprintf(why, sizeof why, "cannot be loaded: %s", said ? said : ik__why(0));
        return ik__plugin_refuse(path, err, why,
                                 "rebuild it with this version's headers and link what it needs");
    }
    ik_plugin_entry entry;
    *(void **)&entry = dlsym(handle, IK_PLUGIN_ENTRY);
    if (!entry)
        return ik__plugin_refuse(path, err, "it does not export '" IK_PLUGIN_ENTRY "'",
                                 "end its source with IK_EXPORT_PLUGINS");
    ik__blame_file(&b, path, "listing its descriptors");
    *list = entry();
    ik__blame_end(&b);
    return ik__plugin_examine(path, *list, err);
}

static ik_status try_file(void *user, ik_error *err) {
    const ik_plugin *const *list;
    ik__blame_unwatch();
    ik_status status = open_file(user, &list, err);
    return status ? status : ik_errorf(err, IK_OK, "%s", LOADED);
}

static int patience;
static bool patient(void *user) {
    (void)user;
    return patience-- > 0;
}

/* Loads the file in a child process first: what ends that is refused here. */
static ik_status open_carefully(const char *path, const ik_plugin *const **list, ik_error *err) {
    ik__child_end end;
    char why[400] = "";
    patience = 10 * CAREFUL_SECONDS;
    ik_status status = ik__child_try(try_file, (void *)path, patient, &end, err);
    if (end.late)
        snprintf(why, sizeof why, "it hangs while it is loaded");
    else if ((int)status == IK__CRASHED)
        snprintf(why, sizeof why, "it crashes while it is loaded: %.300s", err->text);
    else if (status ? strncmp(err->text, path, strlen(path)) : strcmp(err->text, LOADED))
        snprintf(why, sizeof why, "it ends the program while it is loaded");
    if (*why) return ik__plugin_refuse(path, err, why, "`inadekit plugins check` tells more");
    return status ? status : open_file(path, list, err);
}

/* Under the lock. */
static ik_status load(const char *path, const ik_plugin *const **list, ik_error *err) {
    for (loaded *l = registry.all; l; l = l->next)
        if (strcmp(l->path, path) == 0) {
            *list = l->list;
            return IK_OK;
        }
    ik_status status =
        registry.careful ? open_carefully(path, list, err) : open_file(path, list, err);
    size_t size = strlen(path) + 1;
    loaded *l = status ? NULL : malloc(sizeof *l + size);
    if (l) {
        memcpy(l->path, path, size);
        l->list = *list;
        l->next = registry.all;
        registry.all = l;
    }
    return status;
}

ik_status ik__plugin_load(const char *path, const ik_plugin *const **list, ik_error *err) {
    /* Without a slash dlopen would look in the system's folders. */
    char *real = realpath(path, NULL);
    if (!real) return ik__plugin_refuse(path, err, "there is no such file", "check the path");
    pthread_mutex_lock(&registry.lock);
    ik_status status = load(real, list, err);
    pthread_mutex_unlock(&registry.lock);
    free(real);
    return status;
}

ik_status ik__plugin_load_file(const char *path, ik_kind kind, const char *name,
                               const ik_plugin **out, ik_error *err) {
    const ik_plugin *const *list = NULL;
    ik_status status = ik__plugin_load(path, &list, err);
    if (status) return status;
    char why[512];
    size_t n =
        (size_t)snprintf(why, sizeof why, "it holds no %s/%s, only", ik__kind_names[kind], name);
    for (; *list; list++) {
        const ik_plugin *p = *list;
        if (p->kind == kind && strcmp(p->name, name) == 0) {
            *out = p;
            return IK_OK;
        }
        if (n < sizeof why)
            n += (size_t)snprintf(why + n, sizeof why - n, " %s/%s (interface %d.%d)",
                                  ik__kind_names[p->kind], p->name, p->abi_major, p->abi_minor);
    }
    return ik__plugin_refuse(path, err, why,
                             "put it into the folder of its kind, under its own name");
}

/* Names go into paths: nothing may lead out of the folder. */
static bool is_name(const char *s) {
    size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
    return n > 0 && n <= 64 && !s[n];
}

static ik_status not_found(ik_kind kind, const char *name, const ik__conf *at,
                           const ik__words *dirs, ik_error *err) {
    char text[1600] = "";
    size_t n = 0;
    ik__words names = {0};
    for (int i = 0; i < dirs->n; i++) ik__plugin_names(dirs->v[i], kind, &names);
    const char *near = names.n ? ik__nearest(name, (const char *const *)names.v) : NULL;
    if (near)
        n += (size_t)snprintf(text, sizeof text, "; did you mean '%s'?", near);
    else
        n += (size_t)snprintf(text, sizeof text,
                              "; name its folder with --plugin-path or "
                              "INADEKIT_PLUGIN_PATH");
    n += (size_t)snprintf(text + n, sizeof text - n, "\nlooked for:");
    for (int i = 0; i < dirs->n && n < sizeof text; i++) {
        char *path = ik__plugin_file(dirs->v[i], kind, name);
        n += (size_t)snprintf(text + n, sizeof text - n, "\n  %s", path);
        free(path);
    }
    ik__words_free(&names);
    return ik__conf_fail(at, err, "there is no plugin %s/%s%s", ik__kind_names[kind], name, text);
}

static const ik_plugin *find_preferred(ik_kind kind, const char *name) {
    pthread_mutex_lock(&registry.lock);
    const ik_plugin *const *p = registry.preferred;
    while (p && *p && ((*p)->kind != kind || strcmp((*p)->name, name))) p++;
    const ik_plugin *found = p ? *p : NULL;
    pthread_mutex_unlock(&registry.lock);
    return found;
}

ik_status ik__plugin_find(ik_kind kind, const char *name, const ik__conf *at, const ik_plugin **out,
                          ik_error *err) {
    if (!is_name(name))
        return ik__conf_fail(
            at, err, "'%.80s' is no plugin's name; use up to 64 letters, digits, '_' and '-'",
            name);
    if ((*out = find_preferred(kind, name))) return IK_OK;
    ik__words dirs = ik__plugin_dirs();
    char *path = NULL;
    for (int i = 0; i < dirs.n && !path; i++) {
        path = ik__plugin_file(dirs.v[i], kind, name);
        if (ik__exists(path)) break; /* what cannot be looked at fails as it is loaded */
        free(path);
        path = NULL;
    }
    ik_error inner;
    ik_status status = path ? ik__plugin_load_file(path, kind, name, out, &inner)
                            : not_found(kind, name, at, &dirs, err);
    if (path && status) {
        ik__conf_fail(at, err, "plugin %s/%s cannot be used\n%s", ik__kind_names[kind], name,
                      inner.text);
    }
    free(path);
    ik__words_free(&dirs);
    return status;
}

int ik__plugins_list(ik_kind kind,
                     void (*each)(const char *path, const ik_plugin *p, const char *why_not,
                                  void *user),
                     void *user) {
    ik__words dirs = ik__plugin_dirs(), names = {0};
    int n = 0;
    for (int i = 0; i < dirs.n; i++) {
        ik__plugin_names(dirs.v[i], kind, &names);
        for (; n < names.n; n++) {
            const ik_plugin *p = NULL;
            ik_error err = {""};
            char *path = ik__plugin_file(dirs.v[i], kind, names.v[n]);
            ik_status status = ik__plugin_load_file(path, kind, names.v[n], &p, &err);
            each(path, p, status ? err.text : NULL, user);
            free(path);
        }
    }
    ik__words_free(&names);
    ik__words_free(&dirs);
    return n;
}
