/* One program of a pipeline, run once on given tensors, all it makes written to a file: for
 * comparing with another implementation, or two backends with each other. */
#ifndef INADEKIT_RUN_TRACE_H
#define INADEKIT_RUN_TRACE_H

#include "run.h"

/* Files are safetensors. Inputs by name: image [B,H,W,3]; label and instance [B,H,W], the ids
 * 0..K-1; latents such as z and noise; or NAME.eps, the standard normals from which the latent NAME
 * is made as its posterior says (a value supplied goes before it). What is missing of the latents
 * is drawn. Outputs: fake, the latents as used, loss.NAME, loss.total, mu.LATENT, logvar.LATENT,
 * feature.{fake,real}.SCALE.INDEX and state.PATH, the buffers as the program left them; of steps
 * before it stepN.UPDATE.loss.NAME. docs/trace.md tells them to users, and they stay. */
typedef struct ik__trace_options {
    const char *program; /* sample, encode, g_step, d_step */
    const char *inputs, *outputs;
    /* Files, each network that the program needs from one of them; none: as initialised, or as the
     * pipeline says. */
    ik_strings weights;
    int64_t steps; /* of training that are taken first, on the inputs of trace_inputs.h */
    const char
        *save_weights; /* those that the program starts with, of all programs; NULL: not saved */
    bool grads;        /* write grad.PATH too */
    bool all;          /* write every node, as node.ID.OP.PATH */
} ik__trace_options;

ik_status ik__trace(const ik__run_options *o, const ik__trace_options *t, ik_error *err);

#endif
