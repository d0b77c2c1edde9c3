/* The losses of training steps, and that they are finite.
 *
 * A backend that guards looks at them where they are, so that no step waits for the device: the
 * host reads them only when it wants them, and what comes after one that is not finite changes
 * nothing until the host has heard of it. Of any other backend they are read after each program. */
#ifndef INADEKIT_STAGES_GUARD_H
#define INADEKIT_STAGES_GUARD_H

#include "exec/program.h"
#include "folder/runlog.h"
#include "model/model.h"

enum { IK__LOSSES = 32 }; /* of a program, at most */

typedef struct ik__guard {
    ik__engine *engine;
    const ik__players *players;
    ik__program *const *programs; /* by update; it may have none */
    int64_t parts;                /* batches of a step */
    /* The newest that were read, by update, in the order of its outputs. */
    float mean[IK__MOST_UPDATES][IK__LOSSES];
    bool known; /* some were */
    void *kept; /* in storage, by update and part; NULL: the backend does not guard */
    struct ik__bad_loss {
        bool found;
        int64_t step, part;
        int update, loss;
        float value;
    } bad; /* the first that is not finite */
} ik__guard;

/* Refuses a program with more losses than are looked at. */
ik_status ik__guard_open(ik__guard *g, ik__engine *e, const ik__players *players,
                         ik__program *const *programs, int64_t parts, ik_error *err);
void ik__guard_close(ik__guard *g);

/* After an update's program ran on a part of a step's batch, before anything of it is kept. This
 * and the others fail with `bad` found, and then leave the message to the caller. */
ik_status ik__guard_take(ik__guard *g, int64_t step, int update, int64_t part, ik_error *err);
/* Waits for what was taken so far: was it finite? */
ik_status ik__guard_check(ik__guard *g, ik_error *err);
/* And reads `mean`, at the end of a step. */
ik_status ik__guard_read(ik__guard *g, ik_error *err);

/* The newest losses as a person reads them, "G 1.234 (hinge 0.5, l1 0.7)  D 0.567 (hinge 0.567)";
 * empty where none were read yet. */
void ik__guard_text(const ik__guard *g, char *text, size_t size);
/* And as members of a line of the log. */
void ik__guard_log(const ik__guard *g, ik__log *log);

#endif
