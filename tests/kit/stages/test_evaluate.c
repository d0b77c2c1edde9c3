/* Metrics: the stage that runs them, and the numbers of metrics/pixels. */
#include "support/runs.h"

#include "inadekit/plugin.h"

#include <dlfcn.h>
#include <math.h>

static const ik_plugin *pixels(void) {
    void *library = dlopen(BUILD_DIR "/lib/inadekit/metrics/pixels.so", RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg(library != NULL, "%s", library ? "" : dlerror());
    ik_plugin_entry entry;
    *(void **)&entry = dlsym(library, IK_PLUGIN_ENTRY);
    return entry()[0];
}

static double l1, psnr, spread;
static int results;

static void take(void *to, const char *name, double value) {
    (void)to;
    *(!strcmp(name, "l1") ? &l1 : !strcmp(name, "psnr") ? &psnr : &spread) = value;
    results++;
}

/* Two layouts of 1x2 pixels, three samples each; every picture is of one grey. */
START_TEST(numbers) {
    const ik_plugin *p = pixels();
    const ik_metric_iface *m = p->iface;
    char self[256];
    ck_assert_uint_le(p->instance_size, sizeof self);
    const ik_metric_info info = {sizeof info, 2, 3, 1, 2, 4, NULL};
    static const float grey[2][4] = {{0, 0.5f, -0.5f, 1}, {-1, -1, 0, 0}}; /* fakes; image last */
    ik_error err;
    for (int round = 0; round < 2; round++) { /* the second without pictures */
        results = 0;
        ck_assert_int_eq(m->begin(self, &info, &err), IK_OK);
        for (int i = 0; i < 6; i++) {
            float fake[6], image[6];
            for (int k = 0; k < 6; k++) fake[k] = grey[i / 3][i % 3], image[k] = grey[i / 3][3];
            const ik_sample s = {.struct_size = sizeof s,
                                 .item = i / 3,
                                 .sample = i % 3,
                                 .fake = fake,
                                 .image = round ? NULL : image};
            ck_assert_int_eq(m->add(self, &s, &err), IK_OK);
        }
        ck_assert_int_eq(m->end(self, take, NULL, &err), IK_OK);
        ck_assert_int_eq(results, round ? 1 : 3);
        ck_assert_double_eq_tol(spread, (0.25 + 0.25 + 0.5 + 0 + 0.5 + 0.5) / 6, 1e-12);
    }
    /* In 0..1 the fakes are off by .5 .25 .75 and .5 .5 0. */
    ck_assert_double_eq_tol(l1, 2.5 / 6, 1e-12);
    ck_assert_double_eq_tol(psnr, -10 * log10(1.375 / 6), 1e-9);
    ck_assert_int_eq(m->begin(self, &info, &err), IK_OK);
    ck_assert_int_eq(m->end(self, NULL, NULL, &err), IK_OK); /* given up */
}
END_TEST

#define EVALUATE " --set 'evaluate=[{plugin: pixels}]' --set 'stages=[evaluate]'"

/* The same numbers however many pictures are painted at a time; more layouts than are read at once.
 */
START_TEST(stage) {
    run("n", "tiny.yaml", "--set device=naive --set dataset.validation=19" EVALUATE);
    run("m", "tiny.yaml",
        "--set device=naive --set dataset.validation=19 --set synthesize.batch=5" EVALUATE);
    ck_assert_int_eq(shell("cmp n/log.jsonl m/log.jsonl"), 0);
    run("a", "tiny.yaml", "--set dataset.validation=19" EVALUATE);
    run("b", "tiny.yaml", "--set dataset.validation=19 --set synthesize.batch=5" EVALUATE);
    ck_assert_int_eq(lines_of("a/log.jsonl"), 1);
    ck_assert_int_eq(shell("cmp a/log.jsonl b/log.jsonl"), 0);
    ck_assert_int_eq(shell("grep -q '^{\"stage\":\"evaluate\",\"items\":19,\"samples\":2,"
                           "\"pixels.l1\":0[.0-9]*,\"pixels.psnr\":[.0-9]*,"
                           "\"pixels.spread\":[-.0-9e]*}$' a/log.jsonl"),
                     0);
    expect("run tiny.yaml --out c --set dataset.validation=1" EVALUATE, 0, "pixels.l1   ");
}
END_TEST

static const char eye[] = "include: tiny.yaml\n"
                          "networks:\n"
                          "  eye:\n"
                          "    frozen: true\n"
                          "    weights: random\n"
                          "    nodes:\n"
                          "      - {op: conv2d, in: image, out: 8, kernel: 3, stride: 2}\n"
                          "      - {op: relu}\n"
                          "evaluate: [{plugin: features, network: eye}]\n"
                          "stages: [train, evaluate]\n";

/* A network's features, computed on the device; it may come later than the checkpoint, and from a
 * file of its own. */
START_TEST(features) {
    write_bytes("eye.yaml", eye, sizeof eye - 1);
    run("a", "eye.yaml", "");
    ck_assert_int_eq(
        shell("tail -n 1 a/log.jsonl >a.txt; grep -q "
              "'\"features.distance\":[0-9.e-]*,\"features.spread\":[0-9.e-]*}$' a.txt"),
        0);
    run("b", "eye.yaml", "--set device=naive --set train.steps=1");
    run("c", "eye.yaml", "--set train.steps=1");
    ck_assert_int_eq(shell("for r in b c; do tail -n 1 $r/log.jsonl | sed "
                           "'s/.*distance\":\\([0-9.]\\{6\\}\\).*/\\1/' >$r.txt; done; "
                           "cmp b.txt c.txt; test $(wc -c <b.txt) = 7"),
                     0);
    run("d", "tiny.yaml", "--set stages=[train]");
    run("d", "eye.yaml",
        "--resume --set stages=[evaluate] --set "
        "networks.eye.weights=a/checkpoints/step-00000006");
    ck_assert_int_eq(shell("tail -n 1 d/log.jsonl >d.txt; cmp a.txt d.txt"), 0);
    expect("run eye.yaml --dry-run --set evaluate.0.network=eyes", 2,
           "error: features: calls the network 'eyes', which is not among `networks:`");
}
END_TEST

START_TEST(mistakes) {
    expect("run tiny.yaml --set 'stages=[evaluate]'", 2,
           "--set stages=[evaluate]:1:8: error: the stage evaluate has no metrics; name them, as "
           "`evaluate: [{plugin: NAME}]`; `inadekit plugins list metrics` shows the names");
    expect(
        "run tiny.yaml --set evaluate=pixels", 2,
        "error: evaluate: a list is wanted, as [{plugin: NAME}]; `inadekit plugins list metrics` "
        "shows the names");
    expect("run tiny.yaml --set 'evaluate=[pixels, pixels]'", 2,
           "error: evaluate: two metrics are called 'pixels'; give one an `id:`");
    expect("run tiny.yaml --set 'evaluate=[pixel]'", 2,
           "there is no plugin metrics/pixel; did you mean 'pixels'?");
    expect("run tiny.yaml --out d --set dataset.validation=0" EVALUATE, 2,
           "error: the dataset has no validation items, which the stage evaluate needs; ");
}
END_TEST

int main(void) {
    return RUN_SUITE("evaluate", set_up_runs, tear_down, {numbers}, {stage}, {features},
                     {mistakes});
}
