/* What work takes on the device, by events in the stream of the kernels.
 *
 * A profile is a graph of its own, with an event recorded before each kernel and after the last, so
 * that what the host does between them does not count. Recording an event takes time as well: that
 * of two with nothing between is taken off each. */
#include "instance.h"

#include <stdlib.h>

ik_status cuda_elapsed(void *self, double *seconds, ik_error *err) {
    cuda *c = self;
    ik_status status = cuda_pending(c, err);
    *seconds = 0;
    if (!status && c->planning) return cuda_not_here(err);
    for (int i = 0; i < 2 && !status; i++)
        if (!c->marks[i])
            status = cuda_check(cudaEventCreate(&c->marks[i]), "making an event", err);
    if (status) return status;
    cudaEvent_t now = c->marks[c->asked % 2], before = c->marks[(c->asked + 1) % 2];
    float ms = 0;
    cudaError_t code = cudaEventRecord(now, c->stream);
    if (code == cudaSuccess) code = cudaEventSynchronize(now);
    if (code == cudaSuccess && c->asked) code = cudaEventElapsedTime(&ms, before, now);
    c->asked++;
    *seconds = 1e-3 * (double)ms;
    return cuda_check(code, "timing", err);
}

void cuda_timing_close(cuda *c) {
    for (int i = 0; i < 2; i++) {
        if (c->marks[i]) cudaEventDestroy(c->marks[i]);
        c->marks[i] = NULL;
    }
}

/* --- A profile. */

/* Events: before kernel i the one at i, after the last at n, and with nothing between at n + 1. */
typedef struct marked {
    ik_kernel *const *kernels;
    int n;
    cudaEvent_t *at;
    cudaGraphExec_t graph; /* NULL: launched kernel by kernel */
} marked;

static ik_status mark(const cuda *c, cudaEvent_t e, ik_error *err) {
    unsigned flags = c->graphs ? cudaEventRecordExternal : cudaEventRecordDefault;
    return cuda_check(cudaEventRecordWithFlags(e, c->stream, flags), "marking a time", err);
}

static ik_status launch_marked(cuda *c, const marked *m, ik_error *err) {
    ik_status status = mark(c, m->at[0], err);
    for (int i = 0; i < m->n && !status; i++) {
        status = cuda_launch_all(c, m->kernels + i, 1, err);
        if (!status) status = mark(c, m->at[i + 1], err);
    }
    return status ? status : mark(c, m->at[m->n + 1], err);
}

static ik_status capture(cuda *c, void *user, ik_error *err) {
    return launch_marked(c, user, err);
}

static ik_status run_once(cuda *c, marked *m, ik_error *err) {
    ik_status status = m->graph ? cuda_check(cudaGraphLaunch(m->graph, c->stream), "a graph", err)
                                : launch_marked(c, m, err);
    if (status) return status;
    return cuda_check(cudaStreamSynchronize(c->stream), "a profile", err);
}

static ik_status between(const marked *m, int from, double *seconds, ik_error *err) {
    float ms = 0;
    ik_status status =
        cuda_check(cudaEventElapsedTime(&ms, m->at[from], m->at[from + 1]), "timing", err);
    *seconds = 1e-3 * (double)ms;
    return status;
}

static ik_status read_times(const marked *m, bool first, double *seconds, double *nothing,
                            ik_error *err) {
    for (int i = 0; i <= m->n; i++) {
        double took, *least = i < m->n ? &seconds[i] : nothing;
        ik_status status = between(m, i < m->n ? i : m->n, &took, err);
        if (status) return status;
        if (first || took < *least) *least = took;
    }
    return IK_OK;
}

static ik_status open_marked(marked *m, ik_error *err) {
    m->at = calloc((size_t)m->n + 2, sizeof *m->at);
    if (!m->at) return ik_errorf(err, IK_FAILED, "cuda: out of memory");
    ik_status status = IK_OK;
    for (int i = 0; i < m->n + 2 && !status; i++)
        status = cuda_check(cudaEventCreate(&m->at[i]), "making an event", err);
    return status;
}

static void close_marked(const cuda *c, marked *m) {
    cudaStreamSynchronize(c->stream);
    if (m->graph) cudaGraphExecDestroy(m->graph);
    for (int i = 0; m->at && i < m->n + 2; i++)
        if (m->at[i]) cudaEventDestroy(m->at[i]);
    free(m->at);
}

/* The replay before loads what libraries load when they are first used. */
ik_status cuda_profile(void *self, ik_kernel *const *kernels, int n, const ik_step *step,
                       int rounds, double *seconds, ik_error *err) {
    cuda *c = self;
    marked m = {.kernels = kernels, .n = n};
    ik_status status = cuda_replay(c, kernels, n, step, err);
    if (status || n <= 0) return status;
    status = open_marked(&m, err);
    if (!status && c->graphs) status = cuda_capture(c, capture, &m, &m.graph, err);
    double nothing = 0;
    for (int r = 0; r < rounds && !status; r++) {
        status = run_once(c, &m, err);
        if (!status) status = read_times(&m, r == 0, seconds, &nothing, err);
    }
    for (int i = 0; i < n && !status; i++)
        seconds[i] = seconds[i] > nothing ? seconds[i] - nothing : 0;
    close_marked(c, &m);
    return status;
}
