/* Mapped files; see mapped.h. */
#define _GNU_SOURCE
#include "mapped.h"

#include "open.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

ik_status ik__map_open(const char *path, size_t least, const char *what, ik__map *out,
                       ik_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hang us */
    struct stat info;
    *out = (ik__map){0};
    if (fd < 0) {
        int why = errno;
        return ik_errorf(err, IK_FAILED, "%s: cannot be opened: %s%s", path, ik__why(why),
                         ik__from_where(path, why).text);
    }
    ik_status s = IK_OK;
    if (fstat(fd, &info) != 0)
        s = ik_errorf(err, IK_FAILED, "%s: cannot be read: %s", path, ik__why(errno));
    else if (!S_ISREG(info.st_mode))
        s = ik_errorf(err, IK_FAILED, "%s: not a file", path);
    else if ((uint64_t)info.st_size < least)
        s = ik_errorf(err, IK_FAILED, "%s: too short for a %s file (%" PRId64 " bytes)", path, what,
                      (int64_t)info.st_size);
    if (!s) {
        void *map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED)
            s = ik_errorf(err, IK_FAILED, "%s: cannot be mapped: %s", path, ik__why(errno));
        else
            *out = (ik__map){map, (size_t)info.st_size};
    }
    close(fd);
    return s;
}

void ik__map_close(ik__map *m) {
    if (m->data) munmap(m->data, m->bytes);
    *m = (ik__map){0};
}

void ik__map_release(const ik__map *m, size_t begin, size_t end) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    begin = (begin + page - 1) / page * page;
    end = end / page * page;
    if (begin < end) madvise(m->data + begin, end - begin, MADV_DONTNEED);
}
