/* Running the variants, one process after the other. */
#include "base/child.h"
#include "base/files.h"
#include "base/watch.h"
#include "compare.h"
#include "folder/lock.h"
#include "foresee.h"
#include "pipeline.h"
#include "plugin/blame.h"
#include "report/report.h"
#include "session/session.h"
#include "session/start.h"

/* All variants recorded one after the other; nothing is computed or written. */
static ik_status record_all(void *user, ik_error *err) {
    const ik__compare *c = user;
    ik__blame_here();
    ik__watch_set(NULL); /* each says it again when its turn comes */
    for (int i = 0; i < c->n; i++) {
        ik__session *s;
        ik_error inner = {""};
        ik_status status = ik__session_open(&c->variants[i].run, &s, &inner);
        if (!status) {
            status = ik__run_folder_usable(c->variants[i].run.out, &inner);
            if (!status) status = ik__weights_try(s, NULL, &inner);
            if (!status) status = ik__run_foresee(s, &c->variants[i].run, &inner);
            if (!status) status = ik__session_fits(s, &inner);
            ik__session_close(s);
        }
        if (status)
            return ik_errorf(err, status, "variant '%s': %s", c->variants[i].name, inner.text);
    }
    return IK_OK;
}

static ik_status run_variant(void *user, ik_error *err) {
    const ik__variant *v = user;
    ik__blame_here();
    return ik__run_one(&v->run, err);
}

static ik_status refuse_old(const ik__compare *c, ik_error *err) {
    for (int i = 0; i < c->n; i++)
        if (ik__exists(c->variants[i].run.out))
            return ik_errorf(err, IK_USAGE,
                             "%s holds variants of an earlier run; go on with --resume, "
                             "which leaves finished ones alone, or choose another folder with "
                             "--out",
                             c->out.text);
    return IK_OK;
}

/* The comparison's own pipeline.yaml, with all its variants. */
static ik_status keep_pipeline(const ik__compare *c, const ik__run_options *o, ik_error *err) {
    ik__conf *conf;
    ik_status status = ik__conf_load(o->pipeline, o->n_sets, o->sets, &conf, err);
    if (status) return status;
    status = ik__conf_write(conf, ik__folder_file(c->out.text, IK__PIPELINE_FILE).text, err);
    ik__conf_free(conf);
    return status;
}

static ik_status report(const ik__compare *c, ik_error *err) {
    if (!c->report) return IK_OK;
    ik__reported *v = ik__pool_alloc(c->pool, sizeof *v * (size_t)c->n);
    for (int i = 0; i < c->n; i++) {
        const ik__variant *from = &c->variants[i];
        v[i] = (ik__reported){from->name, from->run.out, from->ran,
                              from->status ? from->problem : NULL};
    }
    return ik__report_compare(c->name, c->out.text, c->n, v, err);
}

/* IK_INTERRUPTED ends the comparison; failures are kept with their variants. */
static ik_status run_all(ik__compare *c, ik_error *err) {
    for (int i = 0; i < c->n; i++) {
        ik__variant *v = &c->variants[i];
        ik_error inner = {""};
        bool stopped;
        ik__tell(IK__SAID, "variant %s (%d of %d)", v->name, i + 1, c->n);
        v->status = ik__child_run(run_variant, v, &stopped, &inner);
        if (v->status) v->problem = ik__pool_strdup(c->pool, inner.text);
        if (v->status == IK_INTERRUPTED || (stopped && v->status))
            return ik_errorf(err, IK_INTERRUPTED, "variant '%s': %s", v->name,
                             v->status == IK_INTERRUPTED ? inner.text
                                                         : "stopped; go on with --resume");
        if ((stopped || ik__stop_asked()) && i + 1 < c->n)
            return ik_errorf(err, IK_INTERRUPTED, "stopped after variant '%s'; go on with --resume",
                             v->name);
        if (v->status) ik__tell(IK__NOTED, "variant '%s' failed: %s", v->name, inner.text);
        v->ran = true;
        ik_status status = report(c, err);
        if (status) return status;
    }
    return IK_OK;
}

static ik_status verdict(const ik__compare *c, ik_error *err) {
    char names[1024] = "";
    size_t used = 0;
    int failed = 0;
    for (int i = 0; i < c->n; i++) {
        if (!c->variants[i].status) continue;
        if (used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", failed ? ", " : "",
                                     c->variants[i].name);
        failed++;
    }
    if (!failed) return IK_OK;
    return ik_errorf(err, IK_FAILED,
                     "%d of %d variants failed: %s; mend the cause and go on with --resume "
                     "--out %s",
                     failed, c->n, names, c->out.text);
}

/* In the comparison's folder, which nobody else works in. */
static ik_status run_locked(ik__compare *c, const ik__run_options *o, ik_error *err) {
    ik_status status = keep_pipeline(c, o, err);
    if (!status) status = run_all(c, err);
    if (!status) ik__compare_tell(c);
    if (!status && c->report)
        ik__tell(IK__SAID, "done: see %s", ik__folder_file(c->out.text, IK__REPORT_FILE).text);
    return status ? status : verdict(c, err);
}

ik_status ik__compare_run(ik__compare *c, const ik__run_options *o, ik_error *err) {
    bool stopped = false;
    ik__lock *lock = NULL;
    ik_status status = o->resume ? IK_OK : refuse_old(c, err);
    if (!status) status = ik__child_run(record_all, c, &stopped, err);
    if (stopped) return ik_errorf(err, IK_INTERRUPTED, "stopped before the first variant");
    if (!status) status = ik__make_folder(c->out.text, err);
    if (!status) status = ik__lock_take(c->out.text, &lock, err);
    ik__listen(true);
    if (!status) status = run_locked(c, o, err);
    ik__listen(false);
    ik__lock_free(lock);
    return status;
}
