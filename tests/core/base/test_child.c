/* Work in a child process: what it says comes back, and its end is told from its failure. */
#include "support/suite.h"

#include "base/child.h"
#include "base/status.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int touched;

static ik_status well(void *user, ik_error *err) {
    (void)user, (void)err;
    touched = 1;
    return IK_OK;
}

static ik_status badly(void *user, ik_error *err) {
    return ik_errorf(err, *(ik_status *)user, "%2000s", "it went badly");
}

static ik_status crashes(void *user, ik_error *err) {
    (void)err;
    signal(*(int *)user, SIG_DFL);
    raise(*(int *)user);
    return IK_OK;
}

static ik_status leaves(void *user, ik_error *err) {
    (void)user, (void)err;
    _exit(77);
}

/* It is told to stop by a signal that this process gets. */
static volatile sig_atomic_t seen;
static void note(int number) {
    seen = number;
}
static ik_status waits(void *user, ik_error *err) {
    int number = *(int *)user;
    signal(number, note);
    kill(getppid(), number);
    while (!seen) usleep(1000); /* the test's own time limit ends it */
    return ik_errorf(err, seen == number ? IK_INTERRUPTED : IK_FAILED, "seen %d", (int)seen);
}

START_TEST(outcomes) {
    ik_error err = {""};
    bool stopped = true;
    ck_assert_int_eq(ik__child_run(well, NULL, &stopped, &err), IK_OK);
    ck_assert(!stopped);
    ck_assert_int_eq(touched, 0); /* its memory is its own */
    for (ik_status s = IK_FAILED; s <= IK_INTERRUPTED; s++) {
        ck_assert_int_eq(ik__child_run(badly, &s, &stopped, &err), s);
        ck_assert_uint_eq(strlen(err.text), 2000);
        ck_assert_str_eq(err.text + 1987, "it went badly");
    }
    ck_assert_int_eq(ik__child_run(leaves, NULL, &stopped, &err), IK_FAILED);
    ck_assert_str_eq(err.text, "it ended with exit status 77");
}
END_TEST

START_TEST(crash) {
    static int numbers[] = {SIGSEGV, SIGABRT, SIGKILL};
    ik_error err = {""};
    bool stopped;
    char text[32];
    snprintf(text, sizeof text, "by signal %d (", numbers[_i]);
    ck_assert_int_eq(ik__child_run(crashes, &numbers[_i], &stopped, &err), IK__CRASHED);
    ck_assert_msg(strstr(err.text, text), "%s", err.text);
    ck_assert(!stopped);
}
END_TEST

/* As it is under some that start programs. */
START_TEST(children_ignored) {
    ik_error err = {""};
    ik_status status = IK_USAGE;
    bool stopped;
    signal(SIGCHLD, SIG_IGN);
    ck_assert_int_eq(ik__child_run(badly, &status, &stopped, &err), IK_USAGE);
    ck_assert_ptr_eq(signal(SIGCHLD, SIG_DFL), SIG_IGN);
}
END_TEST

START_TEST(passed_on) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGXCPU};
    int number = numbers[_i];
    ik_error err = {""};
    bool stopped = false;
    ck_assert_int_eq(ik__child_run(waits, &number, &stopped, &err), IK_INTERRUPTED);
    ck_assert(stopped);
}
END_TEST

/* --- not trusted */

static bool never(void *user) {
    (void)user;
    return false;
}
static bool always(void *user) {
    (void)user;
    return true;
}

static ik_status blocks_and_stops(void *user, ik_error *err) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    if (*(int *)user) raise(SIGSTOP);
    for (;;) pause();
    return ik_errorf(err, IK_OK, "not reached");
}

START_TEST(patience) {
    ik__child_end end;
    ik_error err = {""};
    ck_assert_int_eq(ik__child_try(blocks_and_stops, &_i, never, &end, &err), IK__CRASHED);
    ck_assert(end.late && !end.stopped && end.left == 0);
    ck_assert_int_eq(ik__child_try(well, NULL, never, &end, &err), IK_OK);
    ck_assert(!end.halted);
}
END_TEST

/* A process in a group of its own keeps the pipe open. */
static ik_status leaves_one(void *user, ik_error *err) {
    (void)user;
    if (fork()) return ik_errorf(err, IK_OK, "all is well");
    setsid();
    for (;;) pause();
}

START_TEST(nothing_is_left) {
    ik__child_end end;
    ik_error err = {""};
    ck_assert_int_eq(ik__child_try(leaves_one, NULL, always, &end, &err), IK_OK);
    ck_assert_str_eq(err.text, "all is well");
    ck_assert_int_eq(end.left, 1);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

int main(void) {
    return RUN_SUITE("child", NULL, NULL, {outcomes}, {crash, 3}, {children_ignored},
                     {passed_on, 4}, {patience, 2}, {nothing_is_left});
}
