/* Which checkpoints a run folder has; see checkpoints.h. */
#include "checkpoints.h"

#include "base/files.h"
#include "folder.h"

#include <stdlib.h>
#include <unistd.h>

static ik_status remove_file(void *user, const char *name, ik_error *err) {
    (void)err;
    unlink(ik__folder_file(user, name).text);
    return IK_OK;
}

void ik__checkpoint_remove(const char *path) {
    ik_error ignored;
    ik__each_in(path, remove_file, (void *)path, &ignored);
    rmdir(path);
}

static ik_status remove_leftover(void *user, const char *name, ik_error *err) {
    (void)err;
    if (!strncmp(name, IK__WRITING_PREFIX, strlen(IK__WRITING_PREFIX)))
        ik__checkpoint_remove(ik__folder_file(user, name).text);
    return IK_OK;
}

ik_status ik__checkpoints_tidy(const char *run, ik_error *err) {
    ik__path folder = ik__folder_checkpoints(run);
    return ik__each_in(folder.text, remove_leftover, folder.text, err);
}

/* The step that a folder's name tells, or -1. */
static int64_t step_of(const char *name) {
    char *end;
    size_t n = strlen(IK__CHECKPOINT_PREFIX);
    if (strncmp(name, IK__CHECKPOINT_PREFIX, n) != 0 || name[n] < '0' || name[n] > '9') return -1;
    int64_t step = strtoll(name + n, &end, 10);
    return *end ? -1 : step;
}

typedef struct list {
    int64_t *step;
    int n, room;
} list;

static ik_status add(void *user, const char *name, ik_error *err) {
    list *l = user;
    int64_t step = step_of(name);
    if (step < 0) return IK_OK;
    if (l->n == l->room) {
        int64_t *more = realloc(l->step, sizeof *more * (size_t)(l->room = 2 * l->room + 16));
        if (!more) return ik_errorf(err, IK_FAILED, "out of memory");
        l->step = more;
    }
    l->step[l->n++] = step;
    return IK_OK;
}

static int by_step(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Ascending; to be freed whatever comes of it. */
static ik_status list_steps(const char *run, list *l, ik_error *err) {
    *l = (list){0};
    ik_status status = ik__each_in(ik__folder_checkpoints(run).text, add, l, err);
    if (l->n) qsort(l->step, (size_t)l->n, sizeof *l->step, by_step);
    return status;
}

ik_status ik__checkpoints_newest(const char *run, int64_t *step, ik_error *err) {
    list l;
    ik_status status = list_steps(run, &l, err);
    *step = !status && l.n ? l.step[l.n - 1] : -1;
    free(l.step);
    return status;
}

ik_status ik__checkpoints_keep(const char *run, int64_t keep, ik_error *err) {
    list l;
    ik_status status = list_steps(run, &l, err);
    for (int64_t i = 0; i < l.n - keep && !status; i++)
        ik__checkpoint_remove(ik__folder_checkpoint(run, l.step[i]).text);
    free(l.step);
    return status;
}
