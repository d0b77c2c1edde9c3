/* A trial: the small pipeline of an inspection, ready to run on one backend with fixed data. */
#ifndef CLI_CHECK_TRIAL_H
#define CLI_CHECK_TRIAL_H

#include "check.h"

#include "session.h"

typedef struct check_size {
    int height, width;
} check_size;

typedef struct check_trial {
    ik__session *s;
    ik_step step;
} check_trial;

/* What a plugin of a kind is measured beside. */
const char *check_trial_peer(ik_kind kind);
/* `kind`/`name` stands in its kind's place; the user's options go with it if `subject`. Its losses
 * are recorded, its data uploaded. */
ik_status check_trial_new(const check_findings *f, ik_kind kind, const char *name, bool subject,
                          check_size size, const char *device, check_trial *out, ik_error *err);
void check_trial_free(check_trial *t);
/* All parameters and buffers of `to` become those of `from`, rounded to float on both sides. */
ik_status check_trial_copy(const check_trial *from, const check_trial *to, ik_error *err);
/* One forward and backward pass. Whether its changes of buffers count, `keep` says. */
ik_status check_trial_run(const check_trial *t, ik__role role, bool keep, ik_error *err);
/* The loss, from the naive backend to its last bit. */
double check_trial_loss(const check_trial *t, ik__role role);
/* Gradient i of the program as doubles, malloc'ed. */
double *check_trial_gradient(const check_trial *t, ik__role role, int i);

#endif
