/* The program from outside: help, version, listing and describing plugins, and the words and exit
 * status of a mistake on the command line. Wrong pipelines are in test_bad_input.c. */
#include "support/cli.h"

START_TEST(help) {
    static const char *const pages[] = {"--help",
                                        "-h",
                                        "help",
                                        "run -h",
                                        "run --help",
                                        "help run",
                                        "summary -h",
                                        "trace --help",
                                        "plugins --help",
                                        "plugins list --help",
                                        "help plugins describe",
                                        "completion bash --help"};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        expect(pages[i], 0, "usage: inadekit ");
        ck_assert_ptr_nonnull(strstr(said, "examples:\n"));
    }
    expect("help run", 0, "--dry-run");
    expect("help plugins", 0, "\nactions:\n  list ");
    expect("", 2, "usage: inadekit COMMAND");
    expect("2>/dev/null", 2, "");
    ck_assert_str_eq(said, ""); /* a mistake leaves stdout empty */
}
END_TEST

START_TEST(version) {
    expect("--version", 0, "inadekit 0.");
    ck_assert_ptr_nonnull(strstr(said, "(plugin interface 1."));
    ck_assert_ptr_nonnull(strstr(said, "backend naive 0.1.0: can run here: "));
    ck_assert_ptr_nonnull(strstr(said, "\nbuild: "));
    ck_assert_ptr_nonnull(strstr(said, "\nlibraries: libyaml 0."));
    expect("-V", 0, "inadekit 0.");
}
END_TEST

START_TEST(mistakes) {
    static const struct {
        const char *arguments, *text;
    } rows[] = {
        {"run \"$(printf 'a\\033[31m.yaml')\"",
         "error: cannot open 'a\\x1b[31m.yaml': No such file"},
        {"\"$(printf 'z\\233')\"", "error: unknown command 'z\\x9b'; there are run"},
        {"runn", "error: unknown command 'runn'; did you mean 'run'?\nsee `inadekit --help`\n"},
        {"zebra", "error: unknown command 'zebra'; there are run, "},
        {"help zebra", "error: unknown command 'zebra'; there are run, "},
        {"help plugins zebra", "error: unknown action 'zebra'; there are list"},
        {"--frob", "error: unknown option '--frob'\n"},
        {"run", "error: no pipeline is given; name a YAML file: inadekit run PIPELINE [OPTIONS]\n"},
        {"run a b", "error: 'b' is one argument too many: inadekit run PIPELINE [OPTIONS]\n"},
        {"run a --steps 9",
         "error: unknown option '--steps'; did you mean `--set train.steps=...`?\n"},
        {"run a --dryrun", "error: unknown option '--dryrun'; did you mean '--dry-run'?\n"},
        {"run a -z", "error: unknown option '-z'\nsee `inadekit run --help`\n"},
        {"run a --set", "error: option '--set' needs a value: KEY=VALUE\n"},
        {"run a --resume=1", "error: option '--resume' takes no value\n"},
        {"run a -q -v", "error: --quiet and --verbose contradict each other"},
        {"run a --threads 0", "error: option '--threads' must be a whole number from 1 to"},
        {"run a --threads 2x", "not '2x'"},
        {"run a --threads 99999999999999999999", "must be a whole number"},
        {"run a --out b --out c", "error: option '--out' is given twice; it takes one value\n"},
        {"run a --out ''",
         "error: option '--out' has an empty value; give it DIR, or leave it out\n"},
        {"import a -o ''", "error: option '--out' has an empty value; give it FILE"},
        {"run a --out='~/b'", "error: option '--out': the shell replaces '~' at the beginning of a "
                              "word only, and has left '~/b'; write $HOME there\n"},
        {"synthesize a --style 'b,~/c' -o d", "error: option '--style': the shell replaces '~' "},
        {"run a --threads 1 -q -q --threads 1", "error: option '--threads' is given twice; "},
        {"run a --plugin-path x --plugin-path y", "error: option '--plugin-path' is given twice; "},
        {"synthesize a -l b --label c -o d", "error: option '--label' is given twice; "},
        {"synthesize a -l b -o d --seed 0 --seed 0", "error: option '--seed' is given twice; "},
        {"import a -o b -o b", "error: option '--out' is given twice; "},
        {"summary", "error: no pipeline is given; name a YAML file: inadekit summary PIPE"},
        {"summary a --jsn", "error: unknown option '--jsn'; did you mean '--json'?\n"},
        {"summary a --instances none",
         "error: option '--instances' must be a whole number from 1 to 1048576, not 'none'\n"},
        {"plugins", "error: say what to do: list, describe, "},
        {"plugins lst", "error: unknown action 'lst'; did you mean 'list'?\n"},
        {"plugins frobnicate", "error: unknown action 'frobnicate'; there are list, describe, "},
        {"plugins list norms", "error: unknown kind 'norms'; did you mean 'norm'?\n"},
        {"plugins list zebra", "error: unknown kind 'zebra'; there are norm, blocks, encoders"},
        {"plugins list norm x",
         "error: 'x' is one argument too many: inadekit plugins list [KIND] [OPT"},
        {"plugins describe", "error: no plugin is given; name one, as norm/inade, or write ops"},
        {"plugins describe inade", "error: 'inade' names no plugin; write KIND/NAME"},
        {"plugins describe dataset/shapes", "error: unknown kind 'dataset'; did you mean"},
        {"plugins describe norm/inadee", "error: there is no plugin norm/inadee; did you mean "
                                         "'inade'?\nlooked for:\n"},
        {"plugins describe norm/../x", "error: '../x' is no plugin's name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        expect(rows[i].arguments, 2, rows[i].text);
        ck_assert_int_eq(strncmp(said, "error: ", 7), 0);
    }
}
END_TEST

START_TEST(list) {
    expect("plugins list", 0, "KIND ");
    static const char *const some[] = {"\nnorm  ", "\ndatasets  ", "\nbackends  ",
                                       "/lib/inadekit/norm/inade.so\n",
                                       "/lib/inadekit/datasets/shapes.so\n"};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        ck_assert_msg(strstr(said, some[i]), "'%s' is not in: %s", some[i], said);
    expect("plugins list norm", 0, "\nnorm  inade ");
    ck_assert_ptr_null(strstr(said, "datasets"));
}
END_TEST

/* A file that is no plugin is listed with the reason, wherever the option stands. */
START_TEST(list_refused) {
    char command[128];
    snprintf(command, sizeof command, "mkdir -p %s/own/norm", folder);
    ck_assert_int_eq(system(command), 0);
    write_bytes("own/norm/broken.so", "not a plugin", 12);
    expect("plugins list norm --plugin-path own", 0, "broken");
    char *line = strstr(said, "norm  broken ");
    ck_assert_ptr_nonnull(line);
    *strchr(line, '\n') = 0;
    ck_assert_ptr_nonnull(strstr(line, "refused"));
    ck_assert_ptr_nonnull(strstr(line, "cannot be loaded: "));
    ck_assert_ptr_nonnull(strstr(line, "/own/norm/broken.so"));
    expect("plugins --plugin-path=own describe norm/broken", 1,
           "error: plugin norm/broken cannot be used\n");
    expect("plugins describe norm/none --plugin-path own", 2, "/own/norm/none.so\n");
}
END_TEST

START_TEST(describe) {
    expect("plugins describe norm/inade", 0, "norm/inade ");
    ck_assert_ptr_nonnull(strstr(said, "/lib/inadekit/norm/inade.so\n"));
    ck_assert_ptr_nonnull(strstr(said, "in YAML: norm: {plugin: inade}\n"));
    ck_assert_ptr_nonnull(strstr(said, "  noise_channels: int, 1 to 4096, default 64\n"));

    expect("plugins describe datasets/shapes", 0, "options of every dataset:\n  size: list of int");
    ck_assert_ptr_nonnull(strstr(said, "  objects: list of int"));
    expect("plugins describe norm/batch", 0, "norm/batch ");

    expect("plugins describe ops", 0, "\nconv2d: convolution\n  out: list of int");
    ck_assert_ptr_nonnull(strstr(said, "\ntanh: "));
}
END_TEST

START_TEST(full_disk) {
    if (access("/dev/full", W_OK) != 0) return;
    expect("plugins list 2>&1 >/dev/full", 1, "error: cannot write to standard output");
}
END_TEST

START_TEST(plugins_new) {
    expect("plugins new mine", 2, "error: 'mine' names no plugin; write KIND/NAME, as norm/mine");
    expect("plugins new norms/mine", 2, "error: unknown kind 'norms'; did you mean 'norm'?");
    expect("plugins new backends/mine", 2,
           "error: a plugin of kind 'backends' has no template; there are norm, blocks, encoders, "
           "discriminators, losses, datasets and metrics");
    expect("plugins new norm/my-own", 2,
           "error: 'my-own' cannot be a new plugin's name, which is a name in C, too: up to 64 "
           "letters, digits and '_', a letter first");
    expect("plugins new norm/", 2, "error: '' cannot be a new plugin's name");
    expect("plugins new norm/mine --dir /nowhere/mine", 1,
           "error: cannot make the folder /nowhere/mine: No such file or directory; name another");
    expect("plugins new losses/edges --dir here", 0,
           "wrote here/edges.c\nwrote here/pipeline.yaml\nwrote here/base.yaml\n"
           "wrote here/CMakeLists.txt\n");
    expect("plugins new losses/edges --dir here", 1,
           "error: cannot make the folder here: File exists; name another");
}
END_TEST

int main(void) {
    return RUN_SUITE("cli", set_up, tear_down, {help}, {version}, {mistakes}, {list},
                     {list_refused}, {describe}, {full_disk}, {plugins_new});
}
