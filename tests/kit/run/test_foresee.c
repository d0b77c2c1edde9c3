/* What a run would find out at its end is said before its first step, and by --dry-run, too; with
 * nothing written. */
#include "support/runs.h"

#include <png.h>

enum { SIDE = 32 };

/* A PNG of one value: grey, or with colour a picture. */
static void flat(const char *name, bool colour, int value) {
    char path[160];
    uint8_t bytes[3 * SIDE * SIDE];
    memset(bytes, value, sizeof bytes);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    png_image p = {.version = PNG_IMAGE_VERSION,
                   .width = SIDE,
                   .height = SIDE,
                   .format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY};
    ck_assert(png_image_write_to_file(&p, path, 0, bytes, 0, NULL));
}

/* photos.yaml, with two photographs to train on and a map to paint. */
static void photographs(void) {
    ck_assert_int_eq(shell("mkdir -p d/train_img d/train_label d/val_label && "
                           "sed 's/^dataset: .*/dataset: {plugin: folder, root: d, size: [32, 32], "
                           "labels: 3, max_instances: 8}/' tiny.yaml >photos.yaml"),
                     0);
    flat("d/train_img/a.png", true, 90);
    flat("d/train_img/b.png", true, 200);
    flat("d/train_label/a.png", false, 0);
    flat("d/train_label/b.png", false, 1);
    flat("d/val_label/c.png", false, 2);
}

/* Both a dry run and the run refuse it, before anything is there. */
static void refused(const char *pipeline, const char *options, int status, const char *text) {
    static const char *const how[] = {"--dry-run", "-q"};
    for (int i = 0; i < 2; i++) {
        char arguments[600];
        snprintf(arguments, sizeof arguments, "run %s --out out %s %s", pipeline, how[i], options);
        expect(arguments, status, text);
        ck_assert_msg(shell("ls out") != 0, "%s has left something", arguments);
    }
}

/* `val_img` is optional, and that it is not there is said. */
START_TEST(without_pictures_to_validate_on) {
    photographs();
    run("a", "photos.yaml", "--set train.batch=1 --set train.steps=1");
    ck_assert_ptr_nonnull(strstr(said,
                                 "note: datasets/folder: d has no train_inst and no val_inst: "
                                 "every class in a picture is one instance (dataset.instances: "
                                 "auto); d has no val_img: validation has label maps alone\n"));
    expect("run photos.yaml --dry-run --set evaluate=[pixels] --set stages=[train,evaluate]", 0,
           "note: c has no picture to be compared with: metrics leave out ");
    ck_assert_int_eq(shell("mkdir d/val_img"), 0);
    flat("d/val_img/c.png", true, 2);
    flat("d/val_label/d.png", false, 2);
    flat("d/val_label/e.png", false, 2);
    expect("run photos.yaml --dry-run --set evaluate=[pixels] --set stages=[train,evaluate] "
           "--set synthesize.items=1",
           0, "note: d has no picture to be compared with, nor have others: metrics leave out ");
    ck_assert_int_eq(shell("rm -r d/val_img d/val_label/[de].png"), 0);
    ck_assert_int_eq(shell("ls a/images/samples/c-0.png && mkdir d/val_inst"), 0);
    flat("d/val_inst/c.png", false, 2);
    expect("run photos.yaml --dry-run", 0, "d has no train_inst: in training every class in ");
    refused("photos.yaml", "--set dataset.val_img=photos", 1,
            "error: d/photos: there is no such folder");
}
END_TEST

START_TEST(data) {
    photographs();
    ck_assert_int_eq(
        shell("mkdir d/train_img/more && touch d/val_label/c.gif d/val_label/b.txt d/val_label/.x"),
        0);
    expect(
        "run photos.yaml --dry-run", 0,
        "; of train_img 1 other is passed over, as 'more'; of val_label 2 others are passed over, "
        "as 'b.txt'\n");
    refused("photos.yaml", "--set dataset.root=nowhere", 1,
            "nowhere/train_img: there is no such folder");
    refused("photos.yaml", "--set train.batch=3", 2,
            "the dataset has 2 pictures to train on, fewer than one batch of 3; lower train.batch");
    refused("photos.yaml", "--set train.accumulate=2", 2, "fewer than one batch of 4");
    flat("d/val_label/c.png", true, 2);
    refused("photos.yaml", "", 1, "d/val_label/c.png: is an RGB picture");
    flat("d/val_label/c.png", false, 9);
    refused("photos.yaml", "--set stages=[train]", 1, "d/val_label/c.png: label 9 at pixel (0, 0)");
    flat("d/val_label/c.png", false, 1);
    flat("d/val_label/d.png", true, 2);
    refused("photos.yaml", "", 1, "d/val_label/d.png: is an RGB picture"); /* not only the first */
    ck_assert_int_eq(shell("rm d/val_label/d.png"), 0);
    flat("d/train_label/b.png", false, 7);
    expect("run photos.yaml --dry-run", 1, "d/train_label/b.png: label 7 at pixel (0, 0)");
    expect("run photos.yaml --dry-run --set train.on_bad_file=skip --set train.batch=1", 0,
           "note: 1 of 2 training items that were looked at cannot be read and are skipped, as "
           "train.on_bad_file says; the first: d/train_label/b.png: label 7 at ");
    flat("d/train_label/a.png", true, 2);
    refused("photos.yaml", "", 1, "d/train_label/a.png: is an RGB picture");
    ck_assert_int_eq(shell("rm d/train_label/b.png"), 0);
    refused("photos.yaml", "", 1, "d/train_img/b.png: this picture has no label map");
    expect("summary photos.yaml --set dataset.root=nowhere", 0, "\ngenerator ");
}
END_TEST

static const struct {
    const char *options;
    int status;
    const char *text;
} wrong[] = {
    {"--set dataset.validation=0", 2,
     "the dataset has no validation items, which the stage synthesize needs; give it some"},
    {"--set dataset.validation=0 --set stages=[evaluate] --set evaluate=[pixels]", 2,
     "the dataset has no validation items, which the stage evaluate needs"},
    {"--set stages=[train,report,train]", 2,
     "--set stages=[train,report,train]:1:22: error: the stage train is named twice"},
    {"--set stages=[]", 2, "error: there is no stage to be run; there are train, "},
    {"--set train.steps=0 --set train.epochs=0", 2, "error: train: no step would be taken"},
    {"--set train.betas=[0.5,1]", 2,
     "--set train.betas=[0.5,1]:1:13: error: train.betas: both have to be below 1, as [0, 0.9]"},
    {"--set synthesize.vary.instances=[1,7]", 2,
     "error: synthesize.vary: none of the 2 layouts to be painted has an instance 7; they have up "
     "to 5, numbered from 0\n"},
    {"--set synthesize.vary.labels=[sky,house]", 2,
     "error: synthesize.vary: none of the 2 layouts to be painted has the label 'house'"},
    {"--set synthesize.vary={}", 2, "error: synthesize.vary: names nothing that is drawn anew"},
    {"--set synthesize.samples=1000 --set synthesize.items=1928 --set dataset.validation=3000", 2,
     "error: synthesize: 1928 layouts of 32x32 with 1000 samples are too many for one grid, which has "
     "at most 65535 pixels a side"},
    {"--set dataset.count=2000 --set train.batch=1930", 2,
     "error: train: a batch of 1930 pictures of 32x32 is too tall for the grid that shows it"},
    {"--set 'networks.generator.inputs={z: [8, 4]}' "
     "--set 'networks.generator.nodes.0={id: fc, op: leaky_relu, in: z}'",
     2,
     "error: generator.fc: its input 'z' has the shape [8,4], whose first number is dataset.max_instances"},
    {"--set train.keep=1000000 --set train.steps=1000000000 --set train.checkpoint_every=1 "
     "--set networks.generator.nodes.0.out=[4,4,2048]",
     1, "out: the disk is too full for the checkpoints: "},
};

START_TEST(known_before) {
    refused("tiny.yaml", wrong[_i].options, wrong[_i].status, wrong[_i].text);
}
END_TEST

#define ENCODER "--set networks.encoder.plugin=instance_unet --set networks.encoder.channels=4 "

START_TEST(styles) {
    refused("tiny.yaml", ENCODER "--set 'synthesize.style=[{item: 9, from: 0, to: 0}]'", 2,
            "synthesize.style: there is no item 9, only 2");
    refused("tiny.yaml", ENCODER "--set 'synthesize.style=[{item: 0, from: 6, to: 0}]'", 2,
            "synthesize.style: validation_000000 has the instances 0 to 4, there is no 6");
    refused("tiny.yaml", ENCODER "--set 'synthesize.style=[{item: 0, from: 0, to: 6}]'", 2,
            "synthesize.style: none of the 2 layouts to be painted has an instance 6");
    photographs();
    refused("photos.yaml", ENCODER "--set 'synthesize.style=[{item: 0, from: 0, to: 0}]'", 2,
            "synthesize.style: c has no picture, so no style to take");
}
END_TEST

START_TEST(folders) {
    char text[5000], arguments[700];
    ck_assert_int_eq(shell("touch file"), 0);
    expect("run file/a --dry-run", 2, "error: cannot open 'file/a': Not a directory; ");
    ck_assert_int_eq(shell("mkdir of_a_run && touch of_a_run/pipeline.yaml"), 0);
    expect(
        "run of_a_run --resume", 2,
        "error: of_a_run is a folder, and a pipeline is wanted, as of_a_run/pipeline.yaml; a run "
        "goes on with `inadekit run PIPELINE --resume --out FOLDER`\n");
    expect("run tiny.yaml --dry-run --out file/a", 1,
           "error: cannot make the folder file/a/images: file: it is no folder; choose another");
    memset(text, 'd', 300);
    snprintf(arguments, sizeof arguments, "run tiny.yaml --dry-run --out here/%.300s/x", text);
    expect(arguments, 2,
           "the run folder: a name of 300 bytes is longer than the 255 of the system");
    size_t n = 0;
    while (n < 4080) n += (size_t)snprintf(text + n, sizeof text - n, "%.240s/", "d");
    snprintf(text, sizeof text, "out: %04070d\n", 0);
    for (size_t i = 5; text[i] != '\n'; i++) text[i] = i % 100 ? 'd' : '/';
    write_bytes("long.yaml", text, strlen(text));
    ck_assert_int_eq(shell("cat tiny.yaml >>long.yaml"), 0);
    expect("run long.yaml --dry-run", 2, "the path of the run folder is too long by ");
    ck_assert_int_ne(shell("ls here"), 0);
}
END_TEST

/* Every variant is looked at before the first one trains. */
START_TEST(of_a_comparison) {
    ck_assert_int_eq(shell("printf 'include: tiny.yaml\\ncompare:\\n  - {name: a}\\n"
                           "  - {name: b, set: [train.keep=1000000, train.checkpoint_every=1, "
                           "\"networks.generator.nodes.0.out=[4,4,2048]\"]}\\n' >c.yaml"),
                     0);
    refused("c.yaml", "--set train.steps=1000000000", 1,
            "variant 'b': out/b: the disk is too full for ");
    ck_assert_int_eq(shell("printf 'include: tiny.yaml\\ncompare:\\n  - {name: a}\\n"
                           "  - {name: b, set: [weights=none.pth]}\\n' >d.yaml"),
                     0);
    refused("d.yaml", "", 2, "none.pth: ");
}
END_TEST

/* Training goes on without what only pictures of validation need, and says so. */
START_TEST(nothing_to_validate_on) {
    run("a", "tiny.yaml", "--set dataset.validation=0 --set stages=[train,report]");
    ck_assert_ptr_nonnull(strstr(said, "note: the dataset has no validation items: training leaves "
                                       "no images/train-<step>.png\n"));
    ck_assert_int_eq(shell("ls a/images/batch-00000006.png"), 0);
    ck_assert_int_ne(shell("ls a/images/train-00000006.png"), 0);
}
END_TEST

/* A norm that draws nothing per instance cannot vary one. */
START_TEST(nothing_that_varies) {
    expect("run tiny.yaml --dry-run --set norm=batch --set synthesize.vary.instances=[1]", 0,
           "note: synthesize.vary has no effect: this generator draws random values for the "
           "picture as a whole; ");
}
END_TEST

int main(void) {
    return RUN_SUITE("foresee", set_up_runs, tear_down, {without_pictures_to_validate_on}, {data},
                     {known_before, COUNT(wrong)}, {styles}, {folders}, {of_a_comparison},
                     {nothing_to_validate_on}, {nothing_that_varies});
}
