/* Child processes. The child leads a process group of its own, so that Ctrl-C reaches it through
 * this process only, and once: a second one would stop it without a checkpoint. */
#define _GNU_SOURCE
#include "child.h"

#include "status.h"
#include "stopping.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void be_child(ik_status (*work)(void *, ik_error *), void *user, int to,
                               pid_t parent, const sigset_t *mask) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(IK_FAILED); /* it died before this was asked for */
    sigprocmask(SIG_SETMASK, mask, NULL);
    ik_error e = {""};
    ik_status status = work(user, &e);
    fflush(NULL);
    if (write(to, e.text, strlen(e.text)) < 0) _exit(IK_FAILED);
    _exit((int)ik__status_outside(status));
}

/* Waits, and passes signals on. */
static int wait_for(pid_t child, const sigset_t *watched, bool *stopped) {
    int status = 0;
    for (;;) {
        int number = sigwaitinfo(watched, NULL);
        if (number < 0) continue; /* stopped and continued */
        if (number == SIGCHLD) {
            if (waitpid(child, &status, WNOHANG) == child) return status;
        } else if (number == SIGTSTP) {
            kill(child, SIGSTOP);
            raise(SIGSTOP);
            kill(child, SIGCONT);
        } else {
            *stopped = true;
            kill(child, number);
        }
    }
}

static ik_status outcome(int status, int from, ik_error *err) {
    if (WIFSIGNALED(status))
        return ik_errorf(err, (ik_status)IK__CRASHED, "ended by signal %d (%s)", WTERMSIG(status),
                         strsignal(WTERMSIG(status)));
    ssize_t n = read(from, err->text, sizeof err->text - 1);
    err->text[n > 0 ? n : 0] = 0;
    int code = WEXITSTATUS(status);
    if (code > IK_INTERRUPTED)
        return ik_errorf(err, IK_FAILED, "it ended with exit status %d", code);
    return (ik_status)code;
}

ik_status ik__child_run(ik_status (*work)(void *user, ik_error *err), void *user, bool *stopped,
                        ik_error *err) {
    int pipes[2];
    sigset_t watched, before;
    /* Where SIGCHLD is ignored, by whoever started this process, no child can be waited for. */
    struct sigaction usual = {.sa_handler = SIG_DFL}, old;
    *stopped = false;
    if (pipe2(pipes, O_CLOEXEC))
        return ik_errorf(err, IK_FAILED, "no pipe to a child process: %s", strerror(errno));
    sigemptyset(&watched);
    for (int i = 0; i < IK__STOPPING; i++)
        if (ik__stops(ik__stopping[i])) sigaddset(&watched, ik__stopping[i]);
    sigaddset(&watched, SIGTSTP);
    sigaddset(&watched, SIGCHLD);
    sigprocmask(SIG_BLOCK, &watched, &before);
    sigaction(SIGCHLD, &usual, &old);
    fflush(NULL);
    pid_t parent = getpid(), child = fork();
    if (!child) be_child(work, user, pipes[1], parent, &before);
    close(pipes[1]);
    ik_status status =
        child < 0 ? ik_errorf(err, IK_FAILED, "no child process can be made: %s", strerror(errno))
                  : outcome(wait_for(child, &watched, stopped), pipes[0], err);
    close(pipes[0]);
    sigaction(SIGCHLD, &old, NULL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return status;
}
