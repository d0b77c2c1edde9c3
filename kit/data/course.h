/* Where training stands in its data: epochs done, and pictures taken of the one that has begun. A
 * step takes `batch` pictures; what is left of an epoch after whole batches is dropped.
 *
 * A course is entered at a step. Whoever enters with other numbers of items or pictures a step goes
 * on from the same epoch and picture. */
#ifndef INADEKIT_DATA_COURSE_H
#define INADEKIT_DATA_COURSE_H

#include <stdint.h>

typedef struct ik__course {
    int64_t items, batch;   /* of an epoch; of a step */
    int64_t step, pictures; /* done and seen where it is entered */
    int64_t epoch, taken;   /* epochs done there, and pictures of the next */
} ik__course;

/* The same course, entered at a step that is not before its own. */
ik__course ik__course_at(const ik__course *c, int64_t step);
/* The step at which so many epochs are done; its own where they are already. */
int64_t ik__course_end(const ik__course *c, int64_t epochs);

#endif
