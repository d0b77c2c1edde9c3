/* Writing safetensors: the old file stays until the new one is whole, misuse and full or forbidden
 * folders are said, and nothing else is left behind. */
#define _GNU_SOURCE
#include "safetensors_files.h"

#include <sys/stat.h>
#include <sys/wait.h>

static void expect_commit(ik__st_writer *w, const char *message) {
    ik_error err = {0};
    ck_assert_int_eq(ik__st_commit(w, &err), IK_FAILED);
    ck_assert_str_eq(err.text + strlen(path), message);
    ck_assert_int_ne(access(path, F_OK), 0);
}

START_TEST(writer_misuse) {
    float x[3] = {0};
    ik__st_writer *w = ik__st_writer_new(path);
    ik__st_add(w, "a", IK_F32, IK_SHAPE1(2));
    ck_assert_int_eq(ik__st_begin(w), IK_OK);
    ck_assert_int_eq(ik__st_write(w, x, 3), IK_FAILED);
    ck_assert_int_eq(ik__st_write(w, x, 2), IK_FAILED); /* the first failure stays */
    expect_commit(w, ": tensor \"a\" has 2 elements left and was given 3");

    w = ik__st_writer_new(path);
    ik__st_add(w, "a", IK_F32, IK_SHAPE1(2));
    ik__st_begin(w);
    ik__st_write(w, x, 1);
    expect_commit(w, ": tensor \"a\" lacks 1 of its elements");

    w = ik__st_writer_new(path);
    ik__st_add(w, "a", IK_F32, IK_SHAPE1(2));
    ik__st_add(w, "a", IK_F32, IK_SHAPE1(2));
    ik__st_begin(w);
    expect_commit(w, ": tensor \"a\" was added twice");

    w = ik__st_writer_new(path);
    ik__st_add(w, "a", IK_F32, IK_SHAPE2(-1, 2));
    expect_commit(w, ": tensor \"a\" cannot be added: its shape is wrong");

    w = ik__st_writer_new(path);
    ik__st_add(w, "__metadata__", IK_F32, IK_SHAPE1(1));
    expect_commit(w, ": tensor \"__metadata__\" cannot be added: its name is not allowed");

    w = ik__st_writer_new(path);
    expect_commit(w, ": was never begun");

    w = ik__st_writer_new(path);
    ik__st_begin(w);
    ik__st_abort(w); /* remove_folder sees that nothing is left */
    ik__st_abort(NULL);
    ck_assert_int_eq(ik__st_commit(NULL, NULL), IK_FAILED);
}
END_TEST

START_TEST(old_file_stays_until_commit) {
    float x = 1, y;
    for (int k = 0; k < 2; k++) {
        ik__st_writer *w = ik__st_writer_new(path);
        ik__st_add(w, "a", IK_F32, IK_SHAPE1(1));
        ik__st_begin(w);
        ik__st_write(w, &x, 1);
        x++;
        if (k == 0)
            ck_assert_int_eq(ik__st_commit(w, NULL), IK_OK);
        else
            ik__st_abort(w);
    }
    ik__st *st = open_good();
    ck_assert_int_eq(ik__st_read(st, 0, &y, NULL), IK_OK);
    ck_assert(y == 1);
    ik__st_close(st);
}
END_TEST

START_TEST(missing_folder) {
    ik_error err = {0};
    ik__st_writer *w = ik__st_writer_new("/nonexistent/x");
    ck_assert_int_eq(ik__st_begin(w), IK_FAILED);
    ck_assert_int_eq(ik__st_commit(w, &err), IK_FAILED);
    ck_assert_str_eq(err.text, "/nonexistent/x: cannot be written: No such file or directory; "
                               "choose a folder that exists and can be written");
}
END_TEST

/* Root may write anywhere, so a child gives its rights up first. */
START_TEST(unwritable_folder) {
    chmod(folder, 0555);
    pid_t child = fork();
    if (child == 0) {
        ik_error err = {0};
        if (geteuid() == 0 && setuid(65534) != 0) _exit(2);
        ik__st_writer *w = ik__st_writer_new(path);
        ik__st_begin(w);
        bool failed = ik__st_commit(w, &err) == IK_FAILED;
        bool said = !strcmp(err.text + strlen(path), ": cannot be written: Permission denied; "
                                                     "choose a folder that exists and can be "
                                                     "written");
        _exit(failed && said ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    chmod(folder, 0755);
    ck_assert_int_eq(status, 0);
}
END_TEST

/* /dev/full is a disk without room: the writer's own temporary is made a link to it. */
START_TEST(full_disk) {
    char partial[160];
    float x = 1;
    snprintf(partial, sizeof partial, "%s.%d.part", path, (int)getpid());
    ck_assert_int_eq(symlink("/dev/full", partial), 0);
    ik__st_writer *w = ik__st_writer_new(path);
    ik__st_add(w, "a", IK_F32, IK_SHAPE1(1));
    ik__st_begin(w);
    ik__st_write(w, &x, 1);
    expect_commit(w, ": cannot be written: No space left on device; free some space or choose "
                     "another folder");
}
END_TEST

int main(void) {
    return RUN_SUITE("safetensors_write", make_folder, remove_folder, {writer_misuse},
                     {old_file_stays_until_commit}, {missing_folder}, {unwritable_folder},
                     {full_disk});
}
