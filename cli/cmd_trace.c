/* inadekit trace: one program of a pipeline, run once on tensors from a file. */
#include "commands.h"

#include "plugins.h"
#include "trace.h"

#include <stdlib.h>

enum { PROGRAM = 256, INPUTS, OUTPUTS, WEIGHTS, SAVE_WEIGHTS, GRADS, ALL, SET, PLUGIN_PATH };

static const struct option options[] = {
    {"help", no_argument, NULL, 'h'},
    {"program", required_argument, NULL, PROGRAM},
    {"inputs", required_argument, NULL, INPUTS},
    {"outputs", required_argument, NULL, OUTPUTS},
    {"weights", required_argument, NULL, WEIGHTS},
    {"save-weights", required_argument, NULL, SAVE_WEIGHTS},
    {"grads", no_argument, NULL, GRADS},
    {"all", no_argument, NULL, ALL},
    {"set", required_argument, NULL, SET},
    {"plugin-path", required_argument, NULL, PLUGIN_PATH},
    {0},
};

static const char help[] =
    "usage: inadekit trace PIPELINE --program NAME --inputs FILE --outputs FILE [OPTIONS]\n"
    "\n"
    "Runs one program once on given tensors and writes its results, all in safetensors files: to\n"
    "compare with another implementation, or one device with another.\n"
    "\n"
    "      --program NAME       sample, encode, g_step or d_step\n"
    "      --inputs FILE        image [B,H,W,3] in -1..1; label and instance [B,H,W], ids from 0;\n"
    "                           latents as z and noise, or noise.eps, the normals that an encoder's\n"
    "                           posterior is drawn with; latents that are missing are drawn\n"
    "      --outputs FILE       fake, latents, loss.*, mu.*, logvar.*, feature.*, state.* (buffers)\n"
    "      --weights FILE       parameters and buffers by path; default: as initialised\n"
    "      --save-weights FILE  write those that the program starts with\n"
    "      --grads              write grad.PATH, too\n"
    "      --all                write every node, too, as node.ID.OP.PATH\n"
    "      --set KEY=VALUE      replace a value of the file; may be repeated; the value is YAML\n"
    "      --plugin-path DIRS   look for plugins here first; ':' separates folders\n"
    "  -h, --help               this text\n"
    "\n"
    "examples:\n"
    "  inadekit trace pipeline.yaml --program sample --inputs in.safetensors \\\n"
    "      --outputs out.safetensors --weights runs/a/checkpoints/step-00001000/weights.safetensors\n"
    "  inadekit trace pipeline.yaml --program g_step --grads --set device=naive \\\n"
    "      --inputs in.safetensors --outputs naive.safetensors\n";

static int required(const ik__trace_options *t) {
    const struct {
        const char *name, *value, *what;
    } rows[] = {{"program", t->program, "sample, encode, g_step or d_step"},
                {"inputs", t->inputs, "a safetensors file to read"},
                {"outputs", t->outputs, "a safetensors file to write"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!rows[i].value)
            return cli_usage("trace", "option '--%s' is required: %s", rows[i].name, rows[i].what);
    return 0;
}

/* Gives -1 to go on, else the exit status. */
static int read_options(int argc, char **argv, ik__run_options *o, ik__trace_options *t,
                        cli_sets *sets) {
    const char **texts[] = {[PROGRAM - PROGRAM] = &t->program,
                            [INPUTS - PROGRAM] = &t->inputs,
                            [OUTPUTS - PROGRAM] = &t->outputs,
                            [WEIGHTS - PROGRAM] = &t->weights,
                            [SAVE_WEIGHTS - PROGRAM] = &t->save_weights};
    int c, status = 0;
    cli_options_begin();
    while (!status && (c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        switch (c) {
        case 'h':
            fputs(help, stdout);
            return 0;
        case PROGRAM:
        case INPUTS:
        case OUTPUTS:
        case WEIGHTS:
        case SAVE_WEIGHTS:
            *texts[c - PROGRAM] = optarg;
            break;
        case GRADS:
            t->grads = true;
            break;
        case ALL:
            t->all = true;
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
    if (!status) status = required(t);
    return status ? status : -1;
}

int cmd_trace(int argc, char **argv) {
    ik__run_options o = {0};
    ik__trace_options t = {0};
    cli_sets sets = {0};
    int status = read_options(argc, argv, &o, &t, &sets);
    if (status < 0) {
        ik_error err = {""};
        o.n_sets = sets.n;
        o.sets = sets.v;
        status = cli_exit(ik__trace(&o, &t, &err), &err);
    }
    free(sets.v);
    ik__plugins_path(NULL);
    return status;
}
