/* The run's log. A line is composed in memory and appended by one write, so lines never mix. */
#define _GNU_SOURCE
#include "base/text.h"
#include "base/open.h"
#include "runlog.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct ik__log {
    char *path;
    int fd;
    int64_t bytes;
    ik__text line; /* its memory is kept from line to line */
};

/* The length of the file up to and with its last newline at or before `size`; -1: cannot be read.
 */
static int64_t end_of_lines(int fd, int64_t size) {
    char block[4096];
    while (size > 0) {
        int64_t n = size < (int64_t)sizeof block ? size : (int64_t)sizeof block;
        ssize_t got = pread(fd, block, (size_t)n, (off_t)(size - n));
        if (got != n) return -1;
        const char *newline = memrchr(block, '\n', (size_t)n);
        if (newline) return size - n + (newline - block) + 1;
        size -= n;
    }
    return 0;
}

static ik_status cut_back(ik__log *log, int64_t keep, ik_error *err) {
    struct stat info;
    if (fstat(log->fd, &info) != 0)
        return ik_errorf(err, IK_FAILED, "%s: cannot be read: %s", log->path, ik__why(errno));
    if (!S_ISREG(info.st_mode))
        return ik_errorf(err, IK_FAILED, "%s: not a file, so no log can be kept in it", log->path);
    int64_t size = info.st_size;
    if (keep > size)
        return ik_errorf(err, IK_FAILED,
                         "%s: has %" PRId64 " bytes where the checkpoint counted %" PRId64
                         "; restore the file or start a new run",
                         log->path, size, keep);
    log->bytes = end_of_lines(log->fd, keep < 0 ? size : keep);
    if (log->bytes < 0)
        return ik_errorf(err, IK_FAILED, "%s: cannot be read: %s", log->path, ik__why(errno));
    if (keep >= 0 && log->bytes != keep)
        return ik_errorf(err, IK_FAILED,
                         "%s: byte %" PRId64
                         ", counted by the checkpoint, is not the end of a line; "
                         "restore the file or start a new run",
                         log->path, keep);
    if (log->bytes < size && ftruncate(log->fd, (off_t)log->bytes) != 0)
        return ik_errorf(err, IK_FAILED, "%s: cannot be cut back: %s", log->path, ik__why(errno));
    return IK_OK;
}

ik_status ik__log_open(const char *path, int64_t keep_bytes, ik__log **out, ik_error *err) {
    *out = NULL;
    ik__log *log = calloc(1, sizeof *log);
    if (log) log->fd = -1;
    if (!log || !(log->path = strdup(path))) {
        ik__log_close(log);
        return ik_errorf(err, IK_FAILED, "%s: out of memory while opening it", path);
    }
    ik_status s;
    log->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666);
    if (log->fd < 0)
        s = ik_errorf(err, IK_FAILED,
                      "%s: cannot be opened: %s; choose a folder that exists and can be written",
                      path, ik__why(errno));
    else
        s = cut_back(log, keep_bytes, err);
    if (s)
        ik__log_close(log);
    else
        *out = log;
    return s;
}

/* --- A line. */

void ik__log_begin(ik__log *log) {
    log->line.n = 0;
    log->line.failed = false;
    ik__text_add(&log->line, "{", 1);
}

static void add_key(ik__log *log, const char *key) {
    if (log->line.n > 1) ik__text_add(&log->line, ",", 1);
    ik__text_quote(&log->line, key);
    ik__text_add(&log->line, ":", 1);
}

void ik__log_int(ik__log *log, const char *key, int64_t value) {
    add_key(log, key);
    ik__text_printf(&log->line, "%" PRId64, value);
}

void ik__log_real(ik__log *log, const char *key, double value) {
    add_key(log, key);
    if (isfinite(value))
        ik__text_printf(&log->line, "%.9g", value);
    else
        ik__text_quote(&log->line, isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
}

void ik__log_text(ik__log *log, const char *key, const char *value) {
    add_key(log, key);
    ik__text_quote(&log->line, value);
}

ik_status ik__log_end(ik__log *log, ik_error *err) {
    ik__text_add(&log->line, "}\n", 2);
    if (log->line.failed)
        return ik_errorf(err, IK_FAILED, "%s: out of memory while writing it", log->path);
    ssize_t n;
    do n = write(log->fd, log->line.data, log->line.n);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)log->line.n) {
        log->bytes += n;
        return IK_OK;
    }
    int why =
        n < 0 ? errno : ENOSPC; /* a file takes part of a write only when there is no more room */
    bool full = why == ENOSPC || why == EDQUOT;
    if (n > 0 && ftruncate(log->fd, (off_t)log->bytes) != 0) why = errno;
    return ik_errorf(err, IK_FAILED, "%s: cannot be written: %s%s", log->path, ik__why(why),
                     full ? "; free some space" : "");
}

int64_t ik__log_bytes(const ik__log *log) {
    return log->bytes;
}

ik_status ik__log_sync(ik__log *log, ik_error *err) {
    if (fsync(log->fd) == 0) return IK_OK;
    return ik_errorf(err, IK_FAILED, "%s: cannot be synced to the disk: %s", log->path,
                     ik__why(errno));
}

void ik__log_close(ik__log *log) {
    if (!log) return;
    if (log->fd >= 0) close(log->fd);
    ik__text_free(&log->line);
    free(log->path);
    free(log);
}
