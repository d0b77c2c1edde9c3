/* Styles from reference pictures: an instance takes its random values from the posterior that the
 * encoder gives an instance of another picture. */
#ifndef INADEKIT_STAGES_EXEMPLARS_H
#define INADEKIT_STAGES_EXEMPLARS_H

#include "session/session.h"

typedef struct ik__exemplars ik__exemplars;

/* Are the references of `synthesize.style` there, with pictures and the instances that are named,
 * and is anything encoded per instance? `scratch` has one row. */
ik_status ik__exemplars_check(ik__session *s, ik__batch *scratch, ik_error *err);
/* Encodes what `synthesize.style` names, which was checked; *out is NULL when it names nothing.
 * `scratch` has the batch of synthesis, its rows are overwritten. */
ik_status ik__exemplars_new(ik__session *s, ik__batch *scratch, ik__exemplars **out, ik_error *err);
void ik__exemplars_free(ik__exemplars *x);
/* row [K, ...]: one sample's standard normals of a latent; those of the styled instances become
 * eps * exp(0.5 logvar) + mu. drawn [K], which may be NULL: instances with a number other than 0
 * keep theirs. */
void ik__exemplars_apply(const ik__exemplars *x, const char *latent, const int64_t *drawn,
                         float *row);

#endif
