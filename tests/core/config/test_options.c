/* Option rows: what fills a struct, and the exact words that refuse the rest. */
#include "config/options.h"

#include "support/suite.h"
#include <stdlib.h>

typedef struct thing {
    bool flag;
    int64_t channels;
    double slope;
    const char *root;
    const char *mode_name;
    int mode;
    ik_ints sizes;
    ik_doubles weights;
    ik_strings names;
    int64_t needed;
} thing;

static const char *const modes[] = {"nearest", "bilinear", NULL};
static const ik_option rows[] = {
    {"flag", "a switch", IK_OPT_BOOL, offsetof(thing, flag), "true"},
    {"channels", "how many", IK_OPT_INT, offsetof(thing, channels), "64", 1, 1024},
    {"slope", "of the ramp", IK_OPT_DOUBLE, offsetof(thing, slope), "0.2", 0, 1},
    {"root", "a folder", IK_OPT_STRING, offsetof(thing, root), ""},
    {"mode_name", "a word", IK_OPT_STRING, offsetof(thing, mode_name), "x y"},
    {"mode", "of resizing", IK_OPT_CHOICE, offsetof(thing, mode), "bilinear", 0, 0, modes},
    {"sizes", "in pixels", IK_OPT_INTS, offsetof(thing, sizes), "[1, 2]", 1, 1e18},
    {"weights", "of layers", IK_OPT_DOUBLES, offsetof(thing, weights), "[]"},
    {"names", "of classes", IK_OPT_STRINGS, offsetof(thing, names), "[a, 'b c']"},
    {"needed", "a thing to give", IK_OPT_INT, offsetof(thing, needed), NULL},
    {NULL},
};
static const char *const also[] = {"id", "weight", NULL};

static thing got;
static ik_error err;
static ik__pool *pool;
static ik__conf *conf;

static void set_up(void) {
    memset(&got, 0, sizeof got);
    err.text[0] = 0;
    pool = ik__pool_new();
    conf = NULL;
}

static void tear_down(void) {
    ik__conf_free(conf);
    ik__pool_free(pool);
}

static ik_status fill(const char *yaml) {
    ik__conf_free(conf);
    ck_assert_msg(ik__conf_parse("f.yaml", yaml, strlen(yaml), &conf, &err) == IK_OK, "%s",
                  err.text);
    return ik__options_fill(rows, conf, also, "norm/inade", &got, pool, &err);
}

static void fails(const char *yaml, const char *want) {
    ck_assert_int_eq(fill(yaml), IK_USAGE);
    ck_assert_str_eq(err.text, want);
}

START_TEST(defaults) {
    ck_assert_msg(fill("{plugin: inade, id: x, needed: 1}") == IK_OK, "%s", err.text);
    ck_assert(got.flag);
    ck_assert_int_eq(got.channels, 64);
    ck_assert_double_eq(got.slope, 0.2);
    ck_assert_ptr_null(got.root);
    ck_assert_str_eq(got.mode_name, "x y");
    ck_assert_int_eq(got.mode, 1);
    ck_assert_int_eq(got.sizes.n, 2);
    ck_assert_int_eq(got.sizes.v[1], 2);
    ck_assert_int_eq(got.weights.n, 0);
    ck_assert_str_eq(got.names.v[1], "b c");
    ck_assert_int_eq(ik__options_fill(NULL, NULL, NULL, "x", &got, pool, &err), IK_OK);
}
END_TEST

START_TEST(values) {
    ck_assert_msg(fill("{flag: false, channels: 1024, slope: 1e-4, root: /a, mode: nearest, sizes: "
                       "[7], weights: [-.5, 1, 2E3], names: [1], needed: -5}") == IK_OK,
                  "%s", err.text);
    ck_assert(!got.flag);
    ck_assert_int_eq(got.channels, 1024);
    ck_assert_double_eq(got.slope, 1e-4);
    ck_assert_str_eq(got.root, "/a");
    ck_assert_int_eq(got.mode, 0);
    ck_assert_int_eq(got.sizes.v[0], 7);
    ck_assert_double_eq(got.weights.v[0], -0.5);
    ck_assert_double_eq(got.weights.v[2], 2000);
    ck_assert_str_eq(got.names.v[0], "1");
    ck_assert_int_eq(got.needed, -5);
}
END_TEST

START_TEST(unknown) {
    fails("\n{plugin: inade,\n chanels: 3}",
          "f.yaml:3:2: unknown option 'chanels' of norm/inade; did you mean 'channels'?");
    fails("{zzz: 3}", "f.yaml:1:2: unknown option 'zzz' of norm/inade; known are: flag, "
                      "channels, slope, root, mode_name, mode, sizes, weights, names, needed, id, "
                      "weight");
    fails("{wieght: 3}",
          "f.yaml:1:2: unknown option 'wieght' of norm/inade; did you mean 'weight'?");
    ck_assert_int_eq(ik__options_fill(NULL, conf, NULL, "norm/none", &got, pool, &err), IK_USAGE);
    ck_assert_str_eq(err.text, "f.yaml:1:2: unknown option 'wieght' of norm/none; it takes none; "
                               "remove it");
    fails("5", "f.yaml:1:1: norm/inade takes a map of options, not '5'");
}
END_TEST

START_TEST(wrong_types) {
#define MUST(name, what) "f.yaml:1:" name " of norm/inade must be " what
    fails("{channels: many}", MUST("12: option 'channels'", "a whole number, not 'many'"));
    fails("{channels: 1e3}", MUST("12: option 'channels'", "a whole number, not '1e3'"));
    fails("{channels: 0x10}", MUST("12: option 'channels'", "a whole number, not '0x10'"));
    fails("{channels: 010}", MUST("12: option 'channels'", "a whole number without zeros before "
                                                           "it, not '010'"));
    fails("{sizes: [1, -07]}", MUST("13: option 'sizes'", "a whole number without zeros before "
                                                          "it, not '-07'"));
    fails("{channels: \"3\"}", MUST("12: option 'channels'", "a whole number, not \"3\""));
    fails("{channels: [3]}", MUST("12: option 'channels'", "a whole number, not a list"));
    fails("{channels: }", MUST("12: option 'channels'", "a whole number, not empty"));
    fails("{slope: .inf}", MUST("9: option 'slope'", "a number, not '.inf'"));
    fails("{slope: 1e999}", MUST("9: option 'slope'", "a finite number, not '1e999'"));
    fails("{slope: 1e}", MUST("9: option 'slope'", "a number, not '1e'"));
    fails("{flag: yes}", MUST("8: option 'flag'", "true or false, not 'yes'"));
    fails("{root: {a: 1}}", MUST("8: option 'root'", "a text, not a map"));
    fails("{sizes: {a: 3}}",
          MUST("9: option 'sizes'", "a list of whole numbers, such as [1, 2], not a map"));
    fails("{sizes: [3, x]}", MUST("13: option 'sizes'", "a whole number, not 'x'"));
    fails("{names: [[]]}",
          MUST("10: option 'names'", "a list of texts that are not empty, not a list"));
    fails("{mode: cubic}", MUST("8: option 'mode'", "one of nearest, bilinear, not 'cubic'"));
}
END_TEST

START_TEST(out_of_range) {
    fails("{channels: 0}", MUST("12: option 'channels'", "1 to 1024, not '0'"));
    fails("{channels: 99999999999999999999}",
          MUST("12: option 'channels'", "a number of 64 bits, not '99999999999999999999'"));
    fails("{slope: 1.5}", MUST("9: option 'slope'", "0 to 1, not '1.5'"));
    fails("{sizes: [0]}", MUST("10: option 'sizes'", "at least 1, not '0'"));
}
END_TEST

START_TEST(missing) {
    fails("\n  {plugin: inade}",
          "f.yaml:2:3: norm/inade needs the option 'needed' (a thing to give); add it");
    ck_assert_int_eq(ik__options_fill(rows, NULL, NULL, "norm/inade", &got, pool, &err), IK_USAGE);
    ck_assert_str_eq(err.text, "norm/inade needs the option 'needed' (a thing to give); add it");
}
END_TEST

START_TEST(describe) {
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    ik__options_describe(rows + 5, f);
    fclose(f);
    ck_assert_str_eq(text, "  mode: choice of nearest, bilinear, default bilinear\n"
                           "      of resizing\n"
                           "  sizes: list of int, at least 1, default [1, 2]\n"
                           "      in pixels\n"
                           "  weights: list of number, default []\n"
                           "      of layers\n"
                           "  names: list of text, default [a, 'b c']\n"
                           "      of classes\n"
                           "  needed: int, required\n"
                           "      a thing to give\n");
    free(text);
}
END_TEST

START_TEST(pools) {
    ik__pool *p = ik__pool_new();
    for (size_t i = 0; i < 2000; i++) {
        char *a = ik__pool_alloc(p, i);
        for (size_t k = 0; k < i; k++) ck_assert_int_eq(a[k], 0);
        memset(a, 1, i);
    }
    ck_assert_str_eq(ik__pool_strdup(p, "abc"), "abc");
    ik__pool_free(p);
    ik__pool_free(NULL);
}
END_TEST

int main(void) {
    return RUN_SUITE("options", set_up, tear_down, {defaults}, {values}, {unknown}, {wrong_types},
                     {out_of_range}, {missing}, {describe}, {pools});
}
