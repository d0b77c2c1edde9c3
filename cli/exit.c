/* What the commands share at their beginning and their end. */
#include "commands.h"

/* Has the first line a position or the word already? */
static bool is_labelled(const char *text) {
    if (strncmp(text, "error:", 6) == 0) return true;
    const char *mark = strstr(text, ": error:"), *line = strchr(text, '\n');
    return mark && (!line || mark < line);
}

int cli_exit(ik_status status, const ik_error *err) {
    if (status == IK_OK) return 0;
    const char *text = *err->text ? err->text : "it failed without a reason";
    if (status != IK_INTERRUPTED || *err->text)
        fprintf(stderr, "%s%s\n", is_labelled(text) ? "" : "error: ", text);
    return status == IK_USAGE ? 2 : 1;
}

const cli_operand cli_pipeline[] = {
    {"PIPELINE", "pipeline", "name a YAML file", "@pipeline", false}, {0}};

void cli_take_pipeline(const cli_args *args, ik__run_options *o) {
    o->pipeline = args->words[0];
    o->n_sets = args->sets.n;
    o->sets = args->sets.v;
}
