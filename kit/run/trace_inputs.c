/* Reading, checking, deriving and drawing what a traced program reads; see trace_inputs.h. */
#include "trace_inputs.h"

#include "data/frame.h"
#include "model/recording.h"
#include "model/scene.h"
#include "stages/latents.h"

#include <stdlib.h>

void ik__trace_inputs_close(ik__trace_inputs *in) {
    ik__st_close(in->file);
    free(in->names);
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

/* The entry of that name, if it is there and fits; -1 if it is not there. */
static ik_status find(const ik__trace_inputs *in, const char *name, ik_shape want, ik_dtype dtype,
                      int *at, ik_error *err) {
    *at = ik__st_find(in->file, name);
    if (*at < 0) return IK_OK;
    const ik__st_entry *e = ik__st_entry_at(in->file, *at);
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
    for (int64_t i = 0; i < ik_count(s); i++)
        if (map[i] < 0 || map[i] >= most)
            return ik_errorf(err, IK_FAILED,
                             "%s: '%s' is %d in picture %lld at pixel (%lld, %lld); this pipeline "
                             "has 0..%lld",
                             in->path, name, map[i], (long long)(i / (s.d[1] * s.d[2])),
                             (long long)(i % s.d[2]), (long long)(i / s.d[2] % s.d[1]),
                             (long long)most - 1);
    return IK_OK;
}

static ik_status read_map(const ik__trace_inputs *in, const ik__session *s, const char *name,
                          int32_t *to, int64_t most, bool *there, ik_error *err) {
    ik_shape shape = IK_SHAPE3(in->batch, s->info->height, s->info->width);
    int at;
    ik_status status = find(in, name, shape, IK_I32, &at, err);
    *there = !status && at >= 0;
    if (!*there) return status;
    status = ik__st_read(in->file, at, to, err);
    return status ? status : check_range(in, name, to, shape, most, err);
}

static ik_status list_segments(const ik__trace_inputs *in, const ik__session *s, ik__batch *b,
                               ik_error *err) {
    const ik__data_info *d = s->info;
    ik__limits limits = {d->labels, d->max_instances, d->max_segments};
    size_t pixels = (size_t)(d->height * d->width), segments = (size_t)d->max_segments;
    ik_status status = IK_OK;
    for (size_t i = 0; i < (size_t)b->n && !status; i++) {
        ik__row row = {.label = b->label + i * pixels,
                       .instance = b->instance + i * pixels,
                       .segments = b->segments + i * pixels,
                       .segment_label = b->segment_label + i * segments,
                       .segment_instance = b->segment_instance + i * segments};
        status = ik__prepare_segments(in->path, pixels, &limits, &row, err);
    }
    return status;
}

static ik_status require(const ik__trace_inputs *in, const ik__program *p, const char *input,
                         bool there, const char *from, ik_error *err) {
    if (there || !ik__program_reads(p, input)) return IK_OK;
    return ik_errorf(err, IK_FAILED, "%s: %s reads '%s': add %s to the file", in->path, p->name,
                     input, from);
}

static ik_status feed_scene(const ik__trace_inputs *in, ik__session *s, ik__program *p,
                            ik_error *err) {
    const ik__data_info *d = s->info;
    ik__batch *b;
    ik_status status = ik__batch_new(s->data, in->batch, &b, err);
    if (status) return status;
    bool label = false, instance = false;
    int image = -1;
    status = find(in, "image", IK_SHAPE4(in->batch, d->height, d->width, 3), IK_F32, &image, err);
    if (!status && image >= 0) status = ik__st_read(in->file, image, b->image, err);
    if (!status) status = read_map(in, s, "label", b->label, d->labels, &label, err);
    if (!status)
        status = read_map(in, s, "instance", b->instance, d->max_instances, &instance, err);
    if (!status && label && instance) status = list_segments(in, s, b, err);
    static const char *const derived[] = {"segments", "segment_label", "segment_instance"};
    if (!status) status = require(in, p, "image", image >= 0, "'image'", err);
    if (!status) status = require(in, p, "label", label, "'label'", err);
    if (!status) status = require(in, p, "instance", instance, "'instance'", err);
    for (int i = 0; i < 3 && !status; i++)
        status = require(in, p, derived[i], label && instance, "'label' and 'instance'", err);
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

static ik_status feed_latent(const ik__trace_inputs *in, ik__session *s, const ik__node *n,
                             ik_error *err) {
    int at;
    ik_status status = find(in, n->name, n->t.shape, IK_F32, &at, err);
    if (status) return status;
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

/* A misspelt name would leave its tensor out without a word. What only other programs read is fine,
 * so that one file serves them all. */
static ik_status check_names(const ik__trace_inputs *in, const ik__program *p, ik_error *err) {
    const ik__names *latents = &ik__recording_of(p->graph)->latents;
    const char *known[64] = {"image", "label", "instance"};
    char eps[24][160];
    for (int i = 0; i < latents->n && i < 24; i++) {
        snprintf(eps[i], sizeof eps[i], "%s.eps", latents->v[i].name);
        known[3 + 2 * i] = latents->v[i].name;
        known[4 + 2 * i] = eps[i];
    }
    for (int i = 0; in->names[i]; i++) {
        bool ok = false;
        for (int k = 0; known[k]; k++) ok = ok || !strcmp(known[k], in->names[i]);
        if (ok) continue;
        char list[1024] = "";
        size_t at = 0;
        for (int k = 0; known[k] && at < sizeof list; k++)
            at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", k ? ", " : "", known[k]);
        return ik_errorf(err, IK_FAILED, "%s: '%s' is no input of %s; there are %s", in->path,
                         in->names[i], p->name, list);
    }
    return IK_OK;
}

ik_status ik__trace_inputs_feed(const ik__trace_inputs *in, ik__session *s, ik__program *p,
                                ik_error *err) {
    ik_status status = check_names(in, p, err);
    if (!status) status = feed_scene(in, s, p, err);
    for (int i = 0; i < p->n && !status; i++)
        if (p->order[i]->op == IK_INPUT && !ik__scene_has(p->order[i]->name))
            status = feed_latent(in, s, p->order[i], err);
    return status;
}
