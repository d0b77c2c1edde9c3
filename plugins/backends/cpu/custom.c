/* Ops of plugins: f32 kernels for host memory, or f64 ones with conversion. */
#include "cpu.h"

#include "../host_custom.h"

typedef struct custom {
    cpu cpu;              /* first: cpu_split finds the number of threads there */
    host_custom host;     /* of this kernel */
    ik_custom_part *part; /* what `split` was called with; replays come from one thread */
    const ik_kernel *k;
} custom;

static void run_part(const ik_kernel *k, int64_t from, int64_t to) {
    const custom *c = k->state;
    c->part(&c->host.run, from, to);
}

static void split(const ik_custom_run *r, int64_t units, int64_t work, ik_custom_part *part) {
    custom *c = (custom *)((char *)(uintptr_t)r - offsetof(custom, host));
    c->part = part;
    cpu_split(c->k, units, work, run_part);
}

static ik_status run(ik_kernel *k, const ik_step *step, ik_error *err) {
    custom *c = k->state;
    c->k = k;
    return host_custom_run(k, &c->host, step, err);
}

static void release(ik_kernel *k) {
    free(k->state);
}

ik_status cpu_custom(const cpu *self, ik_kernel *k, ik_error *err) {
    custom *c = calloc(1, sizeof *c);
    if (!c) return ik_errorf(err, IK_FAILED, "cpu: out of memory");
    c->cpu = *self;
    c->host.run.split = split;
    ik_status status = host_custom_prepare("cpu", IK_REAL_F32, k, &c->host, err);
    if (status) {
        free(c);
        return status;
    }
    k->state = c;
    k->run = run;
    k->release = release;
    return IK_OK;
}
