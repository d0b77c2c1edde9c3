/* inadekit plugins new: a project for a plugin of one's own. */
#include "commands.h"
#include "print.h"

#include "base/nearest.h"
#include "base/places.h"
#include "config/config.h"
#include "plugin_new.h"

#include <limits.h>
#include <stdlib.h>

typedef struct values {
    const char *dir;
} values;

static void print_written(const char *file) {
    cli_print(stdout, "wrote %s\n", file);
}

static int unknown_kind(const cli_args *args, const char *word) {
    const char *near = ik__nearest(word, ik__template_kinds);
    if (near) return cli_usage(args->command, "unknown kind '%s'; did you mean '%s'?", word, near);
    return cli_usage(args->command,
                     "a plugin of kind '%s' has no template; there are norm, blocks, encoders, "
                     "discriminators, losses, datasets and metrics",
                     word);
}

/* Where CMake looks by itself: the prefixes of programs in PATH among them. */
static bool in_path(const char *folder) {
    const char *path = getenv("PATH");
    size_t n = strlen(folder);
    for (; path && *path; path += strcspn(path, ":"), path += *path == ':')
        if (!strncmp(path, folder, n) && (path[n] == ':' || !path[n])) return true;
    return false;
}

static void print_next(const char *dir) {
    char bin[PATH_MAX], prefix[PATH_MAX + 64] = "";
    if (ik__program_folder(bin, sizeof bin) && !in_path(bin)) {
        char *slash = strrchr(bin, '/');
        if (slash) *slash = 0;
        snprintf(prefix, sizeof prefix, " -DCMAKE_PREFIX_PATH=%s", bin);
    }
    cli_print(stdout,
              "\nBuild and test it:\n"
              "  cmake -S %s -B %s/build%s\n"
              "  cmake --build %s/build\n"
              "  ctest --test-dir %s/build\n"
              "Train with it:\n"
              "  inadekit run %s/pipeline.yaml --plugin-path %s/build/plugins\n",
              dir, dir, prefix, dir, dir, dir, dir);
}

static int new_plugin(const cli_args *args) {
    const values *v = args->values;
    const char *slash = strchr(args->words[0], '/');
    if (!slash)
        return cli_usage(args->command, "'%s' names no plugin; write KIND/NAME, as norm/mine",
                         args->words[0]);
    char kind[64];
    snprintf(kind, sizeof kind, "%.*s", (int)(slash - args->words[0]), args->words[0]);
    int k = 0;
    while (ik__template_kinds[k] && strcmp(ik__template_kinds[k], kind) != 0) k++;
    if (!ik__template_kinds[k]) return unknown_kind(args, kind);
    const char *name = slash + 1, *dir = v->dir ? v->dir : name;
    ik_error err = {""};
    ik_status status = ik__plugin_new(kind, name, dir, print_written, &err);
    if (status) return cli_exit(status, &err);
    print_next(dir);
    return 0;
}

static const cli_option options[] = {{"dir", 0, CLI_TEXT, offsetof(values, dir), "DIR",
                                      "the project's folder, else ./NAME", "@folder", 0, 0, false},
                                     {0}};
static const cli_operand plugin[] = {{"KIND/NAME", "plugin", "name it, as norm/mine", NULL, false},
                                     {0}};

const cli_command cmd_plugins_new = {
    .name = "plugins new",
    .summary = "write a project for a plugin of your own",
    .about = "Writes a folder with a plugin that works as it stands, in one commented C file, its "
             "CMakeLists.txt with tests, and a pipeline that uses it. The kinds are norm, blocks, "
             "encoders, discriminators, losses, datasets and metrics. Nothing is overwritten.",
    .examples = "  inadekit plugins new norm/mine\n"
                "  inadekit plugins new losses/edges --dir ~/edges\n",
    .options = options,
    .values_size = sizeof(values),
    .operands = plugin,
    .run = new_plugin,
};
