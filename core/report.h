/* report.html: a run, or a comparison, on one page that opens from disk: no scripts, no network,
 * every picture inside. It is made from the files of the run folder alone. */
#ifndef INADEKIT_REPORT_H
#define INADEKIT_REPORT_H

#include "compare.h"

/* <folder>/report.html, written whole or not at all. Sections whose files are missing are left
 * out. */
ik_status ik__report_run(const char *folder, ik_error *err);
/* The same for the variants of a comparison that have run, side by side; others are named. */
ik_status ik__report_compare(const ik__compare *c, ik_error *err);

#endif
