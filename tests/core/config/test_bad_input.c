/* Wrong pipelines: each is refused by `run --dry-run` with the right exit status, the place and a
 * message that helps. Nothing is written. */
#include "support/cli.h"

/* Seven lines, so that what follows begins on line 8. */
#define TOP "device: naive\ndataset: {plugin: shapes, size: [64, 64]}\nnetworks:\n  generator:\n"
#define HEAD                                                                                       \
    TOP "    inputs: {z: [8]}\n    nodes:\n      - {id: fc, op: linear, in: z, out: [8, 8, 16]}\n"
/* Makes [64,64,3] of [8,8,16]: three lines. */
#define REST                                                                                       \
    "      - {id: up, op: upsample, factor: 8}\n      - {id: rgb, op: conv2d, out: 3}\n"           \
    "      - {op: tanh}\n"
/* A generator on line 1, and no dataset. */
#define NETWORKS "networks: {generator: {nodes: [{op: one_hot}, {op: conv2d, out: 3}]}}\n"
#define UP16 "      - {op: upsample, factor: 16}\n"
#define STAGES "stages: [synthesize]\n"

typedef struct bad {
    const char *name, *yaml;
    const char *text[4]; /* all are expected; the first at the beginning */
    const char *options; /* more of the command line, or NULL */
} bad;

static const bad rows[] = {
    /* --- the file itself */
    {"empty", "", {"bad.yaml:1:1: error: there is nothing in it"}},
    {"only a comment", "# nothing\n\n", {"bad.yaml:1:1: error: there is nothing in it"}},
    {"unclosed", HEAD "      - {op: tanh\nstages: [train]\n", {"bad.yaml:9:", "8:9"}},
    {"tab",
     "name: t\ndataset:\n\tplugin: shapes\n",
     {"bad.yaml:3:1: error: a tab is in this line's indentation"}},
    {"tab behind spaces",
     "name: t\ndataset:\n  plugin: shapes\n  \tsize: 3\n",
     {"bad.yaml:4:3: error: a tab is in this line's indentation"}},
    {"web page", "<!DOCTYPE html><html>\n", {"error: 'bad.yaml' is a web page (HTML)"}},
    {"pointer",
     "version https://git-lfs.github.com/spec/v1\nsize 12\n",
     {"error: 'bad.yaml' is a Git LFS pointer"}},
    {"device",
     "include: /dev/zero\n",
     {"bad.yaml:1:10: error: cannot open '/dev/zero': it is a device"}},
    {"name that commands the terminal",
     "name: \"a\\e[31m\"\n",
     {"bad.yaml:1:7: error: name: 'a\\x1b[31m' holds a control character"}},
    {"scalar", "hello\n", {"bad.yaml:1:1: error: a configuration is a map"}},
    {"list", "- a\n", {"bad.yaml:1:1: error: a configuration is a map"}},
    {"twice", "name: a\nname: b\n", {"bad.yaml:2:1: error: key 'name' is given twice"}},
    {"two documents", "name: a\n---\nname: b\n", {"bad.yaml:2:1: error: a second document"}},
    {"no anchor", "name: *x\n", {"bad.yaml:1:7: error: alias '*x' has no anchor"}},
    {"variable",
     "name: \"${INADEKIT_NOT_SET}\"\n",
     {"bad.yaml:1:7: error: environment variable 'INADEKIT_NOT_SET' is not set"}},
    {"include", "include: none.yaml\n", {"bad.yaml:1:10: error: cannot open 'none.yaml'"}},

    /* --- keys and values */
    {"top-level key",
     HEAD REST STAGES "sead: 1\n",
     {"bad.yaml:12:1: error: ", "unknown ", "'sead'", "did you mean 'seed'?"}},
    {"key of a node",
     HEAD "      - {id: up, op: upsample, fctor: 8}\n",
     {"bad.yaml:8:32: error: unknown option 'fctor' of upsample; did you mean 'factor'?"}},
    {"key of a block",
     HEAD "      - {block: resblock, out: 8, kernel: 3}\n",
     {"bad.yaml:8:35: error: unknown option 'kernel' of blocks/resblock; known are: out"}},
    {"key of the dataset",
     NETWORKS "dataset: {plugin: shapes, size: [64, 64], objekts: [1, 2]}\n" STAGES,
     {"bad.yaml:2:43: error: unknown option 'objekts'", "did you mean 'objects'?"}},
    {"key of a network",
     HEAD REST "    node: 1\n" STAGES,
     {"bad.yaml:11:", "error: unknown key 'node'", "nodes"}},
    {"type",
     HEAD "      - {op: upsample, factor: two}\n",
     {"bad.yaml:8:32: error: option 'factor' of upsample must be a whole number, not 'two'"}},
    {"type of a list",
     NETWORKS "dataset: {plugin: shapes, size: yes}\n" STAGES,
     {"bad.yaml:2:33: error: option 'size' of ", "whole number", "not 'yes'"}},
    {"type of a flag",
     HEAD "      - {op: conv2d, out: 3, bias: 1}\n",
     {"bad.yaml:8:36: error: option 'bias' of conv2d must be true or false, not '1'"}},
    {"range",
     HEAD "      - {op: upsample, factor: 99}\n",
     {"bad.yaml:8:32: error: option 'factor' of upsample must be 2 to 16, not '99'"}},
    {"range of a size",
     NETWORKS "dataset: {plugin: shapes, size: [0, 64]}\n" STAGES,
     {"bad.yaml:2:34: error: option 'size' of ", "must be 1 to 16384, not '0'"}},
    {"one size",
     NETWORKS "dataset: {plugin: shapes, size: 64}\n" STAGES,
     {"bad.yaml:2:33: error: ", "size"}},
    {"device",
     HEAD REST STAGES,
     {"--set device=nive:1:8: error: there is no plugin backends/nive; did you mean 'naive'?\nlooked for:"},
     "--set device=nive"},
    {"a key that --set makes on the way",
     HEAD REST STAGES,
     {"--set trian.steps=3:1:1: error: unknown option 'trian' of the pipeline; did you mean 'train'?"},
     "--set trian.steps=3"},
    {"empty device", HEAD REST STAGES, {"--set device=:1:8: error: ", "device"}, "--set device="},
    {"empty name", HEAD REST STAGES, {"--set name=:1:6: error: ", "name"}, "--set name="},
    {"empty map",
     HEAD "      - {id: hot, op: one_hot, map: }\n" STAGES,
     {"bad.yaml:8:9: error: generator.hot: "}},
    {"unknown map",
     HEAD "      - {id: hot, op: one_hot, map: lable}\n" STAGES,
     {"bad.yaml:8:9: error: generator.hot: asks for the value 'lable'"}},
    {"picture in one-hot form",
     HEAD "      - {id: hot, op: one_hot, map: image}\n" STAGES,
     {"bad.yaml:8:9: error: generator.hot: one_hot: needs a map"}},
    {"missing option",
     HEAD "      - {op: conv2d}\n",
     {"bad.yaml:8:9: error: conv2d needs the option 'out' (output channels); add it"}},
    {"frozen",
     HEAD REST "    frozen: maybe\n" STAGES,
     {"bad.yaml:11:13: error: option 'frozen'", "true or false, not 'maybe'"}},
    {"frozen without weights",
     HEAD REST "    frozen: true\n" STAGES,
     {"bad.yaml:5:5: error: network 'generator' is frozen, so its weights have to come from",
      "`weights: random`"}},
    {"outputs",
     HEAD REST "    outputs: [up, rbg]\n" STAGES,
     {"bad.yaml:11:19: error: outputs: network 'generator' has no node 'rbg'; did you mean 'rgb'?"}},
    {"outputs, one",
     HEAD REST "    outputs: tanh\n" STAGES,
     {"bad.yaml:11:14: error: outputs: network 'generator' has no node 'tanh'"}},
    {"outputs, of the wrong size",
     HEAD REST "    outputs: [rgb, up]\n" STAGES,
     {"bad.yaml:5:5: error: the generator makes [4,64,64,16], but the dataset's size asks for"}},
    {"stage", HEAD REST "stages: [trian]\n", {"bad.yaml:11:10: error: ", "'trian'", "train"}},
    {"set, unknown",
     HEAD REST STAGES,
     {"--set networks.generator.nodes.1.fctor=2:1:1: error: unknown option 'fctor'"},
     "--set networks.generator.nodes.1.fctor=2"},
    {"set, value",
     HEAD REST STAGES,
     {"--set networks.generator.nodes.1.factor=x:1:35: error: option 'factor'", "not 'x'"},
     "--set networks.generator.nodes.1.factor=x"},
    {"set, no value",
     HEAD REST STAGES,
     {"--set seed:1:1: error: an override needs a key and a value"},
     "--set seed"},

    /* --- plugins */
    {"plugin",
     NETWORKS "dataset: {plugin: shpes, size: [64, 64]}\n" STAGES,
     {"bad.yaml:2:19: error: there is no plugin datasets/shpes; did you mean 'shapes'?\nlooked for:",
      "/datasets/shpes.so\n"}},
    {"plugin, path",
     "norm: {plugin: zzz}\n" HEAD REST STAGES,
     {"bad.yaml:1:16: error: there is no plugin norm/zzz; name its folder with --plugin-path",
      "mine/norm/zzz.so\n", "/lib/inadekit/norm/zzz.so\n"},
     "--plugin-path mine"},
    {"no plugin",
     "norm: {noise_channels: 8}\n" HEAD REST STAGES,
     {"bad.yaml:1:7: error: a plugin of kind 'norm' is not named here; add 'plugin: NAME'"}},
    {"plugin's name",
     "norm: ../../x\n" HEAD REST STAGES,
     {"bad.yaml:1:7: error: '../../x' is no plugin's name"}},

    /* --- networks */
    {"no dataset", NETWORKS STAGES, {"bad.yaml:1:1: error: there is no `dataset:`"}},
    {"no networks",
     "name: t\ndataset: {plugin: shapes, size: [64, 64]}\n" STAGES,
     {"bad.yaml:1:1: error: networks: a map with at least a generator is wanted"}},
    {"no generator",
     "name: t\ndataset: {plugin: shapes, size: [64, 64]}\nnetworks:\n  encoder: {plugin: conv}\n",
     {"bad.yaml:4:3: error: networks: there is no generator"}},
    {"op",
     HEAD "      - {op: upsampel}\n",
     {"bad.yaml:8:14: error: unknown op 'upsampel'; did you mean 'upsample'?",
      "`inadekit plugins describe ops`"}},
    {"no op",
     HEAD "      - {id: x}\n",
     {"bad.yaml:8:9: error: a node needs either `op:` or `block:`"}},
    {"op and block",
     HEAD "      - {op: tanh, block: resblock}\n",
     {"bad.yaml:8:9: error: a node needs either `op:` or `block:`"}},
    {"same id",
     HEAD "      - {id: fc, op: tanh}\n",
     {"bad.yaml:8:9: error: two nodes have the id 'fc'"}},
    {"no nodes", TOP "    nodes: []\n", {"bad.yaml:5:5: error: network 'generator' needs"}},
    {"no such input",
     HEAD "      - {id: up, op: upsample, in: fcc, factor: 8}\n" STAGES,
     {"bad.yaml:8:9: error: generator.up: its input 'fcc' does not exist"}},
    {"no such input, near",
     TOP "    nodes:\n      - {id: head, op: one_hot}\n"
         "      - {op: relu, in: haed}\n" STAGES,
     {"bad.yaml:7:9: error: generator.relu_1: its input 'haed' does not exist; did you mean 'head'?"}},
    {"no input at all",
     TOP "    nodes:\n      - {id: x, op: tanh}\n" STAGES,
     {"bad.yaml:6:9: error: generator.x: the first node has no node before it"}},
    {"cycle",
     HEAD "      - {id: a, op: add, in: [fc, b]}\n      - {id: b, op: relu, in: a}\n" STAGES,
     {"bad.yaml:8:9: error: generator.a: its input 'b' is made later", "cycle"}},
    {"own output",
     HEAD "      - {id: a, op: add, in: [fc, a]}\n" STAGES,
     {"bad.yaml:8:9: error: generator.a: its input 'a' is made by itself", "cycle"}},
    {"shapes to add",
     HEAD "      - {id: up, op: upsample}\n      - {id: sum, op: add, in: [up, fc]}\n" STAGES,
     {"bad.yaml:9:9: error: generator.sum: add: ", "16,16,16] and [", ",8,8,16]"}},
    {"shapes to join",
     HEAD "      - {id: up, op: upsample}\n      - {id: cat, op: concat, in: [up, fc]}\n" STAGES,
     {"bad.yaml:9:9: error: generator.cat: concat: ", "16,16,16] and [", ",8,8,16]"}},
    {"flat picture",
     TOP "    inputs: {z: [8]}\n    nodes:\n"
         "      - {id: rgb, op: conv2d, in: z, out: 3}\n" STAGES,
     {"bad.yaml:7:9: error: generator.rgb: ", ",8]"}},
    {"window",
     HEAD "      - {id: big, op: conv2d, out: 3, kernel: 63, padding: 0}\n" STAGES,
     {"bad.yaml:8:9: error: generator.big: conv2d: a window of 63x63 does not fit", ",8,8,16]"}},
    {"no norm",
     HEAD "      - {id: n, op: norm}\n" STAGES,
     {"bad.yaml:8:9: error: generator.n: ", "norm"}},
    {"size of the output",
     HEAD "      - {id: rgb, op: conv2d, out: 3}\n" STAGES,
     {"bad.yaml:", "error: ", ",64,64,3]", ",8,8,3]"}},
    {"huge",
     HEAD "      - {id: big, op: linear, out: [1000000, 1000000, 1000000]}\n" STAGES,
     {"bad.yaml:8:9: error: generator.big: ", "too large; make it smaller"}},
    {"huge, step by step",
     HEAD UP16 UP16 UP16 UP16 UP16 UP16 UP16 UP16 UP16 UP16 UP16 UP16 UP16 UP16 UP16 UP16 STAGES,
     {"bad.yaml:", "error: generator.upsample_", "too large; make it smaller"}},
    {"dataset by name",
     NETWORKS "dataset: shapes\n" STAGES,
     {"bad.yaml:2:10: error: dataset needs the option 'size'"}},
    {"no losses",
     HEAD REST "stages: [train]\n",
     {"bad.yaml:1:1: error: no loss has a term for the generator"}},
    {"losses",
     HEAD REST "losses: []\nstages: [train]\n",
     {"bad.yaml:11:9: error: no loss has a term for the generator"}},
    {"no discriminator",
     HEAD REST "losses: [hinge]\nstages: [train]\n",
     {"bad.yaml:11:10: error: hinge: asks what the discriminator says"}},
    {"perceptual, no network",
     HEAD REST "losses: [perceptual]\n",
     {"bad.yaml:11:10: error: perceptual: calls the network 'vgg19', which is not among"}},
    {"perceptual, a plugin",
     HEAD REST "  encoder: conv\nlosses: [{plugin: perceptual, network: encoder}]\n",
     {"bad.yaml:12:10: error: perceptual: calls the network 'encoder', which is a plugin"}},
    {"perceptual, layers",
     HEAD REST "losses: [{plugin: perceptual, network: generator, layers: [1, 2]}]\n",
     {"bad.yaml:11:10: error: perceptual: `layers:` needs a weight for each of"}},
    {"perceptual, no layers",
     HEAD REST "losses: [{plugin: perceptual, layers: [0, 0]}]\n",
     {"bad.yaml:11:10: error: ", "`layers:` takes 1 to 64 weights, not all of them 0"}},
    {"channels of the output",
     HEAD "      - {id: up, op: upsample, factor: 8}\n" STAGES,
     {"bad.yaml:", "error: ", ",64,64,3]", ",64,64,16]"}},
};

static void check(const bad *row, const char *file) {
    char arguments[512];
    snprintf(arguments, sizeof arguments, "run %s --dry-run %s", file,
             row->options ? row->options : "");
    int status = inadekit(arguments);
    ck_assert_msg(status == 2, "%s: exit status %d instead of 2: %s", row->name, status, said);
    ck_assert_msg(strncmp(said, row->text[0], strlen(row->text[0])) == 0,
                  "%s: '%s' does not begin: %s", row->name, row->text[0], said);
    for (int i = 1; i < 4 && row->text[i]; i++)
        ck_assert_msg(strstr(said, row->text[i]), "%s: '%s' is not in: %s", row->name, row->text[i],
                      said);
    char runs[128];
    snprintf(runs, sizeof runs, "%s/runs", folder);
    ck_assert_msg(access(runs, F_OK) != 0, "%s: a run folder was made", row->name);
}

START_TEST(refused) {
    write_bytes("bad.yaml", rows[_i].yaml, strlen(rows[_i].yaml));
    check(&rows[_i], "bad.yaml");
}
END_TEST

/* The pipeline that the rows spoil is itself good. */
START_TEST(good) {
    static const char yaml[] = HEAD REST STAGES;
    write_bytes("good.yaml", yaml, sizeof yaml - 1);
    expect("run good.yaml --dry-run", 0, NULL);
    expect("run good.yaml --dry-run --set seed=7 --threads 1", 0, NULL);
    expect("summary good.yaml", 0, "\ngenerator ");
}
END_TEST

START_TEST(binary) {
    static const char nul[] = "name: a\0b\n", latin[] = "name: t\nx: \xE9\n",
                      elf[] = "\x7F"
                              "ELF\2\1";
    write_bytes("bad.yaml", nul, sizeof nul - 1);
    check(&(bad){"nul", "", {"bad.yaml:1:8: error: byte 0x00 is not text"}}, "bad.yaml");
    write_bytes("bad.yaml", latin, sizeof latin - 1);
    check(&(bad){"latin", "", {"bad.yaml:2:4: error: byte 0xE9 is not valid UTF-8"}}, "bad.yaml");
    write_bytes("bad.yaml", elf, sizeof elf - 1);
    check(&(bad){"elf", "", {"bad.yaml:1:1: error: byte 0x7F is not text"}}, "bad.yaml");
}
END_TEST

START_TEST(deep) {
    enum { DEPTH = 5000 };
    char yaml[8 + 2 * DEPTH] = "name: ";
    memset(yaml + 6, '[', DEPTH);
    memset(yaml + 6 + DEPTH, ']', DEPTH);
    write_bytes("bad.yaml", yaml, 6 + 2 * DEPTH);
    /* The root is the first level, so the 64th bracket is one too many. */
    check(&(bad){"deep", "", {"bad.yaml:1:70: error: nested deeper than 64 levels"}}, "bad.yaml");
}
END_TEST

START_TEST(large) {
    size_t size = (1 << 20) + 2;
    char *yaml = malloc(size);
    ck_assert_ptr_nonnull(yaml);
    memset(yaml, '#', size);
    write_bytes("bad.yaml", yaml, size);
    free(yaml);
    check(&(bad){"large", "", {"bad.yaml:1:1: error: it is larger than 1 MiB"}}, "bad.yaml");
}
END_TEST

START_TEST(no_file) {
    check(&(bad){"missing", "", {"error: cannot open 'none.yaml': No such file"}}, "none.yaml");
    check(&(bad){"a folder", "", {"error: cannot open '.': it is a folder"}}, ".");
    expect("summary none.yaml", 2, "error: cannot open 'none.yaml': No such file");
}
END_TEST

int main(void) {
    return RUN_SUITE("bad_input", set_up, tear_down, {refused, COUNT(rows)}, {good}, {binary},
                     {deep}, {large}, {no_file});
}
