/* inadekit summary: what a pipeline would build, without data and without a device. */
#include "commands.h"

#include "plugins.h"
#include "run.h"

#include <stdlib.h>

enum { SET = 256, PLUGIN_PATH, JSON, INSTANCES };

static const struct option options[] = {
    {"help", no_argument, NULL, 'h'},
    {"json", no_argument, NULL, JSON},
    {"instances", required_argument, NULL, INSTANCES},
    {"set", required_argument, NULL, SET},
    {"plugin-path", required_argument, NULL, PLUGIN_PATH},
    {0},
};

static const char help[] =
    "usage: inadekit summary PIPELINE [OPTIONS]\n"
    "\n"
    "Prints what a pipeline builds: parameters, multiply-adds and memory of its networks and\n"
    "programs, and the generator's numbers as publications count them. Needs no data.\n"
    "\n"
    "      --json              print JSON instead of a table\n"
    "      --instances N       instances of the picture that publications count; default: as many as\n"
    "                          the dataset allows\n"
    "      --set KEY=VALUE     replace a value of the file; may be repeated; the value is YAML\n"
    "      --plugin-path DIRS  look for plugins here first; ':' separates folders\n"
    "  -h, --help              this text\n"
    "\n"
    "examples:\n"
    "  inadekit summary pipeline.yaml\n"
    "  inadekit summary pipeline.yaml --set norm.plugin=spade\n"
    "  inadekit summary pipeline.yaml --json > networks.json\n";

/* Gives -1 to go on, else the exit status. */
static int read_options(int argc, char **argv, ik__run_options *o, bool *json, int *instances,
                        cli_sets *sets) {
    int c, status = 0;
    cli_options_begin();
    while (!status && (c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        switch (c) {
        case 'h':
            fputs(help, stdout);
            return 0;
        case JSON:
            *json = true;
            break;
        case INSTANCES:
            status = cli_whole("summary", "instances", optarg, 1 << 20, instances);
            break;
        case SET:
            cli_sets_add(sets, optarg);
            break;
        case PLUGIN_PATH:
            ik__plugins_path(optarg);
            break;
        default:
            status = cli_bad_option(c, argv, options);
        }
    }
    if (!status) status = cli_one_pipeline(argc, argv, &o->pipeline);
    return status ? status : -1;
}

int cmd_summary(int argc, char **argv) {
    ik__run_options o = {0};
    cli_sets sets = {0};
    bool json = false;
    int instances = 0;
    int status = read_options(argc, argv, &o, &json, &instances, &sets);
    if (status < 0) {
        ik_error err = {""};
        o.n_sets = sets.n;
        o.sets = sets.v;
        status = cli_exit(ik__summary(&o, json, instances, stdout, &err), &err);
    }
    free(sets.v);
    ik__plugins_path(NULL);
    return status;
}
