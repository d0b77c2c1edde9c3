/* One way from a recording to a program; see compile.h. */
#include "compile.h"

#include <stdlib.h>

static ik_status refuse(ik__graph *g, ik_error *err) {
    ik_status status = g->status;
    *err = g->error;
    ik__graph_free(g);
    return status;
}

ik_status ik__compile(ik__engine *e, const char *name, ik__graph *g, ik__derive *derive, void *user,
                      ik__program **out, ik_error *err) {
    if (!g) return ik_errorf(err, IK_FAILED, "out of memory for the program %s", name);
    if (g->failed) return refuse(g, err);
    ik__fuse(g, e->instance->plugin->abi_minor);
    ik__gradient *grads = derive ? calloc((size_t)g->n + 1, sizeof *grads) : NULL;
    if (derive && !grads) ik__graph_fail(g, "out of memory for the gradients of %s", name);
    int n = grads && !g->failed ? derive(user, g, grads) : 0;
    ik_status status = g->failed ? refuse(g, err) : ik__program_new(e, name, g, n, grads, out, err);
    free(grads);
    return status;
}
