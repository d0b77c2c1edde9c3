/* Where networks start from; see start.h. */
#include "start.h"

#include "base/files.h"
#include "base/watch.h"
#include "weights/file.h"
#include "weights/known.h"

#include <stdlib.h>

static int list_wanted(const ik__store *st, const char *network, ik__wanted *wanted) {
    int n = 0;
    for (int i = 0; i < st->n; i++) {
        const ik__entry *e = st->entries[i];
        if (strcmp(st->blocks[e->block].name, network)) continue;
        void *storage = st->backend ? ik__store_value(st, e) : NULL; /* not before it is built */
        wanted[n++] = (ik__wanted){e->path, e->shape, storage};
    }
    return n;
}

/* Averaged weights start where the weights do. */
static void start_average(const ik__store *st, const char *network) {
    for (int i = 0; i < st->n_blocks; i++) {
        const ik__block *b = &st->blocks[i];
        if (b->ema && !strcmp(b->name, network))
            st->backend->copy(st->self, IK_F32, b->learned, b->ema, b->value);
    }
}

static ik_status open_file(const ik__weights_key *key, const ik__network *net, ik__wfile **file,
                           ik_error *err) {
    ik_error why;
    if (!ik__wfile_open(key->file, file, &why)) return IK_OK;
    char without[160] = "";
    if (net->frozen)
        snprintf(without, sizeof without, "; `--set networks.%.64s.weights=random` does without",
                 net->name);
    return ik__conf_fail(key->at, err, "weights of network '%s': %.1500s%s%s%s", net->name,
                         why.text, key->from ? "; it is to be had at " : "",
                         key->from ? key->from : "", without);
}

/* The map of the pipeline's file knows for which network it is. */
static ik_status rename_entries(const ik__weights_key *key, ik__wfile *file, const char *network,
                                ik_error *err) {
    ik__wmap *map;
    ik_status status = ik__wmap_open(key->map, ik__conf_get(key->at, "map"), &map, err);
    if (status) return status;
    status = ik__wfile_rename(file, map, network ? network : ik__wmap_network(map), err);
    ik__wmap_close(map);
    return status;
}

/* How many networks looked into the pipeline's file, and how many found something. */
typedef struct shared {
    int asked, found;
} shared;

/* The entries that are wanted of a file, where the network is not pruned, and the file with its
 * entries under their names here; NULL where it holds nothing of the network and need not. */
static ik_status look(ik__session *s, const ik__network *net, const ik__weights_key *key,
                      shared *common, ik__wanted **wanted, int *n, ik__wfile **file,
                      ik_error *err) {
    ik__store *st = s->engine->store;
    *file = NULL;
    *wanted = calloc((size_t)st->n + 1, sizeof **wanted);
    if (!*wanted) return ik_errorf(err, IK_FAILED, "out of memory");
    *n = list_wanted(st, net->name, *wanted);
    if (!*n) return IK_OK;
    ik_status status = open_file(key, net, file, err);
    if (!status && key->map) status = rename_entries(key, *file, common ? NULL : net->name, err);
    if (!status) status = ik__wfile_keep(*file, net->name, common || key->map, err);
    bool found = !status && (!common || ik__wfile_count(*file));
    if (common) common->asked++, common->found += found;
    if (found) return IK_OK;
    ik__wfile_close(*file);
    *file = NULL;
    return status;
}

/* Is anything painted or measured that was not trained before? */
static bool paints_first(const ik__settings *set) {
    for (int i = 0; i < set->stages.n; i++) {
        const char *stage = set->stages.v[i];
        if (!strcmp(stage, "train")) return false;
        if (!strcmp(stage, "synthesize") || !strcmp(stage, "evaluate")) return true;
    }
    return false;
}

/* Where nothing trains before it paints, a checkpoint's averages are what is wanted, as `inadekit
 * synthesize` takes them. They are read from *over, which lives as long as the file is read. */
static ik_status take_averages(const ik__session *s, const ik__network *net,
                               const ik__weights_key *key, ik__wfile *file, ik__wfile **over,
                               ik_error *err) {
    ik__path path = ik__path_of("%s/" IK__OPTIMIZER_FILE, key->file);
    *over = NULL;
    if (!paints_first(&s->set) || !ik__exists(path.text)) return IK_OK;
    ik_status status = ik__wfile_open(path.text, over, err);
    if (!status && ik__wfile_overlay(file, *over, "ema."))
        ik__tell(IK__SAID, "network '%s': the averaged weights of %s", net->name, key->file);
    return status;
}

static void note_filled(ik__session *s, const ik__network *net) {
    s->model->networks[net - s->model->networks].filled = true;
}

static ik_status start(ik__session *s, const ik__network *net, const ik__weights_key *key,
                       shared *common, ik_error *err) {
    ik__store *st = s->engine->store;
    ik__wanted *wanted;
    ik__wfile *file;
    int n;
    ik_status status = look(s, net, key, common, &wanted, &n, &file, err);
    ik__wfile *over = NULL;
    if (file) {
        if (key->at) status = take_averages(s, net, key, file, &over, err);
        if (!status) status = ik__wfile_load(file, n, wanted, st->backend, st->self, err);
        ik__store_changed(st);
        start_average(st, net->name);
        note_filled(s, net);
    }
    ik__wfile_close(over);
    ik__wfile_close(file);
    free(wanted);
    return status;
}

/* The same in a dry run: a file that is there has to fit, one that is not is mentioned. */
static ik_status look_only(ik__session *s, const ik__network *net, const ik__weights_key *key,
                           shared *common, FILE *to, ik_error *err) {
    bool there;
    ik_status status = ik__look(key->file, &there, err);
    if (status) return status;
    if (!there) {
        fprintf(to, "  %-16s %s, which is not there%s%s\n", net->name, key->file,
                key->from ? "; it is to be had at " : "", key->from ? key->from : "");
        if (common) common->found++; /* nothing can be said */
        note_filled(s, net);
        ik__wfile *none = NULL;
        ik_status missing = open_file(key, net, &none, err);
        ik__wfile_close(none);
        return missing;
    }
    ik__wanted *wanted;
    ik__wfile *file;
    int n;
    status = look(s, net, key, common, &wanted, &n, &file, err);
    if (file) status = ik__wfile_fit(file, n, wanted, err);
    if (file && !status) note_filled(s, net);
    if (file && !status)
        fprintf(to, "  %-16s %s, %d entries\n", net->name, ik__wfile_path(file), n);
    ik__wfile_close(file);
    free(wanted);
    return status;
}

ik_status ik__weights_take(ik__session *s, const ik__network *net, const char *path, bool strict,
                           ik_error *err) {
    const ik__weights_key key = {.file = path};
    shared one = {0};
    return start(s, net, &key, strict ? &one : NULL, err);
}

ik_status ik__weights_start_network(ik__session *s, const char *network, ik_error *err) {
    const ik__network *net = ik__model_network(s->model, network);
    return net && net->weights.file ? start(s, net, &net->weights, NULL, err) : IK_OK;
}

static ik_status nothing_found(const ik__weights_key *key, ik_error *err) {
    char advice[800] = "its entries would be called as generator.conv_img.weight";
    ik__wfile *file;
    ik_error ignored; /* it was opened before */
    if (!key->map && !ik__wfile_open(key->file, &file, &ignored)) {
        ik__known_advice(file, advice, sizeof advice);
        ik__wfile_close(file);
    }
    return ik__conf_fail(key->at, err,
                         "weights: %s holds nothing for a network of this pipeline; %s", key->file,
                         advice);
}

/* With `to` a dry run. */
static ik_status for_all(ik__session *s, FILE *to, ik_error *err) {
    const ik__model *m = s->model;
    shared common = {0};
    ik_status status = IK_OK;
    for (int i = 0; i < m->n_networks && (to || !status); i++) { /* a dry run looks at all */
        const ik__network *net = &m->networks[i];
        bool own = net->weights.file || net->weights.random;
        const ik__weights_key *key = own ? &net->weights : &m->weights;
        if (net->weights.random && net->frozen && !to)
            ik__tell(IK__NOTED, "network '%s' is frozen with random weights, as the pipeline says",
                     net->name);
        if (!key->file) continue;
        ik_error why;
        ik_status one = to ? look_only(s, net, key, own ? NULL : &common, to, &why)
                           : start(s, net, key, own ? NULL : &common, &why);
        if (!one || status) continue;
        status = one;
        *err = why;
    }
    if (status || common.found || !common.asked) return status;
    return nothing_found(&m->weights, err);
}

/* Does a program that paints or measures read the network's parameters? */
static bool reads(const ik__program *p, const ik__session *s, const char *network) {
    for (int i = 0; p && i < p->n; i++) {
        const ik__node *n = p->order[i];
        if (n->op == IK_PARAM && !strcmp(s->engine->store->blocks[n->entry->block].name, network))
            return true;
    }
    return false;
}

bool ik__weights_random_words(const ik__session *s, char *text, size_t size) {
    const ik__model *m = s->model;
    const ik__program *measured = s->evaluation ? s->evaluation->program : NULL;
    size_t at = 0;
    *text = 0;
    for (int i = 0; paints_first(&s->set) && i < m->n_networks && at < size; i++) {
        const char *name = m->networks[i].name;
        bool random = !m->networks[i].filled && !m->networks[i].weights.random;
        if (random &&
            (reads(s->sample, s, name) || reads(s->encode, s, name) || reads(measured, s, name)))
            at += (size_t)snprintf(text + at, size - at, "%s%s", at ? ", " : "", name);
    }
    if (at && at < size)
        snprintf(text + at, size - at,
                 ": random, nothing has trained them; --resume, or `weights: FILE`, takes trained "
                 "ones");
    return at > 0;
}

ik_status ik__weights_start(ik__session *s, ik_error *err) {
    return for_all(s, NULL, err);
}

ik_status ik__weights_try(ik__session *s, FILE *to, ik_error *err) {
    bool any = s->model->weights.file != NULL;
    for (int i = 0; i < s->model->n_networks; i++)
        any |= s->model->networks[i].weights.file != NULL;
    if (!any) return IK_OK;
    char *text = NULL;
    size_t n;
    FILE *unheard = to ? NULL : open_memstream(&text, &n);
    if (!to && !unheard) return ik_errorf(err, IK_FAILED, "out of memory");
    fprintf(to ? to : unheard, "\nweights\n");
    ik_status status = for_all(s, to ? to : unheard, err);
    if (unheard) fclose(unheard);
    free(text);
    return status;
}
