/* The lines of choices; see choices.h. */
#define _GNU_SOURCE
#include "instance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE = 4096, MOST = 1 << 16 /* lines of a file; what is beyond is not worth its memory */ };

typedef struct lines {
    char **v; /* without the newline */
    int n, room;
} lines;

struct choices {
    char *path, *device;
    lines recalled, file, found; /* of a checkpoint, of the file as it was opened, new */
};

/* --- Lines. */

static void keep(lines *l, const char *line, size_t n) {
    if (l->n == MOST) return;
    if (l->n == l->room) {
        int room = l->room ? 2 * l->room : 64;
        char **more = realloc(l->v, (size_t)room * sizeof *more);
        if (!more) return; /* a choice is lost, which costs time only */
        l->v = more;
        l->room = room;
    }
    l->v[l->n] = strndup(line, n);
    if (l->v[l->n]) l->n++;
}

static void forget(lines *l) {
    for (int i = 0; i < l->n; i++) free(l->v[i]);
    free(l->v);
    *l = (lines){0};
}

void plan_text(const plan_problem *p, char *text, size_t size) {
    static const char *const kinds[] = {"forward", "data", "weights"};
    char activation[32] = "";
    if (p->activated) snprintf(activation, sizeof activation, " relu%g", (double)p->slope);
    snprintf(text, size,
             "%s n%lld h%lld w%lld c%lld k%lld p%lld q%lld r%d s%d stride%d,%d pad%d,%d "
             "dilation%d,%d groups%d %s%s%s%s",
             kinds[p->kind], (long long)p->n, (long long)p->h, (long long)p->w, (long long)p->c,
             (long long)p->k, (long long)p->p, (long long)p->q, p->r, p->s, p->stride[0],
             p->stride[1], p->padding[0], p->padding[1], p->dilation[0], p->dilation[1], p->groups,
             p->type == CUDA_BF16 ? "bf16"
             : p->tf32            ? "tf32"
                                  : "f32",
             p->residual ? " residual" : "", p->bias ? " bias" : "", activation);
}

/* "device <tab> version <tab>": what the lines of this device begin with. */
static size_t own_head(const choices *c, char *text, size_t size) {
    return (size_t)snprintf(text, size, "%s\t%zu\t", c->device ? c->device : "", cudnnGetVersion());
}

/* Bytes of "device <tab> version <tab> problem <tab>", by which lines are told apart; 0: no line.
 */
static size_t head_bytes(const char *line) {
    size_t n = 0;
    for (int column = 0; column < 3; column++) {
        size_t some = strcspn(line + n, "\t");
        if (!some || !line[n + some]) return 0;
        n += some + 1;
    }
    return n;
}

static bool read_number(const char **s, char end, int64_t *out) {
    char *stop;
    *out = strtoll(*s, &stop, 10);
    if (stop == *s || (*stop != end && *stop != '\t')) return false;
    *s = stop + (*stop == end);
    return true;
}

/* "engine <tab> type=value,type=value <tab> workspace <tab> notes", maybe with "<tab> timed". */
static bool read_choice(const char *s, plan_choice *out) {
    *out = (plan_choice){0};
    if (!read_number(&s, '\t', &out->engine)) return false;
    while (*s && *s != '\t') {
        if (out->knobs == PLAN_KNOBS) return false;
        int64_t *knob = out->knob[out->knobs++];
        if (!read_number(&s, '=', &knob[0]) || !read_number(&s, ',', &knob[1])) return false;
    }
    int64_t workspace;
    if (*s++ != '\t' || !read_number(&s, '\t', &workspace)) return false;
    s += strcspn(s, "\t");
    out->timed = !strcmp(s, "\ttimed");
    return !*s || out->timed;
}

static bool understood(const char *line, plan_choice *out) {
    size_t n = head_bytes(line);
    return n && read_choice(line + n, out);
}

void choices_line(const choices *c, const char *problem, const plan *p, char *line, size_t size) {
    size_t at = own_head(c, line, size);
    if (at < size)
        at += (size_t)snprintf(line + at, size - at, "%s\t%lld\t", problem,
                               (long long)p->choice.engine);
    for (int i = 0; i < p->choice.knobs && at < size; i++)
        at += (size_t)snprintf(line + at, size - at, "%s%lld=%lld", i ? "," : "",
                               (long long)p->choice.knob[i][0], (long long)p->choice.knob[i][1]);
    if (at < size)
        snprintf(line + at, size - at, "\t%lld\t%s%s", (long long)p->workspace, p->notes,
                 p->choice.timed ? "\ttimed" : "");
}

/* --- Finding and adding. */

static bool look_up(const lines *l, const char *head, bool timed, plan_choice *out) {
    size_t n = strlen(head);
    for (int i = l->n - 1; i >= 0; i--)
        if (!strncmp(l->v[i], head, n) && read_choice(l->v[i] + n, out) && (out->timed || !timed))
            return true;
    return false;
}

bool choices_find(const choices *c, const char *problem, bool timed, plan_choice *out,
                  bool *recalled) {
    char head[1024];
    size_t n = own_head(c, head, sizeof head);
    if (n < sizeof head) snprintf(head + n, sizeof head - n, "%s\t", problem);
    *recalled = look_up(&c->recalled, head, false, out);
    return *recalled || look_up(&c->file, head, timed, out);
}

void choices_add(choices *c, const char *problem, const plan *p) {
    char line[LINE];
    choices_line(c, problem, p, line, sizeof line);
    keep(&c->found, line, strlen(line));
}

ik_status choices_recall(choices *c, const char *text, ik_error *err) {
    char own[1024], other[160] = "";
    size_t head = own_head(c, own, sizeof own);
    int foreign = 0, broken = 0;
    for (const char *at = text; *at;) {
        size_t n = strcspn(at, "\n");
        char line[LINE];
        plan_choice choice;
        snprintf(line, sizeof line, "%.*s", (int)(n < LINE ? n : 0), at);
        if (!at[n] || !understood(line, &choice))
            broken++;
        else if (strncmp(line, own, head)) {
            snprintf(other, sizeof other, "%.*s", (int)strcspn(line, "\t"), line);
            foreign++;
        } else
            keep(&c->recalled, line, n);
        at += n + (at[n] == '\n');
    }
    if (!foreign && !broken) return IK_OK;
    char why[400] = "";
    if (foreign)
        snprintf(why, sizeof why, "%d made for another device or cuDNN (%s)%s", foreign, other,
                 broken ? " and " : "");
    if (broken) snprintf(why + strlen(why), sizeof why - strlen(why), "%d not legible", broken);
    return ik_errorf(err, IK_FAILED, "choices of convolutions were ignored and are made anew: %s",
                     why);
}

/* --- The file. */

static void read_lines(lines *l, const char *path) {
    FILE *f = fopen(path, "re");
    char line[LINE];
    plan_choice choice;
    bool begins = true; /* a line too long comes in parts */
    while (f && fgets(line, sizeof line, f)) {
        size_t n = strcspn(line, "\n");
        bool whole = begins && line[n] == '\n';
        begins = line[n] == '\n';
        line[n] = 0;
        if (whole && understood(line, &choice)) keep(l, line, n);
    }
    if (f) fclose(f);
}

char *choices_default_path(void) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *path = NULL;
    int n = -1;
    if (cache && *cache == '/')
        n = asprintf(&path, "%s/inadekit/cudnn-choices.tsv", cache);
    else if (home && *home == '/')
        n = asprintf(&path, "%s/.cache/inadekit/cudnn-choices.tsv", home);
    return n < 0 ? NULL : path;
}

choices *choices_open(const char *path, const char *device) {
    choices *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->path = path ? strdup(path) : NULL;
    c->device = strdup(device);
    for (char *p = c->device; p && *p; p++)
        if (*p == '\t' || *p == '\n') *p = ' ';
    if (path) read_lines(&c->file, path);
    return c;
}

static bool holds(const lines *l, const char *head, size_t n) {
    for (int i = 0; i < l->n; i++)
        if (!strncmp(l->v[i], head, n)) return true;
    return false;
}

/* The file as it is now, but for what was found anew. */
static void merge(choices *c) {
    lines now = {0};
    forget(&c->file);
    read_lines(&now, c->path);
    for (int i = 0; i < now.n; i++)
        if (!holds(&c->found, now.v[i], head_bytes(now.v[i])))
            keep(&c->file, now.v[i], strlen(now.v[i]));
    for (int i = 0; i < c->found.n; i++) keep(&c->file, c->found.v[i], strlen(c->found.v[i]));
    forget(&now);
}

static int compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static ik_status write_lines(const choices *c, ik_error *err) {
    char aside[4096];
    snprintf(aside, sizeof aside, "%s.%ld", c->path, (long)getpid());
    FILE *f = fopen(aside, "we");
    bool ok = f != NULL;
    if (c->file.n) qsort(c->file.v, (size_t)c->file.n, sizeof *c->file.v, compare);
    for (int i = 0; i < c->file.n && ok; i++) ok = fprintf(f, "%s\n", c->file.v[i]) > 0;
    if (ok) ok = !fflush(f) && !fsync(fileno(f));
    if (f && fclose(f)) ok = false;
    if (ok && !rename(aside, c->path)) return IK_OK;
    ik_status status =
        ik_errorf(err, IK_FAILED,
                  "cuda: cannot write the choices to %s: %s; name another file by `choices`, or "
                  "`none`",
                  c->path, strerror(errno));
    if (f) unlink(aside);
    return status;
}

/* The folder, made where it is not there, is locked: no file is left behind. Where it cannot be,
 * the write is whole all the same. */
static int lock_folder(const char *path) {
    char *folder = strdup(path), *slash = folder ? strrchr(folder, '/') : NULL;
    if (slash) slash[slash == folder] = 0;
    for (char *p = slash ? folder + 1 : NULL; p && *p; p++)
        if (*p == '/') *p = 0, mkdir(folder, 0777), *p = '/';
    if (slash) mkdir(folder, 0777);
    int fd = folder ? open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) flock(fd, LOCK_EX);
    free(folder);
    return fd;
}

ik_status choices_close(choices *c, ik_error *err) {
    if (!c) return IK_OK;
    ik_status status = IK_OK;
    if (c->path && c->found.n) {
        int lock = lock_folder(c->path);
        merge(c);
        status = write_lines(c, err);
        if (lock >= 0) close(lock);
    }
    forget(&c->recalled);
    forget(&c->file);
    forget(&c->found);
    free(c->path);
    free(c->device);
    free(c);
    return status;
}

/* --- With a checkpoint: what every plan in use was made from. */

ik_status cuda_choices(void *self, char **text, ik_error *err) {
    const cuda *c = self;
    lines used = {0};
    char line[LINE], *all = NULL;
    size_t size = 1;
    for (const shared_plan *s = c->plans; s; s = s->next) {
        if (s->status) continue; /* there is none */
        choices_line(c->choices, s->problem, &s->plan, line, sizeof line);
        keep(&used, line, strlen(line));
        size += strlen(line) + 1;
    }
    all = calloc(1, size);
    if (used.n) qsort(used.v, (size_t)used.n, sizeof *used.v, compare);
    for (int i = 0, at = 0; all && i < used.n; i++)
        at += snprintf(all + at, size - (size_t)at, "%s\n", used.v[i]);
    forget(&used);
    *text = all;
    return all ? IK_OK : ik_errorf(err, IK_FAILED, "cuda: out of memory");
}

ik_status cuda_recall(void *self, const char *text, ik_error *err) {
    cuda *c = self;
    return choices_recall(c->choices, text, err);
}
