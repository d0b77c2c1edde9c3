/* Subcommands of the program, and what they share: exit status, error lines, bad options.
 *
 * A command gets its own name as argv[0], parses the rest and returns the exit status: 0 done,
 * 1 failed while running, 2 wrong usage or wrong YAML. Results go to stdout, errors to stderr. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "inadekit/types.h"

#include <getopt.h>

int cmd_plugins(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_summary(int argc, char **argv);
int cmd_trace(int argc, char **argv);

/* Prints the error, if `status` is one, and gives the exit status. */
int cli_exit(ik_status status, const ik_error *err);

/* A mistake on the command line: prints "error: ..." and where help is; gives 2. */
int cli_usage(const char *command, const char *fmt, ...) IK_PRINTF(2, 3);

/* After getopt_long (with opterr 0 and ':' first in its letters) gave '?' or ':'. */
int cli_bad_option(int c, char **argv, const struct option *options);

/* A whole number of at least 1; 0, or 2 after a message. */
int cli_whole(const char *command, const char *option, const char *text, int most, int *out);

/* Takes the one operand that is left, a pipeline; 0, or 2 after a message. */
int cli_one_pipeline(int argc, char **argv, const char **pipeline);

/* Starts option parsing afresh: commands share getopt's state. */
void cli_options_begin(void);

/* --set KEY=VALUE, as often as wanted. The texts are argv's. */
typedef struct cli_sets {
    int n;
    const char **v;
} cli_sets;
void cli_sets_add(cli_sets *sets, const char *text);

#endif
