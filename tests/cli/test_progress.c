/* The progress line: its text, its width, and that it is quiet where it should be. */
#define _GNU_SOURCE
#include "cli/progress.h"

#include "support/suite.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *text(int64_t step, int64_t total, double rate, double elapsed,
                        const char *losses) {
    static char line[256];
    ik__progress_text(line, sizeof line, step, total, rate, elapsed, losses);
    return line;
}

START_TEST(texts) {
    ck_assert_str_eq(text(0, 1000, 0, 0, NULL), "  0% 0/1000  0:00 elapsed");
    ck_assert_str_eq(text(120, 1000, 3.2, 37.4, "G 1.2"),
                     " 12% 120/1000  3.20 it/s  0:37 elapsed  4:35 left  G 1.2");
    ck_assert_str_eq(text(999, 1000, 0.0125, 7260, ""),
                     " 99% 999/1000  0.013 it/s  2:01:00 elapsed  1:20 left");
    ck_assert_str_eq(text(1000, 1000, 250, 4, NULL), "100% 1000/1000  250.0 it/s  0:04 elapsed");
    ck_assert_str_eq(text(0, 0, 0, 0, NULL), "100% 0/0  0:00 elapsed");
    text(0, INT64_MAX, 1e-300, 1e300, "x"); /* absurd numbers stay within bounds */
}
END_TEST

START_TEST(cutting) {
    ck_assert_uint_eq(ik__progress_cut("abc", 2), 2);
    ck_assert_uint_eq(ik__progress_cut("abc", 3), 3);
    ck_assert_uint_eq(ik__progress_cut("a\xC3\xA4z", 2), 3);
    ck_assert_uint_eq(ik__progress_cut("a\xC3\xA4z", 1), 1);
    ck_assert_uint_eq(ik__progress_cut("abc", -1), 0);
}
END_TEST

/* What a run of three steps prints into a file. */
static size_t printed(bool quiet, int64_t last, char *to, size_t size) {
    FILE *f = tmpfile();
    ck_assert_ptr_nonnull(f);
    ik__progress *p = ik__progress_new(f, 3, quiet);
    for (int64_t step = 0; step <= last; step++) ik__progress_at(p, step, "G 1");
    ik__progress_clear(p);
    ik__progress_free(p);
    rewind(f);
    size_t n = fread(to, 1, size - 1, f);
    to[n] = 0;
    fclose(f);
    return n;
}

START_TEST(plain_lines) {
    char line[256];
    ck_assert_uint_eq(printed(true, 3, line, sizeof line), 0);
    ck_assert_uint_eq(printed(false, 2, line, sizeof line), 0); /* 10 s have not passed */
    printed(false, 3, line, sizeof line);
    ck_assert_str_eq(line, "100% 3/3  0:00 elapsed  G 1\n");
    ik__progress_at(NULL, 1, NULL);
    ik__progress_clear(NULL);
    ik__progress_free(NULL);
}
END_TEST

/* What it prints on a terminal of 20 columns. */
static void on_terminal(char *to, size_t size) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert_int_ge(master, 0);
    ck_assert_int_eq(grantpt(master) | unlockpt(master), 0);
    struct winsize window = {.ws_row = 5, .ws_col = 20};
    FILE *f = fopen(ptsname(master), "r+");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(ioctl(fileno(f), TIOCSWINSZ, &window), 0);
    ik__progress *p = ik__progress_new(f, 3, false);
    ik__progress_at(p, 0, NULL);
    ik__progress_at(p, 1, NULL); /* too soon */
    ik__progress_at(p, 3, NULL);
    ik__progress_free(p);
    size_t n = 0; /* a terminal hands over what was printed bit by bit */
    while (n < size - 1 && (!n || to[n - 1] != '\n')) {
        ssize_t more = read(master, to + n, size - 1 - n);
        ck_assert_int_gt(more, 0);
        n += (size_t)more;
    }
    to[n] = 0;
    fclose(f);
    close(master);
}

START_TEST(terminal) {
    char line[256];
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    on_terminal(line, sizeof line);
    ck_assert_str_eq(line, "\r\033[1;32m  0%\033[0m 0/3  0:00 elap\033[K"
                           "\r\033[1;32m100%\033[0m 3/3  0:00 elap\033[K\r\n");
    setenv("NO_COLOR", "1", 1);
    on_terminal(line, sizeof line);
    ck_assert_str_eq(line, "\r  0% 0/3  0:00 elap\033[K\r100% 3/3  0:00 elap\033[K\r\n");
    setenv("TERM", "dumb", 1);
    on_terminal(line, sizeof line);
    ck_assert_str_eq(line, "100% 3/3  0:00 elapsed\r\n");
}
END_TEST

int main(void) {
    return RUN_SUITE("progress", NULL, NULL, {texts}, {cutting}, {plain_lines}, {terminal});
}
