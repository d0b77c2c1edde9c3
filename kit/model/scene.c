/* The scene: named values of a program, maps at any size, latents and the posteriors they come
 * from. Nothing is recorded before somebody asks for it. */
#include "scene.h"

#include "inadekit/philox.h"
#include "model.h"
#include "recording.h"

static ik_shape batched(const ik_graph *g, ik_shape shape) {
    ik_shape s = {.rank = shape.rank + 1, .d = {g->info.batch}};
    for (int i = 0; i < shape.rank && i + 1 < IK_MAX_RANK; i++) s.d[i + 1] = shape.d[i];
    return s;
}

static const ik__given *find_given(const ik__recording *r, const char *name) {
    for (int i = 0; i < r->n_given; i++)
        if (!strcmp(r->given[i].name, name)) return &r->given[i];
    return NULL;
}

bool ik__scene_pictures(ik_graph *g, const char *name) {
    const ik__given *known = find_given(ik__recording_of(ik__of(g)), name);
    return known ? known->dtype == IK_F32 : !strcmp(name, "edge");
}

static void unknown_value(ik__graph *g, const char *name) {
    const ik__recording *r = ik__recording_of(g);
    char list[512] = "";
    size_t at = 0;
    for (int i = 0; i < r->n_given && at < sizeof list; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s, ", r->given[i].name);
    ik__graph_fail(g,
                   "asks for the value '%s', which nothing provides; there are %sedge, and fake in "
                   "losses",
                   name, list);
}

ik_tensor *ik__scene_value(ik_graph *pub, const char *name) {
    ik__graph *g = ik__of(pub);
    ik__recording *r = ik__recording_of(g);
    if (g->failed) return NULL;
    ik__node *known = ik__names_get(&r->values, name);
    if (known) return &known->t;
    const ik__given *given = find_given(r, name);
    ik_tensor *t = NULL;
    if (given)
        t = ik__input(g, name, batched(pub, given->shape), given->dtype);
    else if (!strcmp(name, "edge"))
        t = ik_op1(pub, IK_EDGE_MAP, NULL, ik__scene_value(pub, "instance"));
    else
        unknown_value(g, name);
    if (t) ik__names_set(g, &r->values, name, t);
    return t;
}

/* Nearest, as a picture: an f32 map takes the rows that an index map of its pixels names. */
static ik_tensor *resize_picture(ik_graph *g, ik_tensor *x, int64_t height, int64_t width) {
    ik_attrs a = {.kernel = {1, 1}};
    a.stride[0] = (int)(x->shape.d[1] / height);
    a.stride[1] = (int)(x->shape.d[2] / width);
    if (x->shape.d[1] % height || x->shape.d[2] % width) {
        ik__graph_fail(ik__of(g), "a map of %lldx%lld cannot be resized to %lldx%lld here",
                       (long long)x->shape.d[1], (long long)x->shape.d[2], (long long)height,
                       (long long)width);
        return NULL;
    }
    /* The window's first pixel is floor(destination * in / out). */
    return ik_op1(g, IK_MAX_POOL, &a, x);
}

ik_tensor *ik__scene_map(ik_graph *pub, const char *name, int64_t height, int64_t width) {
    ik__graph *g = ik__of(pub);
    ik_tensor *full = ik__scene_value(pub, name);
    if (!full) return NULL;
    if (full->shape.d[1] == height && full->shape.d[2] == width) return full;
    char key[160];
    snprintf(key, sizeof key, "%s@%lldx%lld", name, (long long)height, (long long)width);
    ik__node *known = ik__names_get(&ik__recording_of(g)->maps, key);
    if (known) return &known->t;
    ik_tensor *t = full->dtype == IK_I32
                       ? ik_op1(pub, IK_RESIZE_MAP, IK_ATTRS(.size = {height, width}), full)
                       : resize_picture(pub, full, height, width);
    if (t) ik__names_set(g, &ik__recording_of(g)->maps, key, t);
    return t;
}

static const ik_posterior *find_posterior(const ik__recording *r, const char *name) {
    for (int i = 0; i < r->n_posteriors; i++)
        if (!strcmp(r->posteriors[i].name, name)) return &r->posteriors[i];
    return NULL;
}

static bool supplied(const ik__recording *r, const char *name) {
    for (const char *const *p = r->supplied; p && *p; p++)
        if (!strcmp(*p, name)) return true;
    return false;
}

static ik_tensor *standard_normals(ik__graph *g, const char *name, ik_shape shape) {
    char text[160];
    snprintf(text, sizeof text, "%s.eps", name);
    if (supplied(ik__recording_of(g), text)) return ik__input(g, text, shape, IK_F32);
    snprintf(text, sizeof text, "latent.%s", name);
    return ik__record(g, IK_RANDN, IK_ATTRS(.shape = shape, .stream = ik_stream_of(text)), 0, NULL);
}

static ik_tensor *draw(ik__graph *g, const char *name, ik_shape shape) {
    ik_tensor *eps = standard_normals(g, name, shape);
    const ik_posterior *q = find_posterior(ik__recording_of(g), name);
    if (!q || !eps) return eps;
    ik_graph *pub = &g->pub;
    return ik_add(pub, ik_mul(pub, eps, ik_exp(pub, ik_affine(pub, q->logvar, 0.5, 0))), q->mu);
}

ik_tensor *ik__scene_latent(ik_graph *pub, const char *name, ik_shape shape) {
    ik__graph *g = ik__of(pub);
    if (g->failed) return NULL;
    ik_shape full = batched(pub, shape);
    ik__node *known = ik__names_get(&ik__recording_of(g)->values, name);
    if (known) {
        if (ik_same_shape(known->t.shape, full)) return &known->t;
        char a[64], b[64];
        ik__shape_text(known->t.shape, a, sizeof a);
        ik__shape_text(full, b, sizeof b);
        ik__graph_fail(g, "asks for '%s' of shape %s, but another node has taken it as %s", name, b,
                       a);
        return NULL;
    }
    char eps[160];
    snprintf(eps, sizeof eps, "%s.eps", name);
    const ik__recording *r = ik__recording_of(g);
    bool of_exemplar = supplied(r, eps);
    /* A posterior is published even where a value is supplied: losses may ask for it. */
    if (pub->info.training || r->encodes || of_exemplar) ik__model_encode(g, name, shape);
    if (g->failed) return NULL;
    bool from_host = supplied(r, name) || (r->host_latents && !of_exemplar);
    ik_tensor *t = from_host ? ik__input(g, name, full, IK_F32) : draw(g, name, full);
    if (!t) return NULL;
    ik__names_set(g, &ik__recording_of(g)->values, name, t);
    ik__names_set(g, &ik__recording_of(g)->latents, name, t);
    return t;
}

void ik__scene_publish(ik_graph *pub, const char *name, ik_tensor *mu, ik_tensor *logvar) {
    ik__graph *g = ik__of(pub);
    ik__recording *r = ik__recording_of(g);
    if (g->failed || !mu || !logvar) return;
    if (r->n_posteriors == (int)(sizeof r->posteriors / sizeof *r->posteriors)) {
        ik__graph_fail(g, "too many posteriors");
        return;
    }
    r->posteriors[r->n_posteriors++] = (ik_posterior){ik__pool_strdup(g->pool, name), mu, logvar};
}

const ik_posterior *ik__scene_posterior(ik_graph *pub, int i) {
    const ik__recording *r = ik__recording_of(ik__of(pub));
    return i >= 0 && i < r->n_posteriors ? &r->posteriors[i] : NULL;
}
