/* The pickle machine's state: what all its operations share. See pickle.h. */
#ifndef INADEKIT_TENSORS_PICKLE_MACHINE_H
#define INADEKIT_TENSORS_PICKLE_MACHINE_H

#include "pickle.h"

enum { IK__PM_STEPS = 1 << 22 }; /* at most; some 200,000 tensors */

typedef struct ik__pm {
    const char *name;
    const unsigned char *start, *p, *end;
    ik__pool *pool;
    ik__value **stack;
    int *marks; /* heights of the stack */
    ik__value **memo;
    ik__pickle *out;
    int n, room, n_marks, mark_room, memo_room, memoized;
    int64_t steps;
    bool done;
    ik_error *err;
    ik_status status;
} ik__pm;

/* Only the first failure counts; what follows it has no effect. */
void ik__pm_fail(ik__pm *m, const char *format, ...) IK_PRINTF(2, 3);
void ik__pm_too_long(ik__pm *m);
void ik__pm_cut_short(ik__pm *m);
/* Room for one element more; the number of steps bounds all these arrays. */
bool ik__pm_grow(ik__pm *m, void *array, int count, int *room, size_t size);
const unsigned char *ik__pm_take(ik__pm *m, uint64_t n);
/* An unsigned number of 1 to 8 bytes. */
uint64_t ik__pm_number(ik__pm *m, int bytes);
/* Up to the next line feed, which is eaten. */
const char *ik__pm_line(ik__pm *m, size_t *n);
void ik__pm_push(ik__pm *m, ik__value *v);
/* What lies under a mark is out of reach until the mark is used. */
ik__value *ik__pm_pop(ik__pm *m);
ik__value *ik__pm_top(ik__pm *m, ik__pickle_kind kind);
/* The values above the last mark, which is removed with them. */
ik__value **ik__pm_above_mark(ik__pm *m, int *count);
void ik__pm_push_whole(ik__pm *m, ik__pickle_kind kind, int64_t whole);
void ik__pm_push_text(ik__pm *m, ik__pickle_kind kind, uint64_t n);
/* Little-endian two's complement of any length. */
void ik__pm_push_long(ik__pm *m, uint64_t n);
/* n pointers more at the end of an array in the pool. */
void ik__pm_extend(ik__pm *m, void *array, int *count, int *room, const void *more, int n);
void ik__pm_append(ik__pm *m, ik__value *to, ik__value *const *v, int n);
void ik__pm_push_container(ik__pm *m, ik__pickle_kind kind, ik__value *const *v, int n);
void ik__pm_put(ik__pm *m, uint64_t at);
void ik__pm_get(ik__pm *m, uint64_t at);

#endif
