/* What no command does: take numbers that are none for weights or results, and write over what it
 * reads. */
#include "support/runs.h"

#include <math.h>
#include <png.h>

#define GOLDEN SOURCE_DIR "/tests/golden/inade_small"

/* The first number of a tensor of a safetensors file becomes another. */
static void spoil(const char *name, const char *tensor, float value) {
    char path[160], key[160];
    static char header[1 << 20];
    uint64_t n = 0;
    unsigned long at;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "r+b");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fread(&n, sizeof n, 1, f), 1);
    ck_assert_uint_lt(n, sizeof header);
    ck_assert_uint_eq(fread(header, 1, n, f), n);
    snprintf(key, sizeof key, "\"%s\"", tensor);
    const char *entry = strstr(header, key);
    ck_assert_ptr_nonnull(entry);
    ck_assert_int_eq(sscanf(strstr(entry, "data_offsets"), "data_offsets\":[%lu", &at), 1);
    ck_assert_int_eq(fseek(f, (long)(sizeof n + n + at), SEEK_SET), 0);
    ck_assert_uint_eq(fwrite(&value, sizeof value, 1, f), 1);
    ck_assert_int_eq(fclose(f), 0);
}

static void train_and_draw(void) {
    uint8_t map[8 * 8] = {0};
    char path[128];
    png_image png = {
        .version = PNG_IMAGE_VERSION, .width = 8, .height = 8, .format = PNG_FORMAT_GRAY};
    snprintf(path, sizeof path, "%s/map.png", folder);
    ck_assert(png_image_write_to_file(&png, path, 0, map, 0, NULL));
    run("r", "tiny.yaml", "--set train.steps=1 --set train.picture_every=0 --set stages=[train]");
    ck_assert_int_eq(shell("cp r/checkpoints/step-00000001/weights.safetensors w.safetensors; "
                           "cp w.safetensors kept.safetensors; cp map.png kept.png"),
                     0);
}

#define PAINT                                                                                      \
    "synthesize --pipeline r/checkpoints/step-00000001/pipeline.yaml --label map.png -n 1 -o p "   \
    "--weights w.safetensors"

/* A number that is none is named by where it is, and nothing comes of it. */
START_TEST(odd_weights) {
    static const char *const words[] = {"nan", "inf"};
    char text[128];
    train_and_draw();
    expect(PAINT, 0, NULL);
    ck_assert_int_eq(shell("rm -r p"), 0);
    spoil("w.safetensors", "generator.rgb.weight", _i ? INFINITY : NAN);
    snprintf(text, sizeof text, "error: w.safetensors: generator.rgb.weight holds %s", words[_i]);
    expect(PAINT, 1, text);
    ck_assert_int_ne(shell("ls p/*.png"), 0);
    expect("run tiny.yaml --out q --set weights=w.safetensors", 1, text);
    expect("import w.safetensors -o i.safetensors", 1, text);
    expect("export w.safetensors -o e.pth", 1, text);
    expect("export w.safetensors -o e.safetensors", 1, text);
    ck_assert_int_ne(shell("ls e.* i.*"), 0);
    expect("import w.safetensors -o i.safetensors --not-finite", 0, NULL);
    expect("export w.safetensors -o e.pth --not-finite", 0, NULL);
}
END_TEST

/* Finite weights may make what is not. */
START_TEST(odd_results) {
    train_and_draw();
    spoil("w.safetensors", "generator.head.norm_0.param_free_norm.running_var", -1);
    expect(PAINT, 1, "error: the pictures hold what is no finite number: generator.");
    ck_assert_int_ne(shell("ls p/*.png"), 0);
    expect("run tiny.yaml --out s --set weights=w.safetensors --set stages=[synthesize]", 1,
           "error: the pictures hold what is no finite number: generator.");
    expect("run tiny.yaml --out e --set weights=w.safetensors --set stages=[evaluate] "
           "--set 'evaluate=[{plugin: pixels}]'",
           1, "error: the pictures hold what is no finite number: generator.");
}
END_TEST

START_TEST(odd_trace) {
    ck_assert_int_eq(shell("cp " GOLDEN "/inputs.safetensors in.safetensors; "
                           "cp " GOLDEN "/weights.safetensors w.safetensors"),
                     0);
#define TRACE "trace " GOLDEN ".yaml --program sample --set device=naive "
    expect(TRACE "--inputs in.safetensors --weights w.safetensors --outputs o.safetensors", 0,
           NULL);
    spoil("w.safetensors", "generator.head_0.norm_0.param_free_norm.running_var", -1);
    expect(TRACE "--inputs in.safetensors --weights w.safetensors --outputs o.safetensors", 1,
           "error: o.safetensors was written, but holds what is no finite number: generator.");
    spoil("w.safetensors", "generator.fc.bias", NAN);
    expect(TRACE "--inputs in.safetensors --weights w.safetensors --outputs o.safetensors", 1,
           " holds nan, which no network can compute with");
}
END_TEST

/* By its own name, by another way to it, and by links. */
static const char *const names[] = {"%s", "./%s", "r/../%s", "soft.%s", "hard.%s"};

START_TEST(sources) {
    char to[64], arguments[400], pth[64];
    train_and_draw();
    expect("export w.safetensors -o w.pth", 0, NULL);
    ck_assert_int_eq(shell("for f in w.safetensors w.pth; do ln -s $f soft.$f; ln $f hard.$f; "
                           "done; cp w.pth kept.pth"),
                     0);
    snprintf(to, sizeof to, names[_i], "w.safetensors");
    snprintf(pth, sizeof pth, names[_i], "w.pth");
    const char *const ways[] = {"import w.pth -o %2$s", "export w.safetensors -o %1$s",
                                "import w.safetensors -o %1$s"};
    for (int i = 0; i < 3; i++) {
        snprintf(arguments, sizeof arguments, ways[i], to, pth);
        expect(arguments, 2, "read here and would be lost; choose another name to write to");
    }
    ck_assert_int_eq(shell("cmp w.safetensors kept.safetensors && cmp w.pth kept.pth"), 0);
    /* In place, so that the links stay. */
    ck_assert_int_eq(shell("cat " GOLDEN "/inputs.safetensors | tee kept.safetensors "
                           ">w.safetensors"),
                     0);
    snprintf(arguments, sizeof arguments, TRACE "--inputs w.safetensors --outputs %s", to);
    expect(arguments, 2, "read here and would be lost");
    snprintf(arguments, sizeof arguments,
             TRACE "--inputs " GOLDEN "/inputs.safetensors --outputs o.safetensors "
                   "--weights w.safetensors --save-weights %s",
             to);
    expect(arguments, 2, "read here and would be lost");
    ck_assert_int_eq(shell("cmp w.safetensors kept.safetensors"), 0);
}
END_TEST

/* Nor is any other file of a checkpoint or a run. */
START_TEST(others) {
    static const char *const files[] = {"optimizer.safetensors", "weights.safetensors",
                                        "pipeline.yaml"};
    train_and_draw();
    ck_assert_int_eq(shell("ln -s . r/here; cp -r r/checkpoints/* kept"), 0);
    for (int i = 0; i < COUNT(files); i++) {
        char arguments[300];
        snprintf(arguments, sizeof arguments, "export w.safetensors -o kept/%s", files[i]);
        expect(arguments, 2, " is one of the files of a checkpoint, which would be lost; choose");
        snprintf(arguments, sizeof arguments, "import w.safetensors -o kept/./%s", files[i]);
        expect(arguments, 2, " is one of the files of a checkpoint");
        snprintf(arguments, sizeof arguments,
                 TRACE "--inputs " GOLDEN "/inputs.safetensors "
                       "--outputs kept/%s",
                 files[i]);
        expect(arguments, 2, " is one of the files of a checkpoint");
    }
    expect("export w.safetensors -o r/here/run.json", 2, " is one of the files of a run, which");
    ck_assert_int_eq(shell("diff -r kept r/checkpoints/*"), 0);
    expect("export w.safetensors -o r/mine.pth", 0, NULL);
    expect("export w.safetensors -o r/mine.pth", 0, NULL);
}
END_TEST

/* The folder that pictures go to may be the one that they come from. */
START_TEST(painted_over) {
    train_and_draw();
    ck_assert_int_eq(shell("mkdir p; mv map.png p/samples.png; ln -s p/samples.png map.png; "
                           "cp map.png p/map-3.png"),
                     0);
    expect(PAINT, 2, "p/samples.png is map.png, which is read here and would be lost");
    expect("synthesize r --label kept.png --instance p/map-3.png -o p -n 1", 0, NULL);
    ck_assert_int_eq(shell("cp kept.png p/kept.png; cp kept.png p/kept-1.png"), 0);
    expect("synthesize r --label p/kept.png --instance p/kept-1.png -o p -n 4", 2,
           "p/kept-1.png is read here and would be lost");
    ck_assert_int_eq(shell("cmp kept.png p/kept-1.png"), 0);
    expect("synthesize r --label kept.png -o q -n 1", 0, NULL);
    ck_assert_ptr_null(strstr(said, "note: "));
    expect("synthesize r --label kept.png -o q -n 3 --seed 5", 0,
           "note: q had 2 of these pictures already; they are replaced\n");
}
END_TEST

int main(void) {
    return RUN_SUITE("odd", set_up_runs, tear_down, {odd_weights, 2}, {odd_results}, {odd_trace},
                     {sources, COUNT(names)}, {others}, {painted_over});
}
