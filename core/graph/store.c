/* Parameters and buffers by path; see store.h. */
#include "store.h"

#include "inadekit/philox.h"

#include <stdlib.h>

ik__store *ik__store_new(void) {
    ik__store *s = calloc(1, sizeof *s);
    if (s) s->pool = ik__pool_new();
    return s;
}

void ik__store_free(ik__store *s) {
    if (!s) return;
    for (int i = 0; i < s->n_blocks; i++) {
        ik__block *b = &s->blocks[i];
        void *all[] = {b->value, b->grad, b->m, b->v, b->sum, b->ema, b->buffers};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++)
            if (all[k]) s->backend->free(s->self, all[k]);
    }
    free(s->entries);
    ik__pool_free(s->pool);
    free(s);
}

ik__entry *ik__store_find(const ik__store *s, const char *path) {
    int at = ik__index_find(&s->by_path, path);
    return at < 0 ? NULL : s->entries[at];
}

ik__block *ik__store_block(ik__store *s, const char *name) {
    for (int i = 0; i < s->n_blocks; i++)
        if (!strcmp(s->blocks[i].name, name)) return &s->blocks[i];
    if (s->n_blocks == (int)(sizeof s->blocks / sizeof *s->blocks)) return NULL;
    ik__block *b = &s->blocks[s->n_blocks++];
    snprintf(b->name, sizeof b->name, "%s", name);
    return b;
}

/* Entries start on cache lines, so that kernels may load them aligned. */
static int64_t padded(int64_t n) {
    return (n + 15) & ~(int64_t)15;
}

ik__entry *ik__store_entry(ik__store *s, const char *path, ik_shape shape, ik_init init,
                           bool learned, char *why, size_t size) {
    ik__entry *e = ik__store_find(s, path);
    if (e) {
        if (ik_same_shape(e->shape, shape) && e->learned == learned) return e;
        snprintf(why, size, "%s is used twice with different shapes", path);
        return NULL;
    }
    char network[64];
    snprintf(network, sizeof network, "%.*s", (int)strcspn(path, "."), path);
    ik__block *b = ik__store_block(s, network);
    if (!b) {
        snprintf(why, size, "more than %zu networks hold parameters",
                 sizeof s->blocks / sizeof *s->blocks);
        return NULL;
    }
    if (s->n == s->cap) {
        int cap = s->cap ? 2 * s->cap : 256;
        ik__entry **entries = realloc(s->entries, (size_t)cap * sizeof *entries);
        if (!entries) {
            snprintf(why, size, "out of memory for %s", path);
            return NULL;
        }
        s->entries = entries;
        s->cap = cap;
    }
    e = ik__pool_alloc(s->pool, sizeof *e);
    int64_t *used = learned ? &b->learned : &b->kept;
    *e = (ik__entry){.path = ik__pool_strdup(s->pool, path),
                     .shape = shape,
                     .init = init,
                     .learned = learned,
                     .block = (int)(b - s->blocks),
                     .offset = *used};
    *used += padded(ik_count(shape));
    ik__index_add(s->pool, &s->by_path, e->path, s->n);
    s->entries[s->n++] = e;
    return e;
}

void *ik__store_at(const ik__store *s, const ik__entry *e, ik__part part) {
    const ik__block *b = &s->blocks[e->block];
    void *const of[IK__PARTS] = {e->learned ? b->value : b->buffers, b->grad, b->m, b->v, b->ema};
    if (!of[part] || (part != IK__VALUE && !e->learned)) return NULL;
    return (char *)of[part] + (size_t)e->offset * s->backend->element_bytes(s->self, IK_F32);
}

void *ik__store_value(const ik__store *s, const ik__entry *e) {
    return ik__store_at(s, e, IK__VALUE);
}

void *ik__store_grad(const ik__store *s, const ik__entry *e) {
    return ik__store_at(s, e, IK__GRADIENT);
}

float *ik__store_read(const ik__store *s, const ik__entry *e, ik__part part, ik_error *err) {
    int64_t n = ik_count(e->shape);
    float *host = malloc((size_t)n * sizeof *host);
    if (!host) {
        ik_errorf(err, IK_FAILED, "out of memory for %s", e->path);
        return NULL;
    }
    if (!s->backend->download(s->self, IK_F32, n, host, ik__store_at(s, e, part), err)) return host;
    free(host);
    return NULL;
}

ik_status ik__store_write(ik__store *s, const ik__entry *e, ik__part part, const float *host,
                          ik_error *err) {
    if (part == IK__VALUE) ik__store_changed(s);
    return s->backend->upload(s->self, IK_F32, ik_count(e->shape), ik__store_at(s, e, part), host,
                              err);
}

/* --- initial values */

static void fans(ik_shape s, double *in, double *out) {
    double field = 1;
    for (int i = 2; i < s.rank; i++) field *= (double)s.d[i];
    *out = (double)(s.rank ? s.d[0] : 1) * field;
    *in = (double)(s.rank > 1 ? s.d[1] : s.rank ? s.d[0] : 1) * field;
}

static void initialise(const ik__entry *e, uint64_t seed, float *v) {
    int64_t n = ik_count(e->shape);
    uint64_t stream = ik_stream_of(e->path);
    double fan_in, fan_out, low = e->init.a, high = e->init.b, mean = 0, deviation = 1;
    fans(e->shape, &fan_in, &fan_out);
    switch (e->init.kind) {
    case IK_INIT_ZEROS:
    case IK_INIT_ONES:
        for (int64_t i = 0; i < n; i++) v[i] = e->init.kind == IK_INIT_ONES ? 1 : 0;
        return;
    case IK_INIT_FAN_IN_UNIFORM:
        high = 1 / sqrt(fan_in), low = -high; /* fall through */
    case IK_INIT_UNIFORM:
        for (int64_t i = 0; i < n; i++) {
            uint32_t w[4];
            ik_philox_block(seed, stream, 0, 0, (uint64_t)i >> 2, w);
            v[i] = (float)(low + (high - low) * ik_uniform01(w[i & 3]));
        }
        return;
    case IK_INIT_NORMAL:
        mean = e->init.a, deviation = e->init.b;
        break;
    case IK_INIT_XAVIER_NORMAL:
        deviation = e->init.a * sqrt(2 / (fan_in + fan_out));
        break;
    case IK_INIT_UNIT_NORMAL:
        break;
    }
    double square = 0;
    for (int64_t i = 0; i < n; i++) {
        double x = mean + deviation * ik_philox_normal(seed, stream, 0, 0, (uint64_t)i);
        square += x * x;
        v[i] = (float)x;
    }
    if (e->init.kind == IK_INIT_UNIT_NORMAL)
        for (int64_t i = 0; i < n; i++) v[i] = (float)(v[i] / fmax(sqrt(square), 1e-12));
}

/* Copies that a block keeps of its learned values: themselves, gradient, two moments, a second
 * gradient, an average. */
size_t ik__store_bytes(const ik__store *s, size_t unit, bool accumulate, bool ema) {
    int64_t n = 0;
    for (int i = 0; i < s->n_blocks; i++) {
        const ik__block *b = &s->blocks[i];
        int copies = 1 + (b->trained ? 3 + accumulate + (b->averaged && ema) : 0);
        n += copies * b->learned + b->kept;
    }
    return (size_t)n * unit;
}

static ik_status allocate(ik__store *s, ik__block *b, bool accumulate, bool ema, ik_error *err) {
    size_t unit = s->backend->element_bytes(s->self, IK_F32);
    struct {
        void **p;
        int64_t n;
        bool wanted;
    } rows[] = {{&b->value, b->learned, true},
                {&b->grad, b->learned, b->trained},
                {&b->m, b->learned, b->trained},
                {&b->v, b->learned, b->trained},
                {&b->sum, b->learned, b->trained && accumulate},
                {&b->ema, b->learned, b->trained && b->averaged && ema},
                {&b->buffers, b->kept, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].wanted || !rows[i].n) continue;
        *rows[i].p = s->backend->alloc(s->self, (size_t)rows[i].n * unit);
        if (!*rows[i].p)
            return ik_errorf(err, IK_FAILED, "out of memory: network '%s' needs %zu bytes a copy",
                             b->name, (size_t)rows[i].n * unit);
    }
    return IK_OK;
}

ik_status ik__store_build(ik__store *s, const ik_backend_iface *backend, void *self, uint64_t seed,
                          bool accumulate, bool ema, ik_error *err) {
    s->backend = backend;
    s->self = self;
    for (int i = 0; i < s->n_blocks; i++) {
        ik_status status = allocate(s, &s->blocks[i], accumulate, ema, err);
        if (status) return status;
    }
    for (int i = 0; i < s->n; i++) {
        int64_t n = ik_count(s->entries[i]->shape);
        float *v = malloc((size_t)n * sizeof *v);
        if (!v) return ik_errorf(err, IK_FAILED, "out of memory for %s", s->entries[i]->path);
        initialise(s->entries[i], seed, v);
        ik_status status = ik__store_write(s, s->entries[i], IK__VALUE, v, err);
        free(v);
        if (status) return status;
    }
    for (int i = 0; i < s->n_blocks; i++)
        if (s->blocks[i].ema)
            backend->copy(self, IK_F32, s->blocks[i].learned, s->blocks[i].ema, s->blocks[i].value);
    ik__store_changed(s);
    return IK_OK;
}
