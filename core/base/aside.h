/* Writing a file aside: until it is committed, what was there before stays as it was; after it, the
 * new file is there, whole and on the disk. */
#ifndef INADEKIT_BASE_ASIDE_H
#define INADEKIT_BASE_ASIDE_H

#include "path.h"

typedef struct ik__aside {
    ik__path path, part; /* `part` lies beside it, under a name that is this process's own */
    FILE *file;          /* NULL: a library writes to `part` by its name */
} ik__aside;

/* Opens the part to be written through `file`. Fails with "PATH: cannot be written: why". */
ik_status ik__aside_open(ik__aside *a, const char *path, ik_error *err);
/* Only finds the part's name, for a library that opens files itself. */
void ik__aside_name(ik__aside *a, const char *path);
/* Flushes, syncs and renames; after a failure, which includes earlier ones of `file`, nothing of
 * the part is left. */
ik_status ik__aside_commit(ik__aside *a, ik_error *err);
/* Gives it up. Fine for one that is all zero, or that was ended before. */
void ik__aside_abort(ik__aside *a);

/* Removes what writers that were killed left in a folder, and in folders within it: parts of files
 * that end as one of `endings` does (a list, ended by NULL), whose process is gone. */
void ik__aside_sweep(const char *folder, const char *const *endings);
/* The same of one file. */
void ik__aside_sweep_file(const char *path);

/* A rename is on the disk only when its folder is. Some file systems cannot sync one: no error. */
void ik__sync_folder(const char *path);

#endif
