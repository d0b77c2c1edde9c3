/* Reading log.jsonl line by line. */
#define _GNU_SOURCE
#include "curves.h"

#include "folder.h"

#include "base/json.h"
#include "base/open.h"
#include "base/watch.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

const ik__series *ik__losses_find(const ik__losses *l, const char *name) {
    for (int i = 0; i < l->n; i++)
        if (!strcmp(l->series[i].name, name)) return &l->series[i];
    return NULL;
}

static bool grow(double **v, int room) {
    double *more = realloc(*v, sizeof **v * (size_t)room);
    if (more) *v = more;
    return more;
}

static void add(ik__losses *l, const char *name, double step, double value) {
    ik__series *s = (ik__series *)ik__losses_find(l, name);
    if (!s && l->n == IK__SERIES_MOST) return;
    if (!s) {
        s = &l->series[l->n++];
        snprintf(s->name, sizeof s->name, "%s", name);
    }
    if (s->n == s->room) {
        int room = 2 * s->room + 64;
        if (!grow(&s->step, room) || !grow(&s->value, room)) return;
        s->room = room;
    }
    s->step[s->n] = step;
    s->value[s->n++] = value;
}

static void add_metric(ik__losses *l, const char *name, double value) {
    if (!strcmp(name, "items") || !strcmp(name, "samples")) {
        *(*name == 'i' ? &l->items : &l->samples) = (int)value;
        return;
    }
    if (l->n_metrics == IK__METRICS_MOST) return;
    struct ik__metric *m = &l->metrics[l->n_metrics++];
    snprintf(m->name, sizeof m->name, "%s", name);
    m->value = value;
}

/* {"step":10,...losses} or {"stage":"evaluate",...metrics}. */
static void read_line(ik__losses *l, char *line, size_t n) {
    ik__json j = ik__json_on(line, n);
    double step = NAN;
    const char *key;
    bool first = true, evaluates = false;
    ik__json_enter(&j, '{');
    while (ik__json_more(&j, '}', &first)) {
        double value = NAN;
        const char *text = "";
        if (!ik__json_key(&j, &key)) return;
        if (j.p < j.end && *j.p == '"') /* "nan", "inf" */
            ik__json_string(&j, &text);
        else
            ik__json_number(&j, &value);
        if (j.problem) return;
        if (!strcmp(key, "stage"))
            evaluates = !strcmp(text, "evaluate"), l->n_metrics = 0;
        else if (evaluates)
            add_metric(l, key, value);
        else if (!strcmp(key, "step"))
            step = value;
        else if (strcmp(key, "epoch") && isfinite(step))
            add(l, key, step, value);
    }
}

bool ik__losses_read(ik__losses *l, const char *folder) {
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    *l = (ik__losses){0};
    ik__path path = ik__folder_file(folder, IK__LOG_FILE);
    FILE *f = fopen(path.text, "re");
    if (!f && errno != ENOENT)
        ik__tell(IK__NOTED, "%s: cannot be read: %s", path.text, ik__why(errno));
    while (f && (n = getline(&line, &room, f)) > 0) read_line(l, line, (size_t)n);
    if (f) fclose(f);
    free(line);
    for (int i = 0; i < l->n; i++)
        for (int k = 0; k < l->series[i].n; k++)
            if (isfinite(l->series[i].value[k])) return true;
    return false;
}

void ik__losses_free(ik__losses *l) {
    for (int i = 0; i < l->n; i++) {
        free(l->series[i].step);
        free(l->series[i].value);
    }
    *l = (ik__losses){0};
}
