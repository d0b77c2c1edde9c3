/* Subcommands of the program. Exit status: 0 done, 1 failed while running, 2 wrong usage or wrong
 * YAML. Results go to stdout, errors to stderr. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "command.h"
#include "terminal.h"
#include "run/run.h"
#include "weights/convert.h"

extern const cli_command cmd_root; /* main.c: all commands hang on it */
extern const cli_command cmd_run, cmd_synthesize, cmd_summary, cmd_trace, cmd_import, cmd_export,
    cmd_plugins, cmd_completion;
extern const cli_command cmd_plugins_new, cmd_plugins_check; /* actions of cmd_plugins */

/* Says "error: " and what it is, behind the position where there is one. */
void cli_error(const char *text);
/* Prints the error, if `status` is one, and gives the exit status. */
int cli_exit(ik_status status, const ik_error *err);

/* The operand of a command that reads a pipeline, and nothing else. */
extern const cli_operand cli_pipeline[];
/* The rest of a run's options: the pipeline and its --set. */
void cli_take_pipeline(const cli_args *args, ik__run_options *o);

/* import and export: says how much was written, and gives the exit status. */
int cli_converted(ik_status status, const ik__conversion *c, const ik__converted *done,
                  const ik_error *err);

/* --version */
void cli_version(void);

#endif
