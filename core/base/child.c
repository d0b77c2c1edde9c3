/* Child processes. The child leads a process group of its own, so that Ctrl-C reaches it through
 * this process only, and once: a second one would stop it without a checkpoint. */
#define _GNU_SOURCE
#include "child.h"
#include "open.h"

#include "status.h"
#include "stopping.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct child {
    pid_t pid;
    ik__child_work *work;
    void *user;
    bool (*patient)(void *user); /* NULL: it is trusted */
    ik__child_end end;
    sigset_t watched, before;
} child;

static _Noreturn void be_child(const child *c, int to, pid_t parent) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, c->patient ? SIGKILL : SIGTERM);
    if (getppid() != parent) _exit(IK_FAILED); /* it died before this was asked for */
    sigprocmask(SIG_SETMASK, &c->before, NULL);
    ik_error e = {""};
    ik_status status = c->work(c->user, &e);
    fflush(NULL);
    if (write(to, e.text, strlen(e.text)) < 0) _exit(IK_FAILED);
    _exit((int)ik__status_outside(status));
}

static void end_it(const child *c) {
    kill(-c->pid, SIGKILL);
    kill(c->pid, SIGKILL); /* before it has a group */
}

/* Has it ended? */
static bool news(child *c, int *status) {
    pid_t who = waitpid(c->pid, status, WNOHANG | (c->patient ? WUNTRACED | WCONTINUED : 0));
    if (who != c->pid) return false;
    if (WIFSTOPPED(*status) || WIFCONTINUED(*status)) {
        c->end.halted = WIFSTOPPED(*status);
        return false;
    }
    return true;
}

static void pass_on(child *c, int number) {
    if (number == SIGTSTP) {
        kill(c->pid, SIGSTOP);
        raise(SIGSTOP);
        kill(c->pid, SIGCONT);
        return;
    }
    c->end.stopped = true;
    if (c->patient)
        end_it(c);
    else
        kill(c->pid, number);
}

/* Waits, and passes signals on. */
static int wait_for(child *c) {
    static const struct timespec tenth = {0, 100000000};
    int status = 0;
    for (;;) {
        int number =
            c->patient ? sigtimedwait(&c->watched, NULL, &tenth) : sigwaitinfo(&c->watched, NULL);
        if (number == SIGCHLD) {
            if (news(c, &status)) return status;
        } else if (number > 0) {
            pass_on(c, number);
        } else if (errno == EAGAIN && !c->end.late && !c->patient(c->user)) {
            c->end.late = true;
            end_it(c);
        }
    }
}

/* What the child has left behind is ours now: ends it all, and counts. */
static void sweep(child *c) {
    char path[64], list[1024];
    kill(-c->pid, SIGKILL);
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)gettid());
    for (;;) {
        FILE *f = fopen(path, "re");
        size_t n = f ? fread(list, 1, sizeof list - 1, f) : 0;
        if (f) fclose(f);
        list[n] = 0;
        char *at = list, *rest;
        for (long pid; (pid = strtol(at, &rest, 10)) > 0; at = rest) kill((pid_t)pid, SIGKILL);
        bool any = false;
        for (; n && waitpid(-1, NULL, 0) > 0; any = true) c->end.left++;
        if (!any) return;
    }
}

static ik_status outcome(int status, int from, ik_error *err) {
    if (WIFSIGNALED(status))
        return ik_errorf(err, (ik_status)IK__CRASHED, "ended by signal %d (%s)", WTERMSIG(status),
                         strsignal(WTERMSIG(status)));
    /* All that it wrote is there; somebody else may hold the other end. */
    fcntl(from, F_SETFL, O_NONBLOCK);
    ssize_t n = read(from, err->text, sizeof err->text - 1);
    err->text[n > 0 ? n : 0] = 0;
    int code = WEXITSTATUS(status);
    if (code > IK_INTERRUPTED || (code && n <= 0))
        return ik_errorf(err, IK_FAILED, "it ended with exit status %d", code);
    return (ik_status)code;
}

static ik_status run(child *c, ik_error *err) {
    int pipes[2], reaps = 0;
    /* Where SIGCHLD is ignored, by whoever started this process, no child can be waited for. */
    struct sigaction usual = {.sa_handler = SIG_DFL}, old;
    if (pipe2(pipes, O_CLOEXEC))
        return ik_errorf(err, IK_FAILED, "no pipe to a child process: %s", ik__why(errno));
    sigemptyset(&c->watched);
    for (int i = 0; i < IK__STOPPING; i++)
        if (ik__stops(ik__stopping[i])) sigaddset(&c->watched, ik__stopping[i]);
    sigaddset(&c->watched, SIGTSTP);
    sigaddset(&c->watched, SIGCHLD);
    sigprocmask(SIG_BLOCK, &c->watched, &c->before);
    sigaction(SIGCHLD, &usual, &old);
    prctl(PR_GET_CHILD_SUBREAPER, &reaps);
    if (c->patient) prctl(PR_SET_CHILD_SUBREAPER, 1);
    fflush(NULL);
    pid_t parent = getpid();
    c->pid = fork();
    if (!c->pid) be_child(c, pipes[1], parent);
    close(pipes[1]);
    ik_status status =
        c->pid < 0 ? ik_errorf(err, IK_FAILED, "no child process can be made: %s", ik__why(errno))
                   : outcome(wait_for(c), pipes[0], err);
    if (c->patient && c->pid > 0) sweep(c);
    prctl(PR_SET_CHILD_SUBREAPER, reaps);
    close(pipes[0]);
    sigaction(SIGCHLD, &old, NULL);
    sigprocmask(SIG_SETMASK, &c->before, NULL);
    return status;
}

ik_status ik__child_run(ik__child_work *work, void *user, bool *stopped, ik_error *err) {
    child c = {.work = work, .user = user};
    ik_status status = run(&c, err);
    *stopped = c.end.stopped;
    return status;
}

ik_status ik__child_try(ik__child_work *work, void *user, bool (*patient)(void *user),
                        ik__child_end *end, ik_error *err) {
    child c = {.work = work, .user = user, .patient = patient};
    ik_status status = run(&c, err);
    *end = c.end;
    return status;
}
