/* Reading, checking, deriving and drawing what a traced program reads; see trace_inputs.h. */
#include "trace_inputs.h"

#include "base/watch.h"
#include "base/words.h"
#include "data/frame.h"
#include "model/recording.h"
#include "stages/latents.h"

#include <stdlib.h>

void ik__trace_inputs_close(ik__trace_inputs *in) {
    ik__st_close(in->file);
    free(in->names);
    *in = (ik__trace_inputs){0};
}

ik_status ik__trace_inputs_open(const char *path, ik__trace_inputs *in, ik_error *err) {
    *in = (ik__trace_inputs){.path = path};
    ik_status status = ik__st_open(path, &in->file, err);
    if (status) return status;
    int n = ik__st_count(in->file);
    in->names = calloc((size_t)n + 1, sizeof *in->names);
    if (!in->names) status = ik_errorf(err, IK_FAILED, "%s: out of memory", path);
    for (int i = 0; i < n && !status; i++) {
        const ik__st_entry *e = ik__st_entry_at(in->file, i);
        in->names[i] = e->name;
        int64_t batch = e->shape.rank ? e->shape.d[0] : 0;
        if (!i) in->batch = batch;
        if (batch < 1 || batch != in->batch)
            status =
                ik_errorf(err, IK_FAILED,
                          "%s: '%s' holds %lld pictures and '%s' %lld; the first axis of every "
                          "tensor is the batch",
                          path, in->names[0], (long long)in->batch, e->name, (long long)batch);
    }
    if (!status && !n) status = ik_errorf(err, IK_FAILED, "%s: there are no tensors in it", path);
    if (status) ik__trace_inputs_close(in);
    return status;
}

/* --- names */

/* The step that a name begins with and what follows it; 0 and the name where it does not. */
static int64_t step_of(const char *name, const char **rest) {
    char *end;
    *rest = name;
    if (strncmp(name, "step", 4) || name[4] < '1' || name[4] > '9') return 0;
    int64_t step = strtoll(name + 4, &end, 10);
    if (*end != '.') return 0;
    *rest = end + 1;
    return step;
}

static bool begins_with(const char *name, const char *update) {
    size_t n = strlen(update);
    return !strncmp(name, update, n) && name[n] == '.';
}

/* What a name of the file is to a program; NULL: it is for another update. `step` 0: for all. */
static const char *name_for(const ik__players *p, const char *name, const char *program,
                            int64_t *step) {
    *step = step_of(name, &name);
    for (int i = 0; *step && i < p->n_updates; i++)
        if (begins_with(name, p->updates[i].name))
            return strcmp(p->updates[i].name, program) ? NULL : name + strlen(program) + 1;
    return name;
}

const char *const *ik__trace_inputs_supplied(const ik__trace_inputs *in, ik__session *s,
                                             int update) {
    const ik__players *p = &s->model->players;
    int n = 0, all = ik__st_count(in->file);
    const char **names = ik__pool_alloc(s->pool, sizeof *names * ((size_t)all + 1));
    for (int i = 0; i < all; i++) {
        int64_t step;
        const char *name =
            name_for(p, in->names[i], update < 0 ? "" : p->updates[update].name, &step);
        if (name && (update >= 0 || !step)) names[n++] = name;
    }
    names[n] = NULL;
    return names;
}

/* The entry for a name of the program's, -1 if there is none. */
static int find_name(const ik__trace_inputs *in, const char *program, const char *name) {
    char text[512];
    int at = -1;
    if (in->step) {
        snprintf(text, sizeof text, "step%lld.%s.%s", (long long)in->step, program, name);
        at = ik__st_find(in->file, text);
        snprintf(text, sizeof text, "step%lld.%s", (long long)in->step, name);
        if (at < 0) at = ik__st_find(in->file, text);
    }
    return at < 0 ? ik__st_find(in->file, name) : at;
}

/* That entry, if it is there and fits. */
static ik_status find(const ik__trace_inputs *in, const char *program, const char *name,
                      ik_shape want, ik_dtype dtype, int *at, ik_error *err) {
    *at = find_name(in, program, name);
    if (*at < 0) return IK_OK;
    const ik__st_entry *e = ik__st_entry_at(in->file, *at);
    name = e->name;
    char has[64], wants[64];
    ik__shape_text(e->shape, has, sizeof has);
    ik__shape_text(want, wants, sizeof wants);
    if (!ik_same_shape(e->shape, want))
        return ik_errorf(err, IK_FAILED, "%s: '%s' is %s; this pipeline takes %s", in->path, name,
                         has, wants);
    if (e->dtype != dtype)
        return ik_errorf(err, IK_FAILED, "%s: '%s' is of type %s; %s are wanted", in->path, name,
                         e->raw_dtype, dtype == IK_I32 ? "whole numbers" : "real numbers");
    return IK_OK;
}

/* --- the scene's maps */

static ik_status check_range(const ik__trace_inputs *in, const char *name, const int32_t *map,
                             ik_shape s, int64_t most, ik_error *err) {
    const int32_t *at = map;
    for (int64_t n = 0; n < s.d[0]; n++)
        for (int64_t y = 0; y < s.d[1]; y++)
            for (int64_t x = 0; x < s.d[2]; x++, at++)
                if (*at < 0 || *at >= most)
                    return ik_errorf(err, IK_FAILED,
                                     "%s: '%s' is %d in picture %lld at pixel (%lld, %lld); this "
                                     "pipeline has 0..%lld",
                                     in->path, name, *at, (long long)n, (long long)x, (long long)y,
                                     (long long)most - 1);
    return IK_OK;
}

static ik_shape batched(const ik__trace_inputs *in, ik_shape row) {
    ik_shape s = {.rank = row.rank + 1, .d = {in->batch}};
    for (int i = 0; i < row.rank; i++) s.d[i + 1] = row.d[i];
    return s;
}

/* Pictures in 0..1 or 0..255 fit as well, and all numbers would be others. */
static void check_picture(const ik__trace_inputs *in, const char *name, const float *v, int64_t n) {
    float low = v[0], high = v[0];
    for (int64_t i = 1; i < n; i++) {
        low = v[i] < low ? v[i] : low;
        high = v[i] > high ? v[i] : high;
    }
    if (low < 0 && low >= -1.01f && high <= 1.01f) return;
    ik__tell(IK__NOTED, "%s: '%s' goes from %g to %g; pictures here go from -1, black, to 1",
             in->path, name, (double)low, (double)high);
}

/* Fills a field, if it is there. */
static ik_status read_field(const ik__trace_inputs *in, const ik__session *s, const char *program,
                            int i, ik__batch *b, bool *there, ik_error *err) {
    const ik__data_info *d = s->info;
    const ik__field *f = &d->fields.v[i];
    ik_shape shape = batched(in, ik__field_shape(&d->fields, i));
    int at;
    ik_status status = find(in, program, f->name, shape, f->dtype, &at, err);
    *there = !status && at >= 0;
    if (!*there) return status;
    status = ik__st_read(in->file, at, b->field[i], err);
    if (!status && i == IK__IMAGE) check_picture(in, f->name, b->field[i], ik_count(shape));
    if (status || f->dtype != IK_I32) return status;
    int64_t most = i == IK__LABEL ? d->labels : d->max_instances;
    return check_range(in, f->name, b->field[i], shape, most, err);
}

static ik_status list_segments(const ik__trace_inputs *in, const ik__session *s, ik__batch *b,
                               ik_error *err) {
    const ik__data_info *d = s->info;
    ik__limits limits = {d->labels, d->max_instances, d->max_segments};
    ik_status status = IK_OK;
    for (int64_t i = 0; i < b->n && !status; i++) {
        ik__batch row = ik__batch_rows(b, i, 1);
        status = ik__prepare_segments(in->path, (size_t)(d->height * d->width), &limits, &row, err);
    }
    return status;
}

static ik_status require(const ik__trace_inputs *in, const ik__program *p, const ik__field *f,
                         bool there, ik_error *err) {
    char from[96] = "'label' and 'instance'";
    if (there || !ik__program_reads(p, f->name)) return IK_OK;
    if (!f->derived) snprintf(from, sizeof from, "'%s'", f->name);
    return ik_errorf(err, IK_FAILED, "%s: %s reads '%s': add %s to the file", in->path, p->name,
                     f->name, from);
}

static ik_status feed_scene(const ik__trace_inputs *in, ik__session *s, ik__program *p,
                            ik_error *err) {
    const ik__fields *f = &s->info->fields;
    bool there[IK__MOST_FIELDS] = {false};
    ik__batch *b;
    ik_status status = ik__batch_new(f, in->batch, &b, err);
    if (status) return status;
    for (int i = 0; i < f->n && !status; i++)
        if (!f->v[i].derived) status = read_field(in, s, p->name, i, b, &there[i], err);
    bool listed = there[IK__LABEL] && there[IK__INSTANCE];
    if (!status && listed) status = list_segments(in, s, b, err);
    for (int i = 0; i < f->n && !status; i++)
        status = require(in, p, &f->v[i], f->v[i].derived ? listed : there[i], err);
    if (!status) status = ik__upload_batch(s, b, err);
    ik__batch_free(b);
    return status;
}

/* --- latents */

/* The first sample of the layouts 0, 1, ..., as synthesis draws it. */
static void draw(const ik__session *s, const ik__node *n, float *to) {
    int64_t rows = n->t.shape.d[0], size = ik_count(n->t.shape) / rows;
    for (int64_t r = 0; r < rows; r++) {
        ik__latent_row row = {(uint64_t)s->set.seed, n->name, r, 1, size, 0, NULL};
        ik__latent_draw(&row, to + r * size);
    }
}

/* Given for some step or update, so that it is read, but not for this one. */
static ik_status missing(const ik__trace_inputs *in, const char *program, const char *name,
                         ik_error *err) {
    char step[32] = "", where[300] = "";
    if (in->step) snprintf(step, sizeof step, " in step %lld", (long long)in->step);
    if (in->step)
        snprintf(where, sizeof where, "'step%lld.%s.%s', or for all ", (long long)in->step, program,
                 name);
    return ik_errorf(err, IK_FAILED, "%s: %s reads '%s'%s: add %s'%s' to the file", in->path,
                     program, name, step, where, name);
}

static ik_status feed_latent(const ik__trace_inputs *in, ik__session *s, const ik__program *p,
                             const ik__node *n, ik_error *err) {
    int at;
    ik_status status = find(in, p->name, n->name, n->t.shape, IK_F32, &at, err);
    if (status) return status;
    if (at < 0 && !ik__recording_of(p->graph)->host_latents)
        return missing(in, p->name, n->name, err);
    float *host = malloc((size_t)ik_count(n->t.shape) * sizeof *host);
    if (!host) return ik_errorf(err, IK_FAILED, "%s: out of memory for '%s'", in->path, n->name);
    if (at >= 0)
        status = ik__st_read(in->file, at, host, err);
    else
        draw(s, n, host);
    if (!status) status = ik__engine_upload(s->engine, n->name, n->t.shape.d[0], host, err);
    free(host);
    return status;
}

static ik_status not_known(const ik__trace_inputs *in, const char *name, int64_t step,
                           const ik__program *p, const ik__words *known, ik_error *err) {
    char list[1024] = "";
    size_t at = 0;
    if (step > in->steps)
        return ik_errorf(err, IK_FAILED, "%s: '%s' is for step %lld; --steps asks for %lld",
                         in->path, name, (long long)step, (long long)in->steps);
    for (int k = 0; k < known->n && at < sizeof list; k++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", k ? ", " : "", known->v[k]);
    return ik_errorf(err, IK_FAILED, "%s: '%s' is no input of %s; there are %s%s", in->path, name,
                     p->name, list, in->steps ? ", and as stepN.NAME or stepN.UPDATE.NAME" : "");
}

/* A misspelt name would leave its tensor out without a word. What only other programs read is fine,
 * so that one file serves them all. */
static ik_status check_names(const ik__trace_inputs *in, const ik__session *s, const ik__program *p,
                             ik_error *err) {
    const ik__names *latents = &ik__recording_of(p->graph)->latents;
    const ik__fields *f = &s->info->fields;
    ik__words known = {0};
    char eps[160];
    for (int i = 0; i < f->n; i++)
        if (!f->v[i].derived) ik__words_add(&known, f->v[i].name);
    for (int i = 0; i < latents->n; i++) {
        snprintf(eps, sizeof eps, "%s.eps", latents->v[i].name);
        ik__words_add(&known, latents->v[i].name);
        ik__words_add(&known, eps);
    }
    ik_status status = IK_OK;
    for (int i = 0; in->names[i] && !status; i++) {
        int64_t step;
        const char *name = name_for(&s->model->players, in->names[i], p->name, &step);
        if (name && (step > in->steps || !ik__words_have(&known, name)))
            status = not_known(in, in->names[i], step, p, &known, err);
    }
    ik__words_free(&known);
    return status;
}

ik_status ik__trace_inputs_feed(const ik__trace_inputs *in, ik__session *s, ik__program *p,
                                ik_error *err) {
    ik_status status = check_names(in, s, p, err);
    if (!status) status = feed_scene(in, s, p, err);
    for (int i = 0; i < p->n && !status; i++)
        if (p->order[i]->op == IK_INPUT && ik__fields_find(&s->info->fields, p->order[i]->name) < 0)
            status = feed_latent(in, s, p, p->order[i], err);
    return status;
}
