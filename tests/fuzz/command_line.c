/* Command lines: the words, each ended by a NUL byte, behind a program's name, against a table that
 * has an option of every type. What is taken must lie in the range that its row states. */
#include "fuzz.h"

#include "cli/command.h"

enum { WORDS = 24 };

typedef struct values {
    bool quiet;
    const char *out;
    int64_t threads;
    cli_wholes vary;
    ik_strings styles;
} values;

static int run(const cli_args *args) {
    const values *v = args->values;
    FUZZ_CHECK(v->threads >= 0 && v->threads <= 64);
    FUZZ_CHECK(v->vary.n >= 0 && v->vary.n <= CLI_MOST);
    for (int i = 0; i < v->vary.n; i++) FUZZ_CHECK(v->vary.v[i] >= -5 && v->vary.v[i] <= 255);
    for (int i = 0; i < v->styles.n; i++) FUZZ_CHECK(v->styles.v[i]);
    for (int i = 0; i < args->sets.n; i++) FUZZ_CHECK(args->sets.v[i]);
    FUZZ_CHECK(v->out && args->n >= 1);
    for (int i = 0; i < args->n; i++) FUZZ_CHECK(args->words[i]);
    return 0;
}

static const cli_option options[] = {
    {"quiet", 'q', CLI_FLAG, offsetof(values, quiet), NULL, "print errors only"},
    {"out", 'o', CLI_TEXT, offsetof(values, out), "DIR", "a folder", "@folder", .required = true},
    {"threads", 't', CLI_WHOLE, offsetof(values, threads), "N", "threads", .min = 1, .max = 64},
    {"vary", 'y', CLI_WHOLES, offsetof(values, vary), "N", "labels", .min = -5, .max = 255},
    {"style", 0, CLI_TEXTS, offsetof(values, styles), "FILES", "pictures", "one two"},
    {0},
};
static const cli_operand operands[] = {{"PIPELINE", "no pipeline is given", "name a file", "a b"},
                                       {"MORE", "", "", .optional = true, .repeated = true},
                                       {0}};
static const cli_command paint = {.name = "paint",
                                  .summary = "paint",
                                  .about = "Paints.",
                                  .options = options,
                                  .common = CLI_SETS,
                                  .values_size = sizeof(values),
                                  .operands = operands,
                                  .run = run};
static const cli_command *const actions[] = {&paint, NULL};
static const cli_command root = {.name = "", .about = "Does things.", .actions = actions};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static FILE *nowhere;
    if (!nowhere) nowhere = stdout = stderr = fopen("/dev/null", "w");
    char *text = malloc(size + 1), *argv[WORDS + 2] = {"inadekit"};
    memcpy(text, data, size);
    text[size] = 0;
    int argc = 1;
    for (size_t at = 0; at < size && argc <= WORDS; at += strlen(text + at) + 1)
        argv[argc++] = text + at;
    if (argc > 1) cli_complete(&root, argc - 1, argv + 1, nowhere);
    int status = cli_run(&root, argc, argv);
    FUZZ_CHECK(status >= 0 && status <= 2);
    free(text);
    return 0;
}
