/* Completion: the table says what may stand at the end of a command line. */
#include "command.h"

#include "base/files.h"
#include "base/words.h"
#include "folder/folder.h"
#include "keys.h"
#include "plugin/plugins.h"
#include "plugin/search.h"
#include "weights/rename.h"

#include <dirent.h>

static bool begins(const char *word, const char *with) {
    return strncmp(word, with, strlen(with)) == 0;
}

static const cli_option *find(const cli_command *c, const char *word) {
    const cli_option *o;
    for (int i = 0; (o = cli_row(c, i)); i++) {
        bool is_long = begins(word, "--") && strlen(o->name) == strcspn(word + 2, "=") &&
                       begins(word + 2, o->name);
        bool is_letter = o->letter && word[0] == '-' && word[1] == o->letter && !word[2];
        if (is_long || is_letter) return o;
    }
    return NULL;
}

/* Names of files alone: nothing is loaded.  */
static void plugins(ik_kind kind, bool with_kind, const char *stem, FILE *out) {
    ik__words dirs = ik__plugin_dirs(), names = {0};
    char word[192];
    for (int i = 0; i < dirs.n; i++) ik__plugin_names(dirs.v[i], kind, &names);
    for (int i = 0; i < names.n; i++) {
        snprintf(word, sizeof word, "%s%s%s", with_kind ? ik__kind_names[kind] : "",
                 with_kind ? "/" : "", names.v[i]);
        if (begins(word, stem)) fprintf(out, "%s\n", word);
    }
    ik__words_free(&names);
    ik__words_free(&dirs);
}

static void kinds(const char *stem, FILE *out) {
    for (int k = 0; k < IK_KIND_COUNT; k++)
        if (begins(ik__kind_names[k], stem)) fprintf(out, "%s\n", ik__kind_names[k]);
}

static void maps(const char *stem, FILE *out) {
    ik__words names = ik__wmap_names();
    for (int i = 0; i < names.n; i++)
        if (begins(names.v[i], stem)) fprintf(out, "%s\n", names.v[i]);
    ik__words_free(&names);
}

/* Runs lie in runs/ where nobody says otherwise; any other folder where none of them fits. */
static void runs(const char *stem, FILE *out) {
    int n = 0;
    DIR *dir = opendir("runs");
    for (struct dirent *e; dir && (e = readdir(dir));) {
        ik__path run = ik__path_of("runs/%s", e->d_name);
        if (!begins(run.text, stem) || !ik__exists(ik__folder_file(run.text, IK__FACTS_FILE).text))
            continue;
        fprintf(out, "%s\n", run.text);
        n++;
    }
    if (dir) closedir(dir);
    if (!n) fputs("@folder\n", out);
}

static void candidates(const char *rule, const char *stem, FILE *out) {
    char copy[256], *rest = copy, *word;
    snprintf(copy, sizeof copy, "%s", rule ? rule : "");
    while ((word = strsep(&rest, " "))) {
        if (!strcmp(word, "@pipeline"))
            fputs("@file yaml\n", out);
        else if (!strcmp(word, "@file") || !strcmp(word, "@folder"))
            fprintf(out, "%s\n", word);
        else if (!strcmp(word, "@library"))
            fputs("@file so\n", out);
        else if (!strcmp(word, "@plugin"))
            for (int k = 0; k < IK_KIND_COUNT; k++) plugins((ik_kind)k, true, stem, out);
        else if (!strcmp(word, "@backend"))
            plugins(IK_BACKEND, false, stem, out);
        else if (!strcmp(word, "@norm"))
            plugins(IK_NORM, false, stem, out);
        else if (!strcmp(word, "@datasets"))
            plugins(IK_DATASET, false, stem, out);
        else if (!strcmp(word, "@kind"))
            kinds(stem, out);
        else if (!strcmp(word, "@key"))
            cli_keys_print(stem, out);
        else if (!strcmp(word, "@map"))
            maps(stem, out);
        else if (!strcmp(word, "@run"))
            runs(stem, out);
        else if (*word && begins(word, stem))
            fprintf(out, "%s\n", word);
    }
}

static void options(const cli_command *c, const char *stem, FILE *out) {
    const cli_option *o;
    char word[80];
    for (int i = 0; (o = cli_row(c, i)); i++) {
        snprintf(word, sizeof word, "--%s", o->name);
        if (begins(word, stem)) fprintf(out, "%s\n", word);
    }
}

static void actions(const cli_command *c, const char *stem, FILE *out) {
    for (int i = 0; c->actions[i]; i++)
        if (c->actions[i]->summary && begins(cli_word(c->actions[i]), stem))
            fprintf(out, "%s\n", cli_word(c->actions[i]));
}

/* Where the words so far have led. */
typedef struct place {
    const cli_command *command;
    const cli_option *wants; /* an option whose value comes next */
    const char *key;         /* or, after --set, that of this key, */
    bool equals;             /* once its "=" was there */
    int operands;
} place;

/* The shell takes `--out=DIR` for three words, and so the KEY=VALUE of --set. */
static void step(place *p, const char *word) {
    if (p->wants && !strcmp(word, "=")) return;
    if (p->key && !p->equals && !strcmp(word, "=")) {
        p->equals = true;
        return;
    }
    bool value = p->key && p->equals;
    p->key = NULL;
    p->equals = false;
    if (value) return;
    if (p->wants) {
        if (!strcmp(p->wants->name, "plugin-path")) ik__plugins_path(word);
        if (!strcmp(p->wants->name, "set") && !strchr(word, '=')) p->key = word;
        p->wants = NULL;
    } else if (word[0] == '-') {
        const cli_option *o = find(p->command, word);
        if (o && o->value && !strchr(word, '=')) p->wants = o;
    } else if (p->command->actions) {
        const cli_command *action = cli_action(p->command, word);
        if (action) p->command = action;
    } else {
        p->operands++;
    }
}

void cli_complete(const cli_command *root, int n, char *const *words, FILE *out) {
    place p = {root, NULL, 0};
    const char *stem = n ? words[n - 1] : "";
    for (int i = 0; i + 1 < n; i++) step(&p, words[i]);
    if (p.key && (p.equals || !strcmp(stem, "="))) {
        candidates(cli_key_values(p.key), p.equals ? stem : "", out);
    } else if (p.wants) {
        candidates(p.wants->complete, strcmp(stem, "=") ? stem : "", out);
    } else if (stem[0] == '-') {
        options(p.command, stem, out);
    } else if (p.command->actions) {
        actions(p.command, stem, out);
    } else {
        const cli_operand *o = p.command->operands;
        for (int i = 0; o && o->name && i < p.operands; i++) o++;
        if (o && o->name) candidates(o->complete, stem, out);
    }
}
