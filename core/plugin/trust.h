/* How far a plugin's file and what it hands out can be trusted, before anything relies on it. */
#ifndef INADEKIT_PLUGIN_TRUST_H
#define INADEKIT_PLUGIN_TRUST_H

#include "inadekit/types.h"

/* Is an ELF file all there? One that was cut short would end the process while it is loaded. What
 * is no such file at all is left to the loader's own words. */
bool ik__file_is_whole(const char *path);

/* Pointers, looked at without following them. */
typedef struct ik__probe {
    int from, to;
} ik__probe;
ik__probe ik__probe_open(void);
void ik__probe_close(const ik__probe *p);
/* May n bytes be read there? */
bool ik__probe_bytes(const ik__probe *p, const void *at, size_t n);
/* A text of at most 64 KiB. */
bool ik__probe_text(const ik__probe *p, const char *text);

#endif
