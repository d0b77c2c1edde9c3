/* import, export and rename maps, on the published networks' names: what PyTorch wrote arrives
 * under the names of this kit, fits its pipelines, and goes back as it came. See weights/make.py.
 */
#include "support/runs.h"

#include "weights/file.h"

#include <zlib.h>

#define FILES SOURCE_DIR "/tests/weights/"

static const char *const nets[] = {"inade_generator", "inade_encoder",  "inade_discriminator",
                                   "spade_generator", "vspade_encoder", "vgg19",
                                   "clade_generator"};
enum { NETS = sizeof nets / sizeof *nets };

static void IK_PRINTF(3, 4) command(int status, const char *text, const char *format, ...) {
    char arguments[900];
    va_list args;
    va_start(args, format);
    vsnprintf(arguments, sizeof arguments, format, args);
    va_end(args);
    expect(arguments, status, text);
}

/* A file's path: as it is, or in the test's folder. */
static ik__wfile *open_weights(const char *name) {
    char path[300];
    ik_error err = {""};
    ik__wfile *f;
    snprintf(path, sizeof path, *name == '/' ? "%s%s" : "%s/%s", *name == '/' ? "" : folder, name);
    ck_assert_msg(!ik__wfile_open(path, &f, &err), "%s", err.text);
    return f;
}

static void *read_entry(ik__wfile *f, int i, size_t *bytes) {
    *bytes = (size_t)ik_count(ik__wfile_entry_at(f, i)->shape) * 4;
    void *v = malloc(*bytes + 1);
    ck_assert_ptr_nonnull(v);
    ck_assert_int_eq(ik__wfile_read(f, i, v, NULL), IK_OK);
    return v;
}

/* The entries of `a` are in `b` with the same shapes and numbers; but those that the filter leaves
 * out. Gives how many there are. */
static int expect_in(const char *a, const char *b, bool (*wanted)(const char *name)) {
    ik__wfile *x = open_weights(a), *y = open_weights(b);
    int n = 0;
    for (int i = 0; i < ik__wfile_count(x); i++) {
        const ik__wfile_entry *e = ik__wfile_entry_at(x, i);
        if (wanted && !wanted(e->name)) continue;
        int k = ik__wfile_find(y, e->name);
        ck_assert_msg(k >= 0, "%s has no %s", b, e->name);
        ck_assert(ik_same_shape(e->shape, ik__wfile_entry_at(y, k)->shape));
        size_t bytes;
        void *v = read_entry(x, i, &bytes), *w = read_entry(y, k, &bytes);
        ck_assert_msg(!memcmp(v, w, bytes), "%s and %s differ in %s", a, b, e->name);
        free(v);
        free(w);
        n++;
    }
    ik__wfile_close(x);
    ik__wfile_close(y);
    return n;
}

static int count(const char *name) {
    ik__wfile *f = open_weights(name);
    int n = ik__wfile_count(f);
    ik__wfile_close(f);
    return n;
}

static bool no_counter(const char *name) {
    return !strstr(name, "num_batches_tracked");
}
static bool no_classifier(const char *name) {
    return !strstr(name, "classifier");
}
/* What one step of training with a rate of 0 leaves as it was. */
static bool learned(const char *name) {
    return no_counter(name) && !strstr(name, ".running_") && !strstr(name, ".weight_u") &&
           !strstr(name, ".weight_v");
}

/* --- the maps that are installed */

static void import(const char *net) {
    command(0, NULL, "import " FILES "%s.pth -o %s.safetensors --map %s", net, net, net);
}

/* Name, shape by the count, numbers: as weights/networks.txt has them. */
START_TEST(imported) {
    FILE *sums = fopen(FILES "networks.txt", "r");
    ck_assert_ptr_nonnull(sums);
    char net[64], name[200], file[80];
    char sum[9];
    int n[NETS] = {0};
    for (int i = 0; i < NETS; i++) import(nets[i]);
    while (fscanf(sums, "%63s %199s %8s", net, name, sum) == 3) {
        snprintf(file, sizeof file, "%s.safetensors", net);
        ik__wfile *f = open_weights(file);
        int i = ik__wfile_find(f, name);
        ck_assert_msg(i >= 0, "%s has no %s", file, name);
        size_t bytes;
        void *v = read_entry(f, i, &bytes);
        ck_assert_msg(crc32(0, v, (unsigned)bytes) == strtoul(sum, NULL, 16), "%s: %s differs",
                      file, name);
        free(v);
        ik__wfile_close(f);
        for (int k = 0; k < NETS; k++) n[k] += !strcmp(nets[k], net);
    }
    fclose(sums);
    for (int i = 0; i < NETS; i++) {
        snprintf(file, sizeof file, "%s.safetensors", nets[i]);
        ck_assert_int_eq(count(file), n[i]);
    }
}
END_TEST

START_TEST(exported) {
    for (int i = 0; i < NETS; i++) {
        char original[200], back[80];
        snprintf(original, sizeof original, FILES "%s.pth", nets[i]);
        snprintf(back, sizeof back, "%s.pth", nets[i]);
        import(nets[i]);
        command(0, NULL, "export %s.safetensors -o %s --map %s", nets[i], back, nets[i]);
        expect_in(back, original, no_counter);
        int missing = strcmp(nets[i], "vgg19") ? 0 : 4; /* the classifier */
        ck_assert_int_eq(count(back), count(original) - missing);
        expect_in(original, back, missing ? no_classifier : no_counter);
        command(0, NULL, "export %s.safetensors -o again --map %s", nets[i], nets[i]);
        ck_assert_msg(same(back, "again"), "the same weights give another file");
    }
}
END_TEST

/* The step counters of batch norm are not kept, and come back as 0. */
START_TEST(counters) {
    import("inade_generator");
    ck_assert_ptr_nonnull(
        strstr(said, "inade_generator.safetensors: 180 entries, 18 that are not needed"));
    command(0, "net.pth: 198 entries\n",
            "export inade_generator.safetensors -o net.pth --map inade_generator");
    ik__wfile *f = open_weights("net.pth");
    int i = ik__wfile_find(f, "up_3.norm_s.param_free_norm.num_batches_tracked");
    ck_assert_int_ge(i, 0);
    ck_assert_str_eq(ik__wfile_entry_at(f, i)->raw_dtype, "I64");
    ck_assert_int_eq(ik__wfile_entry_at(f, i)->shape.rank, 0);
    size_t bytes;
    int32_t *v = read_entry(f, i, &bytes);
    ck_assert_int_eq(*v, 0);
    free(v);
    ik__wfile_close(f);
}
END_TEST

/* The original files start pipelines, which fit them to the last entry, and are what training keeps
 * and export gives back. */
START_TEST(pipelines_take_the_originals) {
    run("inade", FILES "inade.yaml",
        "--set networks.generator.weights.file=" FILES "inade_generator.pth "
        "--set networks.generator.weights.map=inade_generator "
        "--set networks.encoder.weights.file=" FILES "inade_encoder.pth "
        "--set networks.encoder.weights.map=inade_encoder "
        "--set networks.discriminator.weights.file=" FILES "inade_discriminator.pth "
        "--set networks.discriminator.weights.map=inade_discriminator");
    run("spade", FILES "spade.yaml",
        "--set networks.discriminator.weights.file=" FILES "inade_discriminator.pth "
        "--set networks.discriminator.weights.map=spade_discriminator "
        "--set weights.file=" FILES "spade_generator.pth --set weights.map=spade_generator");
    run("vspade", FILES "vspade.yaml",
        "--set networks.encoder.weights.file=" FILES "vspade_encoder.pth "
        "--set networks.encoder.weights.map=vspade_encoder");
    run("clade", FILES "clade.yaml",
        "--set weights.file=" FILES "clade_generator.pth --set weights.map=clade_generator");
    static const struct {
        const char *run, *file, *map;
        int learned;
    } rows[] = {{"inade", "inade_generator", "inade_generator", 108},
                {"inade", "inade_encoder", "inade_encoder", 24},
                {"inade", "inade_discriminator", "inade_discriminator", 14},
                {"spade", "spade_generator", "spade_generator", 144},
                {"spade", "inade_discriminator", "spade_discriminator", 14},
                {"vspade", "vspade_encoder", "vspade_encoder", 10},
                {"clade", "clade_generator", "clade_generator", 108}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char original[200];
        snprintf(original, sizeof original, FILES "%s.pth", rows[i].file);
        command(0, NULL, "export %s/checkpoints/step-00000001 -o net.pth --map %s", rows[i].run,
                rows[i].map);
        ck_assert_int_eq(expect_in(original, "net.pth", learned), rows[i].learned);
        ck_assert_int_eq(count(original), count("net.pth"));
    }
}
END_TEST

START_TEST(everything_that_does_not_fit) {
    command(1, "inade_generator.pth does not fit this pipeline (198 entries here, 198 there):\n",
            "run " FILES "inade.yaml --out x -q --set networks.generator.nodes.1.out=15 "
            "--set networks.generator.inputs.z=[5] "
            "--set networks.generator.weights.file=" FILES "inade_generator.pth "
            "--set networks.generator.weights.map=inade_generator");
    static const char *const lines[] = {
        "\n  of another shape: generator.fc.weight, [64,4] there, [64,5] here\n",
        "\n  of another shape: generator.head_0.conv_1.weight_v, [144] there, [135] here\n",
        "\n  missing: generator.head_0.norm_s.fc_noise.weight\n", "\n  and 30 more\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        ck_assert_msg(strstr(said, lines[i]), "'%s' is not in: %s", lines[i], said);
    command(1, "missing: generator.fc.weight",
            "run " FILES "inade.yaml --out x -q "
            "--set networks.generator.weights.file=" FILES "inade_encoder.pth "
            "--set networks.generator.weights.map=inade_generator");
}
END_TEST

/* --- averages */

/* Their metadata may differ: a checkpoint's says its step. */
static void expect_same_tensors(const char *a, const char *b) {
    ik__wfile *f[2] = {open_weights(a), open_weights(b)};
    ck_assert_int_eq(ik__wfile_count(f[0]), ik__wfile_count(f[1]));
    for (int i = 0; i < ik__wfile_count(f[0]); i++) {
        size_t bytes[2];
        void *v[2] = {read_entry(f[0], i, &bytes[0]), read_entry(f[1], i, &bytes[1])};
        ck_assert_str_eq(ik__wfile_entry_at(f[0], i)->name, ik__wfile_entry_at(f[1], i)->name);
        ck_assert(bytes[0] == bytes[1] && !memcmp(v[0], v[1], bytes[0]));
        free(v[0]), free(v[1]);
    }
    ik__wfile_close(f[0]), ik__wfile_close(f[1]);
}

START_TEST(averages) {
    run("a", "tiny.yaml", "--set train.steps=2 --set train.ema=0.5 --set stages=[train]");
    command(0, NULL, "export a/checkpoints/step-00000002 -o plain.safetensors");
    expect_same_tensors("plain.safetensors", "a/checkpoints/step-00000002/weights.safetensors");
    command(0, NULL, "export a/checkpoints/step-00000002 -o averages.safetensors --averages");
    ik__wfile *f = open_weights("averages.safetensors"), *plain = open_weights("plain.safetensors");
    ik__wfile *o = open_weights("a/checkpoints/step-00000002/optimizer.safetensors");
    int averaged = 0;
    for (int i = 0; i < ik__wfile_count(f); i++) {
        const char *name = ik__wfile_entry_at(f, i)->name;
        char key[300];
        snprintf(key, sizeof key, "ema.%s", name);
        int k = ik__wfile_find(o, key);
        size_t bytes;
        void *v = read_entry(f, i, &bytes);
        void *w = k >= 0 ? read_entry(o, k, &bytes)
                         : read_entry(plain, ik__wfile_find(plain, name), &bytes);
        ck_assert_msg(!memcmp(v, w, bytes), "%s", name);
        averaged += k >= 0;
        free(v);
        free(w);
    }
    ck_assert_int_gt(averaged, 10);
    ik__wfile_close(f);
    ik__wfile_close(o);
    ik__wfile_close(plain);
    run("b", "tiny.yaml", "--set train.steps=1 --set stages=[train]");
    command(1, "holds no averaged weights; it was trained without `train: {ema: ...}`",
            "export b/checkpoints/step-00000001 -o x.pth --averages");
}
END_TEST

/* --- maps of one's own */

static void write_map(const char *text) {
    write_bytes("map.yaml", text, strlen(text));
}

START_TEST(permuted) {
    write_map("network: net\n"
              "rules:\n"
              "  - {theirs: permuted, ours: x.y, permute: [2, 0, 3, 1]}\n"
              "spare: ['**']\n");
    command(0, "p.safetensors: 1 entries, 20 that are not needed were left out\n",
            "import " FILES "kinds_zip.pth -o p.safetensors --map ./map.yaml");
    ik__wfile *f = open_weights("p.safetensors"), *g = open_weights(FILES "kinds_zip.pth");
    int at = ik__wfile_find(g, "permuted");
    ck_assert_str_eq(ik__wfile_entry_at(f, 0)->name, "net.x.y");
    ck_assert(ik_same_shape(ik__wfile_entry_at(g, at)->shape, IK_SHAPE4(5, 2, 4, 3)));
    ck_assert(ik_same_shape(ik__wfile_entry_at(f, 0)->shape, IK_SHAPE4(4, 5, 3, 2)));
    size_t bytes;
    float *ours = read_entry(f, 0, &bytes), *theirs = read_entry(g, at, &bytes);
    for (int a = 0; a < 5; a++) /* their axes */
        for (int b = 0; b < 2; b++)
            for (int c = 0; c < 4; c++)
                for (int d = 0; d < 3; d++)
                    ck_assert(ours[((c * 5 + a) * 3 + d) * 2 + b] ==
                              theirs[((a * 2 + b) * 4 + c) * 3 + d]);
    free(ours);
    free(theirs);
    ik__wfile_close(f);
    ik__wfile_close(g);
    command(0, NULL, "export p.safetensors -o back.pth --map ./map.yaml");
    ck_assert_int_eq(expect_in("back.pth", FILES "kinds_zip.pth", NULL), 1);
    write_map("network: net\nrules: [{theirs: f32, ours: x, permute: [0, 2, 1]}]\nspare: ['**']\n");
    command(1, "the map permutes 3 axes of \"f32\", which has 2 dimensions",
            "import " FILES "kinds_zip.pth -o p.safetensors --map ./map.yaml");
}
END_TEST

/* A name that nearly fits, in very many ways: each is given up once. */
START_TEST(many_wildcards) {
    enum { LONG = 900 };
    char name[LONG + 1], file[LONG + 100];
    memset(name, 'a', LONG);
    name[LONG] = 0;
    int n = snprintf(file + 8, sizeof file - 8,
                     "{\"%s\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}", name);
    memcpy(file, &(uint64_t){(uint64_t)n}, 8);
    write_bytes("long.safetensors", file, (size_t)n + 8);
    write_map("network: net\nrules: [{theirs: '**a**a**a**a**a**a**b', "
              "ours: '**a**a**a**a**a**a**b'}]\n");
    command(1, "aaaa", "import long.safetensors -o o.safetensors --map ./map.yaml");
    write_map("network: net\nrules: [{theirs: '**a**a**a**a**a**a**a', "
              "ours: '**.x.**.x.**.x.**.x.**.x.**.x.**'}]\n");
    command(0, "1 entries", "import long.safetensors -o o.safetensors --map ./map.yaml");
    ik__wfile *f = open_weights("o.safetensors"); /* the shortest, from the left */
    ck_assert_ptr_nonnull(
        strstr(ik__wfile_entry_at(f, 0)->name, "net.a.x.a.x.a.x.a.x.a.x.a.x.aaa"));
    ik__wfile_close(f);
}
END_TEST

START_TEST(wrong_maps) {
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"rules: [{theirs: a, ours: a}]\n", "'network'"},
        {"network: n\n", "map.yaml:1:1: error: rules: a list is wanted"},
        {"network: n\nrules: []\n", "map.yaml:2:8: error: rules: a list is wanted"},
        {"network: n\nrules: [{theirs: a}]\n",
         "map.yaml:2:9: error: a rule has `theirs` and either `ours` or `beside`"},
        {"network: n\nrules: [{theirs: a, ours: b, beside: c}]\n", "either `ours` or `beside`"},
        {"network: n\nrules: [{theirs: 'a.*', ours: b}]\n",
         "map.yaml:2:9: error: 'a.*' and 'b' need the same wildcards, * and **, in the same order"},
        {"network: n\nrules: [{theirs: '*.**', ours: '**.*'}]\n", "need the same wildcards"},
        {"network: n\nrules: [{theirs: '*.*.*.*.*.*.*.*.*', ours: a}]\n",
         "more than 8 wildcards in a pattern"},
        {"network: n\nrules: [{theirs: a, ours: b}]\nspare: ['*.*.*.*.*.*.*.*.*']\n",
         "map.yaml:3:8: error: more than 8 wildcards"},
        {"network: n\nrules: [{theirs: a, ours: b, permute: [0, 0]}]\n",
         "permute: every axis once, from 0, as [1, 0, 2, 3]"},
        {"network: n\nrules: [{theirs: a, ours: b, permute: [1]}]\n", "every axis once"},
        {"network: n\nrules: [{theirs: a, our: b}]\n", "did you mean 'ours'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_map(rows[i].text);
        command(2, rows[i].message, "import " FILES "kinds_zip.pth -o x --map ./map.yaml");
    }
    write_map("network: n\nrules: [{theirs: 'shared.*', ours: 'shared.*'}]\nspare: ['*']\n");
    command(1,
            "error: " FILES "kinds_zip.pth: no rule of the map matches these names:\n"
            "  gr\xC3\xBCn.gr\xC3\xB6\xC3\x9F"
            "e\n",
            "import " FILES "kinds_zip.pth -o x --map map.yaml");
    write_map("network: n\nrules: [{theirs: 'i*', ours: 'f*'}, {theirs: '**', ours: '**'}]\n");
    command(1, "\"f16\" and \"i16\" both become \"n.f16\"",
            "import " FILES "kinds_zip.pth -o x --map map.yaml");
    command(
        2,
        "error: there is no map 'vgg'; there are clade_generator, inade_discriminator, inade_encoder, "
        "inade_generator, spade_discriminator, spade_generator, vgg19, vspade_encoder; a map "
        "of your own is named by its path, as ./vgg.yaml\n",
        "import " FILES "vgg19.pth -o x --map vgg");
    command(2, "--set networks.generator.weights.map=vgg:",
            "run tiny.yaml --out x -q --set networks.generator.weights.file=" FILES "vgg19.pth "
            "--set networks.generator.weights.map=vgg");
    command(1, "absent.pth: cannot be opened: No such file", "import absent.pth -o x");
    command(1,
            "error: .: a folder without weights.safetensors; name a checkpoint, as "
            "./checkpoints/step-00001000\n",
            "export . -o x");
    command(2, "option '--out' is required", "import " FILES "vgg19.pth");
    command(2, "no file is given", "import -o x");
    command(1,
            "nowhere/x.pth: cannot be written: there is no such folder, or it cannot be written to",
            "export " FILES "kinds.safetensors -o nowhere/x.pth");
}
END_TEST

/* Nothing is left behind, or damaged, where the original turns out bad while it is read. */
START_TEST(interrupted) {
    write_bytes("old.pth", "old", 3);
    command(1, "which does not fit into 32 bits", "export " FILES "large_number.pth -o old.pth");
    ck_assert_int_eq(shell("test \"$(cat old.pth)\" = old && ! ls *.part"), 0);
    command(0, "note: own.PT is a safetensors file (`inadekit export` writes for PyTorch), ",
            "import " FILES "vgg19.pth -o own.PT");
    command(0, "note: own.onnx is a file for torch.load, whatever its name says\n",
            "export own.PT -o own.onnx");
    command(1, "which does not fit into 32 bits", "import " FILES "large_number.pth -o old.pth");
    ck_assert_int_eq(shell("test \"$(cat old.pth)\" = old && ! ls *.part"), 0);
}
END_TEST

int main(void) {
    return RUN_SUITE("convert", set_up_runs, tear_down, {imported}, {exported}, {counters},
                     {pipelines_take_the_originals}, {everything_that_does_not_fit}, {averages},
                     {permuted}, {many_wildcards}, {wrong_maps}, {interrupted});
}
