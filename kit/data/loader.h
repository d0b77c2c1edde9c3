/* Training batches in order, read ahead on threads.
 *
 * An epoch is a permutation of the items drawn from (seed, epoch), and batch k is the one that a
 * course has at step k. It is the same for any number of threads and wherever the loader starts. */
#ifndef INADEKIT_DATA_LOADER_H
#define INADEKIT_DATA_LOADER_H

#include "course.h"
#include "data.h"

typedef struct ik__loader ik__loader;

/* Does the dataset have as much to train on as one batch takes? */
ik_status ik__loader_enough(const ik__data *data, int64_t batch, ik_error *err);
/* Starts at batch `first`. `data` has to outlive the loader. skip: for an item that cannot be read
 * the next of the dataset that can is taken, and the reader is told once. */
ik_status ik__loader_open(const ik__data *data, const ik__course *course, int threads,
                          uint64_t seed, bool skip, int64_t first, ik__loader **out, ik_error *err);
/* The next batch, valid until the next call. An error comes in the place of its batch, and stays.
 */
ik_status ik__loader_next(ik__loader *loader, const ik__batch **out, ik_error *err);
/* How many items were skipped in the batches so far. */
int64_t ik__loader_skipped(const ik__loader *loader);
/* At any time; waits for the items being read. */
void ik__loader_close(ik__loader *loader);

#endif
