/* Painting a layout with a checkpoint; see painter.h. */
#include "painter.h"

#include "base/files.h"
#include "base/watch.h"
#include "exec/choices.h"
#include "folder/checkpoints.h"
#include "folder/folder.h"
#include "session/start.h"
#include "stages/latents.h"
#include "weights/file.h"

#include <stdlib.h>
#include <sys/stat.h>

/* --- where from */

static ik_status is_there(const char *folder, const char *name, bool *there, ik_error *err) {
    return ik__look(ik__folder_file(folder, name).text, there, err);
}

/* Whoever names the weights' file means the checkpoint that it lies in. */
static const char *folder_of(ik__painter *p, const char *given) {
    static const char file[] = "/" IK__WEIGHTS_FILE;
    size_t n = strlen(given), tail = sizeof file - 1;
    char *folder = ik__pool_strdup(p->pool, given);
    if (n > tail && !strcmp(given + n - tail, file)) folder[n - tail] = 0;
    return folder;
}

static ik_status find_checkpoint(ik__painter *p, const char *path, ik_error *err) {
    const char *given = folder_of(p, path);
    int64_t newest = -1;
    bool weights, pipeline;
    struct stat st;
    if (!stat(given, &st) && !S_ISDIR(st.st_mode))
        return ik_errorf(err, IK_USAGE,
                         "%s is a file, and the folder of a run or a checkpoint is wanted; or name "
                         "--pipeline and --weights",
                         given);
    ik_status status = is_there(given, IK__WEIGHTS_FILE, &weights, err);
    if (!status && !weights) status = ik__checkpoints_newest(given, &newest, err);
    p->folder = newest < 0 ? ik__path_of("%s", given) : ik__folder_checkpoint(given, newest);
    if (!status && newest < 0 && !weights)
        status = ik_errorf(err, IK_USAGE,
                           "%s is no checkpoint: it has no " IK__WEIGHTS_FILE ", and no folder "
                           "checkpoints as a run has; or name --pipeline and --weights",
                           given);
    if (!status) status = is_there(p->folder.text, IK__PIPELINE_FILE, &pipeline, err);
    if (status || pipeline) return status;
    return ik_errorf(err, IK_USAGE,
                     "%s has no " IK__PIPELINE_FILE
                     "; name its pipeline: --pipeline FILE --weights "
                     "%s",
                     p->folder.text, p->folder.text);
}

/* The pipeline, told to paint only. */
ik_status ik__painter_begin(ik__painter *p, const ik__painter_from *from, ik_error *err) {
    *p = (ik__painter){.from = *from, .pool = ik__pool_new()};
    ik_status status = from->checkpoint ? find_checkpoint(p, from->checkpoint, err) : IK_OK;
    if (status) return status;
    p->pipeline = ik__folder_file(p->folder.text, IK__PIPELINE_FILE);
    const char **sets = ik__pool_alloc(p->pool, sizeof *sets * (size_t)(from->sets.n + 2));
    int n = 0;
    for (int i = 0; i < from->sets.n; i++) sets[n++] = from->sets.v[i];
    sets[n++] = "stages=[synthesize]";
    if (from->device)
        sets[n++] = ik__pool_strdup(p->pool, ik__path_of("device=%s", from->device).text);
    const ik__run_options run = {.pipeline = from->checkpoint ? p->pipeline.text : from->pipeline,
                                 .n_sets = n,
                                 .sets = sets,
                                 .no_data = !from->data,
                                 .threads = from->threads};
    status = ik__session_begin(&run, &p->s, err);
    if (status) return status;
    ik__path path = ik__folder_file(p->folder.text, IK__CHOICES_FILE);
    if (from->checkpoint) ik__choices_recall(p->s->engine, path.text);
    struct ik__synthesize *set = &p->s->set.synthesize;
    set->vary = false;
    set->vary_labels.n = set->vary_instances.n = set->n_styles = 0;
    if (from->batch < set->batch) set->batch = from->batch;
    p->varied = ik__pool_alloc(p->pool, sizeof *p->varied * (size_t)p->s->info->max_instances);
    set->vary_instances.v = p->varied;
    /* One for the picture, and one for each instance. */
    p->styles = ik__pool_alloc(p->pool, sizeof *p->styles * (size_t)(p->s->info->max_segments + 1));
    set->styles = p->styles;
    return ik__batch_new(&p->s->info->fields, 1, &p->layout, err);
}

static void tell_weights(const ik__painter *p, ik_strings files, bool averaged) {
    ik__telling t;
    ik__telling_begin(&t);
    for (int i = 0; i < files.n && t.file; i++)
        fprintf(t.file, "%s%s", i ? ", " : "weights of ", files.v[i]);
    if (t.file) fprintf(t.file, "%s, on %s", averaged ? ", averaged" : "", p->s->device);
    ik__telling_end(&t, IK__SAID);
}

ik_status ik__painter_load(ik__painter *p, ik_error *err) {
    const char *folder = p->folder.text;
    ik_strings files = p->from.checkpoint ? (ik_strings){1, &folder} : p->from.weights;
    bool averaged = false;
    ik_status status = ik__session_ready(p->s, err);
    if (status) return status;
    status = files.n ? ik__weights_fill(p->s, files, &averaged, err) : ik__weights_start(p->s, err);
    if (!status && files.n) tell_weights(p, files, averaged);
    char random[512];
    if (!status && ik__weights_random_words(p->s, random, sizeof random))
        ik__tell(IK__NOTED, "%s", random);
    return status;
}

void ik__painter_close(ik__painter *p) {
    ik__batch_free(p->layout);
    ik__session_close(p->s);
    ik__pool_free(p->pool);
    *p = (ik__painter){0};
}

/* --- what the maps hold */

ik_status ik__painter_layout(ik__painter *p, ik_error *err) {
    struct ik__synthesize *set = &p->s->set.synthesize;
    set->vary = false;
    set->vary_instances.n = set->n_styles = 0;
    return ik__data_read(p->s->data, IK_VALIDATION, p->item, NULL, p->layout, 0, err);
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

static void add_varied(ik__painter *p, int64_t instance) {
    struct ik__synthesize *set = &p->s->set.synthesize;
    set->vary = true;
    for (int i = 0; i < set->vary_instances.n; i++)
        if (p->varied[i] == instance) return;
    p->varied[set->vary_instances.n++] = instance;
}

ik_status ik__painter_vary_label(ik__painter *p, const char *word, const char *map, ik_error *err) {
    const ik__data_info *d = p->s->info;
    int64_t label = ik__data_label(d, word);
    if (label < 0)
        return ik_errorf(err, IK_USAGE, "there is no label '%s'; labels are 0 to %lld%s", word,
                         (long long)d->labels - 1, d->label_names ? ", or their names" : "");
    bool found = false;
    for (int i = 0; i < p->layout->segment_count[0]; i++) {
        if (p->layout->segment_label[i] != label) continue;
        add_varied(p, p->layout->segment_instance[i]);
        found = true;
    }
    if (found) return IK_OK;
    char all[512];
    list_values(p->layout->label, d->height * d->width, all, sizeof all);
    return ik_errorf(err, IK_USAGE, "label %lld is not in %s, which holds %s", (long long)label,
                     map, all);
}

ik_status ik__painter_vary_instance(ik__painter *p, const int32_t *values, int64_t value,
                                    const char *map, ik_error *err) {
    int64_t pixels = p->s->info->height * p->s->info->width, at = 0;
    while (at < pixels && values[at] != value) at++;
    if (at < pixels) {
        add_varied(p, p->layout->instance[at]);
        return IK_OK;
    }
    char all[512];
    list_values(values, pixels, all, sizeof all);
    return ik_errorf(err, IK_USAGE, "instance %lld is not in %s, which holds %s", (long long)value,
                     map, all);
}

bool ik__painter_varies(const ik__painter *p, int64_t instance) {
    const ik_ints *list = &p->s->set.synthesize.vary_instances;
    for (int k = 0; k < list->n; k++)
        if (list->v[k] == instance) return true;
    return false;
}

/* Programs are recorded: is anything drawn per instance? */
ik_status ik__painter_check(const ik__painter *p, ik_error *err) {
    const ik__session *s = p->s;
    if (!s->set.synthesize.vary || ik__latents_by_instance(s->sample, s->info->max_instances))
        return IK_OK;
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

static void match(ik__painter *p, const ik__batch *reference) {
    struct ik__synthesize *set = &p->s->set.synthesize;
    const ik__batch *l = p->layout;
    int n = l->segment_count[0], k = 0;
    set->n_styles = 0;
    p->styles[set->n_styles++] = (ik__style){IK_TRAIN, 0, -1, -1};
    for (int i = 0; i < n; i++) { /* ordered by label, then instance */
        k = i && l->segment_label[i] == l->segment_label[i - 1] ? k + 1 : 0;
        int64_t from = instance_of(reference, l->segment_label[i], k), to = l->segment_instance[i];
        for (int m = 1; m < set->n_styles; m++)
            if (p->styles[m].to == to) from = -1; /* an instance of two labels: by the first */
        if (from >= 0) p->styles[set->n_styles++] = (ik__style){IK_TRAIN, 0, from, to};
    }
}

ik_status ik__painter_style(ik__painter *p, float *picture, ik_error *err) {
    ik__batch *b = NULL;
    ik_status status = ik__batch_new(&p->s->info->fields, 1, &b, err);
    if (!status) status = ik__data_read(p->s->data, IK_TRAIN, 0, NULL, b, 0, err);
    if (!status) match(p, b);
    if (!status && picture) memcpy(picture, b->image, ik__field_bytes(b->fields, IK__IMAGE));
    ik__batch_free(b);
    return status;
}
