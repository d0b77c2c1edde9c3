/* inadekit synthesize: pictures from one label map. */
#include "commands.h"

#include "run/paint_file.h"

typedef struct values {
    const char *pipeline, *label, *instance, *style, *latents, *device, *out;
    ik_strings weights, vary_labels;
    cli_wholes vary_instances;
    cli_wholes seed, layout;
    int64_t samples, threads;
    bool quiet;
} values;

#define FIELD(name) offsetof(values, name)
static const cli_option options[] = {
    {"label", 'l', CLI_TEXT, FIELD(label), "FILE",
     "the label map: a PNG of one channel whose values are classes, as the training data has them",
     "@file", 0, 0, false},
    {"layout", 0, CLI_WHOLES, FIELD(layout), "N",
     "in place of a label map the pipeline's own validation layout N, from 0, as a run paints it; "
     "with one, the random values of that layout",
     NULL, 0, 1000000000, false},
    {"out", 'o', CLI_TEXT, FIELD(out), "DIR", "the folder that the pictures go to", "@folder", 0, 0,
     true},
    {"instance", 'i', CLI_TEXT, FIELD(instance), "FILE",
     "a PNG of the same size that tells objects of one class apart; default: one per class",
     "@file", 0, 0, false},
    {"style", 0, CLI_TEXT, FIELD(style), "PICTURE,LABEL[,INSTANCE]",
     "a picture with its maps, whose objects lend their looks to those of the same class", "@file",
     0, 0, false},
    {"vary-label", 0, CLI_TEXTS, FIELD(vary_labels), "N",
     "only what has this label, a number or a name, differs from picture to picture; may be "
     "repeated",
     NULL, 0, 0, false},
    {"vary-instance", 0, CLI_WHOLES, FIELD(vary_instances), "N",
     "the same of a value of the instance map; may be repeated", NULL, 0, 65535, false},
    {"latents", 0, CLI_TEXT, FIELD(latents), "FILE",
     "random values in place of drawn ones, to repeat a picture of another program: a safetensors file "
     "of z [N,...] and noise [N,instances,2,...], instances in the order of their values, or of "
     "noise.eps, the normals that a style makes noise of; N pictures are painted",
     "@file", 0, 0, false},
    {"samples", 'n', CLI_WHOLE, FIELD(samples), "N", "pictures to paint; default: 8", NULL, 1,
     10000, false},
    {"seed", 0, CLI_WHOLES, FIELD(seed), "S",
     "decides everything random; default: the pipeline's; same seed, same pictures", NULL, 0,
     9000000000000000, false},
    {"pipeline", 0, CLI_TEXT, FIELD(pipeline), "FILE",
     "in place of a checkpoint, with --weights: for files from elsewhere", "@pipeline", 0, 0,
     false},
    {"weights", 0, CLI_TEXTS, FIELD(weights), "FILE",
     "of --pipeline; may be repeated, as for generator and encoder apart; default: what its key "
     "`weights` says",
     "@file", 0, 0, false},
    {"device", 0, CLI_TEXT, FIELD(device), "NAME",
     "the backend that computes; default: the "
     "pipeline's",
     "@backend auto", 0, 0, false},
    {"threads", 0, CLI_WHOLE, FIELD(threads), "N", "threads to use; default: all processors", NULL,
     1, 4096, false},
    {"quiet", 'q', CLI_FLAG, FIELD(quiet), NULL, "print errors only", NULL, 0, 0, false},
    {0}};

static int run(const cli_args *args) {
    const values *v = args->values;
    const char *checkpoint = args->n ? args->words[0] : NULL;
    if (!v->label && !v->layout.n)
        return cli_usage(args->command,
                         "option '--label' is required: the label map; or --layout, the number of "
                         "a layout of the pipeline's data");
    if (v->instance && !v->label)
        return cli_usage(args->command, "--instance goes with --label; a layout of the pipeline's "
                                        "data has its instances");
    if (!checkpoint && !v->pipeline)
        return cli_usage(
            args->command,
            "name a checkpoint's folder, as runs/a/checkpoints/step-00002400 or runs/a, "
            "or --pipeline FILE with --weights FILE");
    if (checkpoint && v->pipeline)
        return cli_usage(args->command,
                         "%s is a checkpoint, which has its pipeline; give either it "
                         "or --pipeline",
                         checkpoint);
    if (checkpoint && v->weights.n)
        return cli_usage(args->command, "--weights goes with --pipeline; %s has its own weights",
                         checkpoint);
    if (v->seed.n > 1 || v->layout.n > 1)
        return cli_usage(args->command, "option '--%s' is given twice; it takes one value",
                         v->seed.n > 1 ? "seed" : "layout");
    const ik__paint_file o = {.checkpoint = checkpoint,
                              .pipeline = v->pipeline,
                              .weights = v->weights,
                              .label = v->label,
                              .instance = v->instance,
                              .layout = v->layout.n ? v->layout.v[0] : 0,
                              .style = v->style,
                              .vary_labels = v->vary_labels,
                              .n_vary_instances = v->vary_instances.n,
                              .vary_instances = v->vary_instances.v,
                              .latents = v->latents,
                              .samples = v->samples,
                              .seed = v->seed.n ? v->seed.v[0] : -1,
                              .device = v->device,
                              .threads = (int)v->threads,
                              .sets = args->sets,
                              .out = v->out};
    ik_error err = {""};
    cli_watch(v->quiet);
    return cli_exit(ik__paint_from_file(&o, &err), &err);
}

static const cli_operand operands[] = {
    {"CHECKPOINT", "checkpoint", "name its folder", "@run", true, false}, {0}};
const cli_command cmd_synthesize = {
    .name = "synthesize",
    .summary = "paint pictures from one label map, with a checkpoint",
    .about =
        "Paints pictures from one label map. A checkpoint's folder has all it takes: its "
        "pipeline and its weights; of a run's folder the newest checkpoint is taken. Maps of "
        "another size are resized as in training. Writes every picture, and samples.png with "
        "the label map and all of them, what varies outlined. The text `inadekit.repeat` of a "
        "picture that a run has painted is the command that paints it again, RUN being its folder.",
    .examples =
        "  inadekit synthesize runs/a --label street.png -o pictures\n"
        "  inadekit synthesize runs/a --label street.png --instance cars.png \\\n"
        "      --vary-instance 3 -n 4 -o pictures\n"
        "  inadekit synthesize runs/a --label street.png \\\n"
        "      --style sunset.jpg,sunset_label.png -o pictures\n"
        "  inadekit synthesize --pipeline pipeline.yaml --weights generator.safetensors \\\n"
        "      --weights encoder.safetensors --label street.png \\\n"
        "      --style sunset.jpg,sunset_label.png -o pictures\n"
        "  inadekit synthesize runs/a --label street.png --latents theirs.safetensors \\\n"
        "      -o pictures\n",
    .options = options,
    .common = CLI_SETS | CLI_PLUGIN_PATH,
    .values_size = sizeof(values),
    .operands = operands,
    .run = run,
};
