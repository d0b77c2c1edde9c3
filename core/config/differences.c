/* What two trees say differently; see differences.h. */
#define _GNU_SOURCE
#include "differences.h"

#include "base/text.h"
#include "tree.h"

#include <stdlib.h>

enum { MOST_LINES = 30 };

typedef struct walk {
    const char *const *apart;
    ik__text path;
    FILE *to;
    int n;
} walk;

static void put_value(FILE *to, const ik__conf *c) {
    if (!c)
        fputs("not set", to);
    else if (ik__yaml_is_flat(c))
        ik__yaml_put_flat(to, c);
    else
        fputs(c->kind == IK_CONF_MAP ? "{...}" : "[...]", to);
}

static void put_line(walk *w, const ik__conf *then, const ik__conf *now) {
    if (w->n++ >= MOST_LINES) return;
    fprintf(w->to, "\n  %s: ", w->path.data ? w->path.data : "");
    put_value(w->to, then);
    fputs(" then, ", w->to);
    put_value(w->to, now);
    fputs(" now", w->to);
}

/* 1e-4 and 0.0001 are one. */
static bool same_number(const ik__conf *a, const ik__conf *b) {
    char *end_a, *end_b;
    if (a->quoted || b->quoted || !*a->text || !*b->text) return false;
    double x = strtod(a->text, &end_a), y = strtod(b->text, &end_b);
    return !*end_a && !*end_b && x == y;
}

static bool same_scalar(const ik__conf *a, const ik__conf *b) {
    return !strcmp(a->text, b->text) || same_number(a, b);
}

static void differ(walk *w, const ik__conf *a, const ik__conf *b);

static void differ_at(walk *w, const char *key, const ik__conf *a, const ik__conf *b) {
    size_t before = w->path.n;
    for (int i = 0; !before && w->apart[i]; i++)
        if (!strcmp(w->apart[i], key)) return;
    ik__text_printf(&w->path, "%s%s", before ? "." : "", key);
    differ(w, a, b);
    w->path.n = before;
    if (w->path.data) w->path.data[before] = 0;
}

static void differ_maps(walk *w, const ik__conf *a, const ik__conf *b) {
    for (int i = 0; i < a->n; i++)
        differ_at(w, a->keys[i], a->items[i], ik__conf_get(b, a->keys[i]));
    for (int i = 0; i < b->n; i++)
        if (!ik__conf_get(a, b->keys[i])) differ_at(w, b->keys[i], NULL, b->items[i]);
}

static void differ_lists(walk *w, const ik__conf *a, const ik__conf *b) {
    for (int i = 0; i < a->n || i < b->n; i++) {
        char key[24];
        snprintf(key, sizeof key, "%d", i);
        differ_at(w, key, i < a->n ? a->items[i] : NULL, i < b->n ? b->items[i] : NULL);
    }
}

static bool same_list(const ik__conf *a, const ik__conf *b) {
    int i = 0;
    while (i < a->n && i < b->n && same_scalar(a->items[i], b->items[i])) i++;
    return i == a->n && i == b->n;
}

/* Lists of nothing but scalars are one value. */
static void differ(walk *w, const ik__conf *a, const ik__conf *b) {
    bool alike = a && b && a->kind == b->kind, same = false;
    if (alike && a->kind == IK_CONF_MAP) {
        differ_maps(w, a, b);
        return;
    }
    if (alike && a->kind == IK_CONF_LIST && !(ik__yaml_is_flat(a) && ik__yaml_is_flat(b))) {
        differ_lists(w, a, b);
        return;
    }
    if (alike) same = a->kind == IK_CONF_LIST ? same_list(a, b) : same_scalar(a, b);
    if (!same) put_line(w, a, b);
}

char *ik__conf_differences(const ik__conf *then, const ik__conf *now, const char *const *apart) {
    char *text = NULL;
    size_t size = 0;
    walk w = {.apart = apart, .to = open_memstream(&text, &size)};
    if (!w.to) return NULL;
    differ(&w, then, now);
    if (w.n > MOST_LINES) fprintf(w.to, "\n  and %d more", w.n - MOST_LINES);
    bool whole = !fclose(w.to) && !w.path.failed;
    ik__text_free(&w.path);
    if (whole) return text;
    free(text);
    return NULL;
}
