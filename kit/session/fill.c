/* Networks from the files that a command names; see start.h. */
#include "start.h"

#include "base/files.h"
#include "base/path.h"
#include "weights/file.h"
#include "weights/known.h"

#include <stdlib.h>

typedef struct source {
    const char *path;
    const ik__wfile *file;
    bool named;               /* its entries begin with networks' names; */
    const ik__network *alone; /* else they are all of this one; NULL: of none that is needed */
} source;

typedef struct filling {
    ik__session *s;
    int n;
    source *sources;
    bool *averaged;
} filling;

/* --- which file is for which network */

/* The network's next entry from number *i on, which moves behind it; NULL where there is none. */
static const ik__entry *next_entry(const ik__session *s, const ik__network *net, int *i) {
    const ik__store *st = s->engine->store;
    while (*i < st->n) {
        const ik__entry *e = st->entries[(*i)++];
        if (!strcmp(st->blocks[e->block].name, net->name)) return e;
    }
    return NULL;
}

static bool needed(const ik__session *s, const ik__network *net) {
    return next_entry(s, net, &(int){0}) != NULL;
}

/* The path is NETWORK.NAME. */
static const char *name_in(const source *from, const ik__entry *e) {
    return from->named ? e->path : strchr(e->path, '.') + 1;
}

static bool has(const source *from, const ik__entry *e) {
    return ik__wfile_find(from->file, name_in(from, e)) >= 0;
}

static bool is_named(const ik__model *m, const ik__wfile *f) {
    for (int i = 0; i < m->n_networks; i++)
        if (ik__wfile_holds(f, m->networks[i].name)) return true;
    return false;
}

/* The network that has most of the names, more than `most`; NULL: there is none. */
static const ik__network *network_of(const ik__session *s, const source *from, int most) {
    const ik__model *m = s->model;
    const ik__network *best = NULL;
    const ik__entry *e;
    for (int i = 0; i < m->n_networks; i++) {
        if (!needed(s, &m->networks[i])) continue;
        int n = 0;
        for (int k = 0; (e = next_entry(s, &m->networks[i], &k));) n += has(from, e);
        if (n > most) best = &m->networks[i], most = n;
    }
    return best;
}

static ik_status of_none(const source *from, const char *advice, ik_error *err) {
    return ik_errorf(err, IK_FAILED, "%s holds nothing for a network that is needed here; %s",
                     from->path,
                     *advice ? advice : "its entries would be called as generator.conv_img.weight");
}

static ik_status open_source(filling *f, source *from, const char *path, ik_error *err) {
    *from = (source){.path = path};
    ik__wfile *file;
    ik_status status = ik__wfile_open(path, &file, err);
    from->file = file;
    if (status) return status;
    from->named = is_named(f->s->model, from->file);
    if (!from->named) from->alone = network_of(f->s, from, 0);
    if (from->named || from->alone) return IK_OK;
    char advice[800] = "";
    /* Of a single file the list of what does not fit tells more than that nothing does. */
    if (!ik__known_advice(from->file, advice, sizeof advice) && f->n == 1)
        from->alone = network_of(f->s, from, -1);
    return from->alone ? IK_OK : of_none(from, advice, err);
}

static bool is_for(const source *from, const ik__network *net) {
    return from->named ? ik__wfile_holds(from->file, net->name) : from->alone == net;
}

/* --- filling */

static ik_status both(const filling *f, const ik__network *net, const source *a, const source *b,
                      ik_error *err) {
    const ik__entry *e;
    for (int i = 0; (e = next_entry(f->s, net, &i));)
        if (has(a, e) && has(b, e))
            return ik_errorf(err, IK_USAGE, "%s and %s both bring %s; leave one of them out",
                             a->path, b->path, e->path);
    return ik_errorf(err, IK_USAGE,
                     "%s and %s both bring parameters of the network '%s'; it comes from one file",
                     a->path, b->path, net->name);
}

static ik_status nowhere(const filling *f, const ik__network *net, ik_error *err) {
    char all[700] = "";
    size_t at = 0;
    for (int i = 0; i < f->n && at < sizeof all; i++)
        at += (size_t)snprintf(all + at, sizeof all - at, "%s%s",
                               !i             ? ""
                               : i + 1 < f->n ? ", "
                                              : " and ",
                               f->sources[i].path);
    return ik_errorf(err, IK_FAILED, "%s %s nothing for the network '%s', which is needed here",
                     all, f->n > 1 ? "hold" : "holds", net->name);
}

/* Puts the averages of a checkpoint, entries `ema.PATH`, in the weights' place. */
static ik_status take_averages(filling *f, const ik__network *net, const char *path,
                               ik_error *err) {
    ik__store *st = f->s->engine->store;
    ik__wfile *file;
    const ik__entry *e;
    char text[1100];
    snprintf(text, sizeof text, "ema.%s", net->name);
    ik_status status = ik__wfile_open(path, &file, err);
    if (!status) status = ik__wfile_keep(file, text, true, err);
    ik__pool *pool = ik__pool_new();
    ik__wanted *wanted = ik__pool_alloc(pool, sizeof *wanted * (size_t)(st->n + 1));
    int n = 0;
    for (int i = 0; !status && (e = next_entry(f->s, net, &i));) {
        if (!e->learned) continue;
        snprintf(text, sizeof text, "ema.%s", e->path);
        wanted[n++] = (ik__wanted){ik__pool_strdup(pool, text), e->shape, ik__store_value(st, e)};
    }
    if (!status && n && ik__wfile_count(file)) {
        status = ik__wfile_load(file, n, wanted, st->backend, st->self, err);
        ik__store_changed(st);
        *f->averaged = true;
    }
    ik__wfile_close(file);
    ik__pool_free(pool);
    return status;
}

static ik_status fill_network(filling *f, const ik__network *net, ik_error *err) {
    const source *from = NULL;
    for (int i = 0; i < f->n; i++) {
        if (!is_for(&f->sources[i], net)) continue;
        if (from) return both(f, net, from, &f->sources[i], err);
        from = &f->sources[i];
    }
    if (!from && net->weights.random) return IK_OK;
    if (!from && net->weights.file) return ik__weights_start_network(f->s, net->name, err);
    if (!from) return nowhere(f, net, err);
    ik_status status = ik__weights_take(f->s, net, from->path, from->named, err);
    ik__path optimizer = ik__path_of("%s/" IK__OPTIMIZER_FILE, from->path);
    bool trained = false;
    if (!status && f->averaged && from->named) status = ik__look(optimizer.text, &trained, err);
    return status || !trained ? status : take_averages(f, net, optimizer.text, err);
}

ik_status ik__weights_fill(ik__session *s, ik_strings files, bool *averaged, ik_error *err) {
    const ik__model *m = s->model;
    filling f = {.s = s, .n = files.n, .averaged = averaged};
    f.sources = calloc((size_t)files.n + 1, sizeof *f.sources);
    if (averaged) *averaged = false;
    ik_status status = f.sources ? IK_OK : ik_errorf(err, IK_FAILED, "out of memory");
    for (int i = 0; i < files.n && !status; i++)
        status = open_source(&f, &f.sources[i], files.v[i], err);
    for (int i = 0; i < m->n_networks && !status; i++)
        if (needed(s, &m->networks[i])) status = fill_network(&f, &m->networks[i], err);
    for (int i = 0; f.sources && i < f.n; i++) ik__wfile_close((ik__wfile *)f.sources[i].file);
    free(f.sources);
    return status;
}

/* --- fitting alone */

static ik_status no_network(const ik__session *s, const ik__wfile *file, ik_error *err) {
    char all[700] = "";
    size_t at = 0;
    for (int i = 0; i < s->model->n_networks && at < sizeof all; i++)
        at += (size_t)snprintf(all + at, sizeof all - at, "%s%s", i ? ", " : "",
                               s->model->networks[i].name);
    return ik_errorf(err, IK_FAILED,
                     "%s holds nothing for a network of this pipeline, which has %s",
                     ik__wfile_path(file), all);
}

ik_status ik__weights_fit(void *session, const ik__wfile *file, ik_error *err) {
    ik__session *s = session;
    const ik__model *m = s->model;
    const ik__entry *e;
    source from = {.path = ik__wfile_path(file), .file = file};
    from.named = is_named(m, file);
    if (!from.named) from.alone = network_of(s, &from, 0);
    ik__wanted *wanted = calloc((size_t)s->engine->store->n + 1, sizeof *wanted);
    if (!wanted) return ik_errorf(err, IK_FAILED, "out of memory");
    int n = 0;
    for (int i = 0; i < m->n_networks; i++)
        for (int k = 0; is_for(&from, &m->networks[i]) && (e = next_entry(s, &m->networks[i], &k));)
            wanted[n++] = (ik__wanted){.name = name_in(&from, e), .shape = e->shape};
    ik_status status = n ? ik__wfile_fit(file, n, wanted, err) : no_network(s, file, err);
    free(wanted);
    return status;
}
