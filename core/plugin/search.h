/* Shared by plugins*.c. */
#ifndef INADEKIT_PLUGIN_SEARCH_H
#define INADEKIT_PLUGIN_SEARCH_H

#include "base/words.h"
#include "plugins.h"

/* Directories in search order, each once; `maps` lie there, too. */
ik__words ik__plugin_dirs(void);
/* Names of the plugins of a kind in one directory, sorted, added to `names` unless they are there.
 */
void ik__plugin_names(const char *dir, ik_kind kind, ik__words *names);
/* <dir>/<kind>/<name>.so, malloc'ed. */
char *ik__plugin_file(const char *dir, ik_kind kind, const char *name);

/* A refusal of a file: its path, why, the version here, and what to do. */
ik_status ik__plugin_refuse(const char *path, ik_error *err, const char *why, const char *remedy);
/* examine.c: whether the descriptors that a file brings can be used here. */
ik_status ik__plugin_examine(const char *path, const ik_plugin *const *list, ik_error *err);

#endif
