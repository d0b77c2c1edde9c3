/* Shared by plugins*.c. */
#ifndef IK_PLUGINS_INTERNAL_H
#define IK_PLUGINS_INTERNAL_H

#include "plugins.h"

typedef struct ik__words {
    int n;
    char **v; /* NULL-terminated once there is one; malloc'ed */
} ik__words;

void ik__words_add(ik__words *w, const char *text);
bool ik__words_have(const ik__words *w, const char *text);
void ik__words_free(ik__words *w);

/* Directories in search order, each once; `maps` lie there, too. */
ik__words ik__plugin_dirs(void);
/* Names of the files <dir>/<folder>/<name><suffix>, sorted, added to `names` unless they are there.
 */
void ik__files_in(const char *dir, const char *folder, const char *suffix, ik__words *names);
/* Names of the plugins of a kind in one directory, sorted, added to `names` unless they are there.
 */
void ik__plugin_names(const char *dir, ik_kind kind, ik__words *names);
/* <dir>/<kind>/<name>.so, malloc'ed. */
char *ik__plugin_file(const char *dir, ik_kind kind, const char *name);

#endif
