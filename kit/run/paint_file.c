/* One picture: a session whose dataset is replaced by the files given, painted as any layout is. */
#include "paint_file.h"

#include "base/files.h"
#include "base/watch.h"
#include "exec/choices.h"
#include "folder/folder.h"
#include "pictures/grid.h"
#include "pictures/image.h"
#include "pictures/resize.h"
#include "session/checkpoint.h"
#include "session/start.h"
#include "stages/synthesize.h"
#include "weights/file.h"

#include <stdlib.h>
#include <unistd.h>

typedef struct job {
    const ik__paint_file *o;
    ik__pool *pool;
    ik__path folder; /* of the checkpoint */
    ik__session *s;
    ik__batch *layout; /* [1] */
    ik__grid *sheet;
    int columns, ahead; /* cells before the samples */
    bool *mask;         /* [H,W]: what varies */
    char vary[256];
} job;

/* --- where from */

static bool is_there(const char *folder, const char *name) {
    return access(ik__folder_file(folder, name).text, R_OK) == 0;
}

static ik_status find_checkpoint(job *j, ik_error *err) {
    const char *given = j->o->checkpoint;
    int64_t newest = is_there(given, IK__WEIGHTS_FILE) ? -1 : ik__checkpoint_newest(given);
    j->folder = newest < 0 ? ik__path_of("%s", given) : ik__folder_checkpoint(given, newest);
    if (newest < 0 && !is_there(given, IK__WEIGHTS_FILE))
        return ik_errorf(err, IK_USAGE,
                         "%s is no checkpoint: it has no " IK__WEIGHTS_FILE ", and no folder "
                         "checkpoints as a run has; or name --pipeline and --weights",
                         given);
    if (is_there(j->folder.text, IK__PIPELINE_FILE)) return IK_OK;
    return ik_errorf(err, IK_USAGE,
                     "%s has no " IK__PIPELINE_FILE
                     "; name its pipeline: --pipeline FILE --weights "
                     "%s",
                     j->folder.text, j->folder.text);
}

/* The pipeline, told to paint only. */
static ik_status begin(job *j, ik_error *err) {
    const ik__paint_file *o = j->o;
    ik_status status = o->checkpoint ? find_checkpoint(j, err) : IK_OK;
    if (status) return status;
    char device[256], seed[48];
    ik__path path = ik__folder_file(j->folder.text, IK__PIPELINE_FILE);
    snprintf(device, sizeof device, "device=%s", o->device);
    snprintf(seed, sizeof seed, "seed=%lld", (long long)o->seed);
    const char **sets = ik__pool_alloc(j->pool, sizeof *sets * (size_t)(o->sets.n + 3));
    int n = 0;
    for (int i = 0; i < o->sets.n; i++) sets[n++] = o->sets.v[i];
    sets[n++] = "stages=[synthesize]";
    if (o->device) sets[n++] = device;
    if (o->seed >= 0) sets[n++] = seed;
    const ik__run_options run = {.pipeline = o->checkpoint ? path.text : o->pipeline,
                                 .n_sets = n,
                                 .sets = sets,
                                 .no_data = true,
                                 .threads = o->threads};
    status = ik__session_begin(&run, &j->s, err);
    if (status) return status;
    path = ik__folder_file(j->folder.text, IK__CHOICES_FILE);
    if (o->checkpoint) ik__choices_recall(j->s->engine, path.text);
    struct ik__synthesize *set = &j->s->set.synthesize;
    set->vary = false;
    set->vary_labels.n = set->vary_instances.n = set->n_styles = 0;
    if (set->batch > o->samples) set->batch = o->samples;
    return IK_OK;
}

static ik_status load(job *j, ik_error *err) {
    const ik__paint_file *o = j->o;
    const char *file = o->checkpoint ? j->folder.text : o->weights;
    bool averaged = false;
    ik_status status = ik__session_ready(j->s, err);
    if (status) return status;
    status = file ? ik__weights_fill(j->s, file, &averaged, err) : ik__weights_start(j->s, err);
    if (!status && file)
        ik__tell(IK__SAID, "weights of %s%s, on %s", file, averaged ? ", averaged" : "",
                 j->s->device);
    return status;
}

/* --- what the maps hold */

/* Says what resizing, as training does it, made of a map. */
static ik_status read_layout(job *j, ik_error *err) {
    const ik__paint_file *o = j->o;
    const ik__data_info *d = j->s->info;
    const ik__item_files files = {.label = o->label, .instance = o->instance};
    ik__data_replace(j->s->data, IK_VALIDATION, &files);
    ik_status status = ik__batch_new(&j->s->info->fields, 1, &j->layout, err);
    if (!status) status = ik__data_read(j->s->data, IK_VALIDATION, 0, NULL, j->layout, 0, err);
    int h = 0, w = 0;
    int32_t *map = NULL;
    if (!status) status = ik__images.read_map(o->label, 16, &h, &w, &map, err);
    free(map);
    if (!status && (h != d->height || w != d->width))
        ik__tell(IK__SAID, "%s: %dx%d, resized to %lldx%lld (nearest), as in training", o->label, w,
                 h, (long long)d->width, (long long)d->height);
    return status;
}

static int compare(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* "0, 3 and 7 ..." of the values of a map. */
static void list_values(const int32_t *map, int64_t n, char *text, size_t size) {
    int32_t *sorted = malloc(sizeof *sorted * (size_t)n);
    size_t at = 0;
    *text = 0;
    if (!sorted) return;
    memcpy(sorted, map, sizeof *sorted * (size_t)n);
    qsort(sorted, (size_t)n, sizeof *sorted, compare);
    for (int64_t i = 0; i < n && at < size; i++)
        if (!i || sorted[i] != sorted[i - 1])
            at += (size_t)snprintf(text + at, size - at, "%s%d", at ? ", " : "", sorted[i]);
    free(sorted);
}

/* --- what varies */

static void add_varied(job *j, int64_t instance) {
    struct ik__synthesize *set = &j->s->set.synthesize;
    int64_t *list = (int64_t *)set->vary_instances.v;
    for (int i = 0; i < set->vary_instances.n; i++)
        if (list[i] == instance) return;
    list[set->vary_instances.n++] = instance;
}

static ik_status vary_label(job *j, const char *word, ik_error *err) {
    const ik__data_info *d = j->s->info;
    int64_t label = ik__data_label(d, word);
    if (label < 0)
        return ik_errorf(err, IK_USAGE,
                         "--vary-label: there is no label '%s'; labels are 0 to %lld%s", word,
                         (long long)d->labels - 1, d->label_names ? ", or their names" : "");
    bool found = false;
    for (int i = 0; i < j->layout->segment_count[0]; i++) {
        if (j->layout->segment_label[i] != label) continue;
        add_varied(j, j->layout->segment_instance[i]);
        found = true;
    }
    if (found) return IK_OK;
    char all[512];
    list_values(j->layout->label, d->height * d->width, all, sizeof all);
    return ik_errorf(err, IK_USAGE, "--vary-label: label %lld is not in %s, which holds %s",
                     (long long)label, j->o->label, all);
}

/* Instances are named by their values in the file; the layout has them numbered. */
static ik_status vary_instances(job *j, ik_error *err) {
    const ik__paint_file *o = j->o;
    const ik__data_info *d = j->s->info;
    if (!o->instance)
        return ik_errorf(err, IK_USAGE,
                         "--vary-instance needs --instance, a map that tells instances "
                         "apart; without one there is --vary-label");
    int h, w;
    int64_t pixels = d->height * d->width;
    int32_t *whole = NULL, *map = ik__pool_alloc(j->pool, sizeof *map * (size_t)pixels);
    ik_status status = ik__images.read_map(o->instance, 16, &h, &w, &whole, err);
    if (!status && !ik__resize_nearest(whole, h, w, map, (int)d->height, (int)d->width))
        status = ik_errorf(err, IK_FAILED, "%s: out of memory", o->instance);
    free(whole);
    for (int i = 0; i < o->n_vary_instances && !status; i++) {
        int64_t at = 0;
        while (at < pixels && map[at] != o->vary_instances[i]) at++;
        if (at < pixels) {
            add_varied(j, j->layout->instance[at]);
            continue;
        }
        char all[512];
        list_values(map, pixels, all, sizeof all);
        status =
            ik_errorf(err, IK_USAGE, "--vary-instance: instance %lld is not in %s, which holds %s",
                      (long long)o->vary_instances[i], o->instance, all);
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
    const ik__data_info *d = j->s->info;
    struct ik__synthesize *set = &j->s->set.synthesize;
    describe_vary(j);
    set->vary = o->vary_labels.n || o->n_vary_instances;
    if (!set->vary) return IK_OK;
    int64_t *list = ik__pool_alloc(j->pool, sizeof *list * (size_t)d->max_instances);
    set->vary_instances = (ik_ints){0, list};
    ik_status status = IK_OK;
    for (int i = 0; i < o->vary_labels.n && !status; i++)
        status = vary_label(j, o->vary_labels.v[i], err);
    if (!status && o->n_vary_instances) status = vary_instances(j, err);
    int64_t pixels = d->height * d->width;
    j->mask = ik__pool_alloc(j->pool, sizeof *j->mask * (size_t)pixels);
    for (int64_t i = 0; i < pixels; i++) {
        j->mask[i] = false;
        for (int k = 0; k < set->vary_instances.n; k++)
            j->mask[i] |= j->layout->instance[i] == set->vary_instances.v[k];
    }
    return status;
}

/* Programs are recorded: is anything drawn per instance? */
static ik_status check_vary(const job *j, ik_error *err) {
    const ik__session *s = j->s;
    bool by_instance = false;
    for (int i = 0; i < s->sample->n; i++) {
        const ik__node *n = s->sample->order[i];
        by_instance |= n->op == IK_INPUT && n->t.dtype == IK_F32 && n->t.shape.rank > 2 &&
                       n->t.shape.d[1] == s->info->max_instances;
    }
    if (by_instance || !s->set.synthesize.vary) return IK_OK;
    return ik_errorf(err, IK_USAGE,
                     "this generator draws random values for the picture as a whole, so no "
                     "part of it can be varied alone; that takes a norm that draws per instance; "
                     "`inadekit plugins list norm` shows which there are");
}

/* --- style */

/* The k-th instance of a label among a layout's, the last where there are fewer; -1: it has none.
 */
static int64_t instance_of(const ik__batch *b, int32_t label, int k) {
    int64_t found = -1;
    for (int i = 0; i < b->segment_count[0] && k >= 0; i++)
        if (b->segment_label[i] == label) found = b->segment_instance[i], k--;
    return found;
}

static void match(job *j, const ik__batch *reference) {
    struct ik__synthesize *set = &j->s->set.synthesize;
    const ik__batch *l = j->layout;
    int n = l->segment_count[0], k = 0;
    set->styles = ik__pool_alloc(j->pool, sizeof *set->styles * (size_t)(n + 1));
    set->styles[set->n_styles++] = (ik__style){IK_TRAIN, 0, -1, -1};
    for (int i = 0; i < n; i++) { /* ordered by label, then instance */
        k = i && l->segment_label[i] == l->segment_label[i - 1] ? k + 1 : 0;
        int64_t from = instance_of(reference, l->segment_label[i], k), to = l->segment_instance[i];
        for (int m = 1; m < set->n_styles; m++)
            if (set->styles[m].to == to) from = -1; /* an instance of two labels: by the first */
        if (from >= 0) set->styles[set->n_styles++] = (ik__style){IK_TRAIN, 0, from, to};
    }
}

static ik_status set_style(job *j, ik_error *err) {
    char *part[4] = {NULL}, *rest = ik__pool_strdup(j->pool, j->o->style);
    int n = 0;
    while (n < 4 && (part[n] = strsep(&rest, ","))) n++;
    if (n < 2 || n > 3 || !*part[0] || !*part[1] || (n == 3 && !*part[2]))
        return ik_errorf(err, IK_USAGE,
                         "--style: PICTURE,LABEL or PICTURE,LABEL,INSTANCE is wanted, not "
                         "'%s'",
                         j->o->style);
    const ik__item_files files = {part[0], part[1], part[2]};
    ik__data_replace(j->s->data, IK_TRAIN, &files);
    ik__batch *b = NULL;
    ik_status status = ik__batch_new(&j->s->info->fields, 1, &b, err);
    if (!status) status = ik__data_read(j->s->data, IK_TRAIN, 0, NULL, b, 0, err);
    if (!status) match(j, b);
    int styled = j->s->set.synthesize.n_styles - 1;
    if (!status)
        ik__tell(IK__SAID, "style of %s: %d of %d instances have their label there", part[0],
                 styled, (int)j->layout->instances[0]);
    if (!status && j->sheet) ik__grid_image(j->sheet, 0, 1, b->image);
    ik__batch_free(b);
    return status;
}

/* --- painting */

static ik_status open_sheet(job *j, ik_error *err) {
    const ik__data_info *d = j->s->info;
    j->ahead = 1 + (j->o->style != NULL);
    int64_t cells = j->ahead + j->o->samples;
    j->columns = cells < 5 ? (int)cells : 5;
    j->sheet = ik__grid_new((int)((cells + j->columns - 1) / j->columns), j->columns,
                            (int)d->height, (int)d->width, IK__GRID_PAD);
    if (!j->sheet)
        return ik_errorf(err, IK_FAILED, "%lld pictures are too many for one sheet; ask for fewer",
                         (long long)j->o->samples);
    ik__grid_labels(j->sheet, 0, 0, j->layout->label, j->layout->instance);
    return IK_OK;
}

static ik_status hang(void *user, const ik__painted *p, ik_error *err) {
    const job *j = user;
    const ik__data_info *d = j->s->info;
    int cell = j->ahead + (int)p->sample;
    ik__grid_image(j->sheet, cell / j->columns, cell % j->columns, p->rgb);
    if (j->mask) ik__grid_outline(j->sheet, cell / j->columns, cell % j->columns, j->mask);
    char seed[24], number[24];
    ik__path path =
        ik__path_of("%s/%s-%lld.png", j->o->out, p->layouts->names[p->row], (long long)p->sample);
    snprintf(seed, sizeof seed, "%lld", (long long)j->s->set.seed);
    snprintf(number, sizeof number, "%lld", (long long)p->sample);
    const char *const keys[] = {"inadekit.seed", "inadekit.item", "inadekit.sample",
                                "inadekit.vary", "inadekit.style"};
    const char *const values[] = {seed, j->o->label, number, j->vary,
                                  j->o->style ? j->o->style : "none"};
    return ik__picture_save(path.text, d->height, d->width, p->rgb, 5, keys, values, err);
}

static ik_status paint(job *j, ik_error *err) {
    ik__path path = ik__path_of("%s/samples.png", j->o->out);
    ik_status status = ik__make_folder(j->o->out, err);
    if (!status) status = ik__paint_each(j->s, 0, 1, j->o->samples, IK__ONE, hang, j, err);
    if (j->mask) ik__grid_outline(j->sheet, 0, 0, j->mask);
    if (!status) status = ik__grid_save(j->sheet, path.text, err);
    if (!status)
        ik__tell(IK__SAID, "%lld pictures in %s, all of them in %s", (long long)j->o->samples,
                 j->o->out, path.text);
    return status;
}

ik_status ik__paint_from_file(const ik__paint_file *o, ik_error *err) {
    job j = {.o = o, .pool = ik__pool_new()};
    ik_status status = begin(&j, err);
    if (!status) status = read_layout(&j, err);
    if (!status) status = set_vary(&j, err);
    if (!status) status = open_sheet(&j, err);
    if (!status && o->style) status = set_style(&j, err);
    if (!status) status = ik__session_record(j.s, false, err);
    if (!status) status = check_vary(&j, err);
    if (!status) status = load(&j, err);
    if (!status) status = paint(&j, err);
    ik__grid_free(j.sheet);
    ik__batch_free(j.layout);
    ik__session_close(j.s);
    ik__pool_free(j.pool);
    return status;
}
