/* Files that are installed beside the program and read by it: share/inadekit. */
#ifndef INADEKIT_BASE_PLACES_H
#define INADEKIT_BASE_PLACES_H

#include <stdbool.h>
#include <stddef.h>

/* The folder that holds the running program; false if the system does not say. */
bool ik__program_folder(char *path, size_t size);

/* A file or folder of share/inadekit: ../share/inadekit beside the program, else where it was to be
 * installed. False if it is in neither; `path` then names the latter. */
bool ik__share_path(const char *name, char *path, size_t size);

#endif
