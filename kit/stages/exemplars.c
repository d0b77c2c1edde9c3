/* Styles from reference pictures; see exemplars.h. */
#include "exemplars.h"

#include "latents.h"

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

static bool encodes_instances(const ik__session *s) {
    const ik__names *out = &s->encode->graph->outputs;
    for (int i = 0; i < out->n; i++)
        if (ik__latent_by_instance(out->v[i].node, s->info->max_instances)) return true;
    return false;
}

static ik_status check(ik__session *s, const ik__style *style, ik__batch *b, ik_error *err) {
    int64_t most = s->info->count[style->split];
    if (style->item >= most)
        return ik_errorf(err, IK_USAGE, "synthesize.style: there is no item %lld, only %lld",
                         (long long)style->item, (long long)most);
    ik_status status = ik__data_read(s->data, (ik_split)style->split, style->item, NULL, b, 0, err);
    if (status) return status;
    if (!b->pictured[0])
        return ik_errorf(err, IK_USAGE,
                         "synthesize.style: %s has no picture, so no style to take; choose an item "
                         "that has one",
                         b->names[0]);
    if (style->from < b->instances[0]) return IK_OK;
    return ik_errorf(err, IK_USAGE,
                     "synthesize.style: %s has the instances 0 to %d, there is no %lld",
                     b->names[0], (int)b->instances[0] - 1, (long long)style->from);
}

ik_status ik__exemplars_check(ik__session *s, ik__batch *scratch, ik_error *err) {
    const struct ik__synthesize *y = &s->set.synthesize;
    if (y->n_styles && s->encode && !encodes_instances(s))
        return ik_errorf(err, IK_USAGE,
                         "synthesize.style: the encoder reads pictures as a whole, so no instance "
                         "can take the style of another; `inadekit plugins list encoders` shows "
                         "which there are");
    ik_status status = IK_OK;
    for (int i = 0; i < y->n_styles && !status; i++) status = check(s, &y->styles[i], scratch, err);
    return status;
}

/* Runs the encoder on an item. */
static ik_status encode(ik__session *s, ik__batch *scratch, const ik__style *style, ik_error *err) {
    ik_status status = IK_OK;
    for (int64_t r = 0; r < scratch->n && !status; r++)
        status = ik__data_read(s->data, (ik_split)style->split, style->item, NULL, scratch, r, err);
    if (!status) status = ik__upload_batch(s, scratch, err);
    ik_step step = {(uint64_t)s->set.seed, 0, 0};
    return status ? status : ik__program_run(s->engine, s->encode, &step, true, err);
}

static ik_status keep_all(ik__session *s, const ik__style *style, ik__exemplars *x, ik_error *err) {
    const ik__names *out = &s->encode->graph->outputs;
    ik_status status = IK_OK;
    for (int i = 0; i < out->n && !status; i++) {
        bool by_instance = ik__latent_by_instance(out->v[i].node, s->info->max_instances);
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
        if (!status) status = keep_all(s, y, x, err);
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
