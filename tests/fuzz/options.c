/* Option rows: up to the first NUL byte the YAML map that is given, behind it a default. What is
 * taken must lie in the range that its row states. */
#include "fuzz.h"

#include "config/options.h"

typedef struct thing {
    bool flag;
    int64_t channels;
    double slope;
    const char *root;
    int mode;
    ik_ints sizes;
    ik_doubles weights;
    ik_strings names;
    int64_t given;
} thing;

static const char *const modes[] = {"nearest", "bilinear", NULL};
static const char *const also[] = {"id", "weight", NULL};

static void check(const thing *t) {
    FUZZ_CHECK(t->channels >= 1 && t->channels <= 1024);
    FUZZ_CHECK(t->slope >= 0 && t->slope <= 1);
    FUZZ_CHECK(!t->root || *t->root);
    FUZZ_CHECK(t->mode == 0 || t->mode == 1);
    for (int i = 0; i < t->sizes.n; i++) FUZZ_CHECK(t->sizes.v[i] >= 1 && t->sizes.v[i] <= 4096);
    for (int i = 0; i < t->weights.n; i++) FUZZ_CHECK(t->weights.v[i] == t->weights.v[i]);
    for (int i = 0; i < t->names.n; i++) FUZZ_CHECK(*t->names.v[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 2);
    memcpy(text, data, size);
    text[size] = text[size + 1] = 0;
    size_t yaml = strlen(text);
    const char *fallback = yaml < size ? text + yaml + 1 : "7";
    const ik_option rows[] = {
        {"flag", "a switch", IK_OPT_BOOL, offsetof(thing, flag), "true"},
        {"channels", "how many", IK_OPT_INT, offsetof(thing, channels), "64", 1, 1024},
        {"slope", "of the ramp", IK_OPT_DOUBLE, offsetof(thing, slope), "0.2", 0, 1},
        {"root", "a folder", IK_OPT_STRING, offsetof(thing, root), ""},
        {"mode", "of resizing", IK_OPT_CHOICE, offsetof(thing, mode), "bilinear", 0, 0, modes},
        {"sizes", "in pixels", IK_OPT_INTS, offsetof(thing, sizes), "[1, 2]", 1, 4096},
        {"weights", "of layers", IK_OPT_DOUBLES, offsetof(thing, weights), "[]"},
        {"names", "of classes", IK_OPT_STRINGS, offsetof(thing, names), "[a, 'b c']"},
        {"given", "with any default", IK_OPT_INT, offsetof(thing, given), fallback},
        {NULL},
    };
    ik_error err = {""};
    ik__conf *conf = NULL;
    ik_status status = ik__conf_parse("f.yaml", text, yaml, &conf, &err);
    fuzz_check_status(status, &err);
    if (!status) {
        thing t = {0};
        ik__pool *pool = ik__pool_new();
        status = ik__options_fill(rows, conf, also, "norm/fuzz", &t, pool, &err);
        fuzz_check_status(status, &err);
        if (!status) check(&t);
        ik__pool_free(pool);
    }
    ik__conf_free(conf);
    free(text);
    return 0;
}
