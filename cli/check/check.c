/* The inspection's child process and its order; see check.h. */
#define _GNU_SOURCE
#include "check.h"

#include "base/child.h"
#include "base/status.h"
#include "plugin/blame.h"
#include "plugin/plugins.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* What outlives the child. */
typedef struct shared {
    int failed;
    volatile int beats, finished; /* findings, and other signs of life */
    char doing[IK__BLAME_TEXT];
} shared;

static shared *common;
static int timeout;

void check_found(check_findings *f, check_verdict verdict, const char *fmt, ...) {
    static const char *const words[] = {"ok    ", "note  ", "FAIL  "};
    va_list args;
    va_start(args, fmt);
    fputs(words[verdict], f->what->out);
    vfprintf(f->what->out, fmt, args);
    fputc('\n', f->what->out);
    fflush(f->what->out);
    va_end(args);
    if (verdict == CHECK_WRONG) common->failed = ++f->failed;
    check_going_on();
}

void check_going_on(void) {
    common->beats++;
}

void check_found_error(check_findings *f, const char *what, const ik_error *err) {
    check_found(f, CHECK_WRONG, "%s: %s", what, ik__conf_message(err->text));
}

/* <kind>/<name>.so is where it will be looked for. */
static void inspect_name(check_findings *f, const ik_plugin *p, const char *path) {
    char want[256], *real = realpath(path, NULL);
    snprintf(want, sizeof want, "/%s/%s.so", ik__kind_names[p->kind], p->name);
    size_t n = real ? strlen(real) : 0, m = strlen(want);
    if (n < m || strcmp(real + n - m, want) != 0)
        check_found(f, CHECK_NOTE, "it will be found under the name%s only", want);
    free(real);
}

static void inspect_one(check_findings *f, const ik_plugin *p) {
    check_found(f, CHECK_FINE, "%s/%s %s: %s", ik__kind_names[p->kind], p->name, p->version,
                p->summary);
    check_found(f, CHECK_FINE, "plugin interface %d.%d; here %d.%d", p->abi_major, p->abi_minor,
                IK_ABI_MAJOR, IK_ABI_MINOR);
    inspect_name(f, p, f->what->file);
    int failed = f->failed;
    check_rows(f, p);
    if (f->failed > failed) return;
    if (!f->what->pipeline && !check_required(f, p)) return; /* it could not be made */
    if (p->kind == IK_DATASET)
        check_dataset(f, p);
    else if (p->kind == IK_METRIC)
        f->what->pipeline ? check_metric_in_place(f, p) : check_metric(f, p);
    else if (p->kind == IK_COMM)
        check_found(f, CHECK_NOTE, "nothing more can be checked of a plugin of this kind yet");
    else
        check_in_place(f, p);
}

/* Asked about every tenth of a second. */
static bool patient(void *user) {
    static int seen, tenths;
    (void)user;
    if (common->beats != seen) tenths = 0;
    seen = common->beats;
    return ++tenths <= 10 * timeout;
}

static ik_status work(void *user, ik_error *err) {
    check_findings f = {user, 0};
    const ik_plugin *const *list;
    check_host host;
    ik__blame_share(common->doing);
    ik__blame_unwatch(); /* the parent says it */
    check_host_note(&host);
    check_symbols(&f);
    ik_status status = ik__plugin_load(f.what->file, &list, err);
    if (status) {
        check_found(&f, CHECK_WRONG, "it is refused: %s", ik__refusal(f.what->file, err->text));
        common->finished = 1;
        return IK_OK;
    }
    ik__plugins_prefer(list);
    for (; *list; list++) inspect_one(&f, *list);
    check_host_compare(&f, &host);
    common->finished = 1;
    return IK_OK;
}

/* How the child ended, where that was not how it should. */
static void judge_end(const check_task *what, ik_status status, const ik__child_end *end,
                      const ik_error *err) {
    const char *doing = *common->doing ? common->doing : "no plugin was at work";
    if (end->left) {
        fprintf(what->out, "FAIL  it left %d process%s running, which were ended\n", end->left,
                end->left == 1 ? "" : "es");
        common->failed++;
    }
    if (end->late)
        fprintf(what->out, "FAIL  it hung: no end after %d s%s; %s\n", timeout,
                end->halted ? ", as it had stopped itself" : "", doing);
    else if ((int)status == IK__CRASHED)
        fprintf(what->out, "FAIL  it crashed: %s; %s\n", err->text, doing);
    else if (status || !common->finished) /* exit, or a sanitizer */
        fprintf(what->out, "FAIL  it ended the process; %s\n", doing);
    else
        return;
    common->failed++;
}

ik_status check_plugin(const check_task *what, int *failed, ik_error *err) {
    common = mmap(NULL, sizeof *common, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (common == MAP_FAILED) return ik_errorf(err, IK_FAILED, "out of memory");
    timeout = what->timeout;
    ik__child_end end;
    *err = (ik_error){""};
    ik_status status = ik__child_try(work, (void *)what, patient, &end, err);
    if (end.stopped)
        *err = (ik_error){""};
    else
        judge_end(what, status, &end, err);
    fflush(what->out);
    *failed = common->failed;
    munmap(common, sizeof *common);
    return end.stopped ? IK_INTERRUPTED : IK_OK;
}
