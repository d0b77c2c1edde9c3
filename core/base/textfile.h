/* A small file in one piece: it is there as it was, or as it is to be, never half. */
#ifndef INADEKIT_BASE_TEXTFILE_H
#define INADEKIT_BASE_TEXTFILE_H

#include "inadekit/types.h"

/* Written aside (aside.h). `text` NULL counts as no memory. */
ik_status ik__textfile_write(const char *path, const char *text, size_t n, ik_error *err);

/* The whole file, NUL-terminated and malloc'ed; NULL where it is not there, cannot be read or has
 * more than `most` bytes. */
char *ik__textfile_read(const char *path, size_t most, size_t *n);

#endif
