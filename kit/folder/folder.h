/* The folder that a run leaves. */
#ifndef INADEKIT_FOLDER_FOLDER_H
#define INADEKIT_FOLDER_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

/* Its path, not made yet: what is given, unless NULL or empty, or runs/<name>, with a number behind
 * it where that is taken; with `resume` the newest of those. */
void ik__folder_choose(const char *given, const char *name, bool resume, char *to, size_t size);

#endif
