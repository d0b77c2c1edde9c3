/* See convert.h. */
#define _GNU_SOURCE
#include "convert.h"

#include "base/files.h"
#include "base/numbers.h"
#include "base/path.h"
#include "base/pool.h"
#include "base/watch.h"
#include "folder/folder.h"
#include "known.h"
#include "tensors/pth_write.h"
#include "tensors/safetensors.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

/* What is to be written: an entry of the file, or the number 0. */
typedef struct item {
    const char *name;
    ik_shape shape;
    ik__raw raw;
    int entry; /* -1: the number 0 */
} item;

typedef struct plan {
    ik__pool *pool;
    ik__wfile *weights, *averages;
    ik__wmap *map;
    int n;
    item *items;
    const char *to;
    bool odd;
} plan;

static void close_plan(plan *p) {
    ik__wfile_close(p->weights);
    ik__wfile_close(p->averages);
    ik__wmap_close(p->map);
    ik__pool_free(p->pool);
    free(p->items);
}

/* `to` without its last name. */
static ik__path beside(const char *to, const char *file) {
    const char *slash = strrchr(to, '/');
    return ik__path_of("%.*s%s", slash ? (int)(slash - to) + 1 : 0, to, file);
}

ik_status ik__weights_spare(const char *to, ik_error *err) {
    static const char *const files[] = {IK__WEIGHTS_FILE,  IK__OPTIMIZER_FILE, IK__CHOICES_FILE,
                                        IK__PIPELINE_FILE, IK__FACTS_FILE,     IK__LOG_FILE,
                                        IK__REPORT_FILE};
    if (!to) return IK_OK;
    bool is = ik__exists(beside(to, IK__OPTIMIZER_FILE).text), runs = is, named = false;
    if (!is) runs = ik__exists(beside(to, IK__FACTS_FILE).text);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        named |= ik__same_file(to, beside(to, files[i]).text);
    if (!runs || !named) return IK_OK;
    return ik_errorf(err, IK_USAGE,
                     "%s is one of the files of a %s, which would be lost; choose another name to "
                     "write to",
                     to, is ? "checkpoint" : "run");
}

static ik_status begin(const ik__conversion *c, plan *p, ik_error *err) {
    *p = (plan){.pool = ik__pool_new(), .to = c->to, .odd = c->odd};
    ik_status status = ik__wfile_open(c->from, &p->weights, err);
    if (!status) status = ik__apart(c->to, ik__wfile_path(p->weights), err);
    if (!status) status = ik__apart(c->to, c->map, err);
    if (!status) status = ik__weights_spare(c->to, err);
    if (!status && c->map) status = ik__wmap_open(c->map, NULL, &p->map, err);
    return status;
}

static item *add(plan *p, int *room, ik_error *err) {
    if (p->n == *room) {
        int more = *room ? 2 * *room : 256;
        item *items = realloc(p->items, (size_t)more * sizeof *items);
        if (!items) {
            ik_errorf(err, IK_FAILED, "%s: out of memory while writing it", p->to);
            return NULL;
        }
        p->items = items;
        *room = more;
    }
    return &p->items[p->n++];
}

/* What is not finite comes from a conversion that went wrong, or a training that did. */
static ik_status check_numbers(const plan *p, const item *it, const float *v, ik_error *err) {
    int64_t at = ik__first_odd(v, ik_count(it->shape));
    if (at < 0) return IK_OK;
    return ik_errorf(err, IK_FAILED,
                     "%s: %s holds %g, so nothing was written; --not-finite takes such numbers as "
                     "they are",
                     ik__wfile_path(p->weights), ik__wfile_entry_at(p->weights, it->entry)->origin,
                     isnan(v[at]) ? NAN : (double)v[at]);
}

static ik_status read_item(void *user, int i, void *to, ik_error *err) {
    const plan *p = user;
    const item *it = &p->items[i];
    if (it->entry >= 0) {
        ik_status status = ik__wfile_read(p->weights, it->entry, to, err);
        return status || p->odd || it->raw != IK__F32 ? status : check_numbers(p, it, to, err);
    }
    memset(to, 0, (size_t)ik__raw_types[it->raw].bytes);
    return IK_OK;
}

/* --- what is written */

static ik_status add_entries(plan *p, int *room, ik__converted *done, ik_error *err) {
    for (int i = 0; i < ik__wfile_count(p->weights); i++) {
        const ik__wfile_entry *e = ik__wfile_entry_at(p->weights, i);
        if (e->unmatched) {
            int k = done->left_out++;
            if (k < IK__TOLD) snprintf(done->first[k], sizeof done->first[k], "%s", e->origin);
            continue;
        }
        item *it = add(p, room, err);
        if (!it) return IK_FAILED;
        *it = (item){e->name, e->shape, e->dtype == IK_F32 ? IK__F32 : IK__I32, i};
    }
    return IK_OK;
}

/* Entries of theirs that are not kept here. Names as they were before they were mapped. */
static ik_status add_beside(plan *p, int *room, ik_error *err) {
    const char *network = ik__wmap_network(p->map);
    const size_t lead = strlen(network) + 1;
    for (int i = 0, n = ik__wfile_count(p->weights); i < n; i++) {
        const char *ours = ik__wfile_entry_at(p->weights, i)->origin;
        if (!strncmp(ours, network, lead - 1) && ours[lead - 1] == '.') ours += lead;
        char name[IK__WMAP_NAME_BYTES];
        for (int k = 0; ik__wmap_beside(p->map, k, ours, name); k++) {
            if (!*name) continue;
            item *it = add(p, room, err);
            if (!it) return IK_FAILED;
            *it = (item){ik__pool_strdup(p->pool, name), IK_SHAPE0(), IK__I64, -1};
        }
    }
    return IK_OK;
}

/* --- the two formats */

static ik_status write_safetensors(plan *p, ik_error *err) {
    ik__st_writer *w = ik__st_writer_new(p->to);
    for (int i = 0; i < p->n; i++)
        ik__st_add(w, p->items[i].name, p->items[i].raw == IK__F32 ? IK_F32 : IK_I32,
                   p->items[i].shape);
    ik__st_meta_set(w, "format", "pt");
    ik_status status = ik__st_begin(w);
    for (int i = 0; i < p->n && !status; i++) {
        int64_t n = ik_count(p->items[i].shape);
        void *host = malloc((size_t)n * 8 + 1);
        status = host ? read_item(p, i, host, err)
                      : ik_errorf(err, IK_FAILED, "%s: out of memory while writing it", p->to);
        if (status) {
            free(host);
            ik__st_abort(w);
            return status;
        }
        status = ik__st_write(w, host, n);
        free(host);
    }
    return ik__st_commit(w, err); /* says what went wrong in the writer */
}

static ik_status write_pth(plan *p, ik_error *err) {
    ik__pth_item *items = calloc((size_t)p->n + 1, sizeof *items);
    if (!items) return ik_errorf(err, IK_FAILED, "%s: out of memory while writing it", p->to);
    for (int i = 0; i < p->n; i++)
        items[i] = (ik__pth_item){p->items[i].name, p->items[i].raw, p->items[i].shape};
    ik_status status = ik__pth_write(p->to, p->n, items, read_item, p, err);
    free(items);
    return status;
}

/* --- together */

static void tell_whose(const plan *p) {
    char advice[800];
    if (!ik__known_advice(p->weights, advice, sizeof advice)) return;
    ik__tell(IK__NOTED, "%s: names stay as they are; %s", p->to, advice);
}

static bool ends(const char *name, const char *with) {
    size_t n = strlen(name), m = strlen(with);
    return n > m && !strcasecmp(name + n - m, with);
}

/* A file whose name says another kind than it is fails where it is read, far from here. */
static void tell_ending(const char *to, const char *const *others, const char *what) {
    for (int i = 0; others[i]; i++)
        if (ends(to, others[i])) ik__tell(IK__NOTED, "%s is %s, whatever its name says", to, what);
}

ik_status ik__weights_import(const ik__conversion *c, ik__converted *done, ik_error *err) {
    plan p;
    int room = 0;
    *done = (ik__converted){0};
    ik_status status = begin(c, &p, err);
    static const char *const torch[] = {".pth", ".pt", ".ckpt", ".bin", ".tar", NULL};
    if (!status && p.map) status = ik__wfile_rename(p.weights, p.map, ik__wmap_network(p.map), err);
    if (!status) status = ik__wfile_all_renamed(p.weights, err);
    if (!status && c->check) status = c->check(c->user, p.weights, err);
    if (!status) status = add_entries(&p, &room, done, err);
    if (!status) status = write_safetensors(&p, err);
    if (!status && !p.map) tell_whose(&p);
    if (!status)
        tell_ending(c->to, torch, "a safetensors file (`inadekit export` writes for PyTorch)");
    done->written = p.n;
    close_plan(&p);
    return status;
}

static ik_status open_averages(const ik__conversion *c, plan *p, ik_error *err) {
    ik__path path = ik__path_of("%s/" IK__OPTIMIZER_FILE, c->from);
    ik_status status = ik__apart(c->to, path.text, err);
    if (!status) status = ik__wfile_open(path.text, &p->averages, err);
    if (!status && ik__wfile_overlay(p->weights, p->averages, "ema.")) return IK_OK;
    return status ? status
                  : ik_errorf(err, IK_FAILED,
                              "%s holds no averaged weights; it was trained without "
                              "`train: {ema: ...}`",
                              c->from);
}

ik_status ik__weights_export(const ik__conversion *c, ik__converted *done, ik_error *err) {
    static const char *const others[] = {".onnx", ".npz", ".npy", ".h5", ".pb", ".gguf", NULL};
    bool safetensors = ends(c->to, ".safetensors");
    plan p;
    int room = 0;
    *done = (ik__converted){0};
    ik_status status = begin(c, &p, err);
    if (!status && c->averages) status = open_averages(c, &p, err);
    if (!status && p.map) status = ik__wfile_rename_back(p.weights, p.map, err);
    if (!status) status = ik__wfile_all_renamed(p.weights, err);
    if (!status) status = add_entries(&p, &room, done, err);
    if (!status && p.map) status = add_beside(&p, &room, err);
    if (!status) status = safetensors ? write_safetensors(&p, err) : write_pth(&p, err);
    if (!status) tell_ending(c->to, others, "a file for torch.load");
    done->written = p.n;
    close_plan(&p);
    return status;
}
