/* inadekit summary: what a pipeline would build, without data and without a device. */
#include "commands.h"
#include "run/summary.h"

typedef struct values {
    bool json;
    int64_t instances;
} values;

static const cli_option options[] = {
    {"json", 0, CLI_FLAG, offsetof(values, json), NULL, "print JSON instead of a table", NULL, 0, 0,
     false},
    {"instances", 0, CLI_WHOLE, offsetof(values, instances), "N",
     "instances of the picture that publications count; default: as many as the dataset allows",
     NULL, 1, 1 << 20, false},
    {0}};

static int run(const cli_args *args) {
    const values *v = args->values;
    ik__run_options o = {0};
    ik_error err = {""};
    cli_take_pipeline(args, &o);
    return cli_exit(ik__summary(&o, v->json, v->instances, stdout, &err), &err);
}

const cli_command cmd_summary = {
    .name = "summary",
    .summary = "show a pipeline's networks, shapes and memory without running it",
    .about = "Prints what a pipeline builds: parameters, multiply-adds and memory of its networks "
             "and programs, and the generator's numbers as publications count them. Needs no data.",
    .examples = "  inadekit summary pipeline.yaml\n"
                "  inadekit summary pipeline.yaml --set norm.plugin=spade\n"
                "  inadekit summary pipeline.yaml --json > networks.json\n",
    .options = options,
    .common = CLI_SETS | CLI_PLUGIN_PATH,
    .values_size = sizeof(values),
    .operands = cli_pipeline,
    .run = run,
};
