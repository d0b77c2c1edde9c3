/* The progress of training: a line rewritten in place on a terminal, plain lines elsewhere. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "inadekit/types.h"

typedef struct ik__progress ik__progress;

/* `out` is the caller's. quiet: nothing is printed. NULL without memory, which is taken below. */
ik__progress *ik__progress_new(FILE *out, int64_t total, bool quiet);
/* `step` of `total` steps are done; the rate counts from the first call on. A terminal's line is
 * renewed at most 10 times a second, plain lines come at most every 10 s; the last step is always
 * shown. `losses` may be NULL. */
void ik__progress_at(ik__progress *p, int64_t step, const char *losses);
/* Takes the line off the terminal, before something else is printed; the next call brings it back.
 */
void ik__progress_clear(ik__progress *p);
/* Ends the line. */
void ik__progress_free(ik__progress *p);

/* The text of a line, without colours: " 12% 120/1000  3.2 it/s  0:37 elapsed  4:35 left  G 1.2".
 * A rate of 0 is unknown and, like the time left, not shown. Times in seconds. */
void ik__progress_text(char *to, size_t size, int64_t step, int64_t total, double rate,
                       double elapsed, const char *losses);
/* Bytes of `text` that take no more than `columns` columns, never cutting a character in two. */
size_t ik__progress_cut(const char *text, int columns);

#endif
