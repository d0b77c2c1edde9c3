/* inadekit import: PyTorch's weights into the kit's. */
#include "commands.h"
#include "print.h"
#include "run/import.h"

typedef struct values {
    ik__conversion c;
    const char *pipeline;
} values;

#define FIELD(name) offsetof(values, name)
static const cli_option options[] = {
    {"out", 'o', CLI_TEXT, FIELD(c.to), "FILE", "the safetensors file to write", "@file", 0, 0,
     true},
    {"map", 0, CLI_TEXT, FIELD(c.map), "MAP",
     "renames the entries: a map that is installed (inade_generator, vgg19, ...), or the path of a "
     "YAML file; default: names stay",
     "@map @file", 0, 0, false},
    {"pipeline", 0, CLI_TEXT, FIELD(pipeline), "FILE",
     "a pipeline that the weights have to fit: what is missing, surplus or of another shape is listed, "
     "and nothing is written",
     "@pipeline", 0, 0, false},
    {"not-finite", 0, CLI_FLAG, FIELD(c.odd), NULL,
     "take NaN and infinities as they are; without it they are an error", NULL, 0, 0, false},
    {0}};

static void tell_left_out(const ik__converted *done) {
    const int rest = done->left_out - IK__TOLD;
    cli_print(stdout, ", %d that are not needed were left out\n", done->left_out);
    for (int i = 0; i < done->left_out && i < IK__TOLD; i++)
        cli_print(stdout, "%s%s", i ? ", " : "  ", done->first[i]);
    if (rest > 0) cli_print(stdout, " and %d more", rest);
}

int cli_converted(ik_status status, const ik__conversion *c, const ik__converted *done,
                  const ik_error *err) {
    if (!status) {
        cli_print(stdout, "%s: %d entries", c->to, done->written);
        if (done->left_out) tell_left_out(done);
        putchar('\n');
    }
    return cli_exit(status, err);
}

static int run(const cli_args *args) {
    values *v = args->values;
    const ik__run_options fits = {
        .pipeline = v->pipeline, .n_sets = args->sets.n, .sets = args->sets.v, .no_data = true};
    if (!v->pipeline && args->sets.n)
        return cli_usage(args->command, "--set goes with --pipeline, which it changes");
    ik__converted done = {0};
    ik_error err = {""};
    cli_watch(false);
    v->c.from = args->words[0];
    int exit = cli_converted(ik__import(&v->c, &fits, &done, &err), &v->c, &done, &err);
    if (v->pipeline && !exit) cli_print(stdout, "  they fit %s\n", v->pipeline);
    return exit;
}

static const cli_operand operands[] = {
    {"SRC", "file", "name what torch.save wrote, or a safetensors file", "@file", false, false},
    {0}};

const cli_command cmd_import = {
    .name = "import",
    .summary = "turn PyTorch's weights into a safetensors file of this kit",
    .about =
        "Reads what torch.save wrote (nothing in the file is run) and writes its tensors as "
        "safetensors, under the names of this kit where a map is given. A pipeline can also "
        "read the original itself: weights: {file: SRC, map: MAP}. Says what was left out, and with "
        "a pipeline whether it has a place for everything, and everything for its places.",
    .examples =
        "  inadekit import latest_net_G.pth -o generator.safetensors --map inade_generator\n"
        "  inadekit import best_net_E.pth -o encoder.safetensors --map inade_encoder \\\n"
        "      --pipeline pipeline.yaml\n"
        "  inadekit import vgg19-dcbb9e9d.pth -o vgg19.safetensors --map vgg19\n",
    .options = options,
    .common = CLI_SETS | CLI_PLUGIN_PATH,
    .values_size = sizeof(values),
    .operands = operands,
    .run = run,
};
