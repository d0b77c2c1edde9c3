/* Times a pipeline's synthesis or training step, and on the CPU the floor under it, in one process;
 * prints a JSON object. Or says where that time goes, or by bytes and operations has to go.
 *
 *     bench_pipeline synthesis|training PIPELINE SECONDS [KEY=VALUE...]
 *     bench_pipeline profile|plan synthesis|training PIPELINE GB/S TFLOP/S [KEY=VALUE...]
 *
 * Each is repeated for so many seconds, at least three times, and the least time counts: what
 * disturbs a machine only ever adds. The rates are what the device can do, 0 where that is not
 * known; `plan` runs nothing, so a device may be one that is only planned for. */
#include "measure.h"
#include "profile.h"
#include "session/facts.h"

#include <stdlib.h>

enum { MOST_SETS = 64 };

static void print(const ik__session *s, const char *what, int64_t batch, const measured *m) {
    double peak = is_device(s) ? m->bytes : (double)s->facts.peak_bytes;
    printf("{\"what\": \"%s\", \"height\": %lld, \"width\": %lld, \"batch\": %lld, "
           "\"labels\": %lld, \"instances\": %lld, \"ms\": %.3f, \"repeats\": %d, ",
           what, (long long)s->info->height, (long long)s->info->width, (long long)batch,
           (long long)s->info->labels, (long long)s->info->max_instances, 1e3 * m->seconds,
           m->repeats);
    if (m->series)
        printf("\"replay_ms\": %.4f, \"replay_least_ms\": %.4f, \"replays\": %d, \"series\": %d, "
               "\"taken_mb\": %.0f, ",
               1e3 * m->replay, 1e3 * m->least, REPLAYS, m->series, 1e-6 * m->taken);
    printf("\"floor_ms\": %.3f, \"gmacs\": %.4f, \"convolutions\": %d, \"distinct\": %d, "
           "\"winograd\": %d, \"peak_mb\": %.0f, \"version\": \"%s\", \"device\": \"%s\", "
           "\"processor\": \"%s\", \"system\": \"%s\", \"processors\": %lld}\n",
           1e3 * m->floor.seconds, 1e-9 * m->floor.macs, m->floor.nodes, m->floor.distinct,
           m->floor.winograd, 1e-6 * peak, s->facts.version, s->facts.device_text,
           s->facts.processor, s->facts.system, (long long)s->facts.processors);
}

typedef struct command {
    bool profiles, plans, trains;
    const char *what, *pipeline;
    double seconds;
    ceilings most;
    int first_set;
} command;

static bool read_command(int argc, char **argv, command *c) {
    int at = 1;
    if (argc < 2) return false;
    c->plans = !strcmp(argv[at], "plan");
    c->profiles = c->plans || !strcmp(argv[at], "profile");
    at += c->profiles;
    if (argc < at + (c->profiles ? 4 : 3)) return false;
    c->what = argv[at++];
    c->trains = !strcmp(c->what, "training");
    if (!c->trains && strcmp(c->what, "synthesis") != 0) return false;
    c->pipeline = argv[at++];
    if (c->profiles) {
        c->most.bytes = 1e9 * strtod(argv[at++], NULL);
        c->most.operations = 1e12 * strtod(argv[at++], NULL);
    } else {
        c->seconds = strtod(argv[at++], NULL);
    }
    c->first_set = at;
    return argc - at <= MOST_SETS - 2;
}

static ik_status carry_out(const command *c, ik__session *s, const ik__run_options *o,
                           ik_error *err) {
    measured m = {0};
    ik_status status = c->plans ? IK_OK : ik__session_ready(s, err);
    if (status) return status;
    if (c->profiles) return profile(s, c->trains, c->plans, &c->most, stdout, err);
    ik__session_facts(s, o);
    status = (c->trains ? measure_training : measure_synthesis)(s, c->seconds, &m, err);
    if (!status) print(s, c->what, c->trains ? s->set.train.batch : s->set.synthesize.batch, &m);
    return status;
}

int main(int argc, char **argv) {
    command c = {0};
    if (!read_command(argc, argv, &c)) {
        fputs("usage: bench_pipeline synthesis|training PIPELINE SECONDS [KEY=VALUE...]\n"
              "       bench_pipeline profile|plan synthesis|training PIPELINE GB/S TFLOP/S "
              "[KEY=VALUE...]\n",
              stderr);
        return 2;
    }
    ik_error err = {""};
    ik__session *s = NULL;
    const char *sets[MOST_SETS] = {c.trains ? "stages=[train]" : "stages=[synthesize]",
                                   "device=cpu"};
    int n = 2;
    for (int i = c.first_set; i < argc; i++) sets[n++] = argv[i];
    ik__run_options o = {.pipeline = c.pipeline, .n_sets = n, .sets = sets};
    ik_status status = ik__session_open(&o, &s, &err);
    if (!status) status = carry_out(&c, s, &o, &err);
    ik__session_close(s);
    if (status) fprintf(stderr, "%s\n", err.text);
    return status ? 1 : 0;
}
