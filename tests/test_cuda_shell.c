/* The cuda backend from end to end on a pretended device (cuda_host/): training, what a CUDA graph
 * changes (nothing), checkpoints that go from one backend to another, choices that are kept, and
 * planning for a device that is not here. */
#include "runs.h"

#define PRETENDED "--plugin-path " BUILD_DIR "/tests/plugins_pretended "

/* The generator's loss of a step. */
static double total(const char *out, int step) {
    ck_assert_int_eq(
        shell("grep '\"step\":%d,' %s/log.jsonl | grep -o 'generator.total\":[^,]*' | grep -o "
              "'[-0-9.e+]*$' > total.txt",
              step, out),
        0);
    char path[128];
    snprintf(path, sizeof path, "%s/total.txt", folder);
    FILE *f = fopen(path, "r");
    double value;
    ck_assert_int_eq(fscanf(f, "%lf", &value), 1);
    fclose(f);
    return value;
}

START_TEST(training) {
    run("cpu", "tiny.yaml", "--set stages=[train]");
    run("a", "tiny.yaml", PRETENDED "--set stages=[train] --set device=cuda");
    run("b", "tiny.yaml", PRETENDED "--set stages=[train] --set device=cuda");
    run("c", "tiny.yaml",
        PRETENDED "--set stages=[train] --set 'device={plugin: cuda, graphs: false}'");
    run("d", "tiny.yaml", PRETENDED "--set stages=[train] --set device=cuda --set precision=bf16");
    expect_same_at("a", "b", 6);
    expect_same_at("a", "c", 6);
    double cpu = total("cpu", 6), cuda = total("a", 6), bf16 = total("d", 1);
    ck_assert_msg(cuda > cpu * 0.999 && cuda < cpu * 1.001, "%g, on the cpu %g", cuda, cpu);
    cpu = total("cpu", 1);
    ck_assert_msg(bf16 > cpu * 0.99 && bf16 < cpu * 1.01, "bf16 %g, on the cpu %g", bf16, cpu);
}
END_TEST

START_TEST(changing_backends) {
    run("a", "tiny.yaml", PRETENDED "--set stages=[train] --set train.steps=3 --set device=cuda");
    run("a", "tiny.yaml", "--resume --set stages=[train] --set train.steps=6 --set device=cpu");
    run("b", "tiny.yaml", "--set stages=[train] --set train.steps=3 --set device=cpu");
    run("b", "tiny.yaml",
        PRETENDED "--resume --set stages=[train] --set train.steps=6 --set device=cuda");
    run("c", "tiny.yaml", "--set stages=[train] --set train.steps=6 --set device=cpu");
    double a = total("a", 6), b = total("b", 6), c = total("c", 6);
    ck_assert_msg(a > c * 0.999 && a < c * 1.001 && b > c * 0.999 && b < c * 1.001,
                  "%g and %g, without a change %g", a, b, c);
}
END_TEST

START_TEST(choices) {
    const char *options = PRETENDED "--dry-run --set "
                                    "'device={plugin: cuda, autotune: true, choices: c.tsv}'";
    run("a", "tiny.yaml", options);
    ck_assert_int_eq(shell("test -s c.tsv && cp c.tsv before.tsv"), 0);
    run("b", "tiny.yaml", options); /* finds all of them, so nothing is written */
    ck_assert_int_eq(shell("cmp c.tsv before.tsv"), 0);
    /* Of three candidates that take less and less, the third. */
    ck_assert_int_eq(shell("cut -f4 c.tsv | sort -u | tr -d '\\n' | grep -qx 3"), 0);
    ck_assert_int_eq(shell("printf 'rubbish\\npretended device\\t91900\\t' > c.tsv"), 0);
    run("c", "tiny.yaml", options);
    ck_assert_int_eq(shell("grep -c . c.tsv > n && test $(cat n) -gt 1"), 0);
}
END_TEST

START_TEST(planning) {
    const char properties[] = "{\"deviceName\":\"small\",\"totalGlobalMem\":1000000,"
                              "\"multiProcessorCount\":4}";
    write_bytes("p.json", properties, sizeof properties - 1);
    expect("run tiny.yaml --out a -q --dry-run " PRETENDED
           "--set 'device={plugin: cuda, properties: p.json}'",
           1, "error: out of memory: the run needs ");
    ck_assert_ptr_nonnull(strstr(said, "the device has 1.0 of 1.0 MiB free; reduce train.batch"));
    ck_assert_int_eq(shell("sed s/1000000/1000000000/ p.json > q.json"), 0);
    expect("run tiny.yaml --out a -q --dry-run " PRETENDED
           "--set 'device={plugin: cuda, properties: q.json}'",
           0, NULL);
    expect("run tiny.yaml --out a -q " PRETENDED
           "--set 'device={plugin: cuda, properties: q.json}'",
           1,
           "cuda: the device is only planned for (`properties:`), nothing can run; use --dry-run, "
           "or remove that option");
    expect("run tiny.yaml --out a -q --dry-run " PRETENDED
           "--set 'device={plugin: cuda, properties: none.json}'",
           1, "none.json cannot be read");
}
END_TEST

START_TEST(other_numbers) {
    expect("run tiny.yaml --out a -q --dry-run " PRETENDED
           "--set 'device={plugin: cuda, number: 3}'",
           1, "there is no GPU number 3, the last is 0");
}
END_TEST

int main(void) {
    Suite *s = suite_create("cuda_shell");
    TCase *c = tcase_create("cuda_shell");
    tcase_add_checked_fixture(c, set_up_runs, tear_down);
    tcase_set_timeout(c, 300);
    tcase_add_test(c, training);
    tcase_add_test(c, changing_backends);
    tcase_add_test(c, choices);
    tcase_add_test(c, planning);
    tcase_add_test(c, other_numbers);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
