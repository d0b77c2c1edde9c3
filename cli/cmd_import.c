/* inadekit import: PyTorch's weights into the kit's. */
#include "commands.h"

#define FIELD(name) offsetof(ik__conversion, name)
static const cli_option options[] = {
    {"out", 'o', CLI_TEXT, FIELD(to), "FILE", "the safetensors file to write", "@file", 0, 0, true},
    {"map", 0, CLI_TEXT, FIELD(map), "MAP",
     "renames the entries: a map that is installed (inade_generator, vgg19, ...), or the path of a "
     "YAML file; default: names stay",
     "@file", 0, 0, false},
    {0}};

int cli_convert(const cli_args *args, cli_converter *convert) {
    ik__conversion *c = args->values;
    ik__converted done = {0};
    ik_error err = {""};
    c->from = args->words[0];
    ik_status status = convert(c, &done, &err);
    if (!status) {
        printf("%s: %d entries", c->to, done.written);
        if (done.left_out) printf(", %d that are not needed were left out", done.left_out);
        putchar('\n');
    }
    return cli_exit(status, &err);
}

static int run(const cli_args *args) {
    return cli_convert(args, ik__weights_import);
}

static const cli_operand operands[] = {
    {"SRC", "file", "name what torch.save wrote, or a safetensors file", "@file", false, false},
    {0}};

const cli_command cmd_import = {
    .name = "import",
    .summary = "turn PyTorch's weights into a safetensors file of this kit",
    .about = "Reads what torch.save wrote (nothing in the file is run) and writes its tensors as "
             "safetensors, under the names of this kit where a map is given. A pipeline can also "
             "read the original itself: weights: {file: SRC, map: MAP}.",
    .examples =
        "  inadekit import latest_net_G.pth -o generator.safetensors --map inade_generator\n"
        "  inadekit import vgg19-dcbb9e9d.pth -o vgg19.safetensors --map vgg19\n",
    .options = options,
    .common = CLI_PLUGIN_PATH,
    .values_size = sizeof(ik__conversion),
    .operands = operands,
    .run = run,
};
