/* What the commands share at their beginning and their end. */
#include "commands.h"

#include "base/status.h"
#include "config/config.h"
#include "print.h"

void cli_error(const char *text) {
    const char *message = ik__conf_message(text);
    cli_print(stderr, "%.*serror: %s\n", (int)(message - text), text, message);
}

int cli_exit(ik_status given, const ik_error *err) {
    ik_status status = ik__status_outside(given);
    if (status == IK_OK) return 0;
    const char *text = *err->text ? err->text : "it failed without a reason";
    if (status != IK_INTERRUPTED || *err->text) cli_error(text);
    return status == IK_USAGE ? 2 : 1;
}

const cli_operand cli_pipeline[] = {
    {"PIPELINE", "pipeline", "name a YAML file", "@pipeline", false}, {0}};

void cli_take_pipeline(const cli_args *args, ik__run_options *o) {
    o->pipeline = args->words[0];
    o->n_sets = args->sets.n;
    o->sets = args->sets.v;
}
