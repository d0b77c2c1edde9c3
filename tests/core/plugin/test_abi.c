/* Plugins built against interfaces 1.0 and 1.1 run on today's core; the interface has only grown
 * since; its headers are C++ too and ask for nothing but the C library. */
#include "support/runs.h"

#include <dirent.h>

/* With plugins of 1.0 wherever there is a kind for them. */
static const char all_old[] = "name: old\n"
                              "device: naive\n"
                              "dataset: {plugin: old, size: [8, 8]}\n"
                              "norm: {plugin: old}\n"
                              "networks:\n"
                              "  generator:\n"
                              "    inputs: {z: [4]}\n"
                              "    nodes:\n"
                              "      - {op: linear, in: z, out: [8, 8, 4]}\n"
                              "      - {id: body, block: old, width: 3}\n"
                              "      - {op: tanh}\n"
                              "  encoder: {plugin: old}\n"
                              "  discriminator: {plugin: old}\n"
                              "losses: [{plugin: old}, {plugin: kl, weight: 0.01}]\n"
                              "train: {steps: 3, batch: 2, log_every: 1}\n"
                              "synthesize: {samples: 2, items: 2, batch: 2}\n";

/* What the backend of 1.0 has ops for. */
static const char plain[] = "name: plain\n"
                            "device: plain\n"
                            "dataset: {plugin: old, size: [8, 8]}\n"
                            "networks:\n"
                            "  generator:\n"
                            "    inputs: {z: [4]}\n"
                            "    nodes:\n"
                            "      - {op: linear, in: z, out: [8, 8, 3]}\n"
                            "      - {op: tanh}\n"
                            "losses: [{plugin: old, width: 1}]\n"
                            "train: {steps: 3, batch: 2, log_every: 1, betas: [0, 0]}\n"
                            "synthesize: {samples: 1, items: 1, batch: 1}\n";

static void write_text(const char *name, const char *text) {
    write_bytes(name, text, strlen(text));
}

static void set_up_abi(void) {
    set_up_runs();
    setenv("INADEKIT_PLUGIN_PATH", BUILD_DIR "/abi", 1);
    write_text("old.yaml", all_old);
    write_text("plain.yaml", plain);
}

START_TEST(old_plugins_run) {
    run("a", "old.yaml", "");
    ck_assert_int_eq(lines_of("a/log.jsonl"), 3);
    ck_assert_int_eq(shell("test -s a/images/samples.png"), 0);
    run("b", "old.yaml", "--set device=cpu");
    expect("run old.yaml --dry-run", 0, NULL);
    expect("plugins list norm", 0, "of interface 1.0");
}
END_TEST

START_TEST(plugins_of_1_1_run) {
    ck_assert_int_eq(shell("sed 's/^dataset: .*/dataset: {plugin: of_1_1, size: [8, 8]}\\n"
                           "evaluate: [{plugin: of_1_1}]/' old.yaml >of_1_1.yaml"),
                     0);
    run("a", "of_1_1.yaml", "--set 'stages=[train, synthesize, evaluate]'");
    ck_assert_int_eq(shell("grep -q '\"of_1_1.mean\":' a/log.jsonl"), 0);
    expect("summary of_1_1.yaml", 0, "generator");
    expect("plugins list datasets", 0, "of interface 1.1");
}
END_TEST

/* The first step's loss is that of the naive backend: same seed, same normals, same ops. */
START_TEST(an_old_backend_trains) {
    run("a", "plain.yaml", "");
    run("b", "plain.yaml", "--set device=naive");
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(
            shell("sed -n '1s/.*total\":\\(0\\.[0-9]\\{5\\}\\).*/\\1/p' %s/log.jsonl >%s.loss",
                  i ? "b" : "a", i ? "b" : "a"),
            0);
    ck_assert_int_eq(shell("test -s a.loss && cmp a.loss b.loss"), 0);
}
END_TEST

/* What it does not know it refuses in its own words. */
START_TEST(an_old_backend_refuses_the_rest) {
    expect("run old.yaml --out c -q --set device=plain", 1, "plain: no kernel for op");
}
END_TEST

START_TEST(the_interface_has_only_grown) {
    static const char *const folders[] = {"tests/abi/1.0", "tests/abi/1.1", "core/include"};
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(
            shell("cc -std=gnu11 -Wall -Wextra -Werror -I%s/%s -o layout %s/tests/abi/layout.c "
                  "&& ./layout | sort >%d.txt",
                  SOURCE_DIR, folders[i], SOURCE_DIR, i),
            0);
    for (int i = 0; i < 2; i++)
        ck_assert_msg(shell("comm -23 %d.txt 2.txt >moved.txt; ! test -s moved.txt", i) == 0,
                      "fields or values of %s have moved: see moved.txt of %s", folders[i], folder);
    ck_assert_int_gt(lines_of("0.txt"), 250);
    ck_assert_int_gt(lines_of("1.txt"), lines_of("0.txt") + 40);
}
END_TEST

/* It takes every convenience that there is, but for ik_norm, which is for blocks. */
START_TEST(a_norm_in_cxx_runs) {
    ck_assert_msg(shell("sed -n 's/^static inline [^(]*[ *]\\(ik_[a-z0-9_]*\\)(.*/\\1/p' "
                        "%s/core/include/inadekit/graph.h >all.txt; test $(wc -l <all.txt) -gt 30; "
                        "for f in $(grep -vx -e ik_norm -e ik_no_attrs all.txt); do "
                        "grep -q \"[^a-z_]$f(\" %s/tests/abi/plugins/plus.cc || exit 3; done",
                        SOURCE_DIR, SOURCE_DIR) == 0,
                  "plus.cc does not call all conveniences of graph.h");
    run("a", "old.yaml", "--set norm.plugin=plus");
}
END_TEST

/* label_conv without other channels: as the ops that it stands for, to the last bit but rounding.
 */
START_TEST(label_conv_alone) {
    static const char *const by_hand[] = {"false", "true"};
    for (int i = 0; i < 2; i++) {
        char options[120];
        snprintf(options, sizeof options, "--set 'norm={plugin: plus, by_hand: %s}'", by_hand[i]);
        run(by_hand[i], "old.yaml", options);
        ck_assert_int_eq(
            shell("sed 's/\\([0-9]\\.[0-9]\\{4\\}\\)[0-9]*/\\1/g' %s/log.jsonl >%s.log", by_hand[i],
                  by_hand[i]),
            0);
    }
    ck_assert_int_eq(shell("test -s true.log && cmp true.log false.log"), 0);
}
END_TEST

/* Each public header by itself, as the strictest of compilers may be asked to take it. */
START_TEST(every_header_compiles_alone) {
    DIR *d = opendir(SOURCE_DIR "/core/include/inadekit");
    ck_assert_ptr_nonnull(d);
    int n = 0;
    for (struct dirent *e; (e = readdir(d));) {
        if (!strstr(e->d_name, ".h")) continue;
        n++;
        const char *const compilers[] = {"cc -x c -std=c11", "c++ -x c++ -std=c++17"};
        for (int i = 0; i < 2; i++)
            ck_assert_msg(shell("echo '#include \"inadekit/%s\"' | %s -Wall -Wextra -Werror "
                                "-fsyntax-only -I%s/core/include -",
                                e->d_name, compilers[i], SOURCE_DIR) == 0,
                          "%s: %s", e->d_name, compilers[i]);
    }
    closedir(d);
    ck_assert_int_ge(n, 9);
}
END_TEST

START_TEST(headers_include_libc_only) {
    int status = shell("grep -h '#include' %s/core/include/inadekit/*.h | sort -u | "
                       "grep -v '\"inadekit/[a-z]*\\.h\"' | grep -vE "
                       "'<(math|stdarg|stdbool|stddef|stdint|stdio|string)\\.h>'",
                       SOURCE_DIR);
    ck_assert_msg(status == 1, "a header includes what is not C's: see shell.txt of %s", folder);
}
END_TEST

int main(void) {
    return RUN_SUITE("abi", set_up_abi, tear_down, {old_plugins_run}, {plugins_of_1_1_run},
                     {an_old_backend_trains}, {an_old_backend_refuses_the_rest},
                     {the_interface_has_only_grown}, {a_norm_in_cxx_runs}, {label_conv_alone},
                     {every_header_compiles_alone}, {headers_include_libc_only});
}
