/* inadekit run: a pipeline from its YAML file to its run folder. */
#include "commands.h"
#include "signals.h"

typedef struct values {
    bool dry_run, resume, quiet, verbose;
    const char *out;
    int64_t threads;
} values;

static const cli_option options[] = {
    {"dry-run", 0, CLI_FLAG, offsetof(values, dry_run), NULL,
     "check everything and tell what would be done, with -v in full; compute and write nothing",
     NULL, 0, 0, false},
    {"resume", 0, CLI_FLAG, offsetof(values, resume), NULL,
     "go on from the newest checkpoint of the run folder", NULL, 0, 0, false},
    {"out", 0, CLI_TEXT, offsetof(values, out), "DIR", "the run folder", "@run", 0, 0, false},
    {"quiet", 'q', CLI_FLAG, offsetof(values, quiet), NULL, "print errors only", NULL, 0, 0, false},
    {"verbose", 'v', CLI_FLAG, offsetof(values, verbose), NULL,
     "print networks and memory, too; of a dry run all values, programs and files", NULL, 0, 0,
     false},
    {"threads", 0, CLI_WHOLE, offsetof(values, threads), "N",
     "threads to use; default: all processors", NULL, 1, 4096, false},
    {0}};

static int run(const cli_args *args) {
    const values *v = args->values;
    if (v->quiet && v->verbose)
        return cli_usage(args->command, "--quiet and --verbose contradict each other; give one");
    ik__run_options o = {.dry_run = v->dry_run,
                         .resume = v->resume,
                         .verbose = v->verbose,
                         .out = v->out,
                         .threads = (int)v->threads};
    ik_error err = {""};
    cli_watch(v->quiet);
    if (!o.dry_run) ik__signals_unheard();
    cli_take_pipeline(args, &o);
    return cli_exit(ik__run(&o, &err), &err);
}

const cli_command cmd_run = {
    .name = "run",
    .summary = "run a pipeline's stages: train, synthesize, evaluate, report",
    .about =
        "Runs the stages that the YAML file names and writes a run folder: pipeline.yaml, "
        "log.jsonl, images, checkpoints and report.html. Where it has `compare:`, each variant "
        "runs in a folder of its own. Ctrl-C saves a checkpoint and stops.",
    .examples =
        "  inadekit run pipeline.yaml --dry-run\n"
        "  inadekit run pipeline.yaml --out runs/spade --set norm.plugin=spade\n"
        "  inadekit run pipeline.yaml --set train.epochs=2 --set 'dataset.size=[128, 128]'\n"
        "  inadekit run pipeline.yaml --out runs/spade --resume\n",
    .options = options,
    .common = CLI_SETS | CLI_PLUGIN_PATH,
    .values_size = sizeof(values),
    .operands = cli_pipeline,
    .run = run,
};
