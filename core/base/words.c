/* Lists of words; see words.h. */
#define _GNU_SOURCE
#include "words.h"

#include "open.h"
#include "watch.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *ik__words_checked(void *p) {
    if (p) return p;
    fputs("inadekit: error: no memory left for a list of names; free some and retry\n", stderr);
    _exit(EXIT_FAILURE);
}

void ik__words_add(ik__words *w, const char *text) {
    w->v = ik__words_checked(realloc(w->v, ((size_t)w->n + 2) * sizeof *w->v));
    w->v[w->n++] = ik__words_checked(strdup(text));
    w->v[w->n] = NULL;
}

bool ik__words_have(const ik__words *w, const char *text) {
    for (int i = 0; i < w->n; i++)
        if (strcmp(w->v[i], text) == 0) return true;
    return false;
}

void ik__words_free(ik__words *w) {
    for (int i = 0; i < w->n; i++) free(w->v[i]);
    free(w->v);
    *w = (ik__words){0};
}

/* Bytewise, whatever the locale. */
static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

void ik__files_in(const char *dir, const char *folder, const char *suffix, ik__words *names) {
    char *path;
    struct dirent **found = NULL;
    if (asprintf(&path, "%s/%s", dir, folder) < 0) path = NULL;
    int n = scandir(ik__words_checked(path), &found, NULL, by_name);
    if (n < 0 && errno != ENOENT && errno != ENOTDIR) /* a file of that name is no such folder */
        ik__tell(IK__NOTED, "%s: the folder cannot be listed: %s", path, ik__why(errno));
    for (int i = 0; i < n; i++) {
        char *name = found[i]->d_name;
        size_t size = strlen(name), end = strlen(suffix);
        if (*name != '.' && size > end && !strcmp(name + size - end, suffix)) {
            name[size - end] = 0;
            if (!ik__words_have(names, name)) ik__words_add(names, name);
        }
        free(found[i]);
    }
    free(found);
    free(path);
}
