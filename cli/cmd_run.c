/* inadekit run: a pipeline from its YAML file to its run folder. */
#include "commands.h"

#include "plugins.h"
#include "run.h"

#include <stdlib.h>

enum { DRY_RUN = 256, SET, RESUME, OUT, PLUGIN_PATH, THREADS };

static const struct option options[] = {
    {"help", no_argument, NULL, 'h'},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"dry-run", no_argument, NULL, DRY_RUN},
    {"set", required_argument, NULL, SET},
    {"resume", no_argument, NULL, RESUME},
    {"out", required_argument, NULL, OUT},
    {"plugin-path", required_argument, NULL, PLUGIN_PATH},
    {"threads", required_argument, NULL, THREADS},
    {0},
};

static const char help[] =
    "usage: inadekit run PIPELINE [OPTIONS]\n"
    "\n"
    "Runs the stages that the YAML file names and writes a run folder: pipeline.yaml, log.jsonl,\n"
    "images and checkpoints. Ctrl-C saves a checkpoint and stops.\n"
    "\n"
    "      --dry-run           check the file, its plugins and all shapes; compute and write nothing\n"
    "      --set KEY=VALUE     replace a value of the file; may be repeated; the value is YAML\n"
    "      --resume            go on from the newest checkpoint of the run folder\n"
    "      --out DIR           the run folder\n"
    "  -q, --quiet             print errors only\n"
    "  -v, --verbose           print networks and memory, too\n"
    "      --plugin-path DIRS  look for plugins here first; ':' separates folders\n"
    "      --threads N         threads to use; default: all processors\n"
    "  -h, --help              this text\n"
    "\n"
    "examples:\n"
    "  inadekit run pipeline.yaml --dry-run\n"
    "  inadekit run pipeline.yaml --out runs/spade --set norm.plugin=spade\n"
    "  inadekit run pipeline.yaml --set train.epochs=2 --set 'dataset.size=[128, 128]'\n"
    "  inadekit run pipeline.yaml --out runs/spade --resume\n";

/* Gives -1 to go on, else the exit status. */
static int read_options(int argc, char **argv, ik__run_options *o, cli_sets *sets) {
    int c, status = 0;
    cli_options_begin();
    while (!status && (c = getopt_long(argc, argv, ":hqv", options, NULL)) != -1) {
        switch (c) {
        case 'h':
            fputs(help, stdout);
            return 0;
        case 'q':
            o->quiet = true;
            break;
        case 'v':
            o->verbose = true;
            break;
        case DRY_RUN:
            o->dry_run = true;
            break;
        case SET:
            cli_sets_add(sets, optarg);
            break;
        case RESUME:
            o->resume = true;
            break;
        case OUT:
            o->out = optarg;
            break;
        case PLUGIN_PATH:
            ik__plugins_path(optarg);
            break;
        case THREADS:
            status = cli_whole("run", "threads", optarg, 4096, &o->threads);
            break;
        default:
            status = cli_bad_option(c, argv, options);
        }
    }
    if (!status && o->quiet && o->verbose)
        status = cli_usage("run", "--quiet and --verbose contradict each other; give one");
    if (!status) status = cli_one_pipeline(argc, argv, &o->pipeline);
    return status ? status : -1;
}

int cmd_run(int argc, char **argv) {
    ik__run_options o = {0};
    cli_sets sets = {0};
    int status = read_options(argc, argv, &o, &sets);
    if (status < 0) {
        ik_error err = {""};
        o.n_sets = sets.n;
        o.sets = sets.v;
        status = cli_exit(ik__run(&o, &err), &err);
    }
    free(sets.v);
    ik__plugins_path(NULL);
    return status;
}
