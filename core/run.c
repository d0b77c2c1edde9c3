/* The stages of a run. */
#include "run.h"

#include "summary.h"
#include "training.h"

#include <stdlib.h>

static ik_status paint(ik__session *s, const char *name, ik__painting how, ik_error *err) {
    const struct ik__synthesize *set = &s->set.synthesize;
    char grid[1200], folder[1200];
    snprintf(grid, sizeof grid, "%s/images/%s.png", s->out, name);
    snprintf(folder, sizeof folder, "%s/images/%s", s->out, name);
    return ik__synthesize(s, set->items, set->samples, how, grid, folder, err);
}

static ik_status synthesize(ik__session *s, ik_error *err) {
    const struct ik__synthesize *set = &s->set.synthesize;
    ik_status status = paint(s, "samples", IK__FRESH, err);
    if (!status && set->vary) status = paint(s, "varied", IK__VARIED, err);
    if (!status && set->n_styles) status = paint(s, "styled", IK__STYLED, err);
    return status;
}

/* Synthesis alone takes the weights of the newest checkpoint. */
static ik_status load_trained(ik__session *s, ik_error *err) {
    ik__position at;
    ik_status status = ik__checkpoint_resume(s, &at, err);
    if (status || at.step) return status;
    return ik_errorf(err, IK_USAGE, "error: %s has no checkpoint to go on from; train first",
                     s->out);
}

static ik_status stages(ik__session *s, const ik__run_options *o, ik_error *err) {
    ik_status status = ik__session_folder(s, o, err);
    if (!status) status = ik__session_ready(s, err);
    bool resumes = o->resume && ik__checkpoint_exists(s); /* what it holds goes before */
    if (!status && !resumes) status = ik__weights_start(s, err);
    if (!status && !o->quiet)
        fprintf(stderr, "%s on %s: %lld training items, %lldx%lld, %lld labels; writes to %s\n",
                s->set.name, s->device, (long long)s->info->count[IK_TRAIN],
                (long long)s->info->height, (long long)s->info->width, (long long)s->info->labels,
                s->out);
    if (!status && o->verbose) ik__summary_print(s, stderr);
    if (!status && o->resume && !ik__settings_stage(&s->set, "train"))
        status = load_trained(s, err);
    for (int i = 0; i < s->set.stages.n && !status; i++) {
        if (!strcmp(s->set.stages.v[i], "train"))
            status = ik__train(s, o, err);
        else
            status = synthesize(s, err);
    }
    if (!status && !o->quiet) fprintf(stderr, "done: see %s/images\n", s->out);
    return status;
}

ik_status ik__run(const ik__run_options *o, ik_error *err) {
    ik__session *s;
    ik_status status = ik__session_open(o, &s, err);
    if (status) return status;
    if (o->dry_run) {
        char *text = ik__conf_dump(s->conf);
        printf("%s\n", text ? text : "");
        free(text);
        ik__summary_print(s, stdout);
    } else {
        status = stages(s, o, err);
    }
    ik__session_close(s);
    return status;
}
