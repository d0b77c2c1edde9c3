/* A batch: rows of items, an array for each field. */
#ifndef INADEKIT_DATA_BATCH_H
#define INADEKIT_DATA_BATCH_H

#include "fields.h"

typedef struct ik__batch {
    int64_t n;
    const ik__fields *fields; /* the dataset's */
    /* Arrays of n rows by the field's number, and the core's own by name, in the table's order. */
    union {
        void *field[IK__MOST_FIELDS];
        struct {
            float *image;                              /* [n,H,W,3] in -1..1 */
            int32_t *label, *instance, *segments;      /* [n,H,W] */
            int32_t *segment_label, *segment_instance; /* [n,max_segments] */
        };
    };
    int32_t *instances, *segment_count; /* [n]: how many there are */
    char (*names)[256];                 /* [n] */
    bool *pictured;                     /* [n]: had a picture; `image` is 0 without */
} ik__batch;

/* All zero. The fields have to outlive it. */
ik_status ik__batch_new(const ik__fields *fields, int64_t n, ik__batch **out, ik_error *err);
void ik__batch_free(ik__batch *batch);

/* Rows first .. first+n of another, whose arrays it shares: not to be freed. */
ik__batch ik__batch_rows(const ik__batch *all, int64_t first, int64_t n);
/* What the fields hold of an item; names and counts stay. */
void ik__batch_copy_row(ik__batch *to, int64_t row, const ik__batch *from, int64_t item);

#endif
