/* Short lists of words, and the names of files as one. Without memory the process ends: what they
 * are for is little and comes first. */
#ifndef INADEKIT_BASE_WORDS_H
#define INADEKIT_BASE_WORDS_H

#include <stdbool.h>

typedef struct ik__words {
    int n;
    char **v; /* NULL-terminated once there is one; malloc'ed */
} ik__words;

void ik__words_add(ik__words *w, const char *text);
bool ik__words_have(const ik__words *w, const char *text);
void ik__words_free(ik__words *w);

/* Names of the files <dir>/<folder>/<name><suffix>, sorted, added to `names` unless they are there.
 */
void ik__files_in(const char *dir, const char *folder, const char *suffix, ik__words *names);

/* `p`, which is not NULL; with NULL the process ends, saying why. */
void *ik__words_checked(void *p);

#endif
