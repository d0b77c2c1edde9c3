/* A trial: the small pipeline of an inspection, ready to run on one backend with fixed data. */
#ifndef CLI_CHECK_TRIAL_H
#define CLI_CHECK_TRIAL_H

#include "check.h"

#include "session/session.h"

typedef struct check_size {
    int height, width;
} check_size;

typedef struct check_trial {
    ik__session *s;
    ik_step step;
    bool used;                        /* the user's pipeline has recorded the plugin */
    char whose[IK__MOST_UPDATES][96]; /* by update, for messages: "generator's" */
} check_trial;

/* What a plugin of a kind is measured beside. */
const char *check_trial_peer(ik_kind kind);
/* `kind`/`name` stands in its kind's place, with `sets` for options; NULL: with those of
 * check_trial_peer. Or the user's pipeline, with `sets` for its keys. Its losses are recorded, its
 * data uploaded. */
typedef struct check_subject {
    ik_kind kind;
    const char *name;
    const ik_strings *sets;
    const char *pipeline; /* NULL: a small one, of a size */
    const ik_plugin *plugin;
    bool keep_all; /* every node keeps its value */
} check_subject;
ik_status check_trial_new(const check_subject *of, check_size size, const char *device,
                          check_trial *out, ik_error *err);
/* The user's keys, and those that a trial wants, in `pool`; `stage` alone is prepared. */
ik_strings check_trial_sets(ik__pool *pool, const ik_strings *given, const char *stage,
                            const char *device);
/* The user's options, and small values for widths of which the user said nothing: whole numbers
 * that are 16 or more by default, as far as their ranges allow. Those are listed in `text`, which
 * is empty where there are none. */
ik_strings check_trial_small(const check_findings *f, const ik_plugin *p, ik__pool *pool,
                             char *text, size_t room);
void check_trial_free(check_trial *t);
/* All parameters and buffers of `to` become those of `from`, rounded to float on both sides. */
ik_status check_trial_copy(const check_trial *from, const check_trial *to, ik_error *err);
/* One forward and backward pass. Whether its changes of buffers count, `keep` says. */
ik_status check_trial_run(const check_trial *t, int update, bool keep, ik_error *err);
/* The same on behalf of the findings: blames the plugin, says what failed, gives false then. */
bool check_trial_step(check_findings *f, const ik_plugin *p, const check_trial *t, int update,
                      bool keep);
/* Likewise, only as far as the loss. */
bool check_trial_forward(check_findings *f, const ik_plugin *p, const check_trial *t, int update);
/* The loss, from the naive backend to its last bit. */
double check_trial_loss(const check_trial *t, int update);
/* Gradient i of the program as doubles, malloc'ed. */
double *check_trial_gradient(const check_trial *t, int update, int i);

/* How far all gradients of an update are apart, relative to a's, in the Euclidean norm. */
double check_trial_distance(const check_trial *a, const check_trial *b, int update);

/* apart.c: what a discriminator promises by `samplewise`; the trial is of the naive backend. */
void check_apart(check_findings *f, const check_subject *of, check_size size,
                 const check_trial *apart, const char *at);
/* guards.c: kernels of the plugin's own ops; likewise. */
void check_guards(check_findings *f, const check_subject *of, check_size size,
                  const check_trial *naive, const char *at);
/* again.c: the trial, which has just computed, in a second process. That one answers, and is done.
 */
void check_again(check_findings *f, const ik_plugin *p, const check_trial *t, const char *at);
bool check_again_answer(const ik_plugin *p, const check_trial *t);
/* gradients.c: the naive backend's gradients beside finite differences; false after a failed step.
 * `at` says where, in messages. */
bool check_gradients(check_findings *f, const ik_plugin *p, const check_trial *naive, int update,
                     const char *at);

#endif
