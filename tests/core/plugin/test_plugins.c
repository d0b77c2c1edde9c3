/* Plugins: where they are looked for, what is refused and in which words, and instances of them.
 * The plugins, good and bad, are compiled here. */
#include "base/watch.h"
#include "plugin/plugins.h"

#include "support/suite.h"
#include <stdlib.h>
#include <unistd.h>

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define ABI TEXT(IK_ABI_MAJOR) "." TEXT(IK_ABI_MINOR)

static char folder[64], real[256];
static ik_error err;

static void run(const char *command) {
    ck_assert_msg(system(command) == 0, "%s", command);
}

#define HEAD                                                                                            \
    "#include \"inadekit/plugin.h\"\n"                                                                  \
    "typedef struct { int64_t k; } me;\n"                                                               \
    "static ik_tensor *rec(const void *s, ik_graph *g, ik_tensor *x) { (void)s; (void)g; return x; }\n" \
    "static const ik_norm_iface face = {sizeof face, rec};\n"                                           \
    "static const ik_option rows[] = {{\"k\", \"a number\", IK_OPT_INT, 0, \"7\", 1, 9}, {NULL}};\n"    \
    "static ik_status init(void *s, ik_error *e) {\n"                                                   \
    "  return ((me *)s)->k == 9 ? ik_errorf(e, IK_FAILED, \"k is nine\") : IK_OK; }\n"
#define BODY(name, change)                                                                         \
    "static const ik_plugin p = {IK_PLUGIN_HEAD(IK_NORM, \"" name "\", \"1.0\", \"a test\"),\n"    \
    "  .options = rows, .instance_size = sizeof(me), .init = init, .iface = &face, " change "};\n" \
    "IK_EXPORT_PLUGINS(&p)\n"

/* Compiles a plugin to <folder>/<dir>/norm/<name>.so. */
static const char *build(const char *dir, const char *name, const char *source) {
    static char path[512];
    char command[1024];
    snprintf(command, sizeof command, "mkdir -p %s/%s/norm", folder, dir);
    run(command);
    snprintf(path, sizeof path, "%s/source.c", folder);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(source, f);
    fclose(f);
    snprintf(command, sizeof command,
             "cc -std=gnu11 -w -shared -fPIC -I%s/core/include %s/source.c -o %s/%s/norm/%s.so",
             SOURCE_DIR, folder, folder, dir, name);
    run(command);
    snprintf(path, sizeof path, "%s/%s/norm/%s.so", real, dir, name);
    return path;
}

static void set_up(void) {
    strcpy(folder, "/tmp/inadekit-plugins-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(real, sizeof real, "%s", realpath(folder, (char[4096]){0}));
    err.text[0] = 0;
    unsetenv("INADEKIT_PLUGIN_PATH");
    ik__plugins_path(NULL);
}

static void tear_down(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    run(command);
    ik__plugins_path(NULL);
}

/* Loads `name` built from `source`; expects path + `want`. */
static void refuses(const char *name, const char *source, const char *want) {
    const ik_plugin *p;
    char text[2048];
    const char *path = build("a", name, source);
    ck_assert_int_eq(ik__plugin_load_file(path, IK_NORM, name, &p, &err), IK_FAILED);
    snprintf(text, sizeof text, "%s: %s", path, want);
    ck_assert_str_eq(err.text, text);
}

START_TEST(finds_in_order) {
    const ik_plugin *p, *q;
    char dirs[512];
    build("a", "t1", HEAD BODY("t1", ".version = \"a\""));
    build("b", "t1", HEAD BODY("t1", ".version = \"b\""));
    snprintf(dirs, sizeof dirs, "/nowhere::%s/b", folder);
    setenv("INADEKIT_PLUGIN_PATH", dirs, 1);
    ck_assert_msg(ik__plugin_find(IK_NORM, "t1", NULL, &p, &err) == IK_OK, "%s", err.text);
    ck_assert_str_eq(p->version, "b");
    snprintf(dirs, sizeof dirs, "%s/a", folder);
    ik__plugins_path(dirs);
    ck_assert_int_eq(ik__plugin_find(IK_NORM, "t1", NULL, &p, &err), IK_OK);
    ck_assert_str_eq(p->version, "a");
    ck_assert_int_eq(ik__plugin_find(IK_NORM, "t1", NULL, &q, &err), IK_OK);
    ck_assert_ptr_eq(p, q);
}
END_TEST

START_TEST(not_found) {
    const ik_plugin *p;
    char dirs[512], want[1024];
    build("a", "inade_t", HEAD BODY("inade_t", ""));
    snprintf(dirs, sizeof dirs, "%s/a:/nowhere", folder);
    ik__plugins_path(dirs);
    ik__conf at = {.file = "f.yaml", .line = 3, .column = 9};
    ck_assert_int_eq(ik__plugin_find(IK_NORM, "inad_t", &at, &p, &err), IK_USAGE);
    snprintf(want, sizeof want,
             "f.yaml:3:9: there is no plugin norm/inad_t; did you mean 'inade_t'?\nlooked "
             "for:\n  %s/a/norm/inad_t.so\n  /nowhere/norm/inad_t.so\n  ",
             real);
    ck_assert_msg(strncmp(err.text, want, strlen(want)) == 0, "%s", err.text);
    ck_assert_ptr_nonnull(strstr(err.text, "lib/inadekit/norm/inad_t.so"));
    ck_assert_int_eq(ik__plugin_find(IK_NORM, "zzzz", NULL, &p, &err), IK_USAGE);
    const char *head = "there is no plugin norm/zzzz; name its folder with --plugin-path or "
                       "INADEKIT_PLUGIN_PATH\nlooked for:\n";
    ck_assert_msg(strncmp(err.text, head, strlen(head)) == 0, "%s", err.text);
    ck_assert_int_eq(ik__plugin_find(IK_NORM, "../x", &at, &p, &err), IK_USAGE);
    ck_assert_str_eq(err.text, "f.yaml:3:9: '../x' is no plugin's name; use up to 64 letters, "
                               "digits, '_' and '-'");
}
END_TEST

START_TEST(refusals) {
    refuses("r1", "int x;",
            "it does not export 'inadekit_plugin' (plugin interface here: " ABI
            "); end its source with "
            "IK_EXPORT_PLUGINS");
    refuses("r2", HEAD BODY("r2", ".abi_major = 2, .abi_minor = 3"),
            "built for plugin interface 2.3, which is newer (plugin interface here: " ABI
            "); update "
            "inadekit, or rebuild the plugin with this version's headers");
    refuses("r3", HEAD BODY("r3", ".abi_minor = 9"),
            "built for plugin interface 1.9, which is newer (plugin interface here: " ABI
            "); update "
            "inadekit, or rebuild the plugin with this version's headers");
    refuses("r4", HEAD BODY("r4", ".abi_major = 0, .abi_minor = 0"),
            "built for plugin interface 0.0, which is older (plugin interface here: " ABI
            "); rebuild "
            "the plugin with this version's headers");
    refuses("r5", HEAD BODY("r5", ".struct_size = 40"),
            "a descriptor for plugin interface " ABI
            " has 40 bytes instead of 80 (plugin interface here: " ABI
            "); begin it with IK_PLUGIN_HEAD and rebuild the plugin");
    refuses("r6", HEAD BODY("other", ""),
            "it holds no norm/r6, only norm/other (interface " ABI ") (plugin interface here: " ABI
            "); put "
            "it into the folder of its kind, under its own name");
    refuses("r8", HEAD BODY("r8", ".kind = IK_LOSS"),
            "it holds no norm/r8, only losses/r8 (interface " ABI ") (plugin interface here: " ABI
            "); put it into the folder of its kind, under its own name");
    refuses("r7", HEAD "IK_EXPORT_PLUGINS(NULL)",
            "it brings no descriptors (plugin interface here: " ABI
            "); list them in IK_EXPORT_PLUGINS");
}
END_TEST

START_TEST(malformed) {
#define WRONG(what)                                                                                \
    "a descriptor for plugin interface " ABI " is wrong: " what " (plugin interface here: " ABI    \
    "); correct "                                                                                  \
    "and rebuild the plugin"
    refuses("m1", HEAD BODY("m1", ".instance_size = 4"),
            WRONG("option 'k' has a field outside of instance_size"));
    refuses("m2", HEAD BODY("m2", ".iface = NULL"), WRONG("its interface is missing"));
    refuses("m6",
            HEAD "static const ik_norm_iface small = {8, rec};\n" BODY("m6", ".iface = &small"),
            WRONG("its interface has 8 bytes instead of 16"));
    refuses("m3", HEAD BODY("m3", ".kind = 77"), WRONG("its kind is unknown"));
    refuses("m4", HEAD BODY("m4", ".name = NULL"), WRONG("name, version or summary is missing"));
    refuses(
        "m5",
        HEAD
        "static const ik_option bad[] = {{\"c\", \"\", IK_OPT_CHOICE, 0, \"a\"}, {NULL}};\n" BODY(
            "m5", ".options = bad"),
        WRONG("option 'c' has no choices"));
}
END_TEST

START_TEST(undefined_symbol) {
    const ik_plugin *p;
    const char *path = build("a", "u1",
                             HEAD "int nothing_has_this(void);\n"
                                  "int call(void) { return nothing_has_this(); }\n" BODY("u1", ""));
    ck_assert_int_eq(ik__plugin_load_file(path, IK_NORM, "u1", &p, &err), IK_FAILED);
    ck_assert_ptr_nonnull(strstr(err.text, "cannot be loaded: "));
    ck_assert_ptr_nonnull(strstr(err.text,
                                 "undefined symbol: nothing_has_this (plugin interface here: " ABI
                                 "); rebuild it"));
    ck_assert_int_eq(ik__plugin_load_file("/nowhere/x.so", IK_NORM, "x", &p, &err), IK_FAILED);
    ck_assert_str_eq(err.text, "/nowhere/x.so: there is no such file (plugin interface here: " ABI
                               "); check the path");
    /* Found by name, the message begins with the place in the YAML. */
    char dirs[512];
    snprintf(dirs, sizeof dirs, "%s/a", folder);
    ik__plugins_path(dirs);
    ik__conf at = {.file = "f.yaml", .line = 3, .column = 9};
    ck_assert_int_eq(ik__plugin_find(IK_NORM, "u1", &at, &p, &err), IK_FAILED);
    const char *head = "f.yaml:3:9: plugin norm/u1 cannot be used\n/";
    ck_assert_msg(strncmp(err.text, head, strlen(head)) == 0, "%s", err.text);
}
END_TEST

static void note_one(const char *path, const ik_plugin *p, const char *why_not, void *user) {
    char *text = user;
    if (strncmp(path, real, strlen(real)) != 0) return; /* the build's own plugins */
    snprintf(text + strlen(text), 256, "%s %s\n", path + strlen(real),
             p ? p->version : ik__refusal(path, why_not));
}

START_TEST(list) {
    char dirs[512], text[2048] = "";
    build("a", "l2", HEAD BODY("l2", ".version = \"a\""));
    build("a", "l1", "int x;");
    build("b", "l2", HEAD BODY("l2", ".version = \"b\""));
    build("b", "l3", HEAD BODY("l3", ".version = \"b\""));
    snprintf(dirs, sizeof dirs, "%s/a:%s/b", folder, folder);
    ik__plugins_path(dirs);
    ck_assert_int_ge(ik__plugins_list(IK_NORM, note_one, text), 3);
    ck_assert_str_eq(
        text, "/a/norm/l1.so it does not export 'inadekit_plugin' (plugin interface here: " ABI
              "); end its source with IK_EXPORT_PLUGINS\n"
              "/a/norm/l2.so a\n/b/norm/l3.so b\n");
}
END_TEST

static ik__conf *conf;

/* An instance of the node `norm` of a file, with overrides. norm/t1 has one option, k. */
static ik_status make(const char *yaml, int n, const char *const *sets, ik__instance **in) {
    static const char *const also[] = {"id", NULL};
    char path[512];
    snprintf(path, sizeof path, "%s/x.yaml", folder);
    FILE *f = fopen(path, "w");
    fputs(yaml, f);
    fclose(f);
    ik__conf_free(conf);
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_msg(ik__conf_load("x.yaml", n, sets, &conf, &err) == IK_OK, "%s", err.text);
    ck_assert_int_eq(chdir("/"), 0);
    return ik__instance_new(IK_NORM, ik__conf_get(conf, "norm"), also, in, &err);
}

static void use_t1(void) {
    char dirs[512];
    build("a", "t1", HEAD BODY("t1", ""));
    snprintf(dirs, sizeof dirs, "%s/a", folder);
    ik__plugins_path(dirs);
    conf = NULL;
}

static void makes(const char *yaml, int n, const char *const *sets, int64_t k, const char *dump) {
    ik__instance *in;
    ck_assert_msg(make(yaml, n, sets, &in) == IK_OK, "%s", err.text);
    ck_assert_int_eq(*(int64_t *)in->self, k);
    ck_assert_ptr_eq(in->conf, ik__conf_get(conf, "norm"));
    ik__instance_free(in);
    char *text = ik__conf_dump(conf);
    ck_assert_str_eq(text, dump);
    free(text);
}

static void makes_not(const char *yaml, int n, const char *const *sets, const char *want) {
    ik__instance *in;
    ck_assert_int_ne(make(yaml, n, sets, &in), IK_OK);
    ck_assert_ptr_null(in);
    ck_assert_str_eq(err.text, want);
}

START_TEST(instances) {
    ik__instance *in;
    use_t1();
    makes("norm: {plugin: t1, k: 3, id: x}\n", 0, NULL, 3,
          "norm:\n  plugin: t1\n  k: 3\n  id: x\n");
    makes("norm: t1\n", 0, NULL, 7, "norm: t1\n");
    ck_assert_int_eq(ik__instance_named(IK_NORM, "t1", &in, &err), IK_OK);
    ck_assert_ptr_null(in->conf);
    ik__instance_free(in);
    ik__instance_free(NULL);
    makes_not("norm: {k: 3}\n", 0, NULL,
              "x.yaml:1:7: a plugin of kind 'norm' is not named here; add 'plugin: NAME'");
    makes_not("norm: {plugin: t1, kk: 3}\n", 0, NULL,
              "x.yaml:1:20: unknown option 'kk' of norm/t1; known are: k, id");
    makes_not("norm: {plugin: t1, k: 9}\n", 0, NULL, "x.yaml:1:7: norm/t1: k is nine");
    ik__conf_free(conf);
}
END_TEST

static void hear(void *user, ik__tone tone, const char *text) {
    ck_assert_int_eq(tone, IK__NOTED);
    strcpy(user, text);
}

START_TEST(overridden_plugin) {
    const char *const plugin[] = {"norm.plugin=t1"}, *const more[] = {"norm.plugin=t1", "norm.q=1"};
    const char *yaml = "norm: {plugin: old, noise: 3, k: 2, id: x}\n";
    use_t1();
    char heard[256] = "";
    const ik__watch watch = {.user = heard, .note = hear};
    ik__watch_set(&watch);
    makes(yaml, 1, plugin, 2, "norm:\n  plugin: t1\n  k: 2\n  id: x\n");
    ik__watch_set(NULL);
    ck_assert_str_eq(heard, "x.yaml:1:21: dropped 'noise', which norm/t1 does not know");
    makes_not(yaml, 2, more,
              "--set norm.q=1:1:1: unknown option 'q' of norm/t1; known are: "
              "k, id");
    ik__conf_free(conf);
}
END_TEST

int main(void) {
    return RUN_SUITE("plugins", set_up, tear_down, {finds_in_order}, {not_found}, {refusals},
                     {malformed}, {undefined_symbol}, {list}, {instances}, {overridden_plugin});
}
