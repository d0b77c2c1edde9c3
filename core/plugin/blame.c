/* Blame for crashes; see blame.h. The signal handler calls only what is safe there. */
#define _GNU_SOURCE
#include "blame.h"

#include "plugins.h"

#include <signal.h>
#include <unistd.h>

/* A handler must not allocate, as other models of thread-local storage may. */
static __thread const ik__blame *volatile top __attribute__((tls_model("initial-exec")));
static char *shared;
static pid_t sharing; /* the thread that shares is the process's first */

static void tell(void) {
    if (shared && gettid() == sharing) ik__blame_text(shared, IK__BLAME_TEXT);
}

static void begin(ik__blame *b, const char *kind, const char *name, const char *doing) {
    *b = (ik__blame){top, kind, name, doing};
    top = b;
    tell();
}

void ik__blame_begin(ik__blame *b, const ik_plugin *p, const char *doing) {
    begin(b, ik__kind_names[p->kind], p->name, doing);
}

void ik__blame_file(ik__blame *b, const char *path, const char *doing) {
    begin(b, NULL, path, doing);
}

void ik__blame_end(const ik__blame *b) {
    top = b->outer;
    tell();
}

void ik__blame_text(char *text, size_t size) {
    const ik__blame *b = top;
    if (size) *text = 0;
    if (b)
        snprintf(text, size, "%s%s%s: %s", b->kind ? b->kind : "", b->kind ? "/" : "", b->name,
                 b->doing);
}

void ik__blame_share(char *text) {
    shared = text;
    sharing = gettid();
    tell();
}

/* --- signals */

static const struct {
    int number;
    const char *name;
} watched[] = {{SIGSEGV, "segmentation fault"},
               {SIGBUS, "bus error"},
               {SIGFPE, "arithmetic error"},
               {SIGILL, "illegal instruction"},
               {SIGABRT, "abort"}};
enum { WATCHED = sizeof watched / sizeof *watched };
static struct sigaction before[WATCHED];

static void say(const char *text) {
    if (text && write(STDERR_FILENO, text, strlen(text)) < 0) return;
}

static void on_signal(int number) {
    const ik__blame *b = top;
    for (int i = 0; i < WATCHED; i++) {
        if (watched[i].number != number) continue;
        sigaction(number, &before[i], NULL);
        if (!b) break;
        say("error: ");
        say(b->kind);
        say(b->kind ? "/" : "");
        say(b->name);
        say(" crashed while ");
        say(b->doing);
        say(": ");
        say(watched[i].name);
        say("; `inadekit plugins check FILE` tells more of a plugin\n");
    }
    raise(number); /* takes effect when this returns */
}

void ik__blame_watch(void) {
    static char stack[1 << 14]; /* a plugin that recurses without end has used up the other */
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_handler = on_signal;
    a.sa_flags = SA_ONSTACK;
    for (int i = 0; i < WATCHED; i++) sigaction(watched[i].number, &a, &before[i]);
}

void ik__blame_unwatch(void) {
    for (int i = 0; i < WATCHED; i++) signal(watched[i].number, SIG_DFL);
}
