/* The fields of a scene: what is read of an item, and what programs may ask for, a row each.
 *
 * Whatever holds, copies, uploads or names them walks over this table. The first six are the core's
 * own, made of every item; behind them stand the planes that a dataset announces. */
#ifndef INADEKIT_DATA_FIELDS_H
#define INADEKIT_DATA_FIELDS_H

#include "inadekit/dataset.h"

typedef enum ik__extent {
    IK__PICTURE, /* [H,W,channels] */
    IK__MAP,     /* [H,W] */
    IK__LIST,    /* [max_segments], padded with -1 */
} ik__extent;

typedef struct ik__field {
    const char *name;
    ik_dtype dtype; /* IK_F32 or IK_I32: 4 bytes an element */
    ik__extent extent;
    bool derived;          /* follows from label and instance */
    int channels;          /* of a picture */
    const ik_plane *plane; /* what the dataset says of its own */
} ik__field;

/* In this order. */
enum { IK__IMAGE, IK__LABEL, IK__INSTANCE, IK__SEGMENTS, IK__SEGMENT_LABEL, IK__SEGMENT_INSTANCE };
enum { IK__OWN_FIELDS = 6, IK__MOST_FIELDS = IK__OWN_FIELDS + IK_MAX_PLANES };

typedef struct ik__fields {
    int n;
    ik__field v[IK__MOST_FIELDS];
    int64_t height, width, max_segments;
} ik__fields;

/* The core's own. */
void ik__fields_begin(ik__fields *f, int64_t height, int64_t width, int64_t max_segments);
/* And a dataset's; `what` names it in messages. */
ik_status ik__fields_add(ik__fields *f, const char *what, const ik_plane *plane, ik_error *err);

/* Its number; -1 if there is none of that name. */
int ik__fields_find(const ik__fields *f, const char *name);
/* Of one row, without the batch. */
ik_shape ik__field_shape(const ik__fields *f, int i);
size_t ik__field_bytes(const ik__fields *f, int i);

#endif
