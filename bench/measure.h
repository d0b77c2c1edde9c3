/* What a step of synthesis or training takes. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "floor.h"

#include "session/session.h"

typedef struct measured {
    double seconds; /* of a step or a batch of pictures as a program sees it, with what it copies to
                       the device and back: the least */
    int repeats;
    double replay,
        least; /* seconds of the device for one of REPLAYS replays back to back: the
                  median of `series` such series, and the least; 0 where it is no device */
    int series;
    double bytes; /* what the backend was asked for: weights, optimiser, activations, workspace */
    double taken; /* of the device's memory, by everything on it, at the end; 0: not known */
    floor_of floor;
} measured;

enum { REPLAYS = 100 };

/* Each kind of measurement goes on for `seconds`, or for a least number of repeats. */
ik_status measure_synthesis(ik__session *s, double seconds, measured *m, ik_error *err);
ik_status measure_training(ik__session *s, double seconds, measured *m, ik_error *err);

/* Copies one batch to the device, as the inputs of all runs that follow. */
ik_status upload_scenes(ik__session *s, bool training, ik_error *err);
/* Runs what a step of training, number n, or a synthesis asks of the device; copies nothing. */
ik_status run_step(ik__session *s, bool training, uint64_t n, ik_error *err);
/* Has the backend functions of its own to tell time, because work goes on after calls return? */
bool is_device(const ik__session *s);

#endif
