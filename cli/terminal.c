/* What a person at a terminal sees of a run; see terminal.h. */
#include "terminal.h"

#include "base/watch.h"
#include "print.h"
#include "progress.h"
#include "signals.h"

typedef struct terminal {
    bool quiet;
    ik__progress *progress; /* while training */
    int listening;          /* a run listens, and its training again */
} terminal;

static void note(void *user, ik__tone tone, const char *text) {
    const terminal *t = user;
    if (t->quiet && tone != IK__NOTED) return;
    ik__progress_clear(t->progress);
    FILE *to = tone == IK__RESULT ? stdout : stderr;
    cli_print(to, "%s%s\n", tone == IK__NOTED ? "note: " : "", text);
    if (tone == IK__RESULT) fflush(to);
}

static void step(void *user, int64_t step, int64_t total, const char *losses) {
    terminal *t = user;
    if (!t->progress) t->progress = ik__progress_new(stderr, total, t->quiet);
    ik__progress_at(t->progress, step, losses);
}

static void listen(void *user, bool listening) {
    terminal *t = user;
    if (listening) {
        if (!t->listening++) ik__signals_watch();
        return;
    }
    if (!--t->listening) ik__signals_unwatch();
    ik__progress_free(t->progress);
    t->progress = NULL;
}

static bool stop(void *user) {
    (void)user;
    return ik__signals_seen();
}

void cli_watch(bool quiet) {
    static terminal t;
    static const ik__watch watch = {
        .user = &t, .note = note, .step = step, .listen = listen, .stop = stop};
    t.quiet = quiet;
    ik__watch_set(&watch);
}
