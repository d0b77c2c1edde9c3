/* inadekit trace: one program of a pipeline, run once on tensors from a file. */
#include "commands.h"

#include "run/trace.h"

#define FIELD(name) offsetof(ik__trace_options, name)
static const cli_option options[] = {
    {"program", 0, CLI_TEXT, FIELD(program), "NAME", "sample, encode, g_step or d_step",
     "sample encode g_step d_step", 0, 0, true},
    {"inputs", 0, CLI_TEXT, FIELD(inputs), "FILE",
     "a safetensors file: image [B,H,W,3] in -1..1; label and instance [B,H,W], ids from 0; latents "
     "as z and noise, or noise.eps, the normals that an encoder's posterior is drawn with; latents "
     "that are missing are drawn",
     "@file", 0, 0, true},
    {"outputs", 0, CLI_TEXT, FIELD(outputs), "FILE",
     "to be written: fake, latents, loss.*, mu.*, logvar.*, feature.*, state.* (buffers)", "@file",
     0, 0, true},
    {"weights", 0, CLI_TEXTS, FIELD(weights), "FILE",
     "parameters and buffers by path, of the networks that the program needs; may be repeated, as for "
     "generator and encoder apart; default: as initialised, or as the pipeline says",
     "@file", 0, 0, false},
    {"steps", 0, CLI_WHOLE, FIELD(steps), "N",
     "take N steps of training first, each update with its optimiser's step; step1.g_step.NAME and so "
     "on in the inputs go before NAME there; writes step1.g_step.loss.* and so on, too",
     NULL, 0, 1000000, false},
    {"save-weights", 0, CLI_TEXT, FIELD(save_weights), "FILE",
     "write those that the program starts with", "@file", 0, 0, false},
    {"grads", 0, CLI_FLAG, FIELD(grads), NULL, "write grad.PATH, too", NULL, 0, 0, false},
    {"all", 0, CLI_FLAG, FIELD(all), NULL, "write every node, too, as node.ID.OP.PATH", NULL, 0, 0,
     false},
    {0}};

static int run(const cli_args *args) {
    ik__run_options o = {0};
    ik_error err = {""};
    cli_take_pipeline(args, &o);
    return cli_exit(ik__trace(&o, args->values, &err), &err);
}

const cli_command cmd_trace = {
    .name = "trace",
    .summary = "run one program once on given tensors and write its results",
    .about =
        "Runs one program once on given tensors and writes its results, all in safetensors "
        "files: to compare with another implementation, or one device with another. docs/trace.md "
        "lists the names.",
    .examples =
        "  inadekit trace pipeline.yaml --program sample --inputs in.safetensors \\\n"
        "      --outputs out.safetensors --weights runs/a/checkpoints/step-00001000/weights.safetensors\n"
        "  inadekit trace pipeline.yaml --program g_step --grads --set device=naive \\\n"
        "      --inputs in.safetensors --outputs naive.safetensors\n"
        "  inadekit trace pipeline.yaml --program sample --steps 3 --inputs in.safetensors \\\n"
        "      --outputs out.safetensors --save-weights trained.safetensors\n",
    .options = options,
    .common = CLI_SETS | CLI_PLUGIN_PATH,
    .values_size = sizeof(ik__trace_options),
    .operands = cli_pipeline,
    .run = run,
};
