/* log.jsonl: the bytes of a line, cutting back on resuming, failures. */
#include "folder/runlog.h"

#include "support/suite.h"
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64];

static void make_file(void) {
    strcpy(path, "/tmp/ik-runlog-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void remove_file(void) {
    unlink(path);
}

static const char *content(void) {
    static char text[4096];
    FILE *f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    text[n] = 0;
    fclose(f);
    return text;
}

static void put(const char *text) {
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static ik__log *open_log(int64_t keep) {
    ik__log *log = NULL;
    ik_error err = {0};
    ck_assert_msg(ik__log_open(path, keep, &log, &err) == IK_OK, "%s", err.text);
    return log;
}

static void put_step(ik__log *log, int64_t step) {
    ik__log_begin(log);
    ik__log_int(log, "step", step);
    ck_assert_int_eq(ik__log_end(log, NULL), IK_OK);
}

START_TEST(one_line) {
    unlink(path); /* opening creates it */
    ik__log *log = open_log(-1);
    ik__log_begin(log);
    ik__log_int(log, "step", INT64_MIN);
    ik__log_real(log, "loss", (double)0.1f);
    ik__log_real(log, "none", NAN);
    ik__log_real(log, "up", INFINITY);
    ik__log_real(log, "down", -INFINITY);
    ik__log_real(log, "zero", -0.0);
    ik__log_text(log, "a \"b\"", "x\\y\n\t\x01\x7F \xC3\xA4 \xFF \xED\xA0\x80");
    ck_assert_int_eq(ik__log_bytes(log), 0); /* nothing is written before the end */
    ck_assert_int_eq(ik__log_end(log, NULL), IK_OK);
    ik__log_begin(log);
    ck_assert_int_eq(ik__log_end(log, NULL), IK_OK);
    ck_assert_int_eq(ik__log_sync(log, NULL), IK_OK);
    static const char expected[] =
        "{\"step\":-9223372036854775808,\"loss\":0.100000001,\"none\":\"nan\",\"up\":\"inf\","
        "\"down\":\"-inf\",\"zero\":-0,\"a \\\"b\\\"\":\"x\\\\y\\n\\t\\u0001\x7F \xC3\xA4 "
        "\xEF\xBF\xBD \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"}\n{}\n";
    ck_assert_str_eq(content(), expected);
    ck_assert_int_eq(ik__log_bytes(log), (int64_t)sizeof expected - 1);
    ik__log_close(log);
    ik__log_close(NULL);
}
END_TEST

START_TEST(resume_gives_the_same_bytes) {
    ik__log *log = open_log(0);
    put_step(log, 1);
    int64_t checkpoint = ik__log_bytes(log);
    put_step(log, 2);
    put_step(log, 3);
    ik__log_close(log);
    log = open_log(checkpoint);
    ck_assert_int_eq(ik__log_bytes(log), checkpoint);
    ck_assert_str_eq(content(), "{\"step\":1}\n");
    put_step(log, 2);
    ik__log_close(log);
    ck_assert_str_eq(content(), "{\"step\":1}\n{\"step\":2}\n");
    log = open_log(0);
    ck_assert_str_eq(content(), "");
    ik__log_close(log);
}
END_TEST

START_TEST(torn_line_is_cut) {
    put("{\"step\":1}\n{\"st");
    ik__log *log = open_log(-1);
    put_step(log, 2);
    ik__log_close(log);
    ck_assert_str_eq(content(), "{\"step\":1}\n{\"step\":2}\n");

    /* One longer than a block of the search. */
    char *text = malloc(10004);
    memcpy(text, "{}\n", 3);
    memset(text + 3, 'x', 10000);
    text[10003] = 0;
    put(text);
    free(text);
    log = open_log(-1);
    ck_assert_str_eq(content(), "{}\n");
    ik__log_close(log);
}
END_TEST

static void refuse(int64_t keep, const char *message) {
    ik__log *log;
    ik_error err = {0};
    ck_assert_int_eq(ik__log_open(path, keep, &log, &err), IK_FAILED);
    ck_assert_ptr_null(log);
    ck_assert_str_eq(err.text + strlen(path), message);
    ck_assert_str_eq(content(), "{\"step\":1}\n"); /* untouched */
}

START_TEST(wrong_lengths) {
    put("{\"step\":1}\n");
    refuse(20,
           ": has 11 bytes where the checkpoint counted 20; restore the file or start a new run");
    refuse(5, ": byte 5, counted by the checkpoint, is not the end of a line; restore the file or "
              "start a new run");
}
END_TEST

START_TEST(failures) {
    ik__log *log;
    ik_error err = {0};
    ck_assert_int_eq(ik__log_open("/nonexistent/log.jsonl", -1, &log, &err), IK_FAILED);
    ck_assert_str_eq(err.text, "/nonexistent/log.jsonl: cannot be opened: No such file or "
                               "directory; choose a folder that exists and can be written");
    ck_assert_int_eq(ik__log_open("/dev/null", -1, &log, &err), IK_FAILED);
    ck_assert_str_eq(err.text, "/dev/null: not a file, so no log can be kept in it");
}
END_TEST

int main(void) {
    return RUN_SUITE("runlog", make_file, remove_file, {one_line}, {resume_gives_the_same_bytes},
                     {torn_line_is_cut}, {wrong_lengths}, {failures});
}
