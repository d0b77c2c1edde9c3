/* What runs take: on both backends for the CPU, whose calls return when the work is done, by the
 * clock of the core, or on the device that TIMING_DEVICE names. */
#include "support/suite.h"
#include <stdlib.h>

#include "session/session.h"

enum { ROUNDS = 2, MOST = 4096 };

static const char *devices[] = {"cpu", "naive"};
static int n_devices = sizeof devices / sizeof *devices;
static ik_error err;

static void must(ik_status status) {
    ck_assert_msg(!status, "%s", err.text);
}

static ik__session *open(const char *device) {
    char set[64];
    snprintf(set, sizeof set, "device=%s", device);
    const char *sets[] = {set, "stages=[train]"};
    ik__run_options o = {
        .pipeline = SOURCE_DIR "/tests/golden/inade_small.yaml", .n_sets = 2, .sets = sets};
    ik__session *s;
    must(ik__session_open(&o, &s, &err));
    must(ik__session_ready(s, &err));
    return s;
}

static void times_of(const char *device) {
    ik__session *s = open(device);
    double seconds[MOST], took;
    ik_step step = {1, 2, 0};
    must(ik__engine_elapsed(s->engine, &took, &err));
    ck_assert_msg(took == 0, "%s: %g s since the call before the first", device, took);
    for (int update = 0; update < 2; update++) {
        ik__program *p = s->update[update];
        int n = p->n_kernels - p->n_settled;
        ck_assert_int_lt(n, MOST);
        for (int i = 0; i < n; i++) seconds[i] = -1;
        must(ik__program_profile(s->engine, p, &step, ROUNDS, seconds, &err));
        for (int i = 0; i < n; i++)
            ck_assert_msg(seconds[i] > 0 && seconds[i] < 60, "%s: kernel %d of %s: %g s", device, i,
                          p->name, seconds[i]);
    }
    must(ik__engine_elapsed(s->engine, &took, &err));
    ck_assert_msg(took > 0, "%s: %g s", device, took);
    ik__session_close(s);
}

START_TEST(each_kernel_takes_time) {
    for (int i = 0; i < n_devices; i++) times_of(devices[i]);
}
END_TEST

/* The losses of a run are those of a run that was profiled before. */
START_TEST(nothing_changes) {
    float loss[2];
    for (int profiled = 0; profiled < 2; profiled++) {
        ik__session *s = open(devices[0]);
        ik__program *p = s->update[0];
        double seconds[MOST];
        ik_step step = {1, 2, 0};
        if (profiled) must(ik__program_profile(s->engine, p, &step, 1, seconds, &err));
        must(ik__program_run(s->engine, p, &step, true, &err));
        must(ik__program_output(s->engine, p, "total", &loss[profiled], &err));
        ik__session_close(s);
    }
    ck_assert_msg(loss[0] == loss[1], "%g, after a profile %g", (double)loss[0], (double)loss[1]);
}
END_TEST

int main(void) {
    if (getenv("TIMING_DEVICE")) devices[0] = getenv("TIMING_DEVICE"), n_devices = 1;
    return RUN_SUITE("timing", NULL, NULL, {each_kernel_takes_time}, {nothing_changes});
}
