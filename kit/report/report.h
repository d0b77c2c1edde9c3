/* report.html: a run, or a comparison, on one page that opens from disk: no scripts, no network,
 * every picture inside. It is made from the files of the run folder alone. */
#ifndef INADEKIT_REPORT_REPORT_H
#define INADEKIT_REPORT_REPORT_H

#include "inadekit/types.h"

/* One of several runs beside each other. */
typedef struct ik__reported {
    const char *name, *folder; /* the folder's last part is the name */
    bool ran;                  /* else it is only named */
    const char *problem;       /* why it failed; NULL: it did not */
} ik__reported;

/* <folder>/report.html, written whole or not at all. Sections whose files are missing are left
 * out. */
ik_status ik__report_run(const char *folder, ik_error *err);
/* The same for the variants of a comparison that have run, side by side; others are named. */
ik_status ik__report_compare(const char *name, const char *folder, int n, const ik__reported *v,
                             ik_error *err);

#endif
