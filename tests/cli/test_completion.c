/* Completion: the script is sourced in bash, which is then asked as the Tab key would. */
#include "support/cli.h"

/* Puts what bash offers for a command line, given as words with the last one being typed, into
 * `said`: one a line, sorted. */
static void offers(const char *words) {
    char script[1024], path[128];
    int n = snprintf(script, sizeof script,
                     "set -eu\nPATH=%s/bin:$PATH\ncompopt() { :; }\n"
                     "source <(inadekit completion bash)\n"
                     "COMP_WORDS=(inadekit %s)\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
                     "_inadekit\nprintf '%%s\\n' \"${COMPREPLY[@]}\" | LC_ALL=C sort\n",
                     BUILD_DIR, words);
    ck_assert_int_lt(n, (int)sizeof script);
    write_bytes("try.bash", script, (size_t)n);
    snprintf(path, sizeof path, "cd %s && bash try.bash 2>&1", folder);
    FILE *f = popen(path, "r");
    ck_assert_ptr_nonnull(f);
    said[fread(said, 1, sizeof said - 1, f)] = 0;
    ck_assert_msg(pclose(f) == 0, "bash failed for '%s': %s", words, said);
}

START_TEST(words) {
    static const struct {
        const char *words, *offered;
    } rows[] = {
        {"r", "run\n"},
        {"plugins des", "describe\n"},
        {"run --re", "--resume\n"},
        {"run --pl", "--plugin-path\n"},
        {"--v", "--version\n"},
        {"trace a.yaml --program ''", "d_step\nencode\ng_step\nsample\n"},
        {"trace a.yaml --program = s", "sample\n"},
        {"trace a.yaml --program s", "sample\n"},
        {"plugins list no", "norm\n"},
        {"plugins describe norm/in", "norm/inade\nnorm/instance\n"},
        {"plugins describe op", "ops\n"},
        {"run a.yaml --set train.d", "train.decay_epochs=\n"},
        {"run a.yaml --set prec", "precision=\n"},
        {"run a.yaml --set dataset.max_i", "dataset.max_instances=\n"},
        {"run a.yaml --set synthesize.vary.",
         "synthesize.vary.instances=\nsynthesize.vary.labels=\n"},
        {"run a.yaml --set norm.", "norm.plugin=\n"},
        {"run a.yaml --set norm.plugin = spa", "spade\n"},
        {"run a.yaml --set precision = ''", "bf16\nf32\ntf32\n"},
        {"run a.yaml --set precision =", "bf16\nf32\ntf32\n"},
        {"run a.yaml --set = dataset.flip = t", "true\n"},
        {"run a.yaml --set device = na", "naive\n"},
        {"run a.yaml --set precision = f32 --re", "--resume\n"},
        {"run a.yaml --set train.steps = ''", "\n"},
        {"import a --map vspade_", "vspade_encoder\n"},
        {"export a --map vgg", "vgg19\n"},
        {"completion ''", "bash\n"},
        {"run a.yaml ''", "\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        offers(rows[i].words);
        ck_assert_msg(!strcmp(said, rows[i].offered), "'%s' offers %s instead of %s", rows[i].words,
                      said, rows[i].offered);
    }
}
END_TEST

START_TEST(files) {
    char command[256];
    snprintf(command, sizeof command, "cd %s && mkdir -p some/norm && touch a.yaml b.png", folder);
    ck_assert_int_eq(system(command), 0);
    offers("run ''");
    ck_assert_str_eq(said, "a.yaml\nsome\n");
    offers("run a.yaml --out ''");
    ck_assert_str_eq(said, "some\n");
    offers("run --set precision = f32 ''"); /* the pipeline comes after */
    ck_assert_str_eq(said, "a.yaml\nsome\n");
    offers("import b.png --map ''"); /* maps, and files of one's own */
    ck_assert_ptr_nonnull(strstr(said, "inade_generator\n"));
    ck_assert_ptr_nonnull(strstr(said, "a.yaml\n"));
    snprintf(command, sizeof command,
             "cd %s && mkdir -p runs/a runs/b runs/c && touch runs/a/run.json "
             "runs/b/run.json",
             folder);
    ck_assert_int_eq(system(command), 0);
    offers("synthesize ''");
    ck_assert_str_eq(said, "runs/a\nruns/b\n");
    offers("run a.yaml --resume --out runs/b");
    ck_assert_str_eq(said, "runs/b\n");
    offers("synthesize so");
    ck_assert_str_eq(said, "some\n");
    offers("trace a.yaml --inputs b");
    ck_assert_str_eq(said, "b.png\n");
    offers("trace a.yaml --inputs = b");
    ck_assert_str_eq(said, "b.png\n");
    write_bytes("some/norm/mine.so", "", 0);
    offers("plugins --plugin-path some describe norm/m");
    ck_assert_str_eq(said, "norm/mine\n");
}
END_TEST

/* Words alone, as the script asks for them, and only with a script that bash takes. */
START_TEST(program) {
    expect("completion bash", 0, "complete -F _inadekit inadekit\n");
    expect("completion words -- plugins ''", 0, "list\n");
    expect("completion zsh", 2, "error: unknown action 'zsh'; there is bash\n");
}
END_TEST

int main(void) {
    return RUN_SUITE("completion", set_up, tear_down, {words}, {files}, {program});
}
