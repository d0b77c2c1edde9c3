/* Comparison runs: variants side by side, each as if it had been run alone; finished ones are left
 * alone, failed ones are reported, a signal stops them all. */
#include "support/runs.h"

/* tiny.yaml with `compare: [TEXT]`. */
static void compare(const char *text) {
    char all[4096];
    int n = snprintf(all, sizeof all, "%scompare: [%s]\n", tiny, text);
    write_bytes("c.yaml", all, (size_t)n);
}

#define THREE                                                                                      \
    "{name: inade}, {name: spade, set: ['norm={plugin: spade, hidden: 8}']}, "                     \
    "{name: batch, set: norm.plugin=batch}"

START_TEST(as_if_alone) {
    compare(THREE);
    run("c", "c.yaml", "");
    run("alone", "tiny.yaml", "--set 'norm={plugin: spade, hidden: 8}' --set name=tiny-spade");
    ck_assert(same("alone", "c/spade"));
    run("alone2", "tiny.yaml", "--set norm.plugin=batch --set name=tiny-batch");
    ck_assert(same("alone2", "c/batch"));
    ck_assert(!same("c/inade", "c/batch"));
    ck_assert_int_eq(shell("grep -q compare c/pipeline.yaml && ! grep -q compare c/*/*.yaml"), 0);
    /* A variant's own file runs as the variant did. */
    run("again", "c/spade/pipeline.yaml", "");
    ck_assert(same("again", "c/spade"));
}
END_TEST

START_TEST(command_line) {
    compare(THREE);
    run("c", "c.yaml", "--set train.steps=2 --set train.keep=4");
    ck_assert_int_eq(lines_of("c/batch/log.jsonl"), 2);
    ck_assert_int_eq(shell("grep -q 'keep: 4' c/inade/pipeline.yaml"), 0);
    run("runs", "c.yaml", "--set train.steps=1 --set compare.1.set=norm.noise_channels=2");
    ck_assert_int_eq(shell("grep -q 'noise_channels: 2' runs/spade/pipeline.yaml"), 0);
}
END_TEST

/* The table at the end. Each of the 36 channels of the norms has a weight per value of noise. */
START_TEST(table) {
    static const char *const names[] = {"\neight ", "\nsixteen "};
    double p[2], f[2], t;
    char unit[8];
    compare("{name: eight}, {name: sixteen, set: [norm.noise_channels=16]}");
    expect("run c.yaml --out c --set stages=[synthesize] --set counted_instances=5", 0, "P (M)");
    ck_assert_ptr_nonnull(strstr(said, "for a picture of 5 instances; the time"));
    for (int i = 0; i < 2; i++) {
        const char *row = strstr(said, names[i]);
        ck_assert_msg(row, "%s is not in: %s", names[i], said);
        ck_assert_int_eq(sscanf(row, "%*s %lf %lf %lf %7s", &p[i], &f[i], &t, unit), 4);
        ck_assert_double_gt(t, 0); /* 50 us and 2 s alike */
        ck_assert_ptr_nonnull(strchr(unit, 's'));
    }
    ck_assert_double_eq_tol(p[1] - p[0], 8 * 36e-6, 1.1e-4);
    ck_assert_double_ge(f[1], f[0]);
    expect("run c.yaml --out d --set stages=[train] --set train.picture_every=0", 0, " -\n");
}
END_TEST

START_TEST(finished) {
    compare(THREE);
    run("c", "c.yaml", "");
    expect("run c.yaml --out c -q", 2, "error: c holds variants of an earlier run; go on with");
    /* One lacks its last step, one has another configuration by now. */
    ck_assert_int_eq(shell("cp -r c kept; touch -d '2001-01-01' c/*/run.json c/*/log.jsonl; "
                           "rm -r c/spade/checkpoints/step-00000006 c/spade/run.json"),
                     0);
    expect("run c.yaml --out c --resume", 0, "c/inade is finished already\n");
    ck_assert_msg(strstr(said, "variant spade (2 of 3)\n") && strstr(said, "trained 3 steps") &&
                      strstr(said, "c/batch is finished already\n"),
                  "%s", said);
    ck_assert(same("c", "kept"));
    ck_assert_int_eq(shell("[ \"$(find c -name log.jsonl -newermt 2002-01-01)\" = "
                           "c/spade/log.jsonl ]"),
                     0);
    expect("run c.yaml --out c --resume --set compare.2.set=[norm.plugin=batch,train.keep=1]", 0,
           "c/spade is finished already\n");
    ck_assert_ptr_null(strstr(said, "c/batch is finished already\n"));
    ck_assert_int_eq(shell("grep -q 'keep: 1' c/batch/pipeline.yaml"), 0);
    expect("run c.yaml --out c --resume --set train.steps=7", 0, "trained 1 steps");
    ck_assert_int_eq(lines_of("c/inade/log.jsonl"), 7);
    ck_assert_int_eq(lines_of("c/batch/log.jsonl"), 7);
}
END_TEST

START_TEST(failing) {
    compare("{name: a}, {name: b, set: [losses.0.weight=1e39]}, {name: c}");
    expect("run c.yaml --out c", 1, "variant 'b' failed: step 1: the loss 'total' of the ");
    ck_assert_msg(strstr(said, "error: 1 of 3 variants failed: b; mend the cause and go on with "
                               "--resume --out c"),
                  "%s", said);
    ck_assert(same("c/a/log.jsonl", "c/c/log.jsonl"));
    ck_assert_int_eq(lines_of("c/c/log.jsonl"), 6);
    expect("run c.yaml --out c --resume --set compare.1.set=[]", 0, "c/a is finished already");
    ck_assert(same("c/a/log.jsonl", "c/b/log.jsonl"));
}
END_TEST

static const struct {
    const char *list, *text;
} wrong[] = {
    {"", "compare: a list of variants is wanted"},
    {"1", "a variant takes a map of options"},
    {"{name: a, sets: []}", "unknown option 'sets' of a variant; did you mean 'set'?"},
    {"{set: [seed=1]}", "a variant needs the option 'name'"},
    {"{name: a/b}", "compare: 'a/b' is no name for a variant"},
    {"{name: ..}", "compare: '..' is no name for a variant"},
    {"{name: report.html}", "compare: 'report.html' is no name for a variant"},
    {"{name: a}, {name: a}", "compare: two variants have the name 'a'"},
    {"{name: a, set: [seed=4]}", "variant 'a' changes 'seed'"},
    {"{name: a, set: [out=b]}", "variant 'a' changes 'out'"},
    {"{name: a, set: [dataset.count=5]}", "variant 'a' changes 'dataset'"},
    {"{name: a, set: [train.steps=7]}", "variant 'a' changes 'train.steps'"},
    {"{name: a, set: [train.accumulate=2]}", "variant 'a' changes 'train.batch'"},
    {"{name: a, set: ['train={steps: 7}']}", "variant 'a' changes 'train.steps'"},
    {"{name: a, set: [synthesize.items=1]}", "variant 'a' changes 'synthesize'"},
    {"{name: a}, {name: b, set: [norm.plugin=spad]}", "variant 'b': --set norm.plugin=spad:1:13:"},
    {"{name: b, set: [norm]}", "variant 'b': --set norm:1:1: error: an override needs a key"},
    {"{name: b, set: [trian.steps=1]}", "variant 'b': "},
};

START_TEST(refused) {
    compare(wrong[_i].list);
    expect("run c.yaml --out c", 2, wrong[_i].text);
    ck_assert_int_ne(shell("ls c"), 0);
    expect("run c.yaml --out c --dry-run", 2, wrong[_i].text);
}
END_TEST

START_TEST(dry) {
    compare(THREE);
    expect("run c.yaml --out c --dry-run -v", 0, "# variant inade\n");
    ck_assert_ptr_nonnull(strstr(said, "# variant batch\n"));
    ck_assert_ptr_nonnull(strstr(said, "would be written to c/spade/\n"));
    ck_assert_ptr_nonnull(strstr(said, "would be written to c/\n"));
    ck_assert_int_ne(shell("ls c"), 0);
}
END_TEST

/* The signal goes to the program alone, which passes it on: a checkpoint is written, and what was
 * to come is left. */
START_TEST(signalled) {
    int status;
    compare("{name: a}, {name: b}");
    ck_assert_int_eq(shell("mv c.yaml tiny.yaml"), 0);
    run("whole", "tiny.yaml", "--set train.checkpoint_every=0 --set train.steps=300");
    pid_t child = start("c", "--set", "train.checkpoint_every=0", "--set", "train.steps=300");
    while (lines_of("c/a/log.jsonl") < 5) {
        ck_assert_int_eq(waitpid(child, &status, WNOHANG), 0);
        sleep_for(0.001);
    }
    ck_assert_int_eq(kill(child, _i ? SIGTERM : SIGINT), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 1);
    ck_assert_int_eq(
        shell("grep \"variant 'a': stopped at step .*; a checkpoint was saved\" c.txt"), 0);
    ck_assert_int_ne(shell("ls c/b"), 0);
    run("c", "tiny.yaml", "--set train.checkpoint_every=0 --set train.steps=300 --resume");
    expect_same_at("whole/a", "c/a", 300);
    expect_same_at("whole/b", "c/b", 300);
    ck_assert(same("whole/a/images", "c/a/images"));
}
END_TEST

int main(void) {
    return RUN_SUITE("compare", set_up_runs, tear_down, {as_if_alone}, {command_line}, {table},
                     {finished}, {failing}, {refused, COUNT(wrong)}, {dry}, {signalled, 2});
}
