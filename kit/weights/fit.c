/* Is a file of weights what is wanted? And what is not; see file.h. */
#include "file.h"

#include "base/numbers.h"
#include "base/shape.h"
#include "known.h"

#include <math.h>
#include <stdlib.h>

/* --- lists in messages */

/* What may be wrong with an entry. */
enum { MISSING, SHAPE, TYPE, SURPLUS, UNMATCHED, KINDS };
static const char *const kinds[KINDS] = {"missing", "of another shape", "of another type",
                                         "surplus", "unmatched"};
enum { FOR_SURPLUS = 300, FOR_ADVICE = 800 }; /* bytes */

/* A list that is cut where its room is filled, and then counts on. */
typedef struct listing {
    char text[1500];
    size_t used, room;
    bool full;
    int n, shown, of_kind[KINDS];
} listing;

static void IK_PRINTF(3, 4) list(listing *l, int kind, const char *format, ...) {
    char line[400];
    va_list args;
    va_start(args, format);
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): the line above does it
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (n >= (int)sizeof line) n = sizeof line - 1;
    l->n++;
    l->of_kind[kind]++;
    l->full |= l->used + (size_t)n >= l->room;
    if (l->full) return;
    memcpy(l->text + l->used, line, (size_t)n + 1);
    l->used += (size_t)n;
    l->shown++;
}

/* " and N more", where the list was cut, and how many there are of each kind. */
static const char *more(const listing *l, char text[200]) {
    const char *before = "\n  in all ";
    *text = 0;
    if (l->n == l->shown) return text;
    size_t at = (size_t)snprintf(text, 200, "\n  and %d more", l->n - l->shown);
    for (int k = 0; k < UNMATCHED; k++) {
        if (!l->of_kind[k]) continue;
        at += (size_t)snprintf(text + at, 200 - at, "%s%d %s", before, l->of_kind[k], kinds[k]);
        before = ", ";
    }
    return text;
}

/* An empty list with the room that is left beside the advice, a line of its own, to who gave no map
 * or another. */
static listing begin(const ik__wfile *f, char advice[FOR_ADVICE]) {
    *advice = 0;
    bool any = !ik__wfile_mapped(f) && ik__known_advice(f, advice + 1, FOR_ADVICE - 1);
    if (any) *advice = '\n';
    return (listing){.room = sizeof((listing *)0)->text - (any ? FOR_ADVICE : 0)};
}

/* --- what a map leaves over */

static void list_unmatched(const ik__wfile *f, listing *l) {
    for (int i = 0; i < ik__wfile_count(f); i++) {
        const ik__wfile_entry *e = ik__wfile_entry_at(f, i);
        if (e->unmatched && !e->spare) list(l, UNMATCHED, "\n  %.120s", e->origin);
    }
}

ik_status ik__wfile_all_renamed(const ik__wfile *f, ik_error *err) {
    char text[200], advice[FOR_ADVICE];
    listing l = {.n = 0};
    list_unmatched(f, &l);
    if (!l.n) return IK_OK;
    l = begin(f, advice);
    list_unmatched(f, &l);
    return ik_errorf(err, IK_FAILED, "%.300s: no rule of the map matches these names:%s%s%s",
                     ik__wfile_path(f), l.text, more(&l, text), advice);
}

/* --- what is wanted of a file */

static void compare_entry(const ik__wanted *w, const ik__wfile_entry *e, listing *l) {
    char have[128], want[128];
    if (!e) {
        list(l, MISSING, "\n  missing: %.120s", w->name);
    } else if (!ik_same_shape(e->shape, w->shape)) {
        ik__shape_text(e->shape, have, sizeof have);
        ik__shape_text(w->shape, want, sizeof want);
        list(l, SHAPE, "\n  of another shape: %.120s, %s there, %s here", w->name, have, want);
    } else if (e->dtype != IK_F32) {
        list(l, TYPE, "\n  of another type: %.120s, %.16s", w->name, e->raw_dtype);
    }
}

/* `asked` [entries]: false at first. */
static void list_all(const ik__wfile *f, int n, const ik__wanted *wanted, bool *asked, listing *l) {
    bool surplus = false;
    for (int i = 0; i < n; i++) {
        int k = ik__wfile_find(f, wanted[i].name);
        if (k >= 0) asked[k] = true;
    }
    for (int k = 0; k < ik__wfile_count(f); k++)
        surplus |= !asked[k] && !ik__wfile_entry_at(f, k)->spare;
    size_t room = l->room;
    if (surplus && room) l->room -= FOR_SURPLUS; /* some of either are shown */
    for (int i = 0; i < n; i++)
        compare_entry(&wanted[i], ik__wfile_entry_at(f, ik__wfile_find(f, wanted[i].name)), l);
    l->room = room;
    l->full = false;
    for (int k = 0; k < ik__wfile_count(f); k++) {
        const ik__wfile_entry *e = ik__wfile_entry_at(f, k);
        if (!asked[k] && !e->spare) list(l, SURPLUS, "\n  surplus: %.120s", e->origin);
    }
}

ik_status ik__wfile_fit(const ik__wfile *f, int n, const ik__wanted *wanted, ik_error *err) {
    const int there = ik__wfile_count(f);
    bool *asked = calloc((size_t)there + 1, sizeof *asked);
    if (!asked)
        return ik_errorf(err, IK_FAILED, "%s: out of memory while reading it", ik__wfile_path(f));
    char text[200], advice[FOR_ADVICE] = "";
    listing l = {.n = 0};
    list_all(f, n, wanted, asked, &l);
    if (l.n) {
        l = begin(f, advice);
        list_all(f, n, wanted, asked, &l);
    }
    free(asked);
    if (!l.n) return IK_OK;
    return ik_errorf(err, IK_FAILED,
                     "%.300s does not fit this pipeline (%d entries here, %d there):%s%s%s",
                     ik__wfile_path(f), n, there, l.text, more(&l, text), advice);
}

static ik_status fill(ik__wfile *f, const ik__wanted *w, const ik_backend_iface *backend,
                      void *self, ik_error *err) {
    int64_t n = ik_count(w->shape);
    float *host = malloc((size_t)n * sizeof *host + 1);
    if (!host)
        return ik_errorf(err, IK_FAILED, "%s: out of memory while reading it", ik__wfile_path(f));
    ik_status status = ik__wfile_read(f, ik__wfile_find(f, w->name), host, err);
    int64_t at = status ? -1 : ik__first_odd(host, n);
    if (at >= 0)
        status = ik_errorf(err, IK_FAILED,
                           "%s: %s holds %g, which no network can compute with; its conversion, or "
                           "its training, went wrong",
                           ik__wfile_path(f), w->name, isnan(host[at]) ? NAN : (double)host[at]);
    if (!status) status = backend->upload(self, IK_F32, n, w->storage, host, err);
    free(host);
    return status;
}

ik_status ik__wfile_load(ik__wfile *f, int n, const ik__wanted *wanted,
                         const ik_backend_iface *backend, void *self, ik_error *err) {
    ik_status status = ik__wfile_fit(f, n, wanted, err);
    for (int i = 0; i < n && !status; i++) status = fill(f, &wanted[i], backend, self, err);
    return status;
}
