/* A file mapped into memory for reading. */
#ifndef INADEKIT_BASE_MAPPED_H
#define INADEKIT_BASE_MAPPED_H

#include "inadekit/types.h"

typedef struct ik__map {
    unsigned char *data;
    size_t bytes;
} ik__map;

/* Fails for what is no ordinary file or has fewer than `least` bytes; `what` says of which kind it
 * would be. Errors read `path: what is wrong`. */
ik_status ik__map_open(const char *path, size_t least, const char *what, ik__map *out,
                       ik_error *err);
void ik__map_close(ik__map *m);
/* Lets go of the pages that lie wholly inside; they come back from the file if asked for again. */
void ik__map_release(const ik__map *m, size_t begin, size_t end);

#endif
