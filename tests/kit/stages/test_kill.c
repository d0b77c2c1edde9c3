/* Killed at random moments, many of them while a checkpoint is being written, and resumed: in the
 * end the bytes are those of a run that nothing ever happened to. */
#include "support/runs.h"

#include <dirent.h>

enum { KILLS = 20, STEPS = 100 };

/* One part in 2^16 of a linear congruence: the same moments in every run of the test. */
static double uniform(void) {
    static unsigned state = 20;
    state = state * 1664525u + 1013904223u;
    return (double)(state >> 16) / 65536;
}

static bool is_writing(void) {
    char path[128];
    snprintf(path, sizeof path, "%s/cut/checkpoints", folder);
    DIR *all = opendir(path);
    bool found = false;
    for (struct dirent *e; !found && all && (e = readdir(all));)
        found = !strncmp(e->d_name, ".writing-", 9);
    if (all) closedir(all);
    return found;
}

START_TEST(killed) {
    ck_assert_int_eq(shell("sed -i 's/^train: .*/train: {steps: %d, batch: 2, log_every: 1, "
                           "checkpoint_every: 1, picture_every: 0}/' tiny.yaml",
                           STEPS),
                     0);
    run("whole", "tiny.yaml", "--set stages=train");
    ck_assert_int_eq(lines_of("whole/log.jsonl"), STEPS);
    int killed = 0, writing = 0;
    for (int i = 0; i < KILLS; i++) {
        /* Every other time as soon as a checkpoint is seen being written, however quick that is;
         * what was left of one by the kill before is taken away for that, else the next run has to.
         */
        const bool watched = i % 2;
        if (watched) shell("rm -rf cut/checkpoints/.writing-*");
        const char *resume = shell("ls -d cut/checkpoints/step-*") ? NULL : "--resume";
        pid_t child = start("cut", "--set", "stages=train", resume, NULL);
        /* Further into the run each time, so that it never ends by itself; every fourth time at
         * once, while it still loads. */
        int wanted = i % 4 ? i % KILLS * STEPS * 3 / 4 / KILLS : 0, status = 0;
        bool ended = false;
        while (!ended && lines_of("cut/log.jsonl") < wanted) {
            sleep_for(0.001);
            ended = waitpid(child, &status, WNOHANG) == child;
        }
        while (watched && !ended && !is_writing())
            ended = waitpid(child, &status, WNOHANG) == child;
        if (!watched) sleep_for(uniform() * 0.04);
        if (!ended) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
        }
        ck_assert_msg(WIFSIGNALED(status) || WEXITSTATUS(status) == 0, "kill %d: exit status %d", i,
                      WEXITSTATUS(status));
        killed += WIFSIGNALED(status);
        writing += shell("ls -d cut/checkpoints/.writing-*") == 0;
    }
    printf("killed %d times, %d times while writing a checkpoint\n", killed, writing);
    ck_assert_int_ge(killed, KILLS / 2);
    ck_assert_int_ge(writing, 1);
    run("cut", "tiny.yaml", "--set stages=train --resume");
    expect_same_at("whole", "cut", STEPS);
    expect_same_at("whole", "cut", STEPS - 1);
    ck_assert(same("whole/checkpoints", "cut/checkpoints")); /* nothing else is left */
}
END_TEST

int main(void) {
    return RUN_SUITE("kill", set_up_runs, tear_down, {killed});
}
