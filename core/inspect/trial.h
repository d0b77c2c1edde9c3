/* A trial: the small pipeline of an inspection, ready to run on one backend with fixed data. */
#ifndef INADEKIT_TRIAL_H
#define INADEKIT_TRIAL_H

#include "inspect.h"

#include "session.h"

typedef struct ik__size {
    int height, width;
} ik__size;

typedef struct ik__trial {
    ik__session *s;
    ik_step step;
} ik__trial;

/* What a plugin of a kind is measured beside. */
const char *ik__trial_peer(ik_kind kind);
/* `kind`/`name` stands in its kind's place; the user's options go with it if `subject`. Its losses
 * are recorded, its data uploaded. */
ik_status ik__trial_new(const ik__findings *f, ik_kind kind, const char *name, bool subject,
                        ik__size size, const char *device, ik__trial *out, ik_error *err);
void ik__trial_free(ik__trial *t);
/* All parameters and buffers of `to` become those of `from`, rounded to float on both sides. */
ik_status ik__trial_copy(const ik__trial *from, const ik__trial *to, ik_error *err);
/* One forward and backward pass. Whether its changes of buffers count, `keep` says. */
ik_status ik__trial_run(const ik__trial *t, ik__role role, bool keep, ik_error *err);
/* The loss, from the naive backend to its last bit. */
double ik__trial_loss(const ik__trial *t, ik__role role);
/* Gradient i of the program as doubles, malloc'ed. */
double *ik__trial_gradient(const ik__trial *t, ik__role role, int i);

#endif
