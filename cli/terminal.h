/* The terminal's watch: notes and results as lines, a progress line, signals as the wish to stop.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>

/* From here on this thread's work is told on stderr, and its results on stdout. quiet: only what
 * should be known (IK__NOTED). */
void cli_watch(bool quiet);

#endif
