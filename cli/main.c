/* The program `inadekit`: finds the command and runs it. */
#include "commands.h"
#include "signals.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/numbers.h"
#include "plugin/blame.h"
#include "plugin/plugins.h"

static const cli_command *const commands[] = {
    &cmd_run,    &cmd_synthesize, &cmd_summary,    &cmd_trace, &cmd_import,
    &cmd_export, &cmd_plugins,    &cmd_completion, NULL,
};

typedef struct root_values {
    bool version;
} root_values;

static const cli_option options[] = {
    {"version", 'V', CLI_FLAG, offsetof(root_values, version), NULL,
     "version, plugin interface, backends, and how this was built", NULL, 0, 0, false},
    {0}};

/* `help run` is `run --help`. */
static int help_of(const cli_command *c, int n, char **words) {
    for (int i = 0; i < n; i++) {
        const cli_command *action = cli_action(c, words[i]);
        if (!action) return cli_run(c, n - i + 1, words + i - 1);
        c = action;
    }
    cli_help(c, stdout);
    return 0;
}

static int root(const cli_args *args) {
    const root_values *v = args->values;
    if (v->version) {
        cli_version();
        return 0;
    }
    if (args->n && !strcmp(args->words[0], "help"))
        return help_of(&cmd_root, args->n - 1, args->words + 1);
    return -1;
}

const cli_command cmd_root = {
    .name = "",
    .about =
        "Conditional image synthesis from a YAML pipeline. `inadekit COMMAND --help` explains a "
        "command.",
    .actions = commands,
    .options = options,
    .values_size = sizeof(root_values),
    .examples = "  inadekit run pipeline.yaml --dry-run    check everything, compute nothing\n"
                "  inadekit run pipeline.yaml --out runs/a\n"
                "  inadekit plugins describe norm/inade\n"
                "  source <(inadekit completion bash)\n",
    .end = "exit status: 0 done, 1 failed while running, 2 wrong usage or wrong YAML\n",
    .run = root,
};

/* A full disk or a closed pipe must not look like success. */
static int finish(int status) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    fputs("error: cannot write to standard output; check the disk or the pipe\n", stderr);
    return status ? status : 1;
}

/* Threads that wait for the next parallel loop spin only briefly: longer, and a machine that has
 * anything else to do loses whole time slices to them. Read when the OpenMP runtime is loaded, with
 * the first backend. */
static void calm_openmp(void) {
    if (!getenv("OMP_WAIT_POLICY")) setenv("GOMP_SPINCOUNT", "1000", 0);
}

/* Where a standard stream is closed, the next file that is opened would take its place, and what is
 * printed would go into it. For reading only: results that nobody gets stay an error. */
static void fill_streams(void) {
    int fd;
    do fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) close(fd);
}

int main(int argc, char **argv) {
    fill_streams();
    calm_openmp();
    ik__plain_numbers();
    ik__blame_watch();
    ik__signals_file_size();
    cli_watch(false);
    int status = cli_run(&cmd_root, argc, argv);
    ik__plugins_path(NULL);
    ik__blame_over();
    return finish(status);
}
