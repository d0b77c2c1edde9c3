/* run.json: what a run is and what it measured, for reports. Times differ from run to run, so
 * they are kept here, apart from the log and the checkpoints, whose bytes do not. */
#ifndef INADEKIT_FOLDER_FACTS_H
#define INADEKIT_FOLDER_FACTS_H

#include "inadekit/types.h"

enum { IK__FACTS_NETWORKS = 16 };

/* Texts are cut to their room. A number that is not known is 0. */
typedef struct ik__facts {
    int64_t finished; /* all stages were gone through */
    char name[128], version[96];
    char device[64], device_text[256]; /* the backend, and what it says of the device */
    char processor[128], system[160];
    int64_t processors, threads, memory_bytes; /* of the machine; threads 0: all */
    int64_t height, width, labels, train_items, validation_items;
    int64_t batch, accumulate, steps, total_steps;
    int64_t train_us, timed_steps; /* what so many of the steps took, pictures included */
    int64_t picture_us; /* to synthesise one picture, in the fastest batch of `picture_batch` */
    int64_t picture_batch;
    int64_t samples;    /* columns of a grid of samples, behind layout and picture */
    int64_t peak_bytes; /* the process's largest resident memory */
    int64_t counted_instances, counted_macs; /* the generator's, as publications count them */
    int64_t value_bytes, state_bytes; /* weights and buffers; gradients, moments and averages */
    int64_t arena_bytes, workspace_bytes;
    int n_networks;
    struct ik__network_facts {
        char name[64];
        int64_t pruned, untrained;              /* untrained: frozen with random weights */
        int64_t paints;                         /* the pictures of synthesis are its */
        int64_t params, macs, activation_bytes; /* the last two per picture */
    } networks[IK__FACTS_NETWORKS];
} ik__facts;

/* The network that paints; NULL where it is not told. */
const struct ik__network_facts *ik__facts_painter(const ik__facts *f);
/* The processor, the system and the memory of this machine. */
void ik__facts_machine(ik__facts *f);
/* Takes note of the largest resident memory so far, if it is larger than what is noted. */
void ik__facts_peak(ik__facts *f);

/* <folder>/run.json, written whole or not at all. */
ik_status ik__facts_write(const ik__facts *f, const char *folder, ik_error *err);
/* Members that are not known are passed over. False where there is no such file or it is wrong. */
bool ik__facts_read(ik__facts *f, const char *folder);

#endif
