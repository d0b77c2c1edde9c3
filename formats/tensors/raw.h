/* Number types as files of tensors have them, and their conversion to the kit's two. */
#ifndef INADEKIT_TENSORS_RAW_H
#define INADEKIT_TENSORS_RAW_H

#include "inadekit/types.h"

typedef enum ik__raw {
    IK__F32,
    IK__F64,
    IK__F16,
    IK__BF16,
    IK__I32,
    IK__I64,
    IK__I16,
    IK__I8,
    IK__U8,
    IK__BOOL,
    IK__RAW_COUNT,
} ik__raw;

/* By ik__raw: the name in safetensors files, bytes of an element, what it is read as. */
typedef struct ik__raw_type {
    const char *name;
    int bytes;
    ik_dtype as;
} ik__raw_type;
extern const ik__raw_type ik__raw_types[IK__RAW_COUNT];

/* n little-endian elements, which need not be aligned, to float or int32_t. Gives false where one
 * does not fit into 32 bits, and which in `misfit`. */
bool ik__raw_read(ik__raw type, size_t n, const void *from, void *to, int64_t *misfit);

/* The same for a tensor whose elements lie apart: `stride` has the distances in elements, per axis.
 * `to` is in logical order. */
bool ik__raw_gather(ik__raw type, const ik_shape *shape, const int64_t *stride, const void *from,
                    void *to, int64_t *misfit);

/* The bytes of a tensor; false where they overflow. A dimension of 0 makes it empty whatever the
 * others say. */
bool ik__raw_bytes(ik__raw type, const ik_shape *shape, int64_t *bytes);

#endif
