/* A file that is locked while somebody works in its folder; see lock.h. What it says is for people:
 * whether somebody does, the system's lock alone tells. */
#define _GNU_SOURCE
#include "lock.h"

#include "base/watch.h"
#include "base/open.h"
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct ik__lock {
    ik__path path;
    int fd;
};

/* Who ends removes the file; a lock on one that is gone is worth nothing. */
static bool still_there(int fd, const char *path) {
    struct stat mine, named;
    return !fstat(fd, &mine) && !stat(path, &named) && mine.st_ino == named.st_ino &&
           mine.st_dev == named.st_dev;
}

static ik_status held(const char *run, int fd, ik_error *err) {
    char who[300];
    ssize_t n = pread(fd, who, sizeof who - 1, 0);
    who[n > 0 ? n : 0] = 0;
    who[strcspn(who, "\n")] = 0;
    return ik_errorf(err, IK_FAILED,
                     "%s is in use: %s works in it; wait until it has ended, or choose another "
                     "folder with --out",
                     run, *who ? who : "another run");
}

static ik_status sign(const ik__lock *l, ik_error *err) {
    char host[256] = "", text[300];
    gethostname(host, sizeof host - 1);
    int n = snprintf(text, sizeof text, "process %ld on %s\n", (long)getpid(), host);
    if (!ftruncate(l->fd, 0) && pwrite(l->fd, text, (size_t)n, 0) == n) return IK_OK;
    return ik_errorf(err, IK_FAILED, "%s: cannot be written: %s", l->path.text, ik__why(errno));
}

/* Opens and locks; *fd -1: this file system has no locks. */
static ik_status open_locked(const char *run, const char *path, int *fd, ik_error *err) {
    for (;;) {
        *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
        if (*fd < 0)
            return ik_errorf(err, IK_FAILED, "%s: cannot be opened: %s", path, ik__why(errno));
        bool locked = !flock(*fd, LOCK_EX | LOCK_NB);
        int why = errno;
        if (locked && still_there(*fd, path)) return IK_OK;
        ik_status status = !locked && why == EWOULDBLOCK ? held(run, *fd, err) : IK_OK;
        close(*fd);
        *fd = -1;
        if (status) return status;
        if (locked || why == EINTR) continue;
        unlink(path);
        ik__tell(IK__NOTED,
                 "%s cannot be locked (%s); see to it that no other run works in this folder", run,
                 ik__why(why));
        return IK_OK;
    }
}

ik_status ik__lock_take(const char *run, ik__lock **out, ik_error *err) {
    int fd;
    *out = NULL;
    ik__path path = ik__folder_file(run, IK__LOCK_FILE);
    ik_status status = open_locked(run, path.text, &fd, err);
    if (status || fd < 0) return status;
    ik__lock *l = malloc(sizeof *l);
    if (!l) {
        close(fd);
        return ik_errorf(err, IK_FAILED, "out of memory");
    }
    *l = (ik__lock){path, fd};
    status = sign(l, err);
    if (status)
        ik__lock_free(l);
    else
        *out = l;
    if (!status) ik__folder_sweep(run);
    return status;
}

void ik__lock_free(ik__lock *l) {
    if (!l) return;
    unlink(l->path.text);
    close(l->fd);
    free(l);
}
