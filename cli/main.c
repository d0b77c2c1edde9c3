/* The program `inadekit`: finds the command and runs it. */
#include "commands.h"

#include <stdlib.h>

#include "config.h"
#include "plugins.h"
#include "version.h"

static const struct {
    const char *name, *help;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"run", "run a pipeline's stages: train, synthesize", cmd_run},
    {"summary", "show a pipeline's networks, shapes and memory without running it", cmd_summary},
    {"trace", "run one program once on given tensors and write its results", cmd_trace},
    {"plugins", "list plugins, or describe one and its options", cmd_plugins},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void help(FILE *out) {
    fputs("usage: inadekit COMMAND [OPTIONS]\n"
          "\n"
          "Conditional image synthesis from a YAML pipeline.\n"
          "\n"
          "commands:\n",
          out);
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].help);
    fputs("\n"
          "  -h, --help     this text; `inadekit COMMAND --help` explains a command\n"
          "  -V, --version  version, plugin interface and installed backends\n"
          "\n"
          "examples:\n"
          "  inadekit run pipeline.yaml --dry-run    check everything, compute nothing\n"
          "  inadekit run pipeline.yaml --out runs/a\n"
          "  inadekit plugins describe norm/inade\n"
          "\n"
          "exit status: 0 done, 1 failed while running, 2 wrong usage or wrong YAML\n",
          out);
}

static void show_backend(const char *path, const ik_plugin *p, const char *why_not, void *user) {
    (void)user;
    if (p)
        printf("backend %s %s (%s)\n", p->name, p->version, path);
    else
        printf("backend refused: %s\n", why_not);
}

static int version(void) {
    puts(ik__version_text());
    if (!ik__plugins_list(IK_BACKEND, show_backend, NULL))
        puts("no backends found; name their folder in INADEKIT_PLUGIN_PATH");
    return 0;
}

static int dispatch(int argc, char **argv) {
    const char *names[COMMANDS + 1] = {NULL};
    for (int i = 0; i < COMMANDS; i++) {
        names[i] = commands[i].name;
        if (strcmp(argv[0], names[i]) == 0) return commands[i].run(argc, argv);
    }
    bool option = argv[0][0] == '-';
    const char *near = ik__nearest(argv[0], names);
    if (near) return cli_usage("", "unknown command '%s'; did you mean '%s'?", argv[0], near);
    return cli_usage("", "unknown %s '%s'", option ? "option" : "command", argv[0]);
}

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

int main(int argc, char **argv) {
    calm_openmp();
    if (argc < 2) {
        help(stderr);
        return 2;
    }
    const char *first = argv[1];
    bool asks = strcmp(first, "help") == 0;
    if (strcmp(first, "-V") == 0 || strcmp(first, "--version") == 0) return finish(version());
    if (strcmp(first, "-h") == 0 || strcmp(first, "--help") == 0 || (asks && argc == 2)) {
        help(stdout);
        return finish(0);
    }
    if (asks) { /* `help run` is `run --help` */
        char *as_option[] = {argv[2], "--help", NULL};
        return finish(dispatch(2, as_option));
    }
    return finish(dispatch(argc - 1, argv + 1));
}
