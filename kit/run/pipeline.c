/* The stages of one pipeline. */
#include "pipeline.h"

#include "base/files.h"
#include "base/textfile.h"
#include "base/watch.h"
#include "dry_run.h"
#include "foresee.h"
#include "exec/choices.h"
#include "folder/checkpoints.h"
#include "report/report.h"
#include "session/checkpoint.h"
#include "session/facts.h"
#include "session/start.h"
#include "session/untrained.h"
#include "session/unused.h"
#include "stages/evaluate.h"
#include "stages/synthesize.h"
#include "stages/train.h"
#include "summary.h"

#include <stdlib.h>

static ik_status paint(ik__session *s, const char *name, ik__painting how, ik_error *err) {
    const struct ik__synthesize *set = &s->set.synthesize;
    return ik__synthesize(s, set->items, set->samples, how, ik__folder_grid(s->out.text, name).text,
                          ik__folder_pictures(s->out.text, name).text, err);
}

static ik_status synthesize(ik__session *s, ik_error *err) {
    const struct ik__synthesize *set = &s->set.synthesize;
    ik_status status = paint(s, "samples", IK__FRESH, err);
    if (!status && set->vary) status = paint(s, "varied", IK__VARIED, err);
    if (!status && set->n_styles) status = paint(s, "styled", IK__STYLED, err);
    return status;
}

/* The checkpoint that is gone on from; -1 where a run begins. A variant of a comparison that was
 * stopped may not have begun. */
static ik_status find_checkpoint(const ik__session *s, const ik__run_options *o, int64_t *step,
                                 ik_error *err) {
    *step = -1;
    if (!o->resume) return IK_OK;
    ik__path folder = ik__run_folder(&s->set, o);
    ik_status status = ik__checkpoints_newest(folder.text, step, err);
    if (status || *step >= 0 || o->skip_finished) return status;
    return ik_errorf(err, IK_USAGE,
                     "%s has no checkpoint, so there is nothing to resume; name the run's folder "
                     "with --out, or begin without --resume",
                     folder.text);
}

/* Was this very pipeline run to its end in the folder? */
static bool finished(ik__session *s, const ik__run_options *o) {
    ik__path folder = ik__run_folder(&s->set, o);
    ik__facts facts;
    size_t n;
    if (!ik__facts_read(&facts, folder.text) || !facts.finished) return false;
    ik__path path = ik__folder_file(folder.text, IK__PIPELINE_FILE);
    char *old = ik__textfile_read(path.text, 1 << 20, &n), *new = ik__conf_dump(s->conf);
    bool same = old && new && !strcmp(old, new);
    free(old);
    free(new);
    if (same) ik__tell(IK__SAID, "%s is finished already", folder.text);
    return same;
}

/* A pipeline that somebody wrote is not replaced by what was made of it; a run's own may be. */
static ik_status keep_own(const ik__session *s, const ik__run_options *o, bool ran, ik_error *err) {
    if (ran) return IK_OK;
    return ik__apart(ik__folder_file(s->out.text, IK__PIPELINE_FILE).text, o->pipeline, err);
}

/* Sums are rounded in another order there. */
static void tell_elsewhere(const ik__facts *then, const ik__facts *now) {
    if (strcmp(then->device, now->device) || strcmp(then->device_text, now->device_text))
        ik__tell(IK__NOTED,
                 "trained so far on %s (%s), from here on %s (%s): the last digits may be others "
                 "than they would have been",
                 then->device, then->device_text, now->device, now->device_text);
}

/* run.json and pipeline.yaml as the run begins: in this order, so that a folder never looks
 * finished with a pipeline that it did not run. What was measured before a stop is kept. */
static ik_status begin(ik__session *s, const ik__run_options *o, ik_error *err) {
    ik__facts before;
    ik__session_facts(s, o);
    ik__path path = ik__folder_file(s->out.text, IK__FACTS_FILE);
    bool known = o->resume && ik__facts_read(&before, s->out.text);
    if (o->resume && !known && ik__exists(path.text))
        ik__tell(IK__NOTED, "%s cannot be read: the times of before are not known any more",
                 path.text);
    if (known && ik__settings_stage(&s->set, "train")) tell_elsewhere(&before, &s->facts);
    if (known) {
        s->facts.steps = before.steps;
        s->facts.total_steps = before.total_steps;
        s->facts.timed_steps = before.timed_steps;
        s->facts.train_us = before.train_us;
        s->facts.peak_bytes = before.peak_bytes;
        s->facts.picture_us = before.picture_us;
    }
    ik_status status = keep_own(s, o, ik__exists(path.text), err);
    if (!status) status = ik__facts_write(&s->facts, s->out.text, err);
    if (status) return status;
    return ik__conf_write(s->conf, ik__folder_file(s->out.text, IK__PIPELINE_FILE).text, err);
}

static ik_status report(ik__session *s, ik_error *err) {
    ik__facts_peak(&s->facts);
    ik_status status = ik__facts_write(&s->facts, s->out.text, err);
    return status ? status : ik__report_run(s->out.text, err);
}

/* A long run can be looked at. */
static ik_status report_saved(ik__session *s, ik_error *err) {
    return ik__settings_stage(&s->set, "report") ? ik__report_run(s->out.text, err) : IK_OK;
}

static ik_status run_stage(ik__session *s, const ik__run_options *o, const char *stage,
                           ik_error *err) {
    if (!strcmp(stage, "train")) return ik__train(s, o, report_saved, err);
    if (!strcmp(stage, "evaluate")) return ik__evaluate(s, err);
    return !strcmp(stage, "synthesize") ? synthesize(s, err) : report(s, err);
}

static ik_status finish(ik__session *s, ik_error *err) {
    ik__facts_peak(&s->facts);
    s->facts.finished = 1;
    ik_status status = ik__facts_write(&s->facts, s->out.text, err);
    const char *what = ik__settings_stage(&s->set, "report") ? IK__REPORT_FILE : IK__IMAGES_FOLDER;
    if (!status) ik__tell(IK__SAID, "done: see %s/%s", s->out.text, what);
    return status;
}

static ik_status tell_summary(ik__session *s, ik_error *err) {
    ik__telling t;
    ik__telling_begin(&t);
    ik_status status = t.file ? ik__summary_print(s, 0, t.file, err) : IK_OK;
    ik__telling_end(&t, IK__SAID);
    return status;
}

/* Asked to stop, it ends with the stage at the latest. */
static ik_status run_stages(ik__session *s, const ik__run_options *o, ik_error *err) {
    ik_status status = IK_OK;
    ik__listen(true);
    for (int i = 0; i < s->set.stages.n && !status; i++) {
        const char *stage = s->set.stages.v[i];
        status = i && ik__stop_asked() ? ik__stopped(err, "before the stage %s", stage)
                                       : run_stage(s, o, stage, err);
    }
    ik__listen(false);
    return status ? status : finish(s, err);
}

/* What would show in bad pictures only. */
static void warn(const ik__session *s, bool resumes) {
    char text[512];
    if (ik__settings_stage(&s->set, "train") && ik__untrained_words(s, text, sizeof text))
        ik__tell(IK__NOTED, "not trained: %s", text);
    if (!resumes && ik__weights_random_words(s, text, sizeof text)) ik__tell(IK__NOTED, "%s", text);
}

static ik_status stages(ik__session *s, const ik__run_options *o, ik_error *err) {
    int64_t newest; /* what it holds goes before */
    ik_status status = find_checkpoint(s, o, &newest, err);
    if (!status && newest < 0) status = ik__weights_try(s, NULL, err);
    if (!status) status = ik__run_foresee(s, o, err);
    if (!status) status = ik__session_ready(s, err);
    if (!status && newest < 0) status = ik__weights_start(s, err);
    if (!status) warn(s, newest >= 0);
    /* Not before it can begin: what fails so far leaves no folder. */
    if (!status) status = ik__session_folder(s, o, err);
    if (!status) status = begin(s, o, err);
    if (!status)
        ik__tell(IK__SAID, "%s on %s: %lld training items, %lldx%lld, %lld labels; writes to %s",
                 s->set.name, s->device, (long long)s->info->count[IK_TRAIN],
                 (long long)s->info->height, (long long)s->info->width, (long long)s->info->labels,
                 s->out.text);
    if (!status && o->verbose) status = tell_summary(s, err);
    ik__position at;
    if (!status && newest >= 0 && !ik__settings_stage(&s->set, "train"))
        status = ik__checkpoint_resume(s, &at, err);
    return status ? status : run_stages(s, o, err);
}

/* What the backend chose for the checkpoint that is gone on from holds before anything is chosen.
 */
static ik_status recall(const ik__session *s, const ik__run_options *o, ik_error *err) {
    int64_t newest;
    ik_status status = find_checkpoint(s, o, &newest, err);
    if (status || newest < 0) return status;
    ik__path folder = ik__folder_checkpoint(ik__run_folder(&s->set, o).text, newest);
    ik__choices_recall(s->engine, ik__folder_file(folder.text, IK__CHOICES_FILE).text);
    return IK_OK;
}

ik_status ik__run_one(const ik__run_options *o, ik_error *err) {
    ik__session *s;
    ik_status status = ik__session_begin(o, &s, err);
    if (status) return status;
    if (o->resume && o->skip_finished && !o->dry_run && finished(s, o)) {
        ik__session_close(s);
        return IK_OK;
    }
    status = ik__run_folder_usable(ik__run_folder(&s->set, o).text, err);
    if (!status && !o->dry_run) status = ik__session_lock(s, o, err);
    if (!status) status = recall(s, o, err);
    if (!status) status = ik__session_record(s, o->resume, err);
    if (!status) ik__tell_unused(s, o->resume);
    if (status) {
        ik__session_close(s);
        return status;
    }
    status = o->dry_run ? ik__dry_run(s, o, err) : stages(s, o, err);
    ik__session_close(s);
    return status;
}
