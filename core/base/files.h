/* Is it there, what is in it, and making folders. */
#ifndef INADEKIT_BASE_FILES_H
#define INADEKIT_BASE_FILES_H

#include "inadekit/types.h"

/* Fails with "PATH: cannot be looked at: why" where nobody can say. */
ik_status ik__look(const char *path, bool *there, ik_error *err);
/* The same for whoever wants a free name: what cannot be looked at is there. */
bool ik__exists(const char *path);
/* By whatever names: relative ones, links. */
bool ik__same_file(const char *a, const char *b);
/* What is to be written must not be one of the files that are read; `from` may be NULL. */
ik_status ik__apart(const char *to, const char *from, ik_error *err);
ik_status ik__make_folder(const char *path, ik_error *err); /* and its parents */
/* Calls `each` with every name in a folder, in no order, until one fails; in one that is not there
 * are none, one that cannot be listed is a failure. */
ik_status ik__each_in(const char *folder,
                      ik_status (*each)(void *user, const char *name, ik_error *err), void *user,
                      ik_error *err);

#endif
