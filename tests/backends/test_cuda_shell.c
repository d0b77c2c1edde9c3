/* The cuda backend from end to end on a pretended device (cuda_host/): training, what a CUDA graph
 * changes (nothing), checkpoints that go from one backend to another, choices that are kept, and
 * planning for a device that is not here. */
#include "support/runs.h"

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

/* Which engine of three the device takes for the fastest; they round differently. */
static void fastest(const char *engine) {
    setenv("PRETENDED_FASTEST", engine, 1);
}

/* Is `engine` the only one in a file of choices? */
static bool all_by(const char *file, const char *engine) {
    return !shell("[ -s %s ] && [ \"$(cut -f4 %s | sort -u)\" = %s ]", file, file, engine);
}

#define DEVICE(more) PRETENDED "--set 'device={plugin: cuda" more "}' "
#define TUNED(more) DEVICE(", autotune: true" more)

START_TEST(choices) {
    run("a", "tiny.yaml", TUNED(", choices: sub/c.tsv") "--dry-run");
    ck_assert(all_by("sub/c.tsv", "3"));
    ck_assert_int_eq(shell("cp sub/c.tsv before.tsv"), 0);
    fastest("2"); /* all of them are found, so nothing is timed or written */
    run("b", "tiny.yaml", TUNED(", choices: sub/c.tsv") "--dry-run");
    ck_assert_int_eq(shell("cmp sub/c.tsv before.tsv && [ $(ls sub | wc -l) -eq 1 ]"), 0);
    ck_assert_int_eq(shell("head -1 before.tsv | sed 's/^[^\t]*/other/' > sub/c.tsv; "
                           "cp sub/c.tsv other.tsv; "
                           "printf 'rubbish\npretended device\t91900\t' >> sub/c.tsv"),
                     0);
    run("c", "tiny.yaml", TUNED(", choices: sub/c.tsv") "--dry-run");
    ck_assert_int_eq(shell("[ $(wc -l < sub/c.tsv) -eq $(($(wc -l < before.tsv) + 1)) ] && "
                           "grep -qxFf other.tsv sub/c.tsv && ! grep rubbish sub/c.tsv"),
                     0);
    ck_assert_int_eq(shell("grep pretended sub/c.tsv > c.tsv"), 0);
    ck_assert(all_by("c.tsv", "2"));
}
END_TEST

START_TEST(guessed_choices) {
    run("a", "tiny.yaml", DEVICE(", choices: c.tsv") "--dry-run");
    ck_assert(all_by("c.tsv", "1"));
    run("b", "tiny.yaml", TUNED(", choices: c.tsv") "--dry-run"); /* a guess does not replace it */
    ck_assert(all_by("c.tsv", "3"));
    run("c", "tiny.yaml", DEVICE(", choices: c.tsv") "--dry-run");
    ck_assert(all_by("c.tsv", "3"));
}
END_TEST

/* Nothing is asked for, and what was timed is there for the next run all the same. */
START_TEST(cached_choices) {
#define CACHE "inadekit/cudnn-choices.tsv"
    run("a", "tiny.yaml", DEVICE() "--dry-run");
    run("a", "tiny.yaml", TUNED(", choices: none") "--dry-run");
    run("a", "tiny.yaml", TUNED(", choices: ''") "--dry-run");
    ck_assert_int_ne(shell("ls -d inadekit none"), 0);
    run("a", "tiny.yaml", TUNED() "--dry-run");
    ck_assert(all_by(CACHE, "3"));
    fastest("2");
    ck_assert_int_eq(shell("cp " CACHE " before.tsv"), 0);
    run("a", "tiny.yaml", TUNED() "--dry-run");
    ck_assert_int_eq(shell("cmp " CACHE " before.tsv"), 0);
    setenv("XDG_CACHE_HOME", "relative/is/ignored", 1);
    setenv("HOME", folder, 1);
    run("a", "tiny.yaml", TUNED() "--dry-run");
    ck_assert(all_by(".cache/" CACHE, "2"));
    setenv("XDG_CACHE_HOME", "/proc/no", 1);
    expect("run tiny.yaml --out a -q --dry-run " TUNED(), 0,
           "warning: cuda: cannot write the choices to /proc/no/" CACHE ": ");
}
END_TEST

/* Runs that end at the same time keep each other's lines. */
START_TEST(shared_choices) {
    static const char command[] =
        "for n in 1 2 3 4 5 6; do " BUILD_DIR "/bin/inadekit run tiny.yaml --dry-run -q "
        "--set train.batch=$n --set synthesize.batch=$n --out a " PRETENDED
        "--set \"device={plugin: cuda, autotune: true, choices: %s}\" %s done; wait";
    ck_assert_int_eq(shell(command, "apart.$n", "|| exit;"), 0);
    ck_assert_int_eq(shell("LC_ALL=C sort -u apart.* > apart && [ $(wc -l < apart) -gt 100 ]"), 0);
    ck_assert_int_eq(shell(command, "together", "&"), 0);
    ck_assert_int_eq(shell("cmp apart together && [ $(ls together* | wc -l) -eq 1 ]"), 0);
}
END_TEST

/* Takes what was said of other settings, which has to come last, off; what is left is of choices.
 */
static void without_settings(const char *checkpoint, const char *differences) {
    char note[200];
    snprintf(note, sizeof note, "note: other settings than those of %s:\n%s", checkpoint,
             differences);
    char *at = strstr(said, note);
    ck_assert_msg(at && !at[strlen(note)], "not at the end of '%s': '%s'", said, note);
    *at = 0;
}

/* Timings would choose otherwise, and the bytes are those of a run that was not stopped. */
START_TEST(resumed_choices) {
    fastest("2");
    run("a", "tiny.yaml", TUNED(", choices: none"));
    run("b", "tiny.yaml", TUNED(", choices: none") "--set train.steps=3");
    ck_assert(all_by("b/checkpoints/step-00000003/choices.txt", "2"));
    ck_assert_int_eq(shell("cp -r b c; cp -r b d; rm d/checkpoints/*/choices.txt"), 0);
    fastest("1");
    run("b", "tiny.yaml", TUNED(", choices: none") "--resume");
    expect_same_at("a", "b", 6);
    ck_assert(same("a/checkpoints/step-00000006", "b/checkpoints/step-00000006"));
    ck_assert(same("a/images/samples", "b/images/samples"));
    /* Even where nobody times, or another file says otherwise. */
    ck_assert_int_eq(shell("cp -r c e"), 0);
    run("f", "tiny.yaml", TUNED(", choices: one.tsv") "--dry-run");
    ck_assert(all_by("one.tsv", "1"));
    run("c", "tiny.yaml", TUNED(", choices: one.tsv") "--resume");
    expect_same_at("a", "c", 6);
    ck_assert(all_by("one.tsv", "1"));
    run("e", "tiny.yaml", DEVICE() "--resume");
    expect_same_at("a", "e", 6);
    /* A checkpoint without them is resumed without a word, and goes another way. */
    expect("run tiny.yaml --out d -q --resume " TUNED(", choices: none"), 0, NULL);
    without_settings("d/checkpoints/step-00000003", "  train.steps: 3 then, 6 now\n");
    ck_assert_str_eq(said, "");
    ck_assert(all_by("d/checkpoints/step-00000006/choices.txt", "1"));
    ck_assert(!same("a/checkpoints/step-00000006/weights.safetensors",
                    "d/checkpoints/step-00000006/weights.safetensors"));
}
END_TEST

#define CHOICES "a/checkpoints/step-00000001/choices.txt"

static const struct {
    const char *edit, *said;
} spoilt[] = {
    {"sed -i 's/^[^\t]*/other/' " CHOICES,
     "choices of convolutions were ignored and are made anew: "},
    {"sed -i '1s/^[^\t]*/other/;2s/\t.*//;3s/\t[0-9]*\t/\t7\t/' " CHOICES,
     "ignored and are made anew: 2 made for another device or cuDNN (pretended device) and 1 not "
     "legible\n"},
    {"sed -i '2s/\t3\t/\t99\t/' " CHOICES,
     "note: cuda: a choice of the checkpoint cannot be used here and is made anew, first for "},
    {"truncate -s -3 " CHOICES, "note: " CHOICES ": choices of convolutions were ignored and are "
                                "made anew: 1 not legible\n"},
    {"head -c 300000 /dev/urandom > " CHOICES, " not legible\n"},
    {"truncate -s +1 " CHOICES, "note: " CHOICES ": a zero byte and what comes after it were ign"},
    {"truncate -s +17M " CHOICES, "note: " CHOICES " cannot be read, or has more than 16 MiB: "},
    {"rm " CHOICES " && mkdir " CHOICES, "note: " CHOICES " cannot be read, or has more than 16 "},
};

START_TEST(spoilt_choices) {
    run("a", "tiny.yaml", TUNED() "--set train.steps=1 --set stages=[train]");
    ck_assert_int_eq(shell("%s", spoilt[_i].edit), 0);
    expect("run tiny.yaml --out a -q --resume --set train.steps=2 --set stages=[train] " TUNED(), 0,
           spoilt[_i].said);
    without_settings("a/checkpoints/step-00000001", "  train.steps: 1 then, 2 now\n");
    ck_assert_msg(strchr(said, '\n') == said + strlen(said) - 1, "more than a line: %s", said);
    ck_assert(all_by("a/checkpoints/step-00000002/choices.txt", "3"));
}
END_TEST

/* The cpu has no use for them, and its checkpoint none. */
START_TEST(choices_of_another_backend) {
    run("a", "tiny.yaml", TUNED() "--set train.steps=3 --set stages=[train]");
    expect("run tiny.yaml --out a -q --resume --set stages=[train]", 0, NULL);
    without_settings("a/checkpoints/step-00000003",
                     "  device: {...} then, cpu now\n  train.steps: 3 then, 6 now\n");
    static const char other[] = "note: trained so far on cuda 0.1.0 (pretended device, ";
    ck_assert_msg(!strncmp(said, other, sizeof other - 1), "%s", said);
    ck_assert_ptr_eq(strchr(said, '\n'), said + strlen(said) - 1); /* and nothing of choices */
    ck_assert_int_ne(shell("ls a/checkpoints/step-00000006/choices.txt"), 0);
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
    return RUN_SUITE("cuda_shell", set_up_runs, tear_down, {training}, {changing_backends},
                     {choices}, {guessed_choices}, {cached_choices}, {shared_choices},
                     {resumed_choices}, {spoilt_choices, COUNT(spoilt)},
                     {choices_of_another_backend}, {planning}, {other_numbers});
}
