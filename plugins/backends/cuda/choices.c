/* The file of choices; see choices.h. */
#include "choices.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct choices {
    char *path, *device;
    char **lines; /* without the newline */
    int n, room;
    bool changed;
};

static void keep(choices *c, const char *line) {
    if (c->n == c->room) {
        int room = c->room ? 2 * c->room : 64;
        char **more = realloc(c->lines, (size_t)room * sizeof *more);
        if (!more) return; /* a choice is lost, which costs time only */
        c->lines = more;
        c->room = room;
    }
    c->lines[c->n] = strdup(line);
    if (c->lines[c->n]) c->n++;
}

choices *choices_open(const char *path, const char *device) {
    choices *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->path = path ? strdup(path) : NULL;
    c->device = strdup(device);
    for (char *p = c->device; p && *p; p++)
        if (*p == '\t' || *p == '\n') *p = ' ';
    FILE *f = path ? fopen(path, "r") : NULL;
    char line[4096];
    while (f && fgets(line, sizeof line, f)) {
        size_t n = strcspn(line, "\n");
        bool whole = line[n] == '\n';
        line[n] = 0;
        if (whole && n) keep(c, line);
    }
    if (f) fclose(f);
    return c;
}

void plan_text(const plan_problem *p, char *text, size_t size) {
    static const char *const kinds[] = {"forward", "data", "weights"};
    snprintf(text, size,
             "%s n%lld h%lld w%lld c%lld k%lld p%lld q%lld r%d s%d stride%d,%d pad%d,%d "
             "dilation%d,%d groups%d %s%s",
             kinds[p->kind], (long long)p->n, (long long)p->h, (long long)p->w, (long long)p->c,
             (long long)p->k, (long long)p->p, (long long)p->q, p->r, p->s, p->stride[0],
             p->stride[1], p->padding[0], p->padding[1], p->dilation[0], p->dilation[1], p->groups,
             p->type == CUDA_BF16 ? "bf16"
             : p->tf32            ? "tf32"
                                  : "f32",
             p->bias ? " bias" : "");
}

/* "device <tab> version <tab> problem <tab>": what a line begins with. */
static void head_of(const choices *c, const char *problem, char *text, size_t size) {
    snprintf(text, size, "%s\t%zu\t%s\t", c->device ? c->device : "", cudnnGetVersion(), problem);
}

/* "engine <tab> type=value,type=value <tab>" */
static bool read_number(const char **s, char end, int64_t *out) {
    char *stop;
    *out = strtoll(*s, &stop, 10);
    if (stop == *s || (*stop != end && *stop != '\t')) return false;
    *s = stop + (*stop == end);
    return true;
}

static bool read_choice(const char *s, plan_choice *out) {
    *out = (plan_choice){0};
    if (!read_number(&s, '\t', &out->engine)) return false;
    while (*s && *s != '\t') {
        if (out->knobs == PLAN_KNOBS) return false;
        int64_t *knob = out->knob[out->knobs++];
        if (!read_number(&s, '=', &knob[0]) || !read_number(&s, ',', &knob[1])) return false;
    }
    return *s == '\t';
}

bool choices_find(const choices *c, const char *problem, plan_choice *out) {
    char head[1024];
    head_of(c, problem, head, sizeof head);
    for (int i = c->n - 1; i >= 0; i--)
        if (!strncmp(c->lines[i], head, strlen(head)))
            return read_choice(c->lines[i] + strlen(head), out);
    return false;
}

void choices_add(choices *c, const char *problem, const plan *p) {
    char line[4096];
    head_of(c, problem, line, sizeof line);
    size_t at = strlen(line);
    at += (size_t)snprintf(line + at, sizeof line - at, "%lld\t", (long long)p->choice.engine);
    for (int i = 0; i < p->choice.knobs; i++)
        at += (size_t)snprintf(line + at, sizeof line - at, "%s%lld=%lld", i ? "," : "",
                               (long long)p->choice.knob[i][0], (long long)p->choice.knob[i][1]);
    snprintf(line + at, sizeof line - at, "\t%lld\t%s", (long long)p->workspace, p->notes);
    keep(c, line);
    c->changed = true;
}

static int compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static ik_status write_file(choices *c, ik_error *err) {
    char aside[4096];
    snprintf(aside, sizeof aside, "%s.%ld", c->path, (long)getpid());
    FILE *f = fopen(aside, "w");
    bool ok = f != NULL;
    if (c->n) qsort(c->lines, (size_t)c->n, sizeof *c->lines, compare);
    for (int i = 0; i < c->n && ok; i++) ok = fprintf(f, "%s\n", c->lines[i]) > 0;
    if (ok) ok = !fflush(f) && !fsync(fileno(f));
    if (f && fclose(f)) ok = false;
    if (ok && !rename(aside, c->path)) return IK_OK;
    ik_status status = ik_errorf(err, IK_FAILED, "cuda: cannot write the choices to %s: %s",
                                 c->path, strerror(errno));
    if (f) unlink(aside);
    return status;
}

ik_status choices_close(choices *c, ik_error *err) {
    if (!c) return IK_OK;
    ik_status status = c->path && c->changed ? write_file(c, err) : IK_OK;
    for (int i = 0; i < c->n; i++) free(c->lines[i]);
    free(c->lines);
    free(c->path);
    free(c->device);
    free(c);
    return status;
}
