/* Blame for crashes; see blame.h. The signal handler calls only what is safe there. */
#define _GNU_SOURCE
#include "blame.h"

#include "plugins.h"

#include <stdlib.h>
#include <unistd.h>

/* A handler must not allocate, as other models of thread-local storage may. */
static __thread const ik__blame *volatile top __attribute__((tls_model("initial-exec")));
static char *shared;
static pid_t sharing; /* the thread that shares is the process's first */

static void tell(void) {
    if (shared && gettid() == sharing) ik__blame_text(shared, IK__BLAME_TEXT);
}

static void begin(ik__blame *b, const char *kind, const char *name, const char *doing) {
    *b = (ik__blame){.outer = top, .kind = kind, .name = name, .doing = doing};
    b->locale = uselocale((locale_t)0);
    fegetenv(&b->numbers);
    pthread_sigmask(SIG_SETMASK, NULL, &b->blocked);
    top = b;
    tell();
}

static struct {
    const ik_plugin *plugin;
    int calls;
} counted;

int ik__blame_count(const ik_plugin *p) {
    int calls = p == counted.plugin ? counted.calls : 0;
    counted.plugin = p;
    counted.calls = 0;
    return calls;
}

void ik__blame_begin(ik__blame *b, const ik_plugin *p, const char *doing) {
    if (p == counted.plugin) counted.calls++; /* of the one thread that records */
    begin(b, ik__kind_names[p->kind], p->name, doing);
}

void ik__blame_file(ik__blame *b, const char *path, const char *doing) {
    begin(b, NULL, path, doing);
}

void ik__blame_end(const ik__blame *b) {
    top = b->outer;
    uselocale(b->locale);
    fesetenv(&b->numbers);
    pthread_sigmask(SIG_SETMASK, &b->blocked, NULL);
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

/* "error: norm/mine HAPPENED while recording..." */
static void say_whose(const ik__blame *b, const char *happened, const char *how) {
    say("error: ");
    say(b->kind);
    say(b->kind ? "/" : "");
    say(b->name);
    say(happened);
    say(b->doing);
    say(how);
    say("; `inadekit plugins check FILE` tells more of a plugin\n");
}

static void on_signal(int number) {
    const ik__blame *b = top;
    for (int i = 0; i < WATCHED; i++) {
        if (watched[i].number != number) continue;
        sigaction(number, &before[i], NULL);
        char how[64] = ": ";
        if (b) say_whose(b, " crashed while ", strcat(how, watched[i].name));
    }
    raise(number); /* takes effect when this returns */
}

/* --- exit */

static pid_t awaited; /* the process that has to come to the end of its work; 0: none has */

int ik__blame_exit(int status) {
    const ik__blame *b = top;
    if (awaited != getpid() || !b) return status;
    awaited = 0;
    say_whose(b, " ended the program while ", "");
    return status ? status : IK_FAILED;
}

static void on_end(int status, void *unused) {
    (void)unused;
    int better = ik__blame_exit(status);
    if (awaited == getpid() && !status) {
        say("error: something ended the program before its work was done: a plugin, or a library "
            "that it uses, calls `exit`\n");
        better = IK_FAILED;
    }
    awaited = 0;
    if (better != status) _exit(better);
}

void ik__blame_over(void) {
    awaited = 0;
}

void ik__blame_here(void) {
    if (awaited) awaited = getpid();
}

void ik__blame_watch(void) {
    static char stack[1 << 14]; /* a plugin that recurses without end has used up the other */
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_handler = on_signal;
    a.sa_flags = SA_ONSTACK;
    for (int i = 0; i < WATCHED; i++) sigaction(watched[i].number, &a, &before[i]);
    if (!on_exit(on_end, NULL)) awaited = getpid();
}

void ik__blame_unwatch(void) {
    for (int i = 0; i < WATCHED; i++) signal(watched[i].number, SIG_DFL);
    awaited = 0;
}
