/* Going on with a run: from what, with other settings, and from a failure that took nothing. */
#include "support/runs.h"

#include <png.h>

/* What cannot be listed or looked at is not empty. */
START_TEST(cannot_look) {
    static const char *const ways[] = {
        "mv a/checkpoints a/kept; touch a/checkpoints",
        "mv a/checkpoints a/kept; ln -s checkpoints a/checkpoints",
    };
    static const char *const why[] = {"Not a directory", "Too many levels of symbolic links"};
    char text[128];
    run("a", "tiny.yaml", "--set train.picture_every=0 --set stages=[train]");
    ck_assert_int_eq(shell("cp a/log.jsonl log && %s", ways[_i]), 0);
    snprintf(text, sizeof text, "error: a/checkpoints: the folder cannot be listed: %s", why[_i]);
    expect("run tiny.yaml --out a --resume", 1, text);
    expect("run tiny.yaml --out a", 1, text);
    expect("run tiny.yaml --out a --dry-run", 1, text);
    ck_assert_int_eq(shell("cmp a/log.jsonl log"), 0);
}
END_TEST

START_TEST(other_settings) {
    run("a", "tiny.yaml", "--set losses.1.weight=5 --set train.eps=1e-8");
    expect("run tiny.yaml --out a -q --resume --set train.steps=7 --set train.eps=0.00000001", 0,
           "note: other settings than those of a/checkpoints/step-00000006:\n"
           "  losses.1.weight: 5 then, 10 now\n"
           "  train.steps: 6 then, 7 now\n");
    ck_assert_ptr_null(strstr(said, "train.eps"));
    expect("run tiny.yaml --out a -q --resume --set norm.plugin=batch", 1,
           "  norm.plugin: inade then, batch now\n");
    run("a", "tiny.yaml", "--resume --set train.steps=7 --set train.eps=1e-8");
    ck_assert_str_eq(said, "");
}
END_TEST

/* What rounds otherwise is told, too: another device, or another number of threads. */
START_TEST(elsewhere) {
    run("a", "tiny.yaml", "--set train.steps=2 --set device=cpu --threads 5");
    run("a", "tiny.yaml", "--set train.steps=3 --set device=cpu --threads 5 --resume");
    ck_assert_ptr_null(strstr(said, "trained so far"));
    expect("run tiny.yaml --out a -q --resume --set train.steps=4 --set device=cpu --threads 6", 0,
           ", threads: 6): the last digits may be others than they would have been\n");
    ck_assert_msg(strstr(said, "note: trained so far on cpu ") && strstr(said, ", threads: 5), "),
                  "%s", said);
    expect("run tiny.yaml --out a -q --resume --set train.steps=5 --set device=naive", 0,
           "from here on naive ");
}
END_TEST

/* Three epochs, the last at half the rate; the rest of the run takes another number of pictures a
 * step, and there may be other pictures. Epochs are what counts. */
#define EPOCHS                                                                                     \
    "--set train.steps=0 --set train.epochs=2 --set train.decay_epochs=1 --set stages=[train] "    \
    "--set train.picture_every=0 "
START_TEST(other_batch) {
    static const struct {
        const char *first, *then, *epochs;
    } rows[] = {
        {"", "--set train.batch=6", "1 1 1 2 3 "},
        {"", "--set train.batch=1", "1 1 1 2 2 2 2 2 2 3 3 3 3 3 3 "},
        {"", "--set train.accumulate=3", "1 1 1 2 3 "},
        {"", "--set dataset.count=8", "1 1 1 2 2 2 2 3 3 3 3 "},
        {"--set train.steps=4", "--set train.batch=1", "1 1 1 2 2 2 2 2 3 3 3 3 3 3 "},
        {"--set train.steps=4", "--set train.batch=6", "1 1 1 2 3 "},
        {"--set train.steps=4", "--set dataset.count=4", "1 1 1 2 2 3 3 "},
    };
    char options[400];
    snprintf(options, sizeof options, EPOCHS "%s %s", "--set train.steps=3", rows[_i].first);
    run("a", "tiny.yaml", options);
    snprintf(options, sizeof options,
             "run tiny.yaml --out a -q " EPOCHS "--resume --set train.log_every=1 %s",
             rows[_i].then);
    expect(options, 0, "the run goes on in epoch 2, behind the ");
    ck_assert_int_eq(
        shell("[ \"$(sed 's/.*\"epoch\":\\([0-9]*\\).*/\\1/' a/log.jsonl | tr '\\n' ' ')\" = "
              "'%s' ]",
              rows[_i].epochs),
        0);
}
END_TEST

/* Checkpoints used to say steps alone. */
START_TEST(older_checkpoint) {
    run("a", "tiny.yaml", EPOCHS);
    run("b", "tiny.yaml", EPOCHS "--set train.steps=4");
    ck_assert_int_eq(shell("LC_ALL=C sed -i 's/\"pictures\"/\"picturez\"/' "
                           "b/checkpoints/step-00000004/optimizer.safetensors"),
                     0);
    run("b", "tiny.yaml", EPOCHS "--resume");
    expect_same_at("a", "b", 9);
}
END_TEST

#define OPTIMIZER "b/checkpoints/step-00000004/optimizer.safetensors"

/* Where a run stands is in the metadata: what is missing or no number there is never taken for 0,
 * and a checkpoint's files are of one step. */
static const struct {
    const char *edit, *said;
} spoilt[] = {
    {"sed -i 's/\"epoch\"/\"epocz\"/' " OPTIMIZER, OPTIMIZER
     ": its metadata does not say 'epoch'; it was changed or is damaged: remove its folder"},
    {"sed -i 's/\"log_bytes\"/\"log_bytez\"/' " OPTIMIZER, "does not say 'log_bytes'"},
    {"sed -i 's/\"adam_steps.generator\"/\"adam_stepz.generator\"/' " OPTIMIZER,
     "does not say 'adam_steps.generator'"},
    {"sed -i 's/\"epoch\":\"1\"/\"epoch\":\"x\"/' " OPTIMIZER, "its metadata says 'epoch' is x;"},
    {"sed -i 's/\"seed\":\"3\"/\"seed\":\"-\"/' " OPTIMIZER, "its metadata says 'seed' is -;"},
    {"sed -i 's/\"batch\":\"2\"/\"batch\":\"9\"/' " OPTIMIZER,
     "pictures taken of 6, 9 at a step, which cannot be;"},
    {"cp b/checkpoints/step-00000003/weights.safetensors b/checkpoints/step-00000004",
     "step-00000004/weights.safetensors was written at step 3; the folder's files do not belong "
     "together: remove it"},
};

START_TEST(changed_metadata) {
    run("b", "tiny.yaml", EPOCHS "--set train.steps=4 --set train.keep=2");
    ck_assert_int_eq(shell("cp -r b c; LC_ALL=C %s; ! diff -rq b c", spoilt[_i].edit), 0);
    expect("run tiny.yaml --out b -q --resume " EPOCHS, 1, spoilt[_i].said);
    expect("run tiny.yaml --out b -q --resume --dry-run " EPOCHS, 1, spoilt[_i].said);
}
END_TEST

/* A picture and its label map, for the dataset of `folder`. */
static void write_item(const char *split, int number) {
    uint8_t rgb[8 * 8 * 3], map[8 * 8];
    for (int i = 0; i < 8 * 8; i++) map[i] = (uint8_t)((i + number) % 4);
    for (int i = 0; i < 8 * 8 * 3; i++) rgb[i] = (uint8_t)(i * 37 + number * 11);
    for (int colour = 0; colour < 2; colour++) {
        char path[160];
        png_image png = {.version = PNG_IMAGE_VERSION,
                         .width = 8,
                         .height = 8,
                         .format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY};
        snprintf(path, sizeof path, "%s/data/%s_%s/%d.png", folder, split, colour ? "img" : "label",
                 number);
        ck_assert(png_image_write_to_file(&png, path, 0, colour ? rgb : map, 0, NULL));
    }
}

enum { ITEMS = 6 };
static void write_data(void) {
    ck_assert_int_eq(shell("mkdir -p data/train_img data/train_label data/val_img data/val_label"),
                     0);
    for (int i = 0; i < ITEMS; i++) write_item("train", i);
    for (int i = 0; i < 2; i++) write_item("val", i);
}

#define DATA                                                                                       \
    "--set 'dataset={plugin: folder, root: data, labels: 4, size: [32, 32]}' "                     \
    "--set train.picture_every=0 --set train.checkpoint_every=0 --set stages=[train] "

/* The steps before one that fails are kept, and gone on from as if nothing had been. */
START_TEST(bad_file) {
    int kept = 0;
    write_data();
    run("a", "tiny.yaml", DATA);
    for (int i = 0; i < ITEMS && !kept; i++) {
        /* It may be among the pictures of the first step, then those of the second. */
        write_data();
        expect("run tiny.yaml --out b -q " DATA "--set train.steps=1", 0, NULL);
        ck_assert_int_eq(shell(": >data/train_img/%d.png", i), 0);
        int status = inadekit("run tiny.yaml --out b -q --resume " DATA);
        ck_assert_int_eq(status, 1);
        ck_assert_msg(strstr(said, ".png: is neither a PNG nor a JPEG"), "%s", said);
        kept = shell("ls -d b/checkpoints/step-00000002") == 0;
        ck_assert_int_eq(
            kept, strstr(said, "\nthe 2 steps before were saved; go on with --resume\n") != NULL);
        if (!kept) ck_assert_int_eq(shell("rm -r b"), 0);
    }
    ck_assert(kept);
    write_data();
    run("b", "tiny.yaml", "--resume " DATA);
    expect_same_at("a", "b", 6);
}
END_TEST

/* Where the rest may do without it: said once, counted, and the same bytes however often it
 * stopped. */
START_TEST(skipped) {
#define SKIP DATA "--set train.on_bad_file=skip "
    write_data();
    ck_assert_int_eq(shell(": >data/train_img/3.png; rm data/train_label/4.png; touch "
                           "data/train_label/4.png"),
                     0);
    run("a", "tiny.yaml", SKIP);
    for (int i = 3; i < 5; i++) {
        char text[64];
        snprintf(text, sizeof text,
                 "note: skipped: data/train_%s/%d.png: ", i == 3 ? "img" : "label", i);
        const char *first = strstr(said, text);
        ck_assert_msg(first && !strstr(first + 1, text), "%s", said);
    }
    ck_assert_ptr_nonnull(strstr(said, "note: 2 of 6 training items could not be read and were "));
    run("b", "tiny.yaml", SKIP "--set train.steps=4");
    run("b", "tiny.yaml", SKIP "--resume");
    expect_same_at("a", "b", 6);
    ck_assert_int_eq(shell("for i in 0 1 2 5; do : >data/train_img/$i.png; done"), 0);
    expect("run tiny.yaml --out c -q " SKIP, 1, "is neither a PNG nor a JPEG");
}
END_TEST

/* Nor does a picture that cannot be written take the step with it. */
START_TEST(unwritten_picture) {
    run("a", "tiny.yaml", "--set train.checkpoint_every=0 --set stages=[train]");
    ck_assert_int_eq(shell("mkdir -p b/images/%s-00000003.png/x", _i ? "batch" : "train"), 0);
    expect("run tiny.yaml --out b -q --set train.checkpoint_every=0 --set stages=[train]", 1,
           "the 3 steps before were saved");
    ck_assert_int_eq(shell("rm -r b/images/*"), 0);
    run("b", "tiny.yaml", "--set train.checkpoint_every=0 --set stages=[train] --resume");
    expect_same_at("a", "b", 6);
}
END_TEST

/* Nor does a signal between training and its end: what was painted is painted again. */
START_TEST(stopped_later) {
    int status;
    const char *stage = _i ? "stages=[train,evaluate]" : "stages=[train,synthesize]";
    /* As long as it takes, it is not done before the signal. */
    ck_assert_int_eq(
        shell("echo 'evaluate: [{plugin: pixels}]' >>tiny.yaml; cp tiny.yaml few.yaml; "
              "sed -i 's/validation: 2/validation: 200/; s/samples: 2, items: 2/"
              "samples: 1000, items: 16/' tiny.yaml"),
        0);
    pid_t child = start("b", "--set", stage, NULL, NULL);
    while (shell("grep -q '\"step\":6,' b/log.jsonl") || shell("ls b/checkpoints/step-00000006"))
        ck_assert_int_eq(waitpid(child, &status, WNOHANG), 0);
    ck_assert_int_eq(kill(child, SIGTERM), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status), "signal %d", WTERMSIG(status));
    ck_assert_int_eq(WEXITSTATUS(status), 1);
    ck_assert_int_eq(
        shell("grep -E 'stopped (before the stage|while|at step).*go on with --resume' "
              "b.txt"),
        0);
    run("b", "few.yaml", "--resume --set stages=[train,synthesize]");
    run("a", "few.yaml", "");
    ck_assert_int_eq(shell("for f in a/images/samples/*; do cmp $f b/images/samples/${f##*/} || "
                           "exit 1; done"),
                     0);
}
END_TEST

/* A hand-written pipeline in the folder is no run's. */
START_TEST(own_pipeline) {
    ck_assert_int_eq(shell("mkdir a && cp tiny.yaml a/pipeline.yaml"), 0);
    expect("run a/pipeline.yaml --out a", 2,
           "error: a/pipeline.yaml is read here and would be lost; choose another name");
    expect("run a/pipeline.yaml --out ./a", 2, "read here and would be lost");
    ck_assert_int_eq(shell("cmp tiny.yaml a/pipeline.yaml"), 0);
    run("b", "tiny.yaml", "--set train.steps=1 --set stages=[train]");
    run("b", "b/pipeline.yaml", "--resume --set train.steps=2");
}
END_TEST

/* What is named too long is refused, since parts of names are nobody's. */
START_TEST(long_names) {
#define LONG "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
    expect("run tiny.yaml --out a --set networks.generator.inputs." LONG "=[4]", 2,
           "inputs: the name 'nnn");
    expect("run tiny.yaml --out a --set 'networks." LONG "={plugin: vgg19}'", 2,
           "networks: the name 'nnn");
    expect("run tiny.yaml --out a --set losses.0.id=" LONG, 2, "has 61 bytes; use at most 60");
}
END_TEST

int main(void) {
    return RUN_SUITE("resume", set_up_runs, tear_down, {cannot_look, 2}, {other_settings},
                     {elsewhere}, {other_batch, 7}, {older_checkpoint},
                     {changed_metadata, COUNT(spoilt)}, {bad_file}, {skipped}, {stopped_later, 2},
                     {own_pipeline}, {long_names}, {unwritten_picture, 2});
}
