/* inadekit plugins check: what can be known of a plugin's file without a pipeline. */
#include "commands.h"
#include "print.h"

#include "check/check.h"

typedef struct values {
    ik_strings sets;
    const char *pipeline;
    int64_t timeout;
} values;

static const cli_option options[] = {
    {"set", 0, CLI_TEXTS, offsetof(values, sets), "KEY=VALUE",
     "an option of the plugin; with --pipeline a key of that; may be repeated; the value is YAML",
     NULL, 0, 0, false},
    {"pipeline", 0, CLI_TEXT, offsetof(values, pipeline), "FILE",
     "check it where this pipeline uses it, with its networks, weights and data", "@pipeline", 0, 0,
     false},
    {"timeout", 0, CLI_WHOLE, offsetof(values, timeout), "SECONDS",
     "how long any one check may take before the plugin counts as hung; default: 120", NULL, 1,
     86400, false},
    {0}};

static int check(const cli_args *args) {
    const values *v = args->values;
    const check_task what = {.file = args->words[0],
                             .sets = v->sets,
                             .pipeline = v->pipeline,
                             .timeout = v->timeout ? (int)v->timeout : 120,
                             .out = stdout};
    int failed = 0;
    ik_error err = {""};
    ik_status status = check_plugin(&what, &failed, &err);
    if (status) return cli_exit(status, &err);
    if (failed)
        cli_print(stderr, "error: %s: %d check%s failed\n", what.file, failed,
                  failed == 1 ? "" : "s");
    return failed ? 1 : 0;
}

static const cli_operand file[] = {
    {"FILE", "plugin", "name its file, as build/plugins/norm/mine.so", "@library", false, false},
    {0}};
const cli_command cmd_plugins_check = {
    .name = "plugins check",
    .summary = "look for mistakes in a plugin's file, in a process of its own",
    .about =
        "Loads a plugin in a process of its own and looks for mistakes: versions, options, "
        "exported symbols. A norm, block, encoder, discriminator or loss is recorded in a small "
        "network at three sizes, its gradients are held against finite differences, and every "
        "backend that runs here against the naive one; a dataset is opened and read, also by "
        "several threads at once; a backend computes a whole step. With "
        "--pipeline it is checked where that uses it, which a loss or a metric that takes networks, "
        "or an encoder of another latent, needs. A plugin that crashes or hangs is reported.",
    .examples = "  inadekit plugins check build/plugins/norm/mine.so\n"
                "  inadekit plugins check mine.so --set channels=8 --set kernel=5\n"
                "  inadekit plugins check perceptual.so --pipeline mine.yaml\n"
                "  inadekit plugins check photographs.so --set root=data --timeout 300\n",
    .end = "exit status: 0 all is well, 1 a check failed\n",
    .options = options,
    .common = CLI_PLUGIN_PATH,
    .values_size = sizeof(values),
    .operands = file,
    .run = check,
};
