/* A dataset: opened, read, and read again from several threads at once. */
#include "check.h"

#include "data/data.h"
#include "plugin/blame.h"
#include "plugin/plugins.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/numbers.h"

enum { ITEMS = 12, THREADS = 4, FEW = 1000 };
static const double PATIENCE = 20; /* seconds, to read all of a few items */

typedef struct reader {
    const ik__data *data;
    ik_split split;
    int n;
    int64_t index[ITEMS];
    uint64_t hash[ITEMS]; /* of what was read */
    double seconds;
    bool failed;
    ik_error err;
} reader;

static uint64_t mix(uint64_t h, const void *bytes, size_t n) {
    const unsigned char *b = bytes;
    for (size_t i = 0; i < n; i++) h = (h ^ b[i]) * 1099511628211u;
    return h;
}

static uint64_t hash_of(const ik__data_info *d, const ik__batch *b) {
    size_t pixels = (size_t)(d->height * d->width);
    uint64_t h = mix(14695981039346656037u, b->image, 3 * pixels * sizeof *b->image);
    h = mix(h, b->label, pixels * sizeof *b->label);
    h = mix(h, b->instance, pixels * sizeof *b->instance);
    return mix(h, b->names[0], strlen(b->names[0]));
}

static void *read_all(void *user) {
    reader *r = user;
    ik__batch *b = NULL;
    double begin = ik__now();
    r->failed = ik__batch_new(&ik__data_info_of(r->data)->fields, 1, &b, &r->err);
    for (int i = 0; i < r->n && !r->failed; i++) {
        r->failed = ik__data_read(r->data, r->split, r->index[i], NULL, b, 0, &r->err);
        if (!r->failed) r->hash[i] = hash_of(ik__data_info_of(r->data), b);
    }
    r->seconds = ik__now() - begin;
    ik__batch_free(b);
    return NULL;
}

/* Each from several threads, in another order in each. */
static void read_together(check_findings *f, const reader *alone, const char *split) {
    static reader r[THREADS];
    pthread_t threads[THREADS];
    int started = 0;
    for (int t = 0; t < THREADS; t++) {
        r[t] = *alone;
        for (int i = 0; i < r[t].n; i++) r[t].index[i] = alone->index[(i + t) % alone->n];
        if (pthread_create(&threads[t], NULL, read_all, &r[t])) break;
        started++;
    }
    bool same = true;
    for (int t = 0; t < started; t++) {
        pthread_join(threads[t], NULL);
        for (int i = 0; i < r[t].n; i++)
            same &= !r[t].failed && r[t].hash[i] == alone->hash[(i + t) % alone->n];
    }
    if (same)
        check_found(f, CHECK_FINE, "%s: %d threads at once read the same", split, started);
    else
        check_found(f, CHECK_WRONG,
                    "%s: %d threads at once read other data than one; `read` must not change what "
                    "`self` holds",
                    split, started);
}

/* Every item, where they are few: a fault may sit in a single one. */
static bool read_every(check_findings *f, const ik__data *data, ik_split split, const char *word) {
    const int64_t count = ik__data_info_of(data)->count[split];
    ik__batch *b = NULL;
    ik_error err = {""};
    ik_status status = ik__batch_new(&ik__data_info_of(data)->fields, 1, &b, &err);
    for (int64_t i = 0; i < count && !status; i++) {
        check_going_on();
        status = ik__data_read(data, split, i, NULL, b, 0, &err);
    }
    ik__batch_free(b);
    if (status) check_found_error(f, word, &err);
    return !status;
}

/* One item many times: what is kept of it, once is enough. */
static void read_often(check_findings *f, const ik__data *data, ik_split split, const char *word) {
    ik__batch *b = NULL;
    ik_error err = {""};
    ik_status status = ik__batch_new(&ik__data_info_of(data)->fields, 1, &b, &err);
    double begin = ik__now();
    size_t before = 0;
    int n = -CHECK_WARM;
    for (; n < CHECK_TIMES && !status && ik__now() - begin < PATIENCE; n++) {
        if (!n) before = check_heap();
        status = ik__data_read(data, split, 0, NULL, b, 0, &err);
        check_going_on();
    }
    if (n > 0) check_heap_grew(f, before, n, word);
    ik__batch_free(b);
}

static void read_split(check_findings *f, const ik__data *data, ik_split split, const char *word) {
    const ik__data_info *d = ik__data_info_of(data);
    int64_t count = d->count[split];
    if (!count) {
        check_found(f, CHECK_NOTE, "%s: no items", word);
        return;
    }
    reader a = {.data = data, .split = split, .n = count < ITEMS ? (int)count : ITEMS};
    for (int i = 0; i < a.n; i++) a.index[i] = a.n > 1 ? (int64_t)i * (count - 1) / (a.n - 1) : 0;
    reader again = a;
    read_all(&a);
    if (a.failed) {
        check_found_error(f, word, &a.err);
        return;
    }
    char each[IK__WORDS];
    bool every = count <= FEW && a.seconds / a.n * (double)count < PATIENCE;
    if (every && count > a.n && !read_every(f, data, split, word)) return;
    check_found(f, CHECK_FINE, "%s: %lld of %lld items read, labels and sizes in range, %s each",
                word, (long long)(every ? count : a.n), (long long)count,
                ik__time_words(each, a.seconds / a.n));
    read_all(&again);
    bool same = !again.failed;
    for (int i = 0; i < a.n; i++) same &= a.hash[i] == again.hash[i];
    if (!same) {
        check_found(f, CHECK_WRONG,
                    "%s: an item read twice differs; an item's data depend on its number (and "
                    "`open`'s seed) alone, or a run could not be repeated",
                    word);
        return;
    }
    check_found(f, CHECK_FINE, "%s: read again, they are the same", word);
    read_often(f, data, split, word);
    read_together(f, &a, word);
}

static void describe(check_findings *f, const ik__data *data) {
    const ik__data_info *d = ik__data_info_of(data);
    check_found(f, CHECK_FINE, "it opens: %lld labels%s, %lld training and %lld validation items",
                (long long)d->labels, d->label_names ? " with names" : "",
                (long long)d->count[IK_TRAIN], (long long)d->count[IK_VALIDATION]);
    for (int64_t i = 0; d->label_names && i < d->labels; i++)
        if (!d->label_names[i] || !*d->label_names[i])
            check_found(f, CHECK_WRONG, "label %lld has no name among its label_names",
                        (long long)i);
}

/* Without files it has to say the same of its labels. */
static void check_describe(check_findings *f, const ik__conf *conf, const ik__data *open) {
    ik__data *d = NULL;
    ik_error err = {""};
    if (ik__data_describe(conf, 1, &d, &err))
        check_found_error(f, "describe", &err);
    else if (ik__data_info_of(d)->labels != ik__data_info_of(open)->labels)
        check_found(f, CHECK_WRONG, "describe says %lld labels, open %lld",
                    (long long)ik__data_info_of(d)->labels,
                    (long long)ik__data_info_of(open)->labels);
    ik__data_close(d);
}

/* The user's `dataset:`, or one with nothing but what the user set. */
static ik_status load(const check_findings *f, const ik_plugin *p, check_placed *placed,
                      ik__conf **root, ik_error *err) {
    const check_task *w = f->what;
    char text[256];
    snprintf(text, sizeof text, "dataset: {plugin: %s, size: [64, 64]}\n", p->name);
    if (!w->pipeline) return check_placed_load(&w->sets, text, "dataset", placed, root, err);
    ik_status status = ik__conf_load(w->pipeline, w->sets.n, w->sets.v, root, err);
    const ik__conf *d = status ? NULL : ik__conf_get(*root, "dataset");
    const ik__conf *name = d && d->kind == IK_CONF_MAP ? ik__conf_get(d, "plugin") : d;
    if (status || (name && name->kind == IK_CONF_SCALAR && !strcmp(name->text, p->name)))
        return status;
    return ik_errorf(err, IK_USAGE, "%s: its `dataset:` is another", w->pipeline);
}

void check_dataset(check_findings *f, const ik_plugin *p) {
    ik__conf *root = NULL;
    ik__data *data = NULL;
    ik_error err = {""};
    check_placed placed = {.fd = -1};
    ik_status status = load(f, p, &placed, &root, &err);
    const ik__conf *conf = status ? NULL : ik__conf_get(root, "dataset");
    if (!status) status = ik__data_open(conf, 1, &data, &err);
    if (status) {
        check_found_error(f, "it does not open", &err);
    } else {
        describe(f, data);
        check_describe(f, conf, data);
        ik__blame b; /* of the readers' threads, too */
        ik__blame_begin(&b, p, "reading items");
        read_split(f, data, IK_TRAIN, "training");
        read_split(f, data, IK_VALIDATION, "validation");
        ik__blame_end(&b);
    }
    ik__data_close(data);
    ik__conf_free(root);
    check_placed_close(&placed);
}
