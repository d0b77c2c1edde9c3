/* From a file's tensors to what synthesis is given; see latents_file.h. */
#include "latents_file.h"

#include "stages/latents.h"

#include <stdlib.h>

/* The input of synthesis that no dataset fills; NULL where there is none of n letters of the name.
 */
static const ik__node *find_latent(const ik__session *s, const char *name, size_t n) {
    for (int i = 0; i < s->sample->n; i++) {
        const ik__node *x = s->sample->order[i];
        if (x->op == IK_INPUT && ik__fields_find(&s->info->fields, x->name) < 0 &&
            !strncmp(x->name, name, n) && !x->name[n])
            return x;
    }
    return NULL;
}

static ik_status no_latent(const ik__trace_inputs *in, const ik__session *s, const char *name,
                           ik_error *err) {
    char list[800] = "";
    size_t at = 0;
    for (int i = 0; i < s->sample->n && at < sizeof list; i++) {
        const ik__node *x = s->sample->order[i];
        if (x->op == IK_INPUT && ik__fields_find(&s->info->fields, x->name) < 0)
            at += (size_t)snprintf(list + at, sizeof list - at, "%s%s, %s.eps", at ? ", " : "",
                                   x->name, x->name);
    }
    return ik_errorf(err, IK_FAILED,
                     "%s: '%s' is no random value that this pipeline paints with; %s%s", in->path,
                     name, at ? "there are " : "it has none", list);
}

/* Of each sample, all that the program has or, by instance, those of the layout at least. */
static bool fits(const ik_shape *has, const ik_shape *want, bool by_instance, int64_t instances) {
    if (has->rank != want->rank) return false;
    for (int i = 1; i < has->rank; i++) {
        bool fewer = by_instance && i == 1 && has->d[1] >= instances && has->d[1] <= want->d[1];
        if (has->d[i] != want->d[i] && !fewer) return false;
    }
    return true;
}

static ik_status check_shape(const ik__trace_inputs *in, const ik__session *s, const ik__node *x,
                             const ik__st_entry *e, int64_t instances, ik_error *err) {
    const ik_shape *want = &x->t.shape;
    bool by_instance = ik__latent_by_instance(x, s->info->max_instances);
    char has[64], wants[64], fewer[64] = "";
    if (e->dtype != IK_F32)
        return ik_errorf(err, IK_FAILED, "%s: '%s' is of type %s; real numbers are wanted",
                         in->path, e->name, e->raw_dtype);
    if (fits(&e->shape, want, by_instance, instances)) return IK_OK;
    ik_shape of = *want;
    of.d[0] = in->batch;
    ik__shape_text(e->shape, has, sizeof has);
    ik__shape_text(of, wants, sizeof wants);
    if (by_instance)
        snprintf(fewer, sizeof fewer, ", or for the layout's %lld instances at least",
                 (long long)instances);
    return ik_errorf(err, IK_FAILED, "%s: '%s' is %s; this pipeline takes %s%s", in->path, e->name,
                     has, wants, fewer);
}

/* The instances that are not given, which the layout does not have, stay 0. */
static ik_status read(const ik__trace_inputs *in, int at, const ik__node *x, ik__pool *pool,
                      const float **out, ik_error *err) {
    const ik__st_entry *e = ik__st_entry_at(in->file, at);
    const int64_t size = ik_count(x->t.shape) / x->t.shape.d[0],
                  has = ik_count(e->shape) / in->batch;
    float *values = ik__pool_alloc(pool, sizeof *values * (size_t)(in->batch * size));
    ik_status status = ik__st_read(in->file, at, values, err);
    for (int64_t r = in->batch - 1; r >= 0 && has < size; r--) {
        memmove(values + r * size, values + r * has, sizeof *values * (size_t)has);
        memset(values + r * size + has, 0, sizeof *values * (size_t)(size - has));
    }
    *out = values;
    return status;
}

/* A style makes this latent itself. */
static bool styled(const ik__session *s, const char *latent) {
    char name[160];
    snprintf(name, sizeof name, "mu.%s", latent);
    return s->encode && s->set.synthesize.n_styles &&
           ik__names_get(&s->encode->graph->outputs, name);
}

static ik_status take(const ik__trace_inputs *in, ik__session *s, int at, int64_t instances,
                      ik__pool *pool, ik__latent_given *out, ik_error *err) {
    static const char eps[] = ".eps";
    const ik__st_entry *e = ik__st_entry_at(in->file, at);
    size_t n = strlen(e->name), less = sizeof eps - 1;
    bool normals = n > less && !strcmp(e->name + n - less, eps);
    const ik__node *x = find_latent(s, e->name, normals ? n - less : n);
    if (!x) return no_latent(in, s, e->name, err);
    for (int i = 0; i < s->n_latents; i++)
        if (!strcmp(s->latents[i].name, x->name))
            return ik_errorf(err, IK_FAILED,
                             "%s: gives both '%s' and '%s.eps'; leave one of them out", in->path,
                             x->name, x->name);
    if (!normals && styled(s, x->name))
        return ik_errorf(
            err, IK_USAGE,
            "%s: gives '%s', which --style makes; give '%s.eps', the normals that it is "
            "made of, or leave --style out",
            in->path, x->name, x->name);
    *out = (ik__latent_given){.name = x->name, .normals = normals, .rows = in->batch};
    ik_status status = check_shape(in, s, x, e, instances, err);
    return status ? status : read(in, at, x, pool, &out->values, err);
}

ik_status ik__latents_take(const ik__trace_inputs *in, ik__session *s, int64_t instances,
                           ik__pool *pool, ik_error *err) {
    int n = ik__st_count(in->file);
    ik__latent_given *all = ik__pool_alloc(pool, sizeof *all * (size_t)n);
    ik_status status = IK_OK;
    s->latents = all;
    s->n_latents = 0;
    for (int i = 0; i < n && !status; i++) {
        status = take(in, s, i, instances, pool, &all[i], err);
        if (!status) s->n_latents++;
    }
    return status;
}
