/* The losses of a run and what `evaluate` measured, from its log. */
#ifndef INADEKIT_FOLDER_CURVES_H
#define INADEKIT_FOLDER_CURVES_H

#include "inadekit/types.h"

typedef struct ik__series {
    char name[160]; /* "generator.total" */
    int n, room;
    double *step, *value; /* value: NaN where the log has no number */
} ik__series;

enum { IK__SERIES_MOST = 48, IK__METRICS_MOST = 64 };

typedef struct ik__losses {
    int n, n_metrics, items, samples; /* the last two: what the metrics were taken over */
    ik__series series[IK__SERIES_MOST];
    struct ik__metric {
        char name[160];
        double value;
    } metrics[IK__METRICS_MOST]; /* of the last evaluation */
} ik__losses;

/* <folder>/log.jsonl; a line that is wrong is passed over. False without any loss. */
bool ik__losses_read(ik__losses *l, const char *folder);
void ik__losses_free(ik__losses *l);
const ik__series *ik__losses_find(const ik__losses *l, const char *name);

#endif
