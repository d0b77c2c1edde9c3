/* The pipeline's own keys as option rows. */
#include "settings.h"

#include "config/options.h"

static const char *const precisions[] = {"f32", "tf32", "bf16", NULL}; /* ik_precision */
static const char *const inits[] = {"published", "xavier", NULL};
static const char *const on_bad_file[] = {"stop", "skip", NULL};
static const char *const all_stages[] = {"train", "synthesize", "evaluate", "report", NULL};
/* The first is a row, too, where it is no map `{plugin: NAME, ...options}`. */
static const char *const elsewhere[] = {"device",  "dataset",  "norm",       "networks",
                                        "losses",  "train",    "synthesize", "compare",
                                        "weights", "evaluate", NULL};

#define TOP(field) offsetof(ik__settings, field)
static const ik_option top[] = {
    {"name", "names the run folder", IK_OPT_STRING, TOP(name), "run", 0, 0, NULL},
    {"out", "the run folder; runs/<name> when empty", IK_OPT_STRING, TOP(out), "", 0, 0, NULL},
    {"seed", "decides everything random", IK_OPT_INT, TOP(seed), "1", 0, 9e15, NULL},
    {"device", "a backend, or auto", IK_OPT_STRING, TOP(device), "auto", 0, 0, NULL},
    {"precision", "of the computation", IK_OPT_CHOICE, TOP(precision), "f32", 0, 0, precisions},
    {"init", "of spectrally normalised weights: uniform, as in the published runs, or Xavier",
     IK_OPT_CHOICE, TOP(init), "published", 0, 0, inits},
    {"counted_instances",
     "instances of the picture whose multiply-adds `summary` counts as publications do; 0: "
     "dataset.max_instances",
     IK_OPT_INT, TOP(counted_instances), "0", 0, 1 << 20, NULL},
    {"threads", "0: all processors", IK_OPT_INT, TOP(threads), "0", 0, 1024, NULL},
    {"stages", "what a run does, in order", IK_OPT_STRINGS, TOP(stages),
     "[train, synthesize, report]", 0, 0, NULL},
    {0}};

#define TRAIN(field) offsetof(struct ik__train, field)
static const ik_option train[] = {
    {"steps", "0: by epochs", IK_OPT_INT, TRAIN(steps), "0", 0, 1e9, NULL},
    {"epochs", "at the full learning rate", IK_OPT_INT, TRAIN(epochs), "50", 0, 1e6, NULL},
    {"decay_epochs", "then, with the rate falling linearly", IK_OPT_INT, TRAIN(decay_epochs), "0",
     0, 1e6, NULL},
    {"batch", "pictures per step", IK_OPT_INT, TRAIN(batch), "8", 1, 4096, NULL},
    {"accumulate", "batches whose gradients are averaged for one step", IK_OPT_INT,
     TRAIN(accumulate), "1", 1, 4096, NULL},
    {"ema", "decay of the averaged weights that paint pictures, as 0.999; 0: none", IK_OPT_DOUBLE,
     TRAIN(ema), "0", 0, 1, NULL},
    {"eps", "Adam's", IK_OPT_DOUBLE, TRAIN(eps), "1e-8", 0, 1, NULL},
    {"betas", "Adam's", IK_OPT_DOUBLES, TRAIN(betas), "[0, 0.9]", 0, 1, NULL},
    {"log_every", "steps between lines of the log", IK_OPT_INT, TRAIN(log_every), "10", 1, 1e9,
     NULL},
    {"picture_every", "steps between grids; 0: none", IK_OPT_INT, TRAIN(picture_every), "500", 0,
     1e9, NULL},
    {"checkpoint_every", "steps between checkpoints; 0: only the last", IK_OPT_INT,
     TRAIN(checkpoint_every), "1000", 0, 1e9, NULL},
    {"on_bad_file",
     "a picture or map of training that cannot be read: save a checkpoint and stop; or take the "
     "next item in its place, and say so",
     IK_OPT_CHOICE, TRAIN(on_bad_file), "stop", 0, 0, on_bad_file},
    {"keep", "checkpoints to keep", IK_OPT_INT, TRAIN(keep), "2", 1, 1e6, NULL},
    {0}};
static const ik_option rates[] = {
    {"generator", "of the generator and the encoder", IK_OPT_DOUBLE, TRAIN(lr[0]), "1e-4", 0, 10,
     NULL},
    {"discriminator", "of the discriminator", IK_OPT_DOUBLE, TRAIN(lr[1]), "4e-4", 0, 10, NULL},
    {0}};

#define SYNTHESIZE(field) offsetof(struct ik__synthesize, field)
static const ik_option synthesize[] = {
    {"samples", "pictures per layout", IK_OPT_INT, SYNTHESIZE(samples), "4", 1, 1000, NULL},
    {"items", "layouts of the validation set", IK_OPT_INT, SYNTHESIZE(items), "8", 1, 1e9, NULL},
    {"batch", "pictures at a time", IK_OPT_INT, SYNTHESIZE(batch), "4", 1, 4096, NULL},
    {0}};
static const ik_option vary[] = {{"labels", "classes whose instances are drawn anew",
                                  IK_OPT_STRINGS, SYNTHESIZE(vary_labels), "[]", 0, 0, NULL},
                                 {"instances", "instances drawn anew", IK_OPT_INTS,
                                  SYNTHESIZE(vary_instances), "[]", 0, 65535, NULL},
                                 {0}};

#define STYLE(field) offsetof(ik__style, field)
static const char *const splits[] = {"train", "validation", NULL};
static const ik_option style[] = {
    {"split", "where the reference picture is", IK_OPT_CHOICE, STYLE(split), "validation", 0, 0,
     splits},
    {"item", "its number", IK_OPT_INT, STYLE(item), NULL, 0, 1e9, NULL},
    {"from", "the instance whose style is taken", IK_OPT_INT, STYLE(from), NULL, 0, 65535, NULL},
    {"to", "the instance of every layout that gets it", IK_OPT_INT, STYLE(to), NULL, 0, 65535,
     NULL},
    {0}};

const ik__settings_table ik__settings_tables[] = {{"Top level", top},
                                                  {"train", train},
                                                  {"train.lr", rates},
                                                  {"synthesize", synthesize},
                                                  {"synthesize.vary", vary},
                                                  {"synthesize.style", style},
                                                  {NULL, NULL}};

/* A list of maps. */
static ik_status read_styles(const ik__conf *list, ik__pool *pool, struct ik__synthesize *out,
                             ik_error *err) {
    if (!list) return IK_OK;
    if (list->kind != IK_CONF_LIST)
        return ik__conf_fail(list, err,
                             "synthesize.style: a list is wanted, as [{item: 0, from: 2, to: 3}]");
    out->n_styles = list->n;
    out->styles = ik__pool_alloc(pool, sizeof *out->styles * (size_t)(list->n + 1));
    ik_status status = IK_OK;
    for (int i = 0; i < list->n && !status; i++)
        status = ik__options_fill(style, list->items[i], NULL, "synthesize.style", &out->styles[i],
                                  pool, err);
    return status;
}

bool ik__settings_stage(const ik__settings *s, const char *stage) {
    for (int i = 0; i < s->stages.n; i++)
        if (!strcmp(s->stages.v[i], stage)) return true;
    return false;
}

/* An empty text is read as NULL. */
static ik_status check_names(const ik__conf *root, const ik__settings *s, ik_error *err) {
    if (!s->name)
        return ik__conf_fail(ik__conf_get(root, "name"), err,
                             "name: a text is wanted; remove the key for the default");
    if (strchr(s->name, '/') || !strcmp(s->name, ".") || !strcmp(s->name, ".."))
        return ik__conf_fail(ik__conf_get(root, "name"), err,
                             "name: '%s' is no name for a folder in runs; use one without '/', "
                             "and `out:` or --out for another place",
                             s->name);
    for (const char *c = s->name; *c; c++)
        if (((unsigned char)*c < ' ' && *c != '\n' && *c != '\t') || *c == 0x7f)
            return ik__conf_fail(ik__conf_get(root, "name"), err,
                                 "name: '%s' holds a control character; it names a folder, so use "
                                 "letters, digits and the like",
                                 s->name);
    if (!s->device)
        return ik__conf_fail(
            ik__conf_get(root, "device"), err,
            "device: a backend's name or auto is wanted, or `{plugin: NAME, ...}`");
    return IK_OK;
}

/* "train, synthesize and evaluate" */
static const char *stage_names(char *text, size_t size) {
    size_t at = 0;
    text[0] = 0;
    for (int i = 0; all_stages[i] && at < size; i++)
        at += (size_t)snprintf(text + at, size - at, "%s%s",
                               !i                  ? ""
                               : all_stages[i + 1] ? ", "
                                                   : " and ",
                               all_stages[i]);
    return text;
}

static ik_status check_stages(const ik__conf *root, const ik__settings *s, ik_error *err) {
    const ik__conf *list = ik__conf_get(root, "stages");
    if (list && !s->stages.n)
        return ik__conf_fail(list, err, "there is no stage to be run; there are %s",
                             stage_names((char[128]){0}, 128));
    for (int i = 0; i < s->stages.n; i++) {
        const ik__conf *at = list && list->kind == IK_CONF_LIST ? list->items[i] : list;
        bool known = false, twice = false;
        for (int k = 0; all_stages[k]; k++) known |= !strcmp(all_stages[k], s->stages.v[i]);
        for (int k = 0; k < i; k++) twice |= !strcmp(s->stages.v[k], s->stages.v[i]);
        if (!known)
            return ik__conf_fail(at, err, "unknown stage '%s'; there are %s", s->stages.v[i],
                                 stage_names((char[128]){0}, 128));
        if (twice)
            return ik__conf_fail(at, err,
                                 "the stage %s is named twice; each is run once, in the order of "
                                 "the list",
                                 s->stages.v[i]);
    }
    return IK_OK;
}

ik_status ik__settings_read(const ik__conf *root, ik__pool *pool, ik__settings *s, ik_error *err) {
    static const char *const lr[] = {"lr", NULL}, *const nested[] = {"vary", "style", NULL};
    memset(s, 0, sizeof *s);
    const ik__conf *t = ik__conf_get(root, "train"), *y = ik__conf_get(root, "synthesize");
    const ik__conf *device = ik__conf_get(root, "device");
    bool map = device && device->kind == IK_CONF_MAP;
    ik_status status = ik__options_fill(top, root, elsewhere + !map, "the pipeline", s, pool, err);
    const ik__conf *name = ik__conf_get(map ? device : NULL, "plugin");
    if (map) s->device = name && name->kind == IK_CONF_SCALAR ? name->text : NULL;
    if (!status) status = check_names(root, s, err);
    if (!status) status = check_stages(root, s, err);
    if (!status) status = ik__options_fill(train, t, lr, "train", &s->train, pool, err);
    if (!status)
        status =
            ik__options_fill(rates, ik__conf_get(t, "lr"), NULL, "train.lr", &s->train, pool, err);
    if (!status)
        status = ik__options_fill(synthesize, y, nested, "synthesize", &s->synthesize, pool, err);
    const ik__conf *v = ik__conf_get(y, "vary");
    s->synthesize.vary = v != NULL;
    if (!status)
        status = ik__options_fill(vary, v, NULL, "synthesize.vary", &s->synthesize, pool, err);
    if (!status) status = read_styles(ik__conf_get(y, "style"), pool, &s->synthesize, err);
    if (!status && s->train.betas.n != 2)
        status =
            ik__conf_fail(ik__conf_get(t, "betas"), err, "train.betas: two numbers are wanted");
    for (int i = 0; i < 2 && !status; i++)
        if (s->train.betas.v[i] >= 1)
            status = ik__conf_fail(ik__conf_get(t, "betas"), err,
                                   "train.betas: both have to be below 1, as [0, 0.9]: with 1 the "
                                   "first step divides by 0");
    if (!status && (float)s->train.eps == 0)
        status = ik__conf_fail(ik__conf_get(t, "eps"), err,
                               "train.eps: a number above 0 is wanted, as 1e-8: a gradient of 0 "
                               "is divided by it");
    if (!status && s->train.ema >= 1)
        status = ik__conf_fail(ik__conf_get(t, "ema"), err,
                               "train.ema: a decay below 1 is wanted, as 0.999; 0 for none");
    return status;
}

void ik__settings_complete(ik__conf *root) {
    ik__conf *t = ik__conf_ensure(root, root, "train");
    ik__conf *lr = ik__conf_ensure(root, t, "lr");
    ik__conf *y = ik__conf_ensure(root, root, "synthesize");
    if (t) ik__conf_note(t, train);
    if (lr) ik__conf_note(lr, rates);
    if (y) ik__conf_note(y, synthesize);
}

int64_t ik__settings_steps(const ik__settings *s, int64_t items) {
    const struct ik__train *t = &s->train;
    return t->steps ? t->steps
                    : (t->epochs + t->decay_epochs) * (items / (t->batch * t->accumulate));
}

ik_adam ik__settings_adam(const ik__settings *s, double lr) {
    return (ik_adam){lr, s->train.betas.v[0], s->train.betas.v[1], s->train.eps, 0};
}
