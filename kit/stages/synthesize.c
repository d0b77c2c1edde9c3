/* Synthesis: validation layouts painted several times.
 *
 * Latents are drawn here, on the host, one row at a time: a latent of shape [K, ...], K the most
 * instances, is drawn per instance, so that any one of them can be drawn anew while all others keep
 * their bytes. The first sample of a layout is the base; with `vary`, the others differ from it
 * only in what was named. */
#include "base/clock.h"
#include "base/files.h"
#include "base/numbers.h"
#include "base/text.h"
#include "base/watch.h"
#include "exec/average.h"
#include "exec/finite.h"
#include "exemplars.h"
#include "latents.h"
#include "pictures/grid.h"
#include "repeat.h"
#include "synthesize.h"

#include "inadekit/philox.h"

#include <stdlib.h>

typedef struct painter {
    ik__session *s;
    int64_t first;    /* the first layout's number */
    ik__batch *items; /* the layouts, read once */
    ik__batch *rows;  /* what the program takes at a time */
    float *pictures;
    int n_latents; /* of the program: */
    const ik__node **input;
    float **latent; /* what they are given */
    int64_t *draws; /* by instance: which draw of its random values is taken */
    bool *anew;     /* by instance: is it one of those that change? */
    ik__painting how;
    ik__exemplars *exemplars; /* IK__STYLED, IK__ONE */
} painter;

static void close_painter(painter *p) {
    ik__batch_free(p->items);
    ik__batch_free(p->rows);
    free(p->pictures);
    free(p->draws);
    free(p->anew);
    ik__exemplars_free(p->exemplars);
    for (int i = 0; i < p->n_latents; i++) free(p->latent[i]);
    free(p->latent);
    free(p->input);
}

/* The inputs of the program that no dataset fills; false without memory. */
static bool find_latents(painter *p) {
    const ik__program *sample = p->s->sample;
    p->input = calloc((size_t)sample->n + 1, sizeof *p->input);
    p->latent = calloc((size_t)sample->n + 1, sizeof *p->latent);
    if (!p->input || !p->latent) return false;
    for (int i = 0; i < sample->n; i++) {
        const ik__node *n = sample->order[i];
        if (n->op != IK_INPUT || ik__fields_find(&p->s->info->fields, n->name) >= 0) continue;
        p->input[p->n_latents] = n;
        p->latent[p->n_latents] = calloc((size_t)ik_count(n->t.shape), sizeof(float));
        if (!p->latent[p->n_latents++]) return false;
    }
    return true;
}

static ik_status open_painter(painter *p, ik__session *s, int64_t first, int64_t items,
                              ik__painting how, ik_error *err) {
    *p = (painter){.s = s, .first = first, .how = how};
    int64_t b = s->set.synthesize.batch;
    ik_status status = ik__batch_new(&s->info->fields, items, &p->items, err);
    if (!status) status = ik__batch_new(&s->info->fields, b, &p->rows, err);
    for (int64_t i = 0; i < items && !status; i++)
        status = ik__data_read(s->data, IK_VALIDATION, first + i, NULL, p->items, i, err);
    if (status) return status;
    p->pictures = malloc(sizeof(float) * (size_t)(b * s->info->height * s->info->width * 3));
    p->draws = malloc(sizeof *p->draws * (size_t)s->info->max_instances);
    p->anew = malloc(sizeof *p->anew * (size_t)s->info->max_instances);
    bool ok = p->pictures && p->draws && p->anew;
    ok = find_latents(p) && ok;
    return ok ? IK_OK : ik_errorf(err, IK_FAILED, "out of memory for synthesis");
}

/* Is instance k of layout `item` among those that `vary` names? */
static bool varied(const painter *p, int64_t item, int64_t k) {
    const struct ik__synthesize *set = &p->s->set.synthesize;
    const ik__data_info *info = p->s->info;
    for (int i = 0; i < set->vary_instances.n; i++)
        if (set->vary_instances.v[i] == k) return true;
    for (int64_t j = 0; j < p->items->segment_count[item]; j++) {
        int64_t at = item * info->max_segments + j;
        if (p->items->segment_instance[at] != k) continue;
        for (int i = 0; i < set->vary_labels.n; i++)
            if (ik__data_label(info, set->vary_labels.v[i]) == p->items->segment_label[at])
                return true;
    }
    return false;
}

/* Does part k of a latent change from sample to sample? */
static bool anew(const painter *p, bool by_instance, int64_t item, int64_t k) {
    const struct ik__synthesize *set = &p->s->set.synthesize;
    if (p->how == IK__FRESH || (p->how == IK__ONE && !set->vary)) return true;
    if (!by_instance) return false;
    if (p->how != IK__STYLED) return varied(p, item, k);
    for (int i = 0; i < set->n_styles; i++)
        if (set->styles[i].to == k) return true;
    return false;
}

static const ik__latent_given *given(const ik__session *s, const char *latent) {
    for (int i = 0; i < s->n_latents; i++)
        if (!strcmp(s->latents[i].name, latent)) return &s->latents[i];
    return NULL;
}

/* Draws one row of a latent, or takes the one that is given. What is not to change stays at the
 * layout's draw 0. */
static void draw(const painter *p, int which, int64_t row, int64_t item, int64_t sample) {
    const ik__node *n = p->input[which];
    int64_t size = ik_count(n->t.shape) / n->t.shape.d[0], most = p->s->info->max_instances;
    bool by_instance = ik__latent_by_instance(n, most);
    for (int64_t k = 0; k < most; k++) p->draws[k] = anew(p, by_instance, item, k) ? sample : 0;
    ik__latent_row r = {.seed = (uint64_t)p->s->set.seed,
                        .name = n->name,
                        .item = p->first + item,
                        .parts = by_instance ? most : 1,
                        .size = by_instance ? size / most : size,
                        .draws = p->draws};
    const ik__latent_given *g = given(p->s, n->name);
    if (g)
        memcpy(p->latent[which] + row * size, g->values + sample % g->rows * size,
               sizeof(float) * (size_t)size);
    else
        ik__latent_draw(&r, p->latent[which] + row * size);
    if (g && !g->normals) return;
    bool spares = p->how == IK__ONE && p->s->set.synthesize.vary; /* what varies is not styled */
    ik__exemplars_apply(p->exemplars, n->name, spares ? p->draws : NULL,
                        p->latent[which] + row * size);
}

/* The fastest batch tells what a picture takes on this machine when nothing disturbs it. */
static void note_time(const painter *p, double seconds) {
    ik__facts *f = &p->s->facts;
    int64_t us = (int64_t)(seconds * 1e6 / (double)p->rows->n) + 1;
    f->picture_batch = p->rows->n;
    if (!f->picture_us || us < f->picture_us) f->picture_us = us;
}

static ik_status check_pictures(const painter *p, const ik_step *step, ik_error *err) {
    const ik__data_info *d = p->s->info;
    if (ik__first_odd(p->pictures, p->rows->n * d->height * d->width * 3) < 0) return IK_OK;
    char where[600];
    ik__check_finite(p->s->engine, p->s->sample, step, where, sizeof where);
    return ik_errorf(err, IK_FAILED,
                     "the pictures hold what is no finite number%s%s; they would "
                     "come out black, so none were written",
                     where[0] ? ": " : "", where);
}

static ik_status paint(painter *p, ik_error *err) {
    ik__session *s = p->s;
    double began = ik__now();
    ik_status status = ik__upload_batch(s, p->rows, err);
    for (int i = 0; i < p->n_latents && !status; i++)
        status = ik__engine_upload(s->engine, p->input[i]->name, p->rows->n, p->latent[i], err);
    ik_step step = {(uint64_t)s->set.seed, 0, 0};
    if (!status) status = ik__program_run(s->engine, s->sample, &step, true, err);
    if (!status) status = ik__program_output(s->engine, s->sample, "fake", p->pictures, err);
    if (!status) note_time(p, ik__now() - began);
    return status ? status : check_pictures(p, &step, err);
}

/* What was drawn anew, as the YAML would say it. */
static void vary_text(const ik__session *s, ik__text *t) {
    const struct ik__synthesize *set = &s->set.synthesize;
    ik__text_printf(t, "labels: [");
    for (int i = 0; i < set->vary_labels.n; i++)
        ik__text_printf(t, "%s%s", i ? ", " : "", set->vary_labels.v[i]);
    ik__text_printf(t, "], instances: [");
    for (int i = 0; i < set->vary_instances.n; i++)
        ik__text_printf(t, "%s%lld", i ? ", " : "", (long long)set->vary_instances.v[i]);
    ik__text_printf(t, "]");
}

static void style_text(const ik__session *s, ik__text *t) {
    const struct ik__synthesize *set = &s->set.synthesize;
    ik__text_printf(t, "style: [");
    for (int i = 0; i < set->n_styles; i++) {
        const ik__style *y = &set->styles[i];
        ik__text_printf(t, "%s{split: %s, item: %lld, from: %lld, to: %lld}", i ? ", " : "",
                        y->split == IK_TRAIN ? "train" : "validation", (long long)y->item,
                        (long long)y->from, (long long)y->to);
    }
    ik__text_printf(t, "]");
}

enum {
    LONGEST = 200,
    KEPT = 170
}; /* bytes of a layout's name in a file's, which has at most 255 */

/* The first bytes, no character in two. */
static int kept_bytes(const char *name) {
    int n = KEPT;
    while (n && ((unsigned char)name[n] & 0xC0) == 0x80) n--;
    return n;
}

ik__path ik__painted_path(const char *folder, const ik__batch *layouts, int64_t row,
                          int64_t sample) {
    const char *name = layouts->names[row];
    char whole[24] = "", twin[24] = "";
    int bytes = (int)strlen(name);
    if (bytes > LONGEST) {
        snprintf(whole, sizeof whole, "~%016llx", (unsigned long long)ik_stream_of(name));
        bytes = kept_bytes(name);
    }
    for (int64_t i = 0; i < row && !*twin; i++)
        if (!strcmp(layouts->names[i], name)) snprintf(twin, sizeof twin, "~%lld", (long long)row);
    return ik__path_of("%s/%.*s%s%s-%lld.png", folder, bytes, name, whole, twin, (long long)sample);
}

/* Into a folder, as <layout>-<sample>.png that says how it was made. */
static ik_status save_picture(const ik__session *s, const char *folder, const ik__painted *p,
                              ik_error *err) {
    char seed[24], number[24];
    ik__text vary = {0};
    ik__path path = ik__painted_path(folder, p->layouts, p->row, p->sample);
    snprintf(seed, sizeof seed, "%lld", (long long)s->set.seed);
    snprintf(number, sizeof number, "%lld", (long long)p->sample);
    if (p->how == IK__VARIED)
        vary_text(s, &vary);
    else if (p->how == IK__STYLED)
        style_text(s, &vary);
    else
        ik__text_printf(&vary, "all");
    char *repeat = ik__repeat_text(s, p);
    const char *const keys[] = {"inadekit.seed", "inadekit.item", "inadekit.sample",
                                "inadekit.vary", "inadekit.repeat"};
    const char *const values[] = {seed, p->layouts->names[p->row], number, vary.data, repeat};
    ik_status status = repeat && !vary.failed
                           ? ik__picture_save(path.text, s->info->height, s->info->width, p->rgb, 5,
                                              keys, values, err)
                           : ik_errorf(err, IK_FAILED, "out of memory for %s", path.text);
    ik__text_free(&vary);
    free(repeat);
    return status;
}

static ik_status paint_all(painter *p, int64_t samples, ik__painted_visit *visit, void *user,
                           ik_error *err) {
    const ik__data_info *d = p->s->info;
    int64_t b = p->rows->n, size = d->height * d->width * 3, jobs = p->items->n * samples;
    ik_status status = IK_OK;
    for (int64_t first = 0; first < jobs && !status; first += b) {
        for (int64_t r = 0; r < b; r++) { /* a last partial batch repeats its first job */
            int64_t job = first + r < jobs ? first + r : first;
            ik__batch_copy_row(p->rows, r, p->items, job / samples);
            for (int i = 0; i < p->n_latents; i++) draw(p, i, r, job / samples, job % samples);
        }
        status = paint(p, err);
        for (int64_t r = 0; r < b && first + r < jobs && !status; r++) {
            int64_t item = (first + r) / samples;
            for (int64_t k = 0; k < d->max_instances; k++) p->anew[k] = anew(p, true, item, k);
            const ik__painted one = {.item = p->first + item,
                                     .sample = (first + r) % samples,
                                     .how = p->how,
                                     .layouts = p->items,
                                     .row = item,
                                     .anew = p->anew,
                                     .rgb = p->pictures + r * size};
            status = visit(user, &one, err);
        }
    }
    return status;
}

ik_status ik__paint_each(ik__session *s, int64_t first, int64_t items, int64_t samples,
                         ik__painting how, ik__painted_visit *visit, void *user, ik_error *err) {
    painter p;
    ik_status status = open_painter(&p, s, first, items, how, err);
    bool styled = how == IK__STYLED || how == IK__ONE;
    if (!status && styled) status = ik__exemplars_new(s, p.rows, &p.exemplars, err);
    ik__average_begin(s->engine->store);
    if (!status) status = paint_all(&p, samples, visit, user, err);
    ik__average_end(s->engine->store);
    close_painter(&p);
    return status;
}

typedef struct gallery {
    const ik__session *s;
    ik__grid *grid, *mask; /* mask: NULL where everything is drawn anew */
    const char *folder;
} gallery;

/* White where an instance is one of those that change. */
static ik_status hang_mask(const gallery *to, const ik__painted *p, ik_error *err) {
    int64_t pixels = to->s->info->height * to->s->info->width;
    const int32_t *instance = p->layouts->instance + p->row * pixels;
    float *rgb = malloc(sizeof *rgb * (size_t)(pixels * 3));
    if (!rgb) return ik_errorf(err, IK_FAILED, "out of memory for a mask");
    for (int64_t i = 0; i < pixels * 3; i++) rgb[i] = p->anew[instance[i / 3]] ? 1 : -1;
    ik__grid_image(to->mask, (int)p->row, 0, rgb);
    free(rgb);
    return IK_OK;
}

static ik_status hang(void *user, const ik__painted *p, ik_error *err) {
    const gallery *to = user;
    const ik__data_info *d = to->s->info;
    if (to->folder && ik__stop_asked()) return ik__stopped(err, "while painting");
    int64_t at = p->row * d->height * d->width;
    if (p->sample == 0) {
        ik__grid_labels(to->grid, (int)p->row, 0, p->layouts->label + at,
                        p->layouts->instance + at);
        ik__grid_image(to->grid, (int)p->row, 1, p->layouts->image + 3 * at);
        ik_status status = to->mask ? hang_mask(to, p, err) : IK_OK;
        if (status) return status;
    }
    ik__grid_image(to->grid, (int)p->row, (int)p->sample + 2, p->rgb);
    return to->folder ? save_picture(to->s, to->folder, p, err) : IK_OK;
}

ik_status ik__synthesize(ik__session *s, int64_t items, int64_t samples, ik__painting how,
                         const char *path, const char *folder, ik_error *err) {
    const ik__data_info *d = s->info;
    if (items > d->count[IK_VALIDATION]) items = d->count[IK_VALIDATION];
    if (!items) return IK_OK; /* as ik__stages_need has told */
    int h = (int)d->height, w = (int)d->width;
    gallery to = {.s = s, .folder = folder};
    to.grid = ik__grid_new((int)items, (int)samples + 2, h, w, IK__GRID_PAD);
    if (how != IK__FRESH) to.mask = ik__grid_new((int)items, 1, h, w, IK__GRID_PAD);
    ik_status status = IK_OK;
    if (!to.grid || (how != IK__FRESH && !to.mask))
        status = ik_errorf(err, IK_FAILED, "out of memory for %s", path);
    if (!status && folder) status = ik__make_folder(folder, err);
    if (!status) status = ik__paint_each(s, 0, items, samples, how, hang, &to, err);
    if (!status) status = ik__grid_save(to.grid, path, err);
    ik__path mask = ik__path_of("%.*s-mask.png", (int)(strlen(path) - strlen(".png")), path);
    if (!status && to.mask) status = ik__grid_save(to.mask, mask.text, err);
    ik__grid_free(to.grid);
    ik__grid_free(to.mask);
    return status;
}
