/* A metric: shown pictures made up here, twice, and given up once. */
#include "check.h"

#include "inadekit/philox.h"
#include "plugin/metric.h"

enum {
    SIDE = 32,
    PIXELS = SIDE * SIDE,
    ITEMS = 3,
    SAMPLES = 3,
    LABELS = 4,
    FEATURES = 24,
    MOST = 64
};

typedef struct results {
    check_findings *f; /* NULL: what they are is looked at elsewhere */
    int n;
    char name[MOST][64];
    double value[MOST];
} results;

static void take(void *to, const char *name, double value) {
    results *r = to;
    if (!name || !*name || r->n == MOST) {
        if (r->f)
            check_found(r->f, CHECK_WRONG, "%s",
                        r->n == MOST ? "it gives too many results" : "a result has no name");
        return;
    }
    for (int i = 0; i < r->n && r->f; i++)
        if (!strcmp(r->name[i], name))
            check_found(r->f, CHECK_WRONG, "two results are called '%s'", name);
    if (r->f && !(value - value == 0))
        check_found(r->f, CHECK_WRONG, "its result '%s' is not finite", name);
    snprintf(r->name[r->n], sizeof r->name[0], "%s", name);
    r->value[r->n++] = value;
}

/* What is shown, each between guard pages. */
enum { FAKE, IMAGE, FAKE_FEATURES, IMAGE_FEATURES, LABEL, INSTANCE, SHOWN };
typedef struct show {
    check_buffer buffer[SHOWN];
    float *fake, *image, *fake_features, *image_features;
    int32_t *label, *instance;
} show;

static bool take_show(show *s) {
    static const size_t bytes[SHOWN] = {3 * PIXELS * sizeof(float), 3 * PIXELS * sizeof(float),
                                        FEATURES * sizeof(float),   FEATURES * sizeof(float),
                                        PIXELS * sizeof(int32_t),   PIXELS * sizeof(int32_t)};
    bool ok = true;
    *s = (show){0};
    for (int i = 0; i < SHOWN; i++) ok &= check_buffer_take(&s->buffer[i], bytes[i], true);
    s->fake = (float *)s->buffer[FAKE].at, s->image = (float *)s->buffer[IMAGE].at;
    s->fake_features = (float *)s->buffer[FAKE_FEATURES].at;
    s->image_features = (float *)s->buffer[IMAGE_FEATURES].at;
    s->label = (int32_t *)s->buffer[LABEL].at, s->instance = (int32_t *)s->buffer[INSTANCE].at;
    return ok;
}

static void drop_show(show *s) {
    for (int i = 0; i < SHOWN; i++) check_buffer_drop(&s->buffer[i]);
}

static void fill(float *to, int n, uint64_t stream, int64_t item, int64_t sample) {
    for (int i = 0; i < n; i++) {
        uint32_t word[4];
        ik_philox_block(1, stream, (uint64_t)item, (uint64_t)sample, (uint64_t)i, word);
        to[i] = (float)(2 * ik_uniform01(word[0]) - 1);
    }
}

/* Quarters of the picture; the same in all samples of a layout. */
static void draw(show *s, int64_t item, int64_t sample, bool features) {
    fill(s->fake, 3 * PIXELS, 1, item, sample);
    fill(s->image, 3 * PIXELS, 2, item, 0);
    if (features) fill(s->fake_features, FEATURES, 3, item, sample);
    if (features) fill(s->image_features, FEATURES, 4, item, 0);
    for (int i = 0; i < PIXELS; i++) {
        s->instance[i] = 2 * (i / SIDE * 2 / SIDE) + i % SIDE * 2 / SIDE;
        s->label[i] = (s->instance[i] + (int32_t)item) % LABELS;
    }
}

static const ik_metric_info made_up = {sizeof made_up, ITEMS, SAMPLES, SIDE, SIDE, LABELS, NULL};

/* pictures: the last layout has none, or no layout has one. */
static ik_status measure(ik__instance *m, bool pictures, bool give_up, results *to, ik_error *err) {
    const ik_metric_iface *iface = m->plugin->iface;
    ik_status status = ik__metric_begin(m, &made_up, err);
    if (status) return status;
    show whole, *s = &whole;
    if (!take_show(s)) status = ik_errorf(err, IK_FAILED, "out of memory");
    for (int64_t i = 0; i < (give_up ? 1 : ITEMS * SAMPLES) && !status; i++) {
        bool pictured = pictures && i / SAMPLES < ITEMS - 1;
        draw(s, i / SAMPLES, i % SAMPLES, iface->record != NULL);
        const ik_sample one = {.struct_size = sizeof one,
                               .name = "made_up",
                               .item = i / SAMPLES,
                               .sample = i % SAMPLES,
                               .fake = s->fake,
                               .image = pictured ? s->image : NULL,
                               .label = s->label,
                               .instance = s->instance,
                               .features = iface->record ? FEATURES : 0,
                               .fake_features = iface->record ? s->fake_features : NULL,
                               .image_features =
                                   iface->record && pictured ? s->image_features : NULL};
        status = ik__metric_add(m, &one, err);
    }
    drop_show(s);
    bool fetch = !give_up && !status;
    ik_error ignored;
    ik_status ended =
        ik__metric_end(m, fetch ? take : NULL, fetch ? to : NULL, status ? &ignored : err);
    return status ? status : ended;
}

static void report(check_findings *f, const ik_metric_info *info, const results *r) {
    char text[400] = "";
    size_t at = 0;
    for (int i = 0; i < r->n && at < sizeof text; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s %.4g", i ? ", " : "", r->name[i],
                               r->value[i]);
    check_found(f, r->n ? CHECK_FINE : CHECK_WRONG, "of %lld layouts with %lld samples each: %s",
                (long long)info->items, (long long)info->samples, r->n ? text : "no results");
}

static void measure_again(check_findings *f, ik__instance *m, const results *first) {
    results none = {0}, again = {0};
    ik_error err = {""};
    if (measure(m, true, true, &none, &err)) check_found_error(f, "given up", &err);
    if (measure(m, true, false, &again, &err)) {
        check_found_error(f, "measuring again", &err);
        return;
    }
    bool same = again.n == first->n;
    for (int i = 0; i < first->n && same; i++)
        same = !strcmp(first->name[i], again.name[i]) && first->value[i] == again.value[i];
    if (same)
        check_found(f, CHECK_FINE, "given up and begun again, it gives the same");
    else
        check_found(f, CHECK_WRONG,
                    "begun again on the same samples, it gives other results; `begin` must forget "
                    "what was gathered before");
}

/* Samples without pictures: whatever it says, it has to stand it. */
static void measure_without(check_findings *f, ik__instance *m) {
    results r = {.f = f};
    ik_error err = {""};
    ik_status status = measure(m, false, false, &r, &err);
    if (status)
        check_found(f, CHECK_NOTE, "without pictures to compare with, it refuses: %s", err.text);
    else
        check_found(f, CHECK_FINE, "without pictures to compare with, it gives %d results", r.n);
}

static void measure_often(check_findings *f, ik__instance *m) {
    static results r; /* not on the heap */
    size_t before = 0;
    int n = -CHECK_WARM;
    ik_error err;
    for (; n < CHECK_TIMES; n++) {
        if (!n) before = check_heap();
        r.n = 0;
        if (measure(m, true, false, &r, &err)) break;
        check_going_on();
    }
    if (n > 0) check_heap_grew(f, before, n, "measuring");
}

void check_metric_on(check_findings *f, ik__instance *m, const ik_metric_info *info,
                     check_give *give, void *user) {
    results r = {.f = f};
    ik_error err = {""}, ignored;
    ik_status status = ik__metric_begin(m, info, &err);
    if (status) {
        check_found_error(f, "measuring", &err);
        return;
    }
    for (int64_t i = 0; i < info->items && !status; i++) {
        ik_sample one;
        status = give(user, i, &one, &err);
        if (!status) status = ik__metric_add(m, &one, &err);
    }
    if (status)
        ik__metric_end(m, NULL, NULL, &ignored);
    else
        status = ik__metric_end(m, take, &r, &err);
    if (status)
        check_found_error(f, "measuring", &err);
    else
        report(f, info, &r);
}

void check_metric(check_findings *f, const ik_plugin *p) {
    ik__conf *root = NULL;
    ik__instance *m = NULL;
    ik_error err = {""};
    char text[256];
    check_placed placed;
    snprintf(text, sizeof text, "evaluate: {plugin: %s}\n", p->name);
    ik_status status = check_placed_load(&f->what->sets, text, "evaluate", &placed, &root, &err);
    if (!status)
        status = ik__instance_new(IK_METRIC, ik__conf_get(root, "evaluate"), NULL, &m, &err);
    results first = {.f = f};
    if (!status) status = measure(m, true, false, &first, &err);
    if (status) {
        check_found_error(f, "measuring", &err);
    } else {
        report(f, &made_up, &first);
        measure_again(f, m, &first);
        measure_without(f, m);
        measure_often(f, m);
        if (((const ik_metric_iface *)p->iface)->record)
            check_found(f, CHECK_NOTE,
                        "the features it records were made up: that a network makes "
                        "them takes a pipeline, --pipeline FILE");
    }
    ik__instance_free(m);
    ik__conf_free(root);
    check_placed_close(&placed);
}
