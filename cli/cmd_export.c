/* inadekit export: the kit's weights into PyTorch's. */
#include "commands.h"

#define FIELD(name) offsetof(ik__conversion, name)
static const cli_option options[] = {
    {"out", 'o', CLI_TEXT, FIELD(to), "FILE",
     "what to write: safetensors where it ends so, else a file for torch.load", "@file", 0, 0,
     true},
    {"map", 0, CLI_TEXT, FIELD(map), "MAP",
     "renames the entries of its network, which alone are written: a map that is installed "
     "(inade_generator, vgg19, ...), or the path of a YAML file; default: all, names stay",
     "@map @file", 0, 0, false},
    {"averages", 0, CLI_FLAG, FIELD(averages), NULL,
     "the averaged weights of a checkpoint trained with train.ema", NULL, 0, 0, false},
    {"not-finite", 0, CLI_FLAG, FIELD(odd), NULL,
     "take NaN and infinities as they are; without it they are an error", NULL, 0, 0, false},
    {0}};

static int run(const cli_args *args) {
    ik__conversion *c = args->values;
    ik__converted done = {0};
    ik_error err = {""};
    c->from = args->words[0];
    return cli_converted(ik__weights_export(c, &done, &err), c, &done, &err);
}

static const cli_operand operands[] = {
    {"CHECKPOINT", "checkpoint", "name its folder, or a safetensors file", "@file", false, false},
    {0}};

const cli_command cmd_export = {
    .name = "export",
    .summary = "turn weights of this kit into a file for PyTorch",
    .about = "Writes a checkpoint's weights so that "
             "model.load_state_dict(torch.load(FILE), strict=True) takes them, under the names of "
             "the published code where a map is given.",
    .examples = "  inadekit export runs/a/checkpoints/step-00001000 -o net_G.pth "
                "--map inade_generator\n",
    .options = options,
    .common = CLI_PLUGIN_PATH,
    .values_size = sizeof(ik__conversion),
    .operands = operands,
    .run = run,
};
