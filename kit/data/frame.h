/* From a decoded item to one row of a batch: the part of reading that is the same for every
 * dataset.
 *
 * Maps are checked and resized nearest, the picture bicubic; both are cropped and mirrored alike.
 * Instance ids become 0..K-1 in the order of the values left after that, segments 0..S-1 in the
 * order of (label, instance). The picture becomes x / 127.5 - 1. */
#ifndef INADEKIT_DATA_FRAME_H
#define INADEKIT_DATA_FRAME_H

#include "batch.h"

typedef struct ik__frame {
    int load_height, load_width; /* resized to this, */
    int top, left;               /* then cut out from here, */
    int height, width;           /* this large, */
    bool mirror;                 /* and mirrored left to right */
} ik__frame;

typedef struct ik__limits {
    int64_t labels, instances, segments;
} ik__limits;

/* Fills a row, a batch of one; its name and `pictured` stay. `what` names the item in messages. An
 * item without a picture or a plane gives zeros. */
ik_status ik__prepare(const char *what, const ik_item *item, const ik__frame *frame,
                      const ik__limits *limits, ik__batch *row, ik_error *err);

/* Lists the pairs of `label` and `instance` of a row of n pixels: fills `segments`,
 * `segment_label`, `segment_instance` and the count. */
ik_status ik__prepare_segments(const char *what, size_t n, const ik__limits *limits, ik__batch *row,
                               ik_error *err);

#endif
