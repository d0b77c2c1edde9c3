/* Files whole or not at all; see aside.h. */
#define _GNU_SOURCE
#include "aside.h"
#include "open.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void ik__sync_folder(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    fsync(fd);
    close(fd);
}

static void sync_folder_of(const char *file) {
    const char *slash = strrchr(file, '/');
    ik__path folder = ik__path_of("%.*s", slash ? (int)(slash - file) + 1 : 1, slash ? file : ".");
    ik__sync_folder(folder.text);
}

static ik_status fail(const ik__aside *a, int why, ik_error *err) {
    const char *advice = "";
    if (why == ENOSPC || why == EDQUOT) advice = "; free some space or choose another folder";
    if (why == ENOENT || why == ENOTDIR || why == EACCES || why == EROFS)
        advice = "; choose a folder that exists and can be written";
    return ik_errorf(err, IK_FAILED, "%s: cannot be written: %s%s", a->path.text, ik__why(why),
                     advice);
}

/* A file would take the place of what is none, as of /dev/null. */
static ik_status takes_a_file(const ik__aside *a, ik_error *err) {
    struct stat st;
    if (stat(a->path.text, &st) || S_ISREG(st.st_mode)) return IK_OK;
    if (S_ISDIR(st.st_mode)) return fail(a, EISDIR, err);
    return ik_errorf(err, IK_FAILED,
                     "%s: cannot be written: it is a device or a pipe, whose place a file would "
                     "take; name a file",
                     a->path.text);
}

void ik__aside_name(ik__aside *a, const char *path) {
    a->path = ik__path_of("%s", path);
    a->part = ik__path_of("%s.%ld.part", path, (long)getpid());
    a->file = NULL;
}

ik_status ik__aside_open(ik__aside *a, const char *path, ik_error *err) {
    ik__aside_name(a, path);
    ik_status status = takes_a_file(a, err);
    if (!status) a->file = fopen(a->part.text, "wbe");
    if (a->file) return IK_OK;
    if (!status) status = fail(a, errno, err);
    *a->part.text = 0;
    return status;
}

/* What a library wrote by the part's name. */
static bool sync_by_name(const char *part) {
    int fd = open(part, O_RDONLY | O_CLOEXEC), why;
    bool done = fd >= 0 && !fsync(fd);
    why = errno;
    if (fd >= 0) close(fd);
    errno = why;
    return done;
}

ik_status ik__aside_commit(ik__aside *a, ik_error *err) {
    errno = 0;
    bool done = a->file ? !fflush(a->file) && !ferror(a->file) && !fsync(fileno(a->file))
                        : sync_by_name(a->part.text);
    int why = errno;
    if (a->file && fclose(a->file) && done) done = false, why = errno;
    a->file = NULL;
    if (done && takes_a_file(a, err)) {
        ik__aside_abort(a);
        return IK_FAILED;
    }
    if (done && rename(a->part.text, a->path.text)) done = false, why = errno;
    if (done) {
        sync_folder_of(a->path.text);
        *a->part.text = 0;
        return IK_OK;
    }
    ik__aside_abort(a);
    return fail(a, why, err);
}

void ik__aside_abort(ik__aside *a) {
    if (a->file) fclose(a->file);
    a->file = NULL;
    if (*a->part.text) unlink(a->part.text);
    *a->part.text = 0;
}
