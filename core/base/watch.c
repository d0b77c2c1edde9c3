/* Telling; see watch.h. */
#define _GNU_SOURCE
#include "watch.h"

#include <stdlib.h>

static _Thread_local const ik__watch *watch;

const ik__watch *ik__watch_set(const ik__watch *w) {
    const ik__watch *before = watch;
    watch = w;
    return before;
}

void ik__tell(ik__tone tone, const char *format, ...) {
    if (!watch || !watch->note) return;
    char *text;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0) text = NULL;
    va_end(args);
    watch->note(watch->user, tone, text ? text : format);
    free(text);
}

void ik__tell_step(int64_t step, int64_t total, const char *losses) {
    if (watch && watch->step) watch->step(watch->user, step, total, losses);
}

void ik__tell_saved(const char *folder) {
    if (watch && watch->saved) watch->saved(watch->user, folder);
}

void ik__listen(bool listening) {
    if (watch && watch->listen) watch->listen(watch->user, listening);
}

bool ik__stop_asked(void) {
    return watch && watch->stop && watch->stop(watch->user);
}

ik_status ik__stopped(ik_error *err, const char *where, ...) {
    char text[512];
    va_list args;
    va_start(args, where);
    vsnprintf(text, sizeof text, where, args);
    va_end(args);
    return ik_errorf(err, IK_INTERRUPTED, "stopped %s; go on with --resume", text);
}

void ik__telling_begin(ik__telling *t) {
    *t = (ik__telling){NULL, NULL, 0};
    t->file = open_memstream(&t->text, &t->n);
}

void ik__telling_end(ik__telling *t, ik__tone tone) {
    if (t->file) fclose(t->file);
    if (t->text && t->n && t->text[t->n - 1] == '\n') t->text[t->n - 1] = 0;
    if (t->text && *t->text) ik__tell(tone, "%s", t->text);
    free(t->text);
}
