/* One picture: a session whose dataset is replaced by the files given, painted as any layout is. */
#include "paint_file.h"

#include "base/files.h"
#include "base/watch.h"
#include "latents_file.h"
#include "painter.h"
#include "pictures/grid.h"
#include "pictures/image.h"
#include "pictures/resize.h"
#include "stages/synthesize.h"

#include <stdlib.h>

typedef struct job {
    const ik__paint_file *o;
    ik__painter p;
    ik__trace_inputs latents; /* file NULL: none are given */
    int64_t samples;
    ik__grid *sheet;
    int columns, ahead; /* cells before the samples */
    bool *mask;         /* [H,W]: what varies */
    char vary[256];
    const char *style[3]; /* its files */
} job;

/* The map as messages and pictures name it. */
static const char *name_of(const job *j) {
    return j->o->label ? j->o->label : j->p.layout->names[0];
}

/* One of the pipeline's own. */
static ik_status read_own_layout(job *j, ik_error *err) {
    int64_t n = j->p.s->info->count[IK_VALIDATION];
    if (j->o->layout < n) return ik__painter_layout(&j->p, err);
    return ik_errorf(err, IK_USAGE,
                     "--layout %lld: the pipeline's dataset has %lld layouts to validate on, "
                     "numbered from 0",
                     (long long)j->o->layout, (long long)n);
}

/* Says what resizing, as training does it, made of a map. */
static ik_status read_layout(job *j, ik_error *err) {
    const ik__paint_file *o = j->o;
    const ik__data_info *d = j->p.s->info;
    j->p.item = o->layout;
    if (!o->label) return read_own_layout(j, err);
    const ik__item_files files = {.label = o->label, .instance = o->instance};
    ik__data_replace(j->p.s->data, IK_VALIDATION, &files);
    ik__data_number(j->p.s->data, IK_VALIDATION, o->layout);
    ik_status status = ik__painter_layout(&j->p, err);
    int h = 0, w = 0;
    int32_t *map = NULL;
    if (!status) status = ik__images.read_map(o->label, 16, &h, &w, &map, err);
    free(map);
    if (!status && (h != d->height || w != d->width))
        ik__tell(IK__SAID, "%s: %dx%d, resized to %lldx%lld (nearest), as in training", o->label, w,
                 h, (long long)d->width, (long long)d->height);
    return status;
}

/* --- what varies */

/* The values of the instance map's file, resized as the layout is. */
static ik_status read_values(const job *j, int32_t *map, ik_error *err) {
    const ik__paint_file *o = j->o;
    const ik__data_info *d = j->p.s->info;
    int h, w;
    int32_t *whole = NULL;
    ik_status status = ik__images.read_map(o->instance, 16, &h, &w, &whole, err);
    if (!status && !ik__resize_nearest(whole, h, w, map, (int)d->height, (int)d->width))
        status = ik_errorf(err, IK_FAILED, "%s: out of memory", o->instance);
    free(whole);
    return status;
}

/* Instances are named by their values in the file; the layout has them numbered, and one of the
 * data's has no other names for them. */
static ik_status vary_instances(job *j, ik_error *err) {
    const ik__paint_file *o = j->o;
    const ik__data_info *d = j->p.s->info;
    int32_t *map = j->p.layout->instance;
    ik_status status = IK_OK;
    if (o->label && !o->instance)
        return ik_errorf(err, IK_USAGE,
                         "--vary-instance needs --instance, a map that tells instances "
                         "apart; without one there is --vary-label");
    if (o->instance) {
        map = ik__pool_alloc(j->p.pool, sizeof *map * (size_t)(d->height * d->width));
        status = read_values(j, map, err);
    }
    ik_error why = {""};
    for (int i = 0; i < o->n_vary_instances && !status; i++) {
        status = ik__painter_vary_instance(&j->p, map, o->vary_instances[i],
                                           o->instance ? o->instance : name_of(j), &why);
        if (status) ik_errorf(err, status, "--vary-instance: %s", why.text);
    }
    return status;
}

/* What a file's text says of it. */
static void describe_vary(job *j) {
    const ik__paint_file *o = j->o;
    size_t at = 0, size = sizeof j->vary;
    for (int i = 0; i < o->vary_labels.n && at < size; i++)
        at += (size_t)snprintf(j->vary + at, size - at, "%slabel %s", at ? ", " : "",
                               o->vary_labels.v[i]);
    for (int i = 0; i < o->n_vary_instances && at < size; i++)
        at += (size_t)snprintf(j->vary + at, size - at, "%sinstance %lld", at ? ", " : "",
                               (long long)o->vary_instances[i]);
    if (!at) snprintf(j->vary, size, "all");
}

static ik_status set_vary(job *j, ik_error *err) {
    const ik__paint_file *o = j->o;
    const ik__data_info *d = j->p.s->info;
    describe_vary(j);
    if (!o->vary_labels.n && !o->n_vary_instances) return IK_OK;
    ik_status status = IK_OK;
    ik_error why = {""};
    for (int i = 0; i < o->vary_labels.n && !status; i++) {
        status = ik__painter_vary_label(&j->p, o->vary_labels.v[i], name_of(j), &why);
        if (status) ik_errorf(err, status, "--vary-label: %s", why.text);
    }
    if (!status && o->n_vary_instances) status = vary_instances(j, err);
    int64_t pixels = d->height * d->width;
    j->mask = ik__pool_alloc(j->p.pool, sizeof *j->mask * (size_t)pixels);
    for (int64_t i = 0; i < pixels; i++)
        j->mask[i] = ik__painter_varies(&j->p, j->p.layout->instance[i]);
    return status;
}

/* --- style */

static ik_status set_style(job *j, ik_error *err) {
    char *part[4] = {NULL}, *rest = ik__pool_strdup(j->p.pool, j->o->style);
    int n = 0;
    while (n < 4 && (part[n] = strsep(&rest, ","))) n++;
    if (n < 2 || n > 3 || !*part[0] || !*part[1] || (n == 3 && !*part[2]))
        return ik_errorf(err, IK_USAGE,
                         "--style: PICTURE,LABEL or PICTURE,LABEL,INSTANCE is wanted, not "
                         "'%s'",
                         j->o->style);
    memcpy(j->style, part, sizeof j->style);
    const ik__item_files files = {part[0], part[1], part[2]};
    const ik__data_info *d = j->p.s->info;
    ik__data_replace(j->p.s->data, IK_TRAIN, &files);
    float *picture =
        ik__pool_alloc(j->p.pool, sizeof *picture * (size_t)(d->height * d->width * 3));
    ik_status status = ik__painter_style(&j->p, picture, err);
    if (status) return status;
    ik__tell(IK__SAID, "style of %s: %d of %d instances have their label there", part[0],
             j->p.s->set.synthesize.n_styles - 1, (int)j->p.layout->instances[0]);
    if (j->sheet) ik__grid_image(j->sheet, 0, 1, picture);
    return IK_OK;
}

/* --- painting */

static ik_status open_sheet(job *j, ik_error *err) {
    const ik__data_info *d = j->p.s->info;
    j->ahead = 1 + (j->o->style != NULL);
    int64_t cells = j->ahead + j->samples;
    j->columns = cells < 5 ? (int)cells : 5;
    j->sheet = ik__grid_new((int)((cells + j->columns - 1) / j->columns), j->columns,
                            (int)d->height, (int)d->width, IK__GRID_PAD);
    if (!j->sheet)
        return ik_errorf(err, IK_FAILED, "%lld pictures are too many for one sheet; ask for fewer",
                         (long long)j->samples);
    ik__grid_labels(j->sheet, 0, 0, j->p.layout->label, j->p.layout->instance);
    return IK_OK;
}

static ik_status hang(void *user, const ik__painted *p, ik_error *err) {
    const job *j = user;
    const ik__data_info *d = j->p.s->info;
    int cell = j->ahead + (int)p->sample;
    ik__grid_image(j->sheet, cell / j->columns, cell % j->columns, p->rgb);
    if (j->mask) ik__grid_outline(j->sheet, cell / j->columns, cell % j->columns, j->mask);
    char seed[24], number[24], layout[24];
    ik__path path = ik__painted_path(j->o->out, p->layouts, p->row, p->sample);
    snprintf(seed, sizeof seed, "%lld", (long long)j->p.s->set.seed);
    snprintf(number, sizeof number, "%lld", (long long)p->sample);
    snprintf(layout, sizeof layout, "%lld", (long long)p->item);
    const char *const keys[] = {"inadekit.seed",   "inadekit.item", "inadekit.layout",
                                "inadekit.sample", "inadekit.vary", "inadekit.style",
                                "inadekit.latents"};
    const char *const values[] = {seed,         name_of(j), layout,
                                  number,       j->vary,    j->o->style ? j->o->style : "none",
                                  j->o->latents};
    return ik__picture_save(path.text, d->height, d->width, p->rgb, j->o->latents ? 7 : 6, keys,
                            values, err);
}

/* Nothing that is read is written over. */
static ik_status keep_sources(job *j, const char *to, ik_error *err) {
    const ik__paint_file *o = j->o;
    const char *const read[] = {o->label,    o->instance, o->latents, o->pipeline,
                                j->style[0], j->style[1], j->style[2]};
    ik_status status = IK_OK;
    for (size_t i = 0; i < sizeof read / sizeof *read && !status; i++)
        status = ik__apart(to, read[i], err);
    for (int i = 0; i < o->weights.n && !status; i++) status = ik__apart(to, o->weights.v[i], err);
    return status;
}

static ik_status keep_all_sources(job *j, ik_error *err) {
    ik_status status = keep_sources(j, ik__path_of("%s/samples.png", j->o->out).text, err);
    for (int64_t i = 0; i < j->samples && !status; i++)
        status = keep_sources(j, ik__painted_path(j->o->out, j->p.layout, 0, i).text, err);
    return status;
}

/* Of another time, or of something else. */
static void tell_replaced(const job *j) {
    int64_t n = ik__exists(ik__path_of("%s/samples.png", j->o->out).text);
    for (int64_t i = 0; i < j->samples; i++)
        n += ik__exists(ik__painted_path(j->o->out, j->p.layout, 0, i).text);
    if (n)
        ik__tell(IK__NOTED, "%s had %lld of these pictures already; they are replaced", j->o->out,
                 (long long)n);
}

static ik_status paint(job *j, ik_error *err) {
    ik__path path = ik__path_of("%s/samples.png", j->o->out);
    ik_status status = ik__make_folder(j->o->out, err);
    if (!status) ik__folder_sweep(j->o->out);
    if (!status) tell_replaced(j);
    if (!status) status = ik__paint_each(j->p.s, j->p.item, 1, j->samples, IK__ONE, hang, j, err);
    if (j->mask) ik__grid_outline(j->sheet, 0, 0, j->mask);
    if (!status) status = ik__grid_save(j->sheet, path.text, err);
    if (!status)
        ik__tell(IK__SAID, "%lld pictures in %s, all of them in %s", (long long)j->samples,
                 j->o->out, path.text);
    return status;
}

static ik_status open_latents(job *j, ik_error *err) {
    const ik__paint_file *o = j->o;
    j->samples = o->samples ? o->samples : IK__USUAL_SAMPLES;
    if (!o->latents) return IK_OK;
    if (o->vary_labels.n || o->n_vary_instances)
        return ik_errorf(
            err, IK_USAGE,
            "--latents gives what --vary-label and --vary-instance would draw anew; leave "
            "one of them out");
    ik_status status = ik__trace_inputs_open(o->latents, &j->latents, err);
    if (status) return status;
    j->samples = j->latents.batch;
    if (!o->samples || o->samples == j->samples) return IK_OK;
    return ik_errorf(
        err, IK_USAGE,
        "%s holds random values for %lld pictures, --samples asks for %lld; leave it out",
        o->latents, (long long)j->samples, (long long)o->samples);
}

ik_status ik__paint_from_file(const ik__paint_file *o, ik_error *err) {
    job j = {.o = o};
    ik_status status = open_latents(&j, err);
    const ik__painter_from from = {.checkpoint = o->checkpoint,
                                   .pipeline = o->pipeline,
                                   .weights = o->weights,
                                   .device = o->device,
                                   .threads = o->threads,
                                   .batch = j.samples,
                                   .sets = o->sets,
                                   .data = !o->label};
    if (!status) status = ik__painter_begin(&j.p, &from, err);
    if (!status && o->seed >= 0) j.p.s->set.seed = o->seed;
    if (!status) status = read_layout(&j, err);
    if (!status) status = set_vary(&j, err);
    if (!status) status = open_sheet(&j, err);
    if (!status && o->style) status = set_style(&j, err);
    if (!status) status = keep_all_sources(&j, err);
    if (!status) status = ik__session_record(j.p.s, false, err);
    if (!status) status = ik__painter_check(&j.p, err);
    if (!status && o->latents)
        status = ik__latents_take(&j.latents, j.p.s, j.p.layout->instances[0], j.p.pool, err);
    if (!status) status = ik__painter_load(&j.p, err);
    if (!status) status = paint(&j, err);
    ik__grid_free(j.sheet);
    ik__painter_close(&j.p);
    ik__trace_inputs_close(&j.latents);
    return status;
}
