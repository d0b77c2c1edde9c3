/* Runs the built program in a folder of its own and keeps what it said. */
#ifndef TEST_CLI_H
#define TEST_CLI_H

#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64], said[65536];

static void set_up(void) {
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.40s/inadekit-cli-XXXXXX", base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("XDG_CACHE_HOME", folder, 1);            /* not the user's */
    const char *path = getenv("TESTS_PLUGIN_PATH"); /* plugins that the suite is run with */
    if (path)
        setenv("INADEKIT_PLUGIN_PATH", path, 1);
    else
        unsetenv("INADEKIT_PLUGIN_PATH");
}

static void tear_down(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static inline void write_bytes(const char *name, const char *bytes, size_t n) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
}

/* `inadekit ARGUMENTS`; both streams go to `said`, unless the arguments send them elsewhere. Gives
 * the exit status; a signal fails the test. */
static int inadekit(const char *arguments) {
    char command[1024];
    int n = snprintf(command, sizeof command, "cd %s && { %s/bin/inadekit %s; } 2>&1 </dev/null",
                     folder, BUILD_DIR, arguments);
    ck_assert_int_lt(n, (int)sizeof command);
    FILE *f = popen(command, "r");
    ck_assert_ptr_nonnull(f);
    size_t size = fread(said, 1, sizeof said - 1, f);
    said[size] = 0;
    int status = pclose(f);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) < 126, "inadekit %s: died: %s",
                  arguments, said);
    return WEXITSTATUS(status);
}

/* Runs and expects the status and the text; NULL for any. */
static void expect(const char *arguments, int status, const char *text) {
    int got = inadekit(arguments);
    ck_assert_msg(got == status, "inadekit %s: exit status %d instead of %d: %s", arguments, got,
                  status, said);
    ck_assert_msg(!text || strstr(said, text), "inadekit %s: '%s' is not in: %s", arguments, text,
                  said);
}

#endif
