/* Where plugins may lie, and what lies there. Nothing is loaded here. */
#define _GNU_SOURCE
#include "search.h"

#include "base/places.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#ifndef INADEKIT_PLUGIN_DIR
#define INADEKIT_PLUGIN_DIR "/usr/local/lib/inadekit"
#endif

const char *const ik__kind_names[] = {
    [IK_NORM] = "norm",        [IK_BLOCK] = "blocks",
    [IK_ENCODER] = "encoders", [IK_DISCRIMINATOR] = "discriminators",
    [IK_LOSS] = "losses",      [IK_DATASET] = "datasets",
    [IK_METRIC] = "metrics",   [IK_BACKEND] = "backends",
    [IK_COMM] = "comm",        [IK_KIND_COUNT] = NULL,
};

static char *asked_path;                                 /* --plugin-path */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of it */

void ik__plugins_path(const char *dirs) {
    pthread_mutex_lock(&lock);
    free(asked_path);
    asked_path = dirs ? ik__words_checked(strdup(dirs)) : NULL;
    pthread_mutex_unlock(&lock);
}

static void add_dir(ik__words *dirs, const char *dir) {
    char *real =
        realpath(dir, NULL); /* NULL for one that does not exist: named in messages as it is */
    const char *path = real ? real : dir;
    if (*path && !ik__words_have(dirs, path)) ik__words_add(dirs, path);
    free(real);
}

static void add_dirs(ik__words *dirs, const char *list) {
    if (!list) return;
    char *copy = ik__words_checked(strdup(list)), *rest = copy;
    for (char *dir; (dir = strsep(&rest, ":")) != NULL;)
        if (*dir) add_dir(dirs, dir);
    free(copy);
}

static void add_beside(ik__words *dirs, const char *file, const char *folder) {
    char path[PATH_MAX + 32];
    const char *slash = file ? strrchr(file, '/') : NULL;
    if (!slash || slash - file >= PATH_MAX) return;
    snprintf(path, sizeof path, "%.*s/%s", (int)(slash - file), file, folder);
    add_dir(dirs, path);
}

ik__words ik__plugin_dirs(void) {
    ik__words dirs = {0};
    char program[PATH_MAX];
    Dl_info self;
    pthread_mutex_lock(&lock);
    add_dirs(&dirs, asked_path);
    pthread_mutex_unlock(&lock);
    add_dirs(&dirs, getenv("INADEKIT_PLUGIN_PATH"));
    if (ik__program_folder(program, sizeof program)) add_beside(&dirs, program, "lib/inadekit");
    /* The library's folder may be lib64 or lib/x86_64-linux-gnu. */
    if (dladdr((void *)ik__plugin_dirs, &self)) add_beside(&dirs, self.dli_fname, "inadekit");
    add_dir(&dirs, INADEKIT_PLUGIN_DIR);
    return dirs;
}

char *ik__plugin_file(const char *dir, ik_kind kind, const char *name) {
    char *path;
    if (asprintf(&path, "%s/%s/%s.so", dir, ik__kind_names[kind], name) < 0) path = NULL;
    return ik__words_checked(path);
}

void ik__plugin_names(const char *dir, ik_kind kind, ik__words *names) {
    ik__files_in(dir, ik__kind_names[kind], ".so", names);
}
