/* Mistakes on the command line, said the same way by every command. */
#include "commands.h"

#include "config.h"

#include <errno.h>
#include <stdlib.h>

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

int cli_usage(const char *command, const char *fmt, ...) {
    va_list args;
    fputs("error: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fprintf(stderr, "\nsee `inadekit %s%s--help`\n", command, *command ? " " : "");
    return 2;
}

static const struct option *option_of(const struct option *options, int value) {
    for (; options->name; options++)
        if (options->val == value) return options;
    return NULL;
}

static int unknown_option(char **argv, const char *word, const struct option *options) {
    const char *names[32] = {NULL};
    for (int i = 0; options[i].name && i < 31; i++) names[i] = options[i].name;
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    const char *near = ik__nearest(name, names);
    if (near) return cli_usage(argv[0], "unknown option '--%s'; did you mean '--%s'?", name, near);
    return cli_usage(argv[0], "unknown option '--%s'", name);
}

int cli_bad_option(int c, char **argv, const struct option *options) {
    const struct option *known = optopt ? option_of(options, optopt) : NULL;
    if (known && c == ':') return cli_usage(argv[0], "option '--%s' needs a value", known->name);
    if (known) return cli_usage(argv[0], "option '--%s' takes no value", known->name);
    if (optopt) return cli_usage(argv[0], "unknown option '-%c'", optopt);
    return unknown_option(argv, argv[optind - 1], options);
}

int cli_whole(const char *command, const char *option, const char *text, int most, int *out) {
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    if (errno || end == text || *end || n < 1 || n > most)
        return cli_usage(command, "option '--%s' must be a whole number from 1 to %d, not '%s'",
                         option, most, text);
    *out = (int)n;
    return 0;
}

int cli_one_pipeline(int argc, char **argv, const char **pipeline) {
    if (optind == argc)
        return cli_usage(argv[0], "no pipeline is given; name a YAML file: inadekit %s FILE.yaml",
                         argv[0]);
    if (optind + 1 < argc)
        return cli_usage(argv[0], "'%s' is one argument too many: one pipeline at a time",
                         argv[optind + 1]);
    *pipeline = argv[optind];
    return 0;
}

void cli_options_begin(void) {
    optind = 0; /* 0 rather than 1 resets all of glibc's state */
    opterr = 0;
}

void cli_sets_add(cli_sets *sets, const char *text) {
    const char **grown = realloc(sets->v, (size_t)(sets->n + 1) * sizeof *grown);
    if (!grown) {
        fputs("error: no memory left for --set\n", stderr);
        exit(1);
    }
    sets->v = grown;
    sets->v[sets->n++] = text;
}
