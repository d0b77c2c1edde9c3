/* Painting for a program that has its maps in memory. */
#include "api.h"

#include "base/status.h"
#include "pictures/grid.h"
#include "pictures/resize.h"
#include "run/painter.h"
#include "stages/synthesize.h"

#include <stdlib.h>

struct ik_painter {
    ik__painter p;
    const ik_watch *watch;
    int64_t seed; /* the pipeline's */
    int n_weights;
    const char **weights;
};

static bool has_encoder(const ik__model *m) {
    for (int i = 0; i < m->n_networks; i++) {
        const ik__instance *plugin = m->networks[i].plugin;
        if (plugin && plugin->plugin->kind == IK_ENCODER) return true;
    }
    return false;
}

/* With the program that encodes where there is an encoder, since a style may be asked for later. */
static ik_status prepare(ik__painter *p, ik_error *err) {
    struct ik__synthesize *set = &p->s->set.synthesize;
    set->n_styles = has_encoder(p->s->model);
    ik_status status = ik__session_record(p->s, false, err);
    set->n_styles = 0;
    return status ? status : ik__painter_load(p, err);
}

/* All of them in the painter's memory; false without any. */
static bool list_weights(const ik_source *s, ik_painter *painter) {
    int n = 0;
    painter->weights = calloc((size_t)s->n_more_weights + 1, sizeof *painter->weights);
    if (!painter->weights) return false;
    if (s->weights) painter->weights[n++] = s->weights;
    for (int i = 0; i < s->n_more_weights; i++) painter->weights[n++] = s->more_weights[i];
    painter->n_weights = n;
    return true;
}

ik_status ik_painter_open(const ik_source *source, ik_painter **out, ik_error *err) {
    ik_error own;
    if (!err) err = &own;
    *out = NULL;
    ik_status status =
        ik__check_size("ik_painter_open: the source", source, source ? source->size : 0, err);
    if (status) return status;
    const ik_source *s = IK__TAKE(ik_source, source);
    if (!s->checkpoint == !s->pipeline)
        return ik_errorf(err, IK_USAGE, "ik_painter_open: name either a checkpoint or a pipeline");
    ik_painter *painter = calloc(1, sizeof *painter);
    if (!painter || !list_weights(s, painter)) {
        free(painter);
        return ik_errorf(err, IK_FAILED, "out of memory");
    }
    const ik__painter_from from = {.checkpoint = s->checkpoint,
                                   .pipeline = s->pipeline,
                                   .weights = {painter->n_weights, painter->weights},
                                   .device = s->device,
                                   .threads = s->threads,
                                   .batch = s->batch > 0 ? s->batch : 1,
                                   .sets = {s->n_sets, s->sets}};
    painter->watch = s->watch;
    ik__heard heard;
    ik__look_for_plugins(s->plugins);
    ik__hear(&heard, s->watch);
    status = ik__painter_begin(&painter->p, &from, err);
    if (!status) status = prepare(&painter->p, err);
    ik__hear_end(&heard);
    if (status) {
        ik_painter_close(painter);
        return ik__status_outside(status);
    }
    painter->seed = painter->p.s->set.seed;
    *out = painter;
    return IK_OK;
}

void ik_painter_close(ik_painter *painter) {
    if (!painter) return;
    ik__painter_close(&painter->p);
    free(painter->weights);
    free(painter);
}

void ik_painter_describe(const ik_painter *painter, ik_painter_info *info) {
    const ik__session *s = painter->p.s;
    const ik__data_info *d = s->info;
    size_t size = info->size;
    const ik_painter_info all = {.size = size,
                                 .height = d->height,
                                 .width = d->width,
                                 .labels = d->labels,
                                 .max_instances = d->max_instances,
                                 .label_names = d->label_names,
                                 .device = s->device,
                                 .styles = s->encode != NULL};
    memcpy(info, &all, size < sizeof all ? size : sizeof all);
}

/* --- what is asked for */

/* A caller's layout as the data's. */
static ik_status give(ik__painter *p, ik_split split, const ik_layout *given, const char *what,
                      ik__item_maps *maps, ik_error *err) {
    ik_status status = ik__check_size(what, given, given ? given->size : 0, err);
    if (status) return status;
    const ik_layout *l = IK__TAKE(ik_layout, given);
    if (!l->label || l->height < 1 || l->width < 1)
        return ik_errorf(err, IK_USAGE, "%s: has no label map [height,width]", what);
    *maps = (ik__item_maps){.name = l->name ? l->name : what,
                            .height = l->height,
                            .width = l->width,
                            .label = l->label,
                            .instance = l->instance,
                            .image = split == IK_TRAIN ? l->rgb : NULL};
    ik__data_give(p->s->data, split, maps);
    return IK_OK;
}

static ik_status vary_instances(ik__painter *p, const ik_choice *c, const ik__item_maps *maps,
                                ik_error *err) {
    const ik__data_info *d = p->s->info;
    if (!maps->instance)
        return ik_errorf(err, IK_USAGE, "%s: vary_instances wants an instance map", maps->name);
    int32_t *values = malloc(sizeof *values * (size_t)(d->height * d->width));
    ik_status status = IK_OK;
    if (!values || !ik__resize_nearest(maps->instance, maps->height, maps->width, values,
                                       (int)d->height, (int)d->width))
        status = ik_errorf(err, IK_FAILED, "%s: out of memory", maps->name);
    for (int i = 0; i < c->n_vary_instances && !status; i++)
        status = ik__painter_vary_instance(p, values, c->vary_instances[i], maps->name, err);
    free(values);
    return status;
}

static ik_status choose(ik_painter *painter, const ik_choice *c, const ik__item_maps *maps,
                        ik_error *err) {
    ik__painter *p = &painter->p;
    ik__item_maps reference;
    ik_status status = IK_OK;
    p->s->set.seed = c->seed < 0 ? painter->seed : c->seed;
    for (int i = 0; i < c->n_vary_labels && !status; i++)
        status = ik__painter_vary_label(p, c->vary_labels[i], maps->name, err);
    if (!status && c->n_vary_instances) status = vary_instances(p, c, maps, err);
    if (!status) status = ik__painter_check(p, err);
    if (status || !c->reference) return status;
    if (!p->s->encode)
        return ik_errorf(err, IK_USAGE,
                         "ik_paint: a reference's style is read by an encoder, which this "
                         "pipeline does not have");
    status = give(p, IK_TRAIN, c->reference, "the reference", &reference, err);
    return status ? status : ik__painter_style(p, NULL, err);
}

/* --- painting */

typedef struct canvas {
    uint8_t *rgb;
    int64_t size; /* of a picture */
} canvas;

static ik_status take(void *user, const ik__painted *p, ik_error *err) {
    const canvas *c = user;
    uint8_t *to = c->rgb + p->sample * c->size;
    (void)err;
    for (int64_t i = 0; i < c->size; i++) to[i] = ik__picture_byte(p->rgb[i]);
    return IK_OK;
}

static ik_status paint(ik_painter *painter, const ik_layout *layout, const ik_choice *c,
                       uint8_t *rgb, ik_error *err) {
    ik__painter *p = &painter->p;
    const ik__data_info *d = p->s->info;
    canvas to = {.size = d->height * d->width * 3};
    to.rgb = rgb;
    ik__item_maps maps;
    ik_status status = give(p, IK_VALIDATION, layout, "the layout", &maps, err);
    if (!status) status = ik__painter_layout(p, err);
    if (!status) status = choose(painter, c, &maps, err);
    int64_t samples = c->samples > 0 ? c->samples : 1;
    return status ? status : ik__paint_each(p->s, 0, 1, samples, IK__ONE, take, &to, err);
}

ik_status ik_paint(ik_painter *painter, const ik_layout *layout, const ik_choice *choice,
                   uint8_t *rgb, ik_error *err) {
    static const ik_choice usual = {.size = sizeof usual, .seed = -1};
    ik_error own;
    if (!err) err = &own;
    if (!choice) choice = &usual;
    ik_status status = ik__check_size("ik_paint: the choice", choice, choice->size, err);
    if (status) return status;
    ik__heard heard;
    ik__hear(&heard, painter->watch);
    status = paint(painter, layout, IK__TAKE(ik_choice, choice), rgb, err);
    ik__hear_end(&heard);
    return ik__status_outside(status);
}
