/* Where training stands in its data; see course.h. */
#include "course.h"

/* The steps that the epoch it is entered in still has. */
static int64_t left(const ik__course *c) {
    return c->taken < c->items ? (c->items - c->taken) / c->batch : 0;
}

ik__course ik__course_at(const ik__course *c, int64_t step) {
    ik__course at = *c;
    int64_t n = step - c->step, first = left(c), each = c->items / c->batch;
    at.step = step;
    at.pictures += n * c->batch;
    if (n < first) {
        at.taken += n * c->batch;
    } else {
        at.epoch += 1 + (n - first) / each;
        at.taken = (n - first) % each * c->batch;
    }
    return at;
}

int64_t ik__course_end(const ik__course *c, int64_t epochs) {
    if (epochs <= c->epoch) return c->step;
    return c->step + left(c) + (epochs - c->epoch - 1) * (c->items / c->batch);
}
