/* Weights from one kind of file into another: what `inadekit import` and `export` do. */
#ifndef INADEKIT_WEIGHTS_CONVERT_H
#define INADEKIT_WEIGHTS_CONVERT_H

#include "file.h"

typedef struct ik__conversion {
    const char *from; /* any file of weights, or a checkpoint's folder */
    const char *to;
    const char *map; /* a name or a path; NULL: names stay */
    bool odd;        /* numbers that are not finite are taken as they are */
    bool averages;   /* export: the averaged weights of a checkpoint where it has such */
    /* import: may fail with what is read under its new names, before anything is written; or NULL
     */
    ik_status (*check)(void *user, const ik__wfile *f, ik_error *err);
    void *user;
} ik__conversion;

enum { IK__TOLD = 3 }; /* names, of those that were left out */
typedef struct ik__converted {
    int written, left_out;
    char first[IK__TOLD][160];
} ik__converted;

/* PyTorch's names become NETWORK.ours, in a safetensors file; what the map spares is left out.
 * Tells whose names they are where no map was given. */
ik_status ik__weights_import(const ik__conversion *c, ik__converted *done, ik_error *err);
/* The other way round, into what torch.load reads, or safetensors where `to` ends in .safetensors.
 * With a map, only the entries of its network. */
ik_status ik__weights_export(const ik__conversion *c, ik__converted *done, ik_error *err);

/* Fails where `to` is there and is a file of a checkpoint or a run. NULL is fine. */
ik_status ik__weights_spare(const char *to, ik_error *err);

#endif
