/* The public interface: versions, watches and runs; painting is painter.c. */
#include "api.h"

#include "base/status.h"
#include "base/version.h"
#include "plugin/plugins.h"
#include "run/pipeline.h"

int ik_api_version(void) {
    return IK_API_VERSION;
}

const char *ik_version(void) {
    return ik__version_text();
}

const void *ik__take(void *whole, size_t size, const void *given, size_t known) {
    if (given) memcpy(whole, given, known < size ? known : size);
    return whole;
}

ik_status ik__check_size(const char *what, const void *given, size_t known, ik_error *err) {
    if (given && known > sizeof(size_t)) return IK_OK;
    return ik_errorf(err, IK_USAGE, "%s: %s", what,
                     given ? "its `size` is not filled in; write .size = sizeof" : "is missing");
}

void ik__look_for_plugins(const char *folders) {
    if (folders) ik__plugins_path(folders);
}

/* --- watches */

_Static_assert((int)IK_SAID == (int)IK__SAID && (int)IK_NOTED == (int)IK__NOTED &&
                   (int)IK_RESULT == (int)IK__RESULT,
               "tones are the same inside and outside");

static void note(void *user, ik__tone tone, const char *text) {
    const ik__heard *h = user;
    if (h->theirs.note) h->theirs.note(h->theirs.user, (ik_tone)tone, text);
}

static void step(void *user, int64_t now, int64_t total, const char *losses) {
    const ik__heard *h = user;
    if (h->theirs.step) h->theirs.step(h->theirs.user, now, total, losses);
}

static void saved(void *user, const char *folder) {
    const ik__heard *h = user;
    if (h->theirs.saved) h->theirs.saved(h->theirs.user, folder);
}

static bool stop(void *user) {
    const ik__heard *h = user;
    return h->theirs.stop && h->theirs.stop(h->theirs.user);
}

void ik__hear(ik__heard *h, const ik_watch *watch) {
    *h = (ik__heard){.ours = {.user = h, .note = note, .step = step, .saved = saved, .stop = stop}};
    ik__take(&h->theirs, sizeof h->theirs, watch, watch ? watch->size : 0);
    h->before = ik__watch_set(&h->ours);
    h->locale = ik__plain_numbers();
}

void ik__hear_end(ik__heard *h) {
    ik__watch_set(h->before);
    uselocale(h->locale);
}

/* --- runs */

ik_status ik_run(const ik_job *job, ik_error *err) {
    ik_error own;
    if (!err) err = &own;
    ik_status status = ik__check_size("ik_run: the job", job, job ? job->size : 0, err);
    if (status) return status;
    const ik_job *j = IK__TAKE(ik_job, job);
    if (!j->pipeline) return ik_errorf(err, IK_USAGE, "ik_run: no pipeline is named");
    const ik__run_options o = {.pipeline = j->pipeline,
                               .n_sets = j->n_sets,
                               .sets = j->sets,
                               .out = j->out,
                               .resume = j->resume,
                               .threads = j->threads};
    ik__heard heard;
    ik__look_for_plugins(j->plugins);
    ik__hear(&heard, j->watch);
    status = ik__run_one(&o, err);
    ik__hear_end(&heard);
    return ik__status_outside(status);
}
