/* Random values from a file, for a picture that somebody else has painted. */
#ifndef INADEKIT_RUN_LATENTS_FILE_H
#define INADEKIT_RUN_LATENTS_FILE_H

#include "trace_inputs.h"

/* A safetensors file of latents by name, as z [N,256] and noise [N,K,2,C], a row for each of N
 * samples; or NAME.eps, the standard normals that a style makes the latent of. Of what is drawn per
 * instance K may be less than the pipeline's most instances, but not than the layout's.
 *
 * Programs are recorded; `instances` is the layout's number of them. Everything in the file has to
 * be a latent of synthesis. The values live in the pool. */
ik_status ik__latents_take(const ik__trace_inputs *file, ik__session *s, int64_t instances,
                           ik__pool *pool, ik_error *err);

#endif
