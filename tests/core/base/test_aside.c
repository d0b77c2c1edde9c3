/* Writing aside: the old file stays until the new one is whole, faults leave nothing behind, and no
 * path is cut. */
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/aside.h"
#include "base/files.h"
#include "base/textfile.h"
#include "support/suite.h"

static char folder[64], path[128];
static ik_error err;

static void make_folder(void) {
    strcpy(folder, "/tmp/inadekit-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    *err.text = 0;
}

static void remove_folder(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* How many files lie in the folder. */
static int files(void) {
    char command[128];
    int n = -1;
    snprintf(command, sizeof command, "ls -A %s | wc -l", folder);
    FILE *p = popen(command, "r");
    ck_assert_int_eq(fscanf(p, "%d", &n), 1);
    pclose(p);
    return n;
}

static void holds(const char *text) {
    size_t n;
    char *have = ik__textfile_read(path, 1000, &n);
    ck_assert_ptr_nonnull(have);
    ck_assert_str_eq(have, text);
    free(have);
}

START_TEST(the_old_stays_until_commit) {
    ik__aside a;
    ck_assert(!ik__textfile_write(path, "old", 3, &err));
    ck_assert(!ik__aside_open(&a, path, &err));
    fputs("new", a.file);
    fflush(a.file);
    holds("old");
    ck_assert_int_eq(files(), 2);
    ck_assert(!ik__aside_commit(&a, &err));
    holds("new");
    ck_assert_int_eq(files(), 1);
}
END_TEST

START_TEST(giving_up_leaves_nothing) {
    ik__aside a;
    ck_assert(!ik__aside_open(&a, path, &err));
    fputs("half", a.file);
    ik__aside_abort(&a);
    ik__aside_abort(&a);
    ck_assert_int_eq(files(), 0);
    ik__aside_name(&a, path); /* a library that never wrote */
    ck_assert_int_eq(ik__aside_commit(&a, &err), IK_FAILED);
    ck_assert_ptr_nonnull(strstr(err.text, "/file: cannot be written: No such file"));
}
END_TEST

/* /dev/full is a disk without room: the part is made a link to it. */
START_TEST(a_full_disk) {
    ik__aside a;
    ck_assert(!ik__textfile_write(path, "old", 3, &err));
    ik__aside_name(&a, path);
    ck_assert_int_eq(symlink("/dev/full", a.part.text), 0);
    ck_assert_int_eq(ik__textfile_write(path, "new", 3, &err), IK_FAILED);
    ck_assert_ptr_nonnull(strstr(err.text, "/file: cannot be written: No space left on device; "
                                           "free some space or choose another folder"));
    holds("old");
    ck_assert_int_eq(files(), 1);
}
END_TEST

/* A process that is certainly gone. */
static long gone(void) {
    pid_t pid = fork();
    if (!pid) _exit(0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    return (long)pid;
}

/* What writers that were killed left goes; what somebody is writing, and what only looks like it,
 * stays. */
START_TEST(swept) {
    const long dead = gone(), alive = (long)getppid();
    const struct {
        const char *form;
        long pid;
        bool stays;
    } rows[] = {
        {"a.png.%ld.part", dead, false},       {"in/b.png.%ld.part", dead, false},
        {"in/er/c.txt.%ld.part", dead, false}, {"w.pth.%ld.part.aB3xYz", dead, true},
        {"a.png.%ld.part", alive, true},       {"film.mkv.%ld.part", dead, true},
        {"a.png.%ld.part.jpg", dead, true},    {"a.png.%ld.partial", dead, true},
        {"a.png.x%ld.part", dead, true},       {"%ld.part", dead, true},
    };
    const char *const endings[] = {".png", ".txt", NULL};
    char name[256], command[128];
    snprintf(command, sizeof command, "mkdir -p %s/in/er", folder);
    ck_assert_int_eq(system(command), 0);
    for (int turn = 0; turn < 2; turn++) {
        for (int i = 0; i < COUNT(rows); i++) {
            int n = snprintf(name, sizeof name, "%s/", folder);
            snprintf(name + n, sizeof name - (size_t)n, rows[i].form, rows[i].pid);
            FILE *f = turn ? NULL : fopen(name, "w");
            if (f) fclose(f);
            if (turn) ck_assert_msg(ik__exists(name) == rows[i].stays, "%s", name);
        }
        if (!turn) ik__aside_sweep(folder, endings);
    }
    snprintf(name, sizeof name, "%s/w.pth", folder);
    ik__aside_sweep_file(name);
    snprintf(name, sizeof name, "%s/w.pth.%ld.part.aB3xYz", folder, dead);
    ck_assert(!ik__exists(name));
}
END_TEST

START_TEST(a_folder_in_the_way) {
    ck_assert_int_eq(mkdir(path, 0777), 0);
    ck_assert_int_eq(ik__textfile_write(path, "new", 3, &err), IK_FAILED);
    ck_assert_ptr_nonnull(strstr(err.text, "/file: cannot be written: Is a directory"));
    ck_assert_int_eq(files(), 1);
}
END_TEST

/* A pipe as a device: named by itself or through a link, written here or by a library. */
START_TEST(no_file_in_the_way) {
    char pipe[128];
    struct stat st;
    snprintf(pipe, sizeof pipe, "%s/pipe", folder);
    ck_assert_int_eq(mkfifo(pipe, 0666) || symlink("pipe", path), 0);
    const char *const to[] = {pipe, path};
    for (int i = 0; i < 4; i++) {
        ik__aside a;
        if (i < 2) {
            ck_assert_int_eq(ik__textfile_write(to[i], "new", 3, &err), IK_FAILED);
        } else {
            ik__aside_name(&a, to[i - 2]);
            FILE *f = fopen(a.part.text, "w");
            ck_assert_ptr_nonnull(f);
            fclose(f);
            ck_assert_int_eq(ik__aside_commit(&a, &err), IK_FAILED);
        }
        ck_assert_ptr_nonnull(strstr(err.text, ": cannot be written: it is a device or a pipe"));
        ck_assert(!stat(pipe, &st) && S_ISFIFO(st.st_mode));
        ck_assert_int_eq(files(), 2);
    }
}
END_TEST

/* One that does not fit is too long for the system as well, and not another file's. */
START_TEST(paths_are_not_cut) {
    char name[PATH_MAX + 100];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = 0;
    for (size_t i = 100; i < sizeof name; i += 100) name[i] = '/';
    ik__path p = ik__path_of("%s/%s", folder, name);
    ck_assert_int_gt((int)strlen(p.text), PATH_MAX);
    ck_assert_int_eq(ik__make_folder(p.text, &err), IK_FAILED);
    ck_assert_ptr_nonnull(strstr(err.text, "cannot make the folder"));
    ck_assert_int_eq(ik__textfile_write(p.text, "x", 1, &err), IK_FAILED);
}
END_TEST

int main(void) {
    return RUN_SUITE("aside", make_folder, remove_folder, {the_old_stays_until_commit},
                     {giving_up_leaves_nothing}, {a_full_disk}, {a_folder_in_the_way},
                     {no_file_in_the_way}, {paths_are_not_cut}, {swept});
}
