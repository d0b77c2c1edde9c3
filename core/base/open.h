/* Opening files to read, and saying why it cannot be. */
#ifndef INADEKIT_BASE_OPEN_H
#define INADEKIT_BASE_OPEN_H

#include "path.h"

/* A file, and nothing that one would wait for, or that never ends: NULL for a pipe, a device, a
 * folder, and what is not there; `*why` says which. */
FILE *ik__open_file(const char *path, const char **why);
/* Why a call failed that left this in errno, also where it left nothing. */
const char *ik__why(int number);

/* Where a path that was not found is looked for, to be put behind the reason: empty for one that is
 * absolute, or after another failure than that. */
ik__path ik__from_where(const char *path, int number);

/* What a file really is that should be something else, by its first bytes: completes "FILE: is
 * ...", and says what to do. NULL: nothing that is known here. */
const char *ik__foreign(const void *head, size_t n);

#endif
