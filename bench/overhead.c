/* What the engine itself costs per node: a long chain of the cheapest kernel there is (one number
 * in, one out), replayed many times. The figure still holds that kernel's own work, so it is an
 * upper bound. Prints nanoseconds per node. */
#include "exec/program.h"
#include "model/recording.h"

#include <time.h>

enum { NODES = 2000, REPLAYS = 2000 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv) {
    ik_error err = {""};
    ik__instance *backend;
    ik__engine *e = NULL;
    ik__program *p;
    ik_status status = ik__instance_named(IK_BACKEND, argc > 1 ? argv[1] : "cpu", &backend, &err);
    if (!status) status = ik__engine_new(backend, 0, &e, &err);
    if (status) goto fail;
    e->store = ik__store_new();
    ik_scene_info info = {.batch = 1};
    ik__graph *g = ik__recording_new(e->store, NULL, &info);
    ik_tensor *x = ik__input(g, "x", IK_SHAPE1(1), IK_F32);
    for (int i = 0; i < NODES; i++) x = ik_affine(&g->pub, x, 1, 0);
    ik__names_set(g, &g->outputs, "y", x);
    status = ik__program_new(e, "chain", g, 0, NULL, &p, &err);
    if (!status) status = ik__store_build(e->store, e->backend, e->self, 1, false, false, &err);
    if (!status) status = ik__engine_ready(e, &err);
    ik_step step = {1, 0, 0};
    double best = 1e9;
    for (int i = 0; i < REPLAYS && !status; i++) {
        double began = now();
        status = ik__program_run(e, p, &step, false, &err);
        double took = (now() - began) / NODES;
        if (took < best) best = took;
    }
    if (!status) printf("%.1f ns per node, the kernel's own work included\n", best * 1e9);
    ik__engine_free(e);
    if (!status) return 0;
fail:
    fprintf(stderr, "%s\n", err.text);
    return 1;
}
