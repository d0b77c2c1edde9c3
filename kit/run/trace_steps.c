/* Update after update, as training does, but on what a file holds; see trace_steps.h. */
#include "trace_steps.h"

#include "exec/adam.h"

#include <stdlib.h>

/* The outputs of an update that are called so are numbers. */
static bool is_loss(const char *output) {
    return !strncmp(output, "loss.", 5);
}

static ik_status read_losses(ik__session *s, ik__program *p, int64_t step, ik__trace_losses *to,
                             ik_error *err) {
    const ik__names *outputs = &p->graph->outputs;
    ik_status status = IK_OK;
    for (int i = 0; i < outputs->n && !status; i++) {
        if (!is_loss(outputs->v[i].name)) continue;
        ik__trace_loss *l = &to->v[to->n++];
        snprintf(l->name, sizeof l->name, "step%lld.%s.%s", (long long)step, p->name,
                 outputs->v[i].name);
        status = ik__program_tensor(s->engine, p, outputs->v[i].node, &l->value, err);
    }
    return status;
}

static ik_status play(ik__session *s, int which, ik__trace_inputs *in, ik__trace_losses *to,
                      ik_error *err) {
    const ik__players *p = &s->model->players;
    const ik__update *u = &p->updates[which];
    ik__program *program = s->update[which];
    ik_step at = {.seed = (uint64_t)s->set.seed,
                  .step = (uint64_t)(p->n_updates * (in->step - 1) + which)};
    ik_status status = ik__trace_inputs_feed(in, s, program, err);
    if (!status) status = ik__program_run(s->engine, program, &at, true, err);
    if (!status) status = read_losses(s, program, in->step, to, err);
    if (status) return status;
    ik__program_commit(s->engine, program);
    for (int i = 0; i < u->n; i++)
        ik__adam_step(s->engine->store, u->players[i], &p->v[u->players[i]].adam);
    return IK_OK;
}

static int64_t count_losses(const ik__session *s) {
    int64_t n = 0;
    for (int k = 0; k < s->model->players.n_updates; k++)
        for (int i = 0; s->update[k] && i < s->update[k]->graph->outputs.n; i++)
            n += is_loss(s->update[k]->graph->outputs.v[i].name);
    return n;
}

ik_status ik__trace_train(ik__session *s, ik__trace_inputs *in, int64_t steps,
                          ik__trace_losses *losses, ik_error *err) {
    ik_status status = IK_OK;
    losses->v = calloc((size_t)(steps * count_losses(s)) + 1, sizeof *losses->v);
    if (!losses->v) return ik_errorf(err, IK_FAILED, "out of memory for the losses");
    for (in->step = 1; in->step <= steps && !status; in->step++)
        for (int k = 0; k < s->model->players.n_updates && !status; k++)
            if (s->update[k]) status = play(s, k, in, losses, err);
    in->step = 0;
    return status;
}
