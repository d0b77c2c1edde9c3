/* Styles from reference pictures; see exemplars.h. */
#include "exemplars.h"

#include <math.h>
#include <stdlib.h>

typedef struct exemplar {
    const char *latent;
    int64_t to, size;
    float *mu, *logvar; /* [size] */
    struct exemplar *next;
} exemplar;

struct ik__exemplars {
    exemplar *first;
};

/* Of the first row of a posterior: instance `from` where it is one of instances, [B,K,...], all
 * where it is one of pictures (from -1). */
static float *take(ik__session *s, const char *output, int64_t from, int64_t *size, ik_error *err) {
    const ik__node *n = ik__names_get(&s->encode->graph->outputs, output);
    int64_t all = ik_count(n->t.shape);
    *size = all / n->t.shape.d[0] / (from < 0 ? 1 : n->t.shape.d[1]);
    float *whole = malloc(sizeof *whole * (size_t)all),
          *part = malloc(sizeof *part * (size_t)*size);
    ik_status status = whole && part ? ik__program_tensor(s->engine, s->encode, n, whole, err)
                                     : ik_errorf(err, IK_FAILED, "out of memory for a style");
    if (!status) memcpy(part, whole + (from < 0 ? 0 : from * *size), sizeof *part * (size_t)*size);
    free(whole);
    if (!status) return part;
    free(part);
    return NULL;
}

static ik_status keep(ik__session *s, ik__exemplars *x, const char *output, const ik__style *style,
                      ik_error *err) {
    char other[160];
    exemplar *e = calloc(1, sizeof *e);
    if (!e) return ik_errorf(err, IK_FAILED, "out of memory for a style");
    e->latent = output + 3; /* "mu.NAME" */
    e->to = style->to;
    snprintf(other, sizeof other, "logvar.%s", e->latent);
    e->next = x->first;
    x->first = e;
    e->mu = take(s, output, style->from, &e->size, err);
    e->logvar = e->mu ? take(s, other, style->from, &e->size, err) : NULL;
    return e->logvar ? IK_OK : IK_FAILED;
}

/* Runs the encoder on an item. */
static ik_status encode(ik__session *s, ik__batch *scratch, const ik__style *style, ik_error *err) {
    int64_t most = s->info->count[style->split];
    if (style->item >= most)
        return ik_errorf(err, IK_USAGE, "synthesize.style: there is no item %lld, only %lld",
                         (long long)style->item, (long long)most);
    ik_status status = IK_OK;
    for (int64_t r = 0; r < scratch->n && !status; r++)
        status = ik__data_read(s->data, (ik_split)style->split, style->item, NULL, scratch, r, err);
    if (!status) status = ik__upload_batch(s, scratch, err);
    ik_step step = {(uint64_t)s->set.seed, 0, 0};
    return status ? status : ik__program_run(s->engine, s->encode, &step, true, err);
}

static ik_status keep_all(ik__session *s, const ik__batch *item, const ik__style *style,
                          ik__exemplars *x, ik_error *err) {
    int64_t last = style->from > style->to ? style->from : style->to;
    if (style->from >= item->instances[0] || last >= s->info->max_instances)
        return ik_errorf(err, IK_USAGE,
                         "synthesize.style: %s has the instances 0 to %d, there is no %lld",
                         item->names[0], (int)item->instances[0] - 1, (long long)last);
    const ik__names *out = &s->encode->graph->outputs;
    ik_status status = IK_OK;
    for (int i = 0; i < out->n && !status; i++) {
        const ik_shape *shape = &out->v[i].node->t.shape;
        bool by_instance = shape->rank > 2 && shape->d[1] == s->info->max_instances;
        if (!strncmp(out->v[i].name, "mu.", 3) && by_instance == (style->from >= 0))
            status = keep(s, x, out->v[i].name, style, err);
    }
    return status;
}

ik_status ik__exemplars_new(ik__session *s, ik__batch *scratch, ik__exemplars **out,
                            ik_error *err) {
    *out = NULL;
    if (!s->encode) return IK_OK;
    ik__exemplars *x = calloc(1, sizeof *x);
    if (!x) return ik_errorf(err, IK_FAILED, "out of memory for a style");
    ik_status status = IK_OK;
    for (int i = 0; i < s->set.synthesize.n_styles && !status; i++) {
        const ik__style *y = &s->set.synthesize.styles[i];
        bool other = !i || y[-1].item != y->item || y[-1].split != y->split;
        if (other) status = encode(s, scratch, y, err);
        if (!status) status = keep_all(s, scratch, y, x, err);
    }
    if (status)
        ik__exemplars_free(x);
    else
        *out = x;
    return status;
}

void ik__exemplars_free(ik__exemplars *x) {
    while (x && x->first) {
        exemplar *e = x->first;
        x->first = e->next;
        free(e->mu);
        free(e->logvar);
        free(e);
    }
    free(x);
}

void ik__exemplars_apply(const ik__exemplars *x, const char *latent, const int64_t *drawn,
                         float *row) {
    for (const exemplar *e = x ? x->first : NULL; e; e = e->next) {
        float *to = row + (e->to < 0 ? 0 : e->to * e->size);
        if (strcmp(e->latent, latent) || (drawn && e->to >= 0 && drawn[e->to])) continue;
        for (int64_t i = 0; i < e->size; i++) to[i] = to[i] * expf(0.5f * e->logvar[i]) + e->mu[i];
    }
}
