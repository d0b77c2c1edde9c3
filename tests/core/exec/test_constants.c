/* What depends on weights alone is computed once, laid out as the backend wants it, and computed
 * again when weights have changed: pictures are those of a session that computes everything every
 * time, byte for byte. On both backends for the CPU, or on the one that CONSTANTS_DEVICE names. */
#include "support/suite.h"
#include <stdlib.h>

#include "session/session.h"
#include "session/start.h"
#include "stages/synthesize.h"

static const char *devices[] = {"naive", "cpu"};
static int n_devices = sizeof devices / sizeof *devices;
static const char *precision = "f32";
static ik_error err;

static void must(ik_status status) {
    ck_assert_msg(!status, "%s", err.text);
}

/* Sessions that do not train have constants. */
static ik__session *open(const char *device, bool constants) {
    char set[64], rounded[32];
    snprintf(set, sizeof set, "device=%s", device);
    snprintf(rounded, sizeof rounded, "precision=%s", precision);
    const char *sets[] = {set, rounded, constants ? "stages=[synthesize]" : "stages=[train]"};
    ik__run_options o = {
        .pipeline = SOURCE_DIR "/tests/golden/inade_small.yaml", .n_sets = 3, .sets = sets};
    ik__session *s;
    must(ik__session_open(&o, &s, &err));
    must(ik__session_ready(s, &err));
    return s;
}

typedef struct picture {
    size_t n;
    float *rgb;
} picture;

static ik_status keep(void *user, const ik__painted *p, ik_error *e) {
    (void)e;
    picture *to = user;
    memcpy(to->rgb, p->rgb, to->n * sizeof(float));
    return IK_OK;
}

static picture paint(ik__session *s) {
    picture p = {.n = (size_t)(3 * s->info->height * s->info->width)};
    p.rgb = calloc(p.n, sizeof *p.rgb);
    ck_assert_ptr_nonnull(p.rgb);
    must(ik__paint_each(s, 0, 1, 1, IK__FRESH, keep, &p, &err));
    return p;
}

static bool same(picture a, picture b) {
    bool equal = !memcmp(a.rgb, b.rgb, a.n * sizeof(float));
    free(a.rgb);
    free(b.rgb);
    return equal;
}

/* Writes other numbers into the weights of convolutions, which are read by way of constants alone.
 */
static void change(ik__session *s) {
    ik__engine *e = s->engine;
    for (int i = 0; i < e->store->n; i++) {
        const ik__entry *w = e->store->entries[i];
        const char *end = strstr(w->path, ".weight_orig");
        if (!end) continue;
        int64_t n = ik_count(w->shape);
        float *v = malloc((size_t)n * sizeof *v);
        ck_assert_ptr_nonnull(v);
        for (int64_t k = 0; k < n; k++) v[k] = (float)(k * 7 % 13 - 6) / 64;
        must(e->backend->upload(e->self, IK_F32, n, ik__store_value(e->store, w), v, &err));
        free(v);
    }
}

START_TEST(the_same_pictures) {
    for (int i = 0; i < n_devices; i++) {
        ik__session *with = open(devices[i], true), *without = open(devices[i], false);
        ck_assert_int_gt(with->sample->n_settled, 20);
        ck_assert_int_eq(without->sample->n_settled, 0);
        ck_assert_uint_gt(with->sample->kept_bytes, 0);
        for (int again = 0; again < 3; again++) /* later ones are captured on some devices */
            ck_assert_msg(same(paint(with), paint(without)), "%s, picture %d", devices[i], again);
        picture old = paint(with);
        change(with);
        ck_assert_msg(same(old, paint(with)), "%s computes constants anew", devices[i]);
        ik__store_changed(with->engine->store);
        change(without);
        for (int again = 0; again < 3; again++)
            ck_assert_msg(same(paint(with), paint(without)), "%s, changed %d", devices[i], again);
        ik__session_close(with);
        ik__session_close(without);
    }
}
END_TEST

/* Random weights, then those of the golden files, each painted: nobody has to say that they were
 * loaded. */
START_TEST(loading_tells) {
    for (int i = 0; i < n_devices; i++) {
        ik__session *with = open(devices[i], true), *without = open(devices[i], false);
        const char *file = SOURCE_DIR "/tests/golden/inade_small/weights.safetensors";
        const ik_strings files = {1, &file};
        picture first = paint(with);
        must(ik__weights_fill(with, files, NULL, &err));
        must(ik__weights_fill(without, files, NULL, &err));
        picture loaded = paint(with);
        ck_assert(memcmp(first.rgb, loaded.rgb, first.n * sizeof(float)) != 0);
        ck_assert_msg(same(loaded, paint(without)), "%s", devices[i]);
        free(first.rgb);
        ik__session_close(with);
        ik__session_close(without);
    }
}
END_TEST

/* Every layout is made of a constant, read by a convolution, and kept; what it is made of is not.
 */
START_TEST(layouts) {
    for (int i = 0; i < n_devices; i++) {
        ik__session *s = open(devices[i], true);
        const ik__program *p = s->sample;
        bool wants = IK__PROVIDES(s->engine->backend, wanted);
        int laid_out = 0;
        for (int k = 0; k < p->n; k++) {
            const ik__node *n = p->order[k];
            ck_assert_int_eq(n->constant, k < p->n_constant);
            if (n->op != IK_RELAYOUT) continue;
            ck_assert(n->kept && n->constant && n->in[0]->constant && n->t.storage > 0);
            ck_assert(n->in[0]->op != IK_SPECTRAL_SCALE || !n->in[0]->kept);
            laid_out++;
        }
        ck_assert_msg(wants == (laid_out > 10), "%s: %d layouts", devices[i], laid_out);
        ik__session_close(s);
    }
}
END_TEST

/* Layouts cannot be recorded, and training has no constants. */
START_TEST(not_elsewhere) {
    ik__session *s = open(devices[0], false);
    for (int k = 0; k < s->update[0]->n; k++)
        ck_assert(!s->update[0]->order[k]->constant && s->update[0]->order[k]->op != IK_RELAYOUT);
    ik__graph *g = ik__session_graph(s, false);
    ik_tensor *x = g->pub.api->value(&g->pub, "image");
    ck_assert_ptr_null(g->pub.api->op(&g->pub, IK_RELAYOUT, NULL, 1, &x));
    ck_assert_ptr_nonnull(strstr(g->error.text, "op relayout is not for recording"));
    ik__graph_free(g);
    ik__session_close(s);
}
END_TEST

int main(void) {
    const char *device = getenv("CONSTANTS_DEVICE"), *p = getenv("CONSTANTS_PRECISION");
    if (device) devices[0] = device, n_devices = 1;
    if (p) precision = p;
    return RUN_SUITE("constants", NULL, NULL, {the_same_pictures}, {loading_tells}, {layouts},
                     {not_elsewhere});
}
