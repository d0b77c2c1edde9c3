/* Times a pipeline's synthesis or training step, and on the CPU the floor under it, in one process;
 * prints a JSON object.
 *
 *     bench_pipeline synthesis|training PIPELINE SECONDS [KEY=VALUE...]
 *
 * Each is repeated for so many seconds, at least three times, and the least time counts: what
 * disturbs a machine only ever adds. */
#include "floor.h"

#include "clock.h"
#include "loader.h"
#include "training.h"

#include <stdlib.h>

enum { FEWEST = 3 };

typedef struct result {
    double seconds; /* of a step, or of a batch of pictures */
    int repeats;
    floor_of floor;
} result;

/* The floor is oneDNN's, below the backend that uses it. */
static bool has_floor(const ik__session *s) {
    return !strcmp(s->device, "cpu");
}

static ik_status nothing(void *user, const ik__painted *p, ik_error *err) {
    (void)user, (void)p, (void)err;
    return IK_OK;
}

static ik_status synthesis(ik__session *s, double seconds, result *r, ik_error *err) {
    ik_status status = IK_OK;
    double began = ik__now();
    int64_t batch = s->set.synthesize.batch;
    for (; !status && (r->repeats < FEWEST || ik__now() - began < seconds); r->repeats++)
        status = ik__paint_each(s, 0, batch, 1, IK__FRESH, nothing, NULL, err);
    r->seconds = 1e-6 * (double)(s->facts.picture_us * batch);
    ik__facts_peak(&s->facts); /* the floor's own memory does not count */
    return status || !has_floor(s) ? status : floor_add(s->sample, &r->floor, err);
}

static ik_status training_step(ik__session *s, const ik__batch *batch, uint64_t n, ik_error *err) {
    for (ik__role role = IK__GENERATOR; role <= IK__DISCRIMINATOR; role++) {
        ik_step step = {(uint64_t)s->set.seed, 2 * n + role, 0};
        const ik__names *losses = &s->step[role]->graph->outputs;
        ik_status status = ik__upload_batch(s, batch, err);
        if (!status) status = ik__program_run(s->engine, s->step[role], &step, true, err);
        for (int i = 0; i < losses->n && !status; i++) {
            float value;
            status = ik__program_tensor(s->engine, s->step[role], losses->v[i].node, &value, err);
        }
        if (status) return status;
        ik__program_commit(s->engine, s->step[role]);
        ik__adam_step(s, role, 1e-4);
    }
    return IK_OK;
}

static ik_status training(ik__session *s, double seconds, result *r, ik_error *err) {
    ik__loader *loader;
    const ik__batch *batch;
    ik_status status =
        ik__loader_open(s->data, s->set.train.batch, 1, (uint64_t)s->set.seed, 0, &loader, err);
    if (!status) status = ik__loader_next(loader, &batch, err);
    if (!status) status = training_step(s, batch, 0, err);
    double start = ik__now();
    for (r->seconds = 1e9; !status && (r->repeats < FEWEST || ik__now() - start < seconds);) {
        double began = ik__now();
        status = training_step(s, batch, (uint64_t)++r->repeats, err);
        double took = ik__now() - began;
        if (took < r->seconds) r->seconds = took;
    }
    ik__loader_close(loader);
    ik__facts_peak(&s->facts);
    for (int role = 0; role < 2 && !status && has_floor(s); role++)
        status = floor_add(s->step[role], &r->floor, err);
    return status;
}

static void print(const ik__session *s, const char *what, int64_t batch, const result *r) {
    printf("{\"what\": \"%s\", \"height\": %lld, \"width\": %lld, \"batch\": %lld, "
           "\"labels\": %lld, \"instances\": %lld, \"ms\": %.3f, \"repeats\": %d, "
           "\"floor_ms\": %.3f, \"gmacs\": %.4f, \"convolutions\": %d, \"distinct\": %d, "
           "\"peak_mb\": %.0f, \"version\": \"%s\", \"device\": \"%s\", \"processor\": \"%s\", "
           "\"system\": \"%s\", \"processors\": %lld}\n",
           what, (long long)s->info->height, (long long)s->info->width, (long long)batch,
           (long long)s->info->labels, (long long)s->info->max_instances, 1e3 * r->seconds,
           r->repeats, 1e3 * r->floor.seconds, 1e-9 * r->floor.macs, r->floor.nodes,
           r->floor.distinct, 1e-6 * (double)s->facts.peak_bytes, s->facts.version,
           s->facts.device_text, s->facts.processor, s->facts.system,
           (long long)s->facts.processors);
}

int main(int argc, char **argv) {
    if (argc < 4 || (strcmp(argv[1], "synthesis") != 0 && strcmp(argv[1], "training") != 0)) {
        fputs("usage: bench_pipeline synthesis|training PIPELINE SECONDS [KEY=VALUE...]\n", stderr);
        return 2;
    }
    bool trains = strcmp(argv[1], "training") == 0;
    ik_error err = {""};
    ik__session *s = NULL;
    const char *sets[64] = {trains ? "stages=[train]" : "stages=[synthesize]", "device=cpu"};
    int n = 2;
    for (int i = 4; i < argc && n < 64; i++) sets[n++] = argv[i];
    ik__run_options o = {.pipeline = argv[2], .n_sets = n, .sets = sets, .quiet = true};
    result r = {0};
    ik_status status = ik__session_open(&o, &s, &err);
    if (!status) status = ik__session_ready(s, &err);
    if (!status) {
        ik__session_facts(s, &o);
        status = (trains ? training : synthesis)(s, strtod(argv[3], NULL), &r, &err);
    }
    if (!status) print(s, argv[1], trains ? s->set.train.batch : s->set.synthesize.batch, &r);
    ik__session_close(s);
    if (status) fprintf(stderr, "%s\n", err.text);
    return status ? 1 : 0;
}
