/* Small files, whole or not at all. */
#define _GNU_SOURCE
#include "textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_all(int fd, const char *text, size_t n) {
    while (n) {
        ssize_t k = write(fd, text, n);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) {
            if (!k) errno = ENOSPC;
            return false;
        }
        text += k;
        n -= (size_t)k;
    }
    return true;
}

ik_status ik__textfile_write(const char *path, const char *text, size_t n, ik_error *err) {
    char *aside = NULL;
    if (!text || asprintf(&aside, "%s.part", path) < 0)
        return ik_errorf(err, IK_FAILED, "error: out of memory while writing %s", path);
    int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool done = fd >= 0 && write_all(fd, text, n) && !fsync(fd);
    int why = errno;
    if (fd >= 0 && close(fd) && done) done = false, why = errno;
    if (done && rename(aside, path)) done = false, why = errno;
    if (!done && fd >= 0) unlink(aside);
    free(aside);
    if (done) return IK_OK;
    return ik_errorf(err, IK_FAILED, "error: cannot write %s: %s", path, strerror(why));
}

char *ik__textfile_read(const char *path, size_t most, size_t *n) {
    FILE *f = fopen(path, "rbe");
    struct stat st;
    char *text = NULL;
    if (f && !fstat(fileno(f), &st) && S_ISREG(st.st_mode) && st.st_size >= 0 &&
        (uint64_t)st.st_size <= most)
        text = malloc((size_t)st.st_size + 1);
    *n = text ? fread(text, 1, (size_t)st.st_size, f) : 0;
    if (text) text[*n] = 0;
    if (f) fclose(f);
    return text;
}
