/* Text as a file without a name: what loads pipelines takes paths. */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

ik_status check_placed_open(const ik_strings *given, const char *text, const char *place,
                            check_placed *out, ik_error *err) {
    *out = (check_placed){.pool = ik__pool_new(), .fd = memfd_create("pipeline", MFD_CLOEXEC)};
    const char **sets = ik__pool_alloc(out->pool, sizeof *sets * (size_t)(given->n + 1));
    for (int i = 0; i < given->n; i++) {
        size_t size = strlen(place) + strlen(given->v[i]) + 2;
        char *set = ik__pool_alloc(out->pool, size);
        snprintf(set, size, "%s.%s", place, given->v[i]);
        sets[i] = set;
    }
    out->sets = (ik_strings){given->n, sets};
    snprintf(out->path, sizeof out->path, "/proc/self/fd/%d", out->fd);
    size_t n = strlen(text);
    if (out->fd < 0 || write(out->fd, text, n) != (ssize_t)n)
        return ik_errorf(err, IK_FAILED, "no memory for a pipeline: %s", strerror(errno));
    return IK_OK;
}

ik_status check_placed_load(const ik_strings *given, const char *text, const char *place,
                            check_placed *out, ik__conf **root, ik_error *err) {
    ik_status status = check_placed_open(given, text, place, out, err);
    return status ? status : ik__conf_load(out->path, out->sets.n, out->sets.v, root, err);
}

void check_placed_close(check_placed *p) {
    if (p->fd >= 0) close(p->fd);
    ik__pool_free(p->pool);
}
