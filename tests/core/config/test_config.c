/* The configuration: what loads, where it says things are, and how it refuses the rest. */
#include "base/nearest.h"
#include "config/config.h"

#include "support/suite.h"
#include <stdlib.h>
#include <unistd.h>

static char folder[64];
static ik_error err;

static const char *file(const char *name, const char *text) {
    static char paths[4][128];
    static int turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
    return path;
}

static void set_up(void) {
    strcpy(folder, "/tmp/inadekit-config-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    err.text[0] = 0;
}

static void tear_down(void) {
    char command[128];
    ck_assert_int_eq(chdir("/"), 0);
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* Loads text as x.yaml with overrides, and compares the dump. */
static void gives(const char *text, int n, const char *const *sets, const char *want) {
    ik__conf *c = NULL;
    file("x.yaml", text);
    ck_assert_msg(ik__conf_load("x.yaml", n, sets, &c, &err) == IK_OK, "%s", err.text);
    char *dump = ik__conf_dump(c);
    ck_assert_str_eq(dump, want);
    ik__conf_free(c);
    free(dump);
}

static void fails(const char *text, int n, const char *const *sets, const char *want) {
    ik__conf *c = NULL;
    file("x.yaml", text);
    ck_assert_int_eq(ik__conf_load("x.yaml", n, sets, &c, &err), IK_USAGE);
    ck_assert_ptr_null(c);
    ck_assert_str_eq(err.text, want);
}

#define SETS(...)                                                                                  \
    (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)), (const char *[]) {              \
        __VA_ARGS__                                                                                \
    }

START_TEST(positions) {
    ik__conf *c;
    file("x.yaml", "# comment\na: 1\n\"\xC3\xA9\": [x, 'y']\nb:\n  - {k: v}\n");
    ck_assert_int_eq(ik__conf_load("x.yaml", 0, NULL, &c, &err), IK_OK);
    const ik__conf *list = ik__conf_get(c, "\xC3\xA9"), *b = ik__conf_get(c, "b");
    ck_assert_int_eq(list->kind, IK_CONF_LIST);
    ck_assert_int_eq(list->items[1]->line, 3);
    ck_assert_int_eq(list->items[1]->column, 10);
    ck_assert(list->items[1]->quoted && !list->items[0]->quoted);
    const ik__conf *v = ik__conf_get(b->items[0], "k");
    ck_assert_int_eq(v->line, 5);
    ck_assert_int_eq(v->column, 9);
    ck_assert_int_eq(v->key_column, 6);
    ck_assert_str_eq(v->file, "x.yaml");
    ck_assert_ptr_null(ik__conf_get(c, "none"));
    ck_assert_ptr_null(ik__conf_get(v, "none"));
    ik__conf_free(c);
}
END_TEST

START_TEST(dump_loads_again) {
    const char *text =
        "a: [1, two, \"3\", ~, '']\nb:\n- x: {y: [[], {}]}\n- [[1], 2]\n"
        "\"k: k\": \"q\\\" \\\\ \\n \\u2028 \\x01 $${X} $\"\nnull_: null\nlit: |\n  a ${b\n";
    ik__conf *c, *d;
    ck_assert_int_eq(ik__conf_parse("t", text, strlen(text), &c, &err), IK_OK);
    char *one = ik__conf_dump(c);
    ck_assert_msg(ik__conf_parse("d", one, strlen(one), &d, &err) == IK_OK, "%s\n%s", err.text,
                  one);
    char *two = ik__conf_dump(d);
    ck_assert_str_eq(one, two);
    ck_assert_str_eq(ik__conf_get(d, "k: k")->text, ik__conf_get(c, "k: k")->text);
    ck_assert_str_eq(ik__conf_get(d, "k: k")->text, "q\" \\ \n \xE2\x80\xA8 \x01 ${X} $");
    ck_assert_str_eq(ik__conf_get(d, "lit")->text, "a ${b\n");
    ck_assert(ik__conf_is_null(ik__conf_get(d, "null_")));
    ck_assert(!ik__conf_is_null(ik__conf_get(d, "a")->items[4]));
    ik__conf_free(c);
    ik__conf_free(d);
    free(one);
    free(two);
}
END_TEST

START_TEST(variables) {
    setenv("IKT_A", "/data ${x}", 1);
    setenv("IKT_EMPTY", "", 1);
    unsetenv("IKT_NONE");
    gives(
        "a: \"${IKT_A}/b\"\nb: '${IKT_NONE:-d}${IKT_EMPTY:-e}${IKT_EMPTY}'\nc: \"$${IKT_A} $5\"\n",
        0, NULL, "a: \"/data $${x}/b\"\nb: \"de\"\nc: \"$${IKT_A} $5\"\n");
    fails("a:\n  b: \"x${IKT_NONE}\"\n", 0, NULL,
          "x.yaml:2:6: environment variable 'IKT_NONE' is not set; set it, or write "
          "${IKT_NONE:-default}");
    gives("a: \"${IKT_NONE}\"\n", SETS("a=1"), "a: 1\n"); /* what is overridden need not be set */
    fails("a: \"${IKT\"\n", 0, NULL,
          "x.yaml:1:4: '${' has no closing '}'; write '$${' for a literal '${'");
    fails("a: '${I-K}'\n", 0, NULL,
          "x.yaml:1:4: '${I-K}' names no environment variable; write ${NAME} or "
          "${NAME:-default}, or '$${' for a literal '${'");
    fails("a: ${IKT_A}\n", 0, NULL,
          "x.yaml:1:4: variables are replaced in quotes only; write \"${IKT_A}\"");
    static const char home[] = ": '~' is the shell's and means nothing in a file; write "
                               "\"${HOME}/b\", in quotes, or \"./~/b\" for a folder called so";
    char text[200];
    snprintf(text, sizeof text, "x.yaml:1:4%s", home);
    fails("a: ~/b\n", 0, NULL, text);
    snprintf(text, sizeof text, "x.yaml:1:5%s", home);
    fails("a: ['~/b']\n", 0, NULL, text);
    gives("a: ./~/b\nc: ~\n", 0, NULL, "a: \"./~/b\"\nc: ~\n");
    setenv("IKT_A", "\xFF", 1);
    fails("a: \"${IKT_A}\"\n", 0, NULL,
          "x.yaml:1:4: environment variable 'IKT_A' is not valid UTF-8; correct it");
}
END_TEST

START_TEST(aliases) {
    gives("a: &x {k: [1]}\nb: *x\nc: [*x]\n", 0, NULL,
          "a:\n  k: [1]\nb:\n  k: [1]\nc:\n  - k: [1]\n");
    gives("a: &x {k: 1}\nb: *x\n", SETS("a.k=2"), "a:\n  k: 2\nb:\n  k: 2\n");
    gives("a: &x {k: 1, l: 1}\nb: *x\n", SETS("b.k=3", "a.l=2"),
          "a:\n  k: 1\n  l: 2\nb:\n  k: 3\n  l: 2\n");
    gives("a: &x 1\nb: *x\n", SETS("a=2"), "a: 2\nb: 2\n");
    gives("a: &x 1\nb: *x\n", SETS("b=2"), "a: 1\nb: 2\n");
    fails("a: &x\n  b: *x\n", 0, NULL,
          "x.yaml:2:6: alias '*x' lies inside the node it stands for; move it out");
    fails("a: *x\n", 0, NULL,
          "x.yaml:1:4: alias '*x' has no anchor '&x' before it; write the anchor first");
}
END_TEST

START_TEST(aliases_cannot_explode) {
    char text[4096] = "a0: &a0 [x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; i++) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n,
                 "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1, i - 1,
                 i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    }
    ik__conf *c;
    ck_assert_int_eq(ik__conf_parse("x", text, strlen(text), &c, &err), IK_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "grow the configuration beyond 262144 values"));
}
END_TEST

START_TEST(includes) {
    ck_assert_int_eq(system("mkdir sub"), 0);
    file("sub/base.yaml", "a: {x: 1, y: [1, 2]}\nb: &n {k: 1}\nc: *n\nlist: [1, 2]\n");
    file("sub/mid.yaml", "include: base.yaml\nb: {k: 2}\n");
    file("other.yaml", "a: {x: 5}\nnew: 1\n");
    gives("include: [sub/mid.yaml, \"./other.yaml\"]\na: {z: 3}\nlist: [9]\n", 0, NULL,
          "a:\n  x: 5\n  y: [1, 2]\n  z: 3\nb:\n  k: 2\nc:\n  k: 2\nlist: [9]\nnew: 1\n");
    ik__conf *c;
    ck_assert_int_eq(ik__conf_load("x.yaml", 0, NULL, &c, &err), IK_OK);
    ck_assert_str_eq(ik__conf_get(ik__conf_get(c, "a"), "y")->file, "sub/base.yaml");
    ck_assert_int_eq(ik__conf_get(ik__conf_get(c, "b"), "k")->line, 2);
    ik__conf_free(c);
    /* Both sides aliases: the merge makes copies. */
    file("sub/base.yaml", "m: &m {p: 1}\na: *m\n");
    gives("include: sub/base.yaml\nn: &n {q: 2}\na: *n\n", 0, NULL,
          "m:\n  p: 1\na:\n  p: 1\n  q: 2\nn:\n  q: 2\n");
}
END_TEST

START_TEST(bad_includes) {
    fails("a: 1\ninclude: none.yaml\n", 0, NULL,
          "x.yaml:2:10: cannot open 'none.yaml': No such file or directory; check the path, "
          "which is relative to the including file");
    file("b.yaml", "include: x.yaml\n");
    fails("include: b.yaml\n", 0, NULL,
          "b.yaml:1:10: 'x.yaml' includes itself: x.yaml, included by b.yaml, included by "
          "x.yaml; remove one of the includes");
    fails("include: {a: 1}\n", 0, NULL,
          "x.yaml:1:10: 'include' takes a path or a list of paths; write the file's name");
    file("b.yaml", "[1]\n");
    fails("include: b.yaml\n", 0, NULL,
          "b.yaml:1:1: a configuration is a map; begin with a line such as 'name: x'");
    fails(
        "include: .\n", 0, NULL,
        "x.yaml:1:10: cannot open '.': it is a folder, and a file is wanted; check the path, which is relative to the including file");
    /* Two files that make a circle of aliases only together. */
    file("b.yaml", "b: &q {z: 1}\na: {d: *q}\n");
    ik__conf *c;
    file("x.yaml", "include: b.yaml\na: &p {e: 1}\nb: {c: *p}\n");
    ck_assert_int_eq(ik__conf_load("x.yaml", 0, NULL, &c, &err), IK_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "lies inside the node it stands for"));
}
END_TEST

START_TEST(too_many_includes) {
    for (int i = 0; i < 20; i++) {
        char name[16], text[64];
        snprintf(name, sizeof name, "f%d.yaml", i);
        snprintf(text, sizeof text, "include: [f%d.yaml, f%d.yaml]\n", i + 1, i + 1);
        file(name, text);
    }
    file("f20.yaml", "a: 1\n");
    fails("include: f0.yaml\n", 0, NULL,
          "f16.yaml:1:21: more than 64 files are included; merge some");
}
END_TEST

START_TEST(overrides) {
    gives("a: {b: 1}\nl: [{w: 1}, 2]\n",
          SETS("a.b=2", "a.c.d=[1, {x: y}]", "l.0.w=5", "l.1='s'", "n=", "z=\"q\""),
          "a:\n  b: 2\n  c:\n    d:\n      - 1\n      - x: y\nl:\n  - w: 5\n  - \"s\"\nn: ~\nz: "
          "\"q\"\n");
    gives("norm: inade\n", SETS("norm.plugin=spade"), "norm:\n  plugin: spade\n");
    gives("t:\n", SETS("t.epochs=1"), "t:\n  epochs: 1\n");
    ik__conf *c;
    file("x.yaml", "norm: {plugin: inade, k: 1}\nother: {plugin: p}\n");
    ck_assert_int_eq(ik__conf_load("x.yaml", SETS("norm.plugin=spade"), &c, &err), IK_OK);
    ck_assert(ik__conf_get(c, "norm")->plugin_overridden);
    ck_assert(!ik__conf_get(c, "other")->plugin_overridden);
    ck_assert_str_eq(ik__conf_get(ik__conf_get(c, "norm"), "plugin")->file,
                     "--set norm.plugin=spade");
    ck_assert_int_eq(ik__conf_get(ik__conf_get(c, "norm"), "plugin")->column, 13);
    ik__conf_free(c);
}
END_TEST

START_TEST(bad_overrides) {
    const char *text = "a: {b: 1}\nl: [1, 2]\n";
    fails(text, SETS("a.b"),
          "--set a.b:1:1: an override needs a key and a value; write --set KEY=VALUE");
    fails(text, SETS("a..b=1"), "--set a..b=1:1:1: a part of the key is empty; write it as a.b.c");
    fails(text, SETS("a\nb=1"), "--set a\nb=1:1:1: a key must be one line; write it as a.b.c");
    fails(text, SETS("l.2=1"),
          "--set l.2=1:1:1: there is no element 2: the list at "
          "x.yaml:2:4 has 2, counted from 0");
    fails(text, SETS("l.x=1"),
          "--set l.x=1:1:1: 'x' is not a number, but the list at "
          "x.yaml:2:4 is indexed by 0, 1, ...");
    fails(text, SETS("a.b.c=1"),
          "--set a.b.c=1:1:1: 'c' has no place in '1' at x.yaml:1:8, "
          "which is no map; set the whole of it");
    fails(text, SETS("a=b: c"),
          "--set a=b: c:1:3: write a map as {key: value}, or quote the "
          "value if it is text");
    fails(text, SETS("a=#fff"), "--set a=#fff:1:3: the value is only a comment; put it in quotes");
    fails(text, SETS("include=b"),
          "--set include=b:1:1: 'include' cannot be overridden; "
          "override the keys it brings");
    fails(text, SETS("a=[1"),
          "--set a=[1:1:5: did not find expected ',' or ']' while parsing a flow sequence "
          "that begins at 1:3; check the indentation, quotes and brackets");
}
END_TEST

START_TEST(refusals) {
    fails("a: 1\nb: 2\na: 3\n", 0, NULL,
          "x.yaml:3:1: key 'a' is given twice, first at x.yaml:1:1; remove one");
    fails("a: 1\n---\nb: 2\n", 0, NULL,
          "x.yaml:2:1: a second document begins here; keep one in a file");
    fails("[a]: 1\n", 0, NULL,
          "x.yaml:1:1: a key must be a word, not a list, a map or an alias; quote it if it is "
          "meant as text");
    fails("", 0, NULL, "x.yaml:1:1: there is nothing in it; write a map such as 'name: x'");
    fails("# only\n", 0, NULL, "x.yaml:1:1: there is nothing in it; write a map such as 'name: x'");
    fails("a: 1\nb: \xC3(\n", 0, NULL,
          "x.yaml:2:4: byte 0xC3 is not valid UTF-8; save the file as UTF-8 text");
    fails("\x7F"
          "ELF",
          0, NULL, "x.yaml:1:1: byte 0x7F is not text; save the file as UTF-8 text");
    fails("- a\n", 0, NULL,
          "x.yaml:1:1: a configuration is a map; begin with a line such as 'name: x'");
    fails("a: !!int 3\n", 0, NULL,
          "x.yaml:1:4: tags such as 'tag:yaml.org,2002:int' have no meaning here; remove it");
    fails("a: {<<: 3}\n", 0, NULL,
          "x.yaml:1:5: merge keys ('<<') are not supported; use 'include:' or repeat the keys");
    fails("a: [1\nb: 2\n", 0, NULL,
          "x.yaml:2:2: did not find expected ',' or ']' while parsing a flow sequence that "
          "begins at 1:4; check the indentation, quotes and brackets");
    fails("a: \"x\\0y\"\n", 0, NULL, "x.yaml:1:4: text with a '\\0' in it; remove it");
    ik__conf *c;
    ck_assert_int_eq(ik__conf_load("none.yaml", 0, NULL, &c, &err), IK_USAGE);
    ck_assert_str_eq(err.text,
                     "cannot open 'none.yaml': No such file or directory; check the path");
}
END_TEST

START_TEST(limits) {
    char deep[256] = "";
    memset(deep, '[', 65);
    ik__conf *c;
    ck_assert_int_eq(ik__conf_parse("x", deep, 65, &c, &err), IK_USAGE);
    ck_assert_str_eq(err.text, "x:1:65: nested deeper than 64 levels; flatten it");
    memset(deep + 64, ']', 64);
    ck_assert_int_eq(ik__conf_parse("x", deep, 128, &c, &err), IK_OK);
    ik__conf_free(c);
    char *large = malloc((1 << 20) + 2);
    memset(large, 'a', (1 << 20) + 1);
    large[(1 << 20) + 1] = 0;
    fails(large, 0, NULL, "x.yaml:1:1: it is larger than 1 MiB; split it with 'include:'");
    for (int i = 0; i < 1 << 19; i++) memcpy(large + 2 * i, i ? "1," : "[1", 2);
    ck_assert_int_eq(ik__conf_parse("x", large, 1 << 20, &c, &err), IK_USAGE);
    free(large);
}
END_TEST

/* Every prefix of a text either loads or is refused with a position. */
START_TEST(prefixes) {
    const char *text = "\xEF\xBB\xBF"
                       "a: &x {k: [1, \"q\\x41 ${HOME:-y}\"], ? b : 'c'}\nd: *x\n"
                       "e: |\n  t\n\xC3\xA9: [*x, ~]\n...\n";
    for (size_t n = 0; n <= strlen(text); n++) {
        ik__conf *c;
        char *part = malloc(n + 1); /* exact, so that a read behind the end is seen */
        memcpy(part, text, n);
        if (ik__conf_parse("p", part, n, &c, &err) == IK_OK)
            ik__conf_free(c);
        else
            ck_assert_msg(strncmp(err.text, "p:", 2) == 0, "%s", err.text);
        free(part);
    }
}
END_TEST

START_TEST(nearest) {
    const char *const words[] = {"channels", "scales", "kl", "noise_channels", NULL};
    ck_assert_str_eq(ik__nearest("chanels", words), "channels");
    ck_assert_str_eq(ik__nearest("chnanels", words), "channels");
    ck_assert_str_eq(ik__nearest("Scale", words), "scales");
    ck_assert_ptr_null(ik__nearest("k", words));
    ck_assert_ptr_null(ik__nearest("weights", words));
    ck_assert_ptr_null(ik__nearest("", words));
}
END_TEST

int main(void) {
    return RUN_SUITE("config", set_up, tear_down, {positions}, {dump_loads_again}, {variables},
                     {aliases}, {aliases_cannot_explode}, {includes}, {bad_includes},
                     {too_many_includes}, {overrides}, {bad_overrides}, {refusals}, {limits},
                     {prefixes}, {nearest});
}
