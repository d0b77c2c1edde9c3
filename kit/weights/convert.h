/* Weights from one kind of file into another: what `inadekit import` and `export` do. */
#ifndef INADEKIT_WEIGHTS_CONVERT_H
#define INADEKIT_WEIGHTS_CONVERT_H

#include "inadekit/types.h"

typedef struct ik__conversion {
    const char *from; /* any file of weights, or a checkpoint's folder */
    const char *to;
    const char *map; /* a name or a path; NULL: names stay */
    bool averages;   /* export: the averaged weights of a checkpoint where it has such */
} ik__conversion;

typedef struct ik__converted {
    int written, left_out;
} ik__converted;

/* PyTorch's names become NETWORK.ours, in a safetensors file; what the map spares is left out. */
ik_status ik__weights_import(const ik__conversion *c, ik__converted *done, ik_error *err);
/* The other way round, into what torch.load reads, or safetensors where `to` ends in .safetensors.
 * With a map, only the entries of its network. */
ik_status ik__weights_export(const ik__conversion *c, ik__converted *done, ik_error *err);

#endif
