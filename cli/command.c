/* The command line against a command's table, by getopt_long. */
#define _GNU_SOURCE
#include "command.h"

#include "base/nearest.h"
#include "config/config.h"
#include "keys.h"
#include "plugin/plugins.h"
#include "print.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

enum { MOST_ROWS = 48, FIRST = 256 /* getopt's value of row 0 */ };

typedef struct common_values {
    bool help;
    const char *plugin_path;
    ik_strings sets;
} common_values;

static const struct {
    unsigned bit; /* 0: of every command */
    cli_option row;
} common[] = {
    {CLI_SETS,
     {"set", 0, CLI_TEXTS, offsetof(common_values, sets), "KEY=VALUE",
      "replace a value of the file; may be repeated; the value is YAML", "@key", 0, 0, false}},
    {CLI_PLUGIN_PATH,
     {"plugin-path", 0, CLI_TEXT, offsetof(common_values, plugin_path), "DIRS",
      "look for plugins here first; ':' separates folders", "@folder", 0, 0, false}},
    {0,
     {"help", 'h', CLI_FLAG, offsetof(common_values, help), NULL, "this text", NULL, 0, 0, false}},
};
enum { COMMON = sizeof common / sizeof *common };

static int own_rows(const cli_command *c) {
    int n = 0;
    while (c->options && c->options[n].name) n++;
    return n;
}

const cli_option *cli_row(const cli_command *c, int i) {
    int own = own_rows(c);
    if (i < own) return &c->options[i];
    for (int k = 0, at = own; k < COMMON; k++)
        if ((!common[k].bit || (c->common & common[k].bit)) && at++ == i) return &common[k].row;
    return NULL;
}

const char *cli_word(const cli_command *c) {
    const char *space = strrchr(c->name, ' ');
    return space ? space + 1 : c->name;
}

const cli_command *cli_action(const cli_command *c, const char *word) {
    for (int i = 0; c->actions && c->actions[i]; i++)
        if (!strcmp(cli_word(c->actions[i]), word)) return c->actions[i];
    return NULL;
}

int cli_usage(const cli_command *c, const char *fmt, ...) {
    va_list args;
    fputs("error: ", stderr);
    va_start(args, fmt);
    cli_print_list(stderr, fmt, args);
    va_end(args);
    fprintf(stderr, "\nsee `inadekit %s%s--help`\n", c->name, *c->name ? " " : "");
    return 2;
}

/* --- options */

typedef struct parser {
    const cli_command *command;
    struct option longs[MOST_ROWS + 1];
    char letters[2 * MOST_ROWS + 4];
    common_values common;
    uint64_t wholes; /* of its own rows, which were given */
    cli_args args;
} parser;

static void *checked(void *p) {
    if (p) return p;
    fputs("error: no memory left to read the command line\n", stderr);
    exit(1);
}

static void begin(parser *p, const cli_command *c) {
    *p = (parser){.command = c, .args = {.command = c}};
    p->args.values = checked(calloc(1, c->values_size + 1));
    /* '+' stops at the first word, which is an action; ':' tells a missing value apart. */
    // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): `values` is freed by its parser's owner
    char *letter = stpcpy(p->letters, c->actions ? "+:" : ":");
    const cli_option *o;
    for (int i = 0; (o = cli_row(c, i)) && i < MOST_ROWS; i++) {
        p->longs[i] =
            (struct option){o->name, o->value ? required_argument : no_argument, NULL, FIRST + i};
        if (!o->letter) continue;
        *letter++ = o->letter;
        if (o->value) *letter++ = ':';
    }
    *letter = 0;
    optind = 0; /* 0 rather than 1 resets all of glibc's state */
    opterr = 0;
}

static void end(parser *p) {
    free((void *)p->common.sets.v);
    for (int i = 0; i < own_rows(p->command); i++) {
        const cli_option *o = &p->command->options[i];
        if (o->type == CLI_TEXTS)
            free((void *)((ik_strings *)(void *)((char *)p->args.values + o->offset))->v);
    }
    free(p->args.values);
}

/* The row of getopt's value or of a letter; NULL for none. */
static const cli_option *row_of(const cli_command *c, int value) {
    if (value >= FIRST) return cli_row(c, value - FIRST);
    const cli_option *o;
    for (int i = 0; value && (o = cli_row(c, i)); i++)
        if (o->letter == value) return o;
    return NULL;
}

static int unknown_option(const parser *p, const char *word) {
    const char *names[MOST_ROWS + 1] = {NULL};
    for (int i = 0; p->longs[i].name; i++) names[i] = p->longs[i].name;
    if (strncmp(word, "--", 2) != 0) return cli_usage(p->command, "unknown option '%s'", word);
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    const char *near = ik__nearest(name, names);
    if (near)
        return cli_usage(p->command, "unknown option '--%s'; did you mean '--%s'?", name, near);
    const char *key = p->command->common & CLI_SETS ? cli_key_named(name) : NULL;
    if (key)
        return cli_usage(p->command, "unknown option '--%s'; did you mean `--set %s=...`?", name,
                         key);
    return cli_usage(p->command, "unknown option '--%s'", name);
}

/* After getopt_long gave '?' or ':'. */
static int bad_option(const parser *p, int c, char **argv) {
    const cli_option *known = row_of(p->command, optopt);
    if (known && c == ':')
        return cli_usage(p->command, "option '--%s' needs a value: %s", known->name, known->value);
    if (known) return cli_usage(p->command, "option '--%s' takes no value", known->name);
    if (optopt) return cli_usage(p->command, "unknown option '-%c'", optopt);
    return unknown_option(p, argv[optind - 1]);
}

static int read_whole(const parser *p, const cli_option *o, int64_t *out) {
    char *rest;
    errno = 0;
    long long n = strtoll(optarg, &rest, 10);
    if (errno || rest == optarg || *rest || n < o->min || n > o->max)
        return cli_usage(p->command,
                         "option '--%s' must be a whole number from %lld to %lld, not '%s'",
                         o->name, (long long)o->min, (long long)o->max, optarg);
    *out = n;
    return 0;
}

static int read_wholes(const parser *p, const cli_option *o, cli_wholes *list) {
    if (list->n == CLI_MOST)
        return cli_usage(p->command, "option '--%s' may be given %d times", o->name, CLI_MOST);
    return read_whole(p, o, &list->v[list->n++]);
}

static void add_text(ik_strings *list, const char *text) {
    const char **v = checked(realloc((void *)list->v, (size_t)(list->n + 1) * sizeof *v));
    v[list->n++] = text;
    list->v = v;
}

static uint64_t row_bit(const cli_command *c, const cli_option *own) {
    return (uint64_t)1 << (own - c->options);
}

/* One of two values would be dropped. */
static int refuse_twice(const parser *p, const cli_option *o) {
    return cli_usage(p->command, "option '--%s' is given twice; it takes one value", o->name);
}

/* An empty text is most often a variable that is not set. A '~' that the shell has left is no home:
 * a folder called '~' would be made. Both may stand in a list of paths. */
static int refuse_text(const parser *p, const cli_option *o) {
    if (!*optarg)
        return cli_usage(p->command,
                         "option '--%s' has an empty value; give it %s, or leave it out", o->name,
                         o->value);
    for (const char *s = optarg; (s = strstr(s, "~/")); s++)
        if (s == optarg || s[-1] == ',' || s[-1] == ':')
            return cli_usage(p->command,
                             "option '--%s': the shell replaces '~' at the beginning of a word "
                             "only, and has left '%s'; write $HOME there",
                             o->name, optarg);
    return 0;
}

static int take(parser *p, const cli_option *o) {
    const cli_option *rows = p->command->options;
    bool own = rows && o >= rows && o < rows + own_rows(p->command);
    void *to = (own ? (char *)p->args.values : (char *)&p->common) + o->offset;
    switch (o->type) {
    case CLI_FLAG:
        *(bool *)to = true;
        return 0;
    case CLI_TEXT:
        if (*(const char **)to) return refuse_twice(p, o);
        *(const char **)to = optarg;
        return refuse_text(p, o);
    case CLI_TEXTS:
        add_text(to, optarg);
        return own ? refuse_text(p, o) : 0; /* --set has rules of its own */
    case CLI_WHOLE:
        if (p->wholes & row_bit(p->command, o)) return refuse_twice(p, o);
        p->wholes |= row_bit(p->command, o);
        return read_whole(p, o, to);
    case CLI_WHOLES:
        return read_wholes(p, o, to);
    }
    return 0;
}

/* Gives 0 or the exit status of a mistake. Stops at --help, which goes before mistakes after it. */
static int read_options(parser *p, int argc, char **argv) {
    int c, status = 0;
    while (!status && !p->common.help &&
           (c = getopt_long(argc, argv, p->letters, p->longs, NULL)) != -1) {
        const cli_option *o = c == '?' || c == ':' ? NULL : row_of(p->command, c);
        status = o ? take(p, o) : bad_option(p, c, argv);
    }
    p->args.sets = p->common.sets;
    p->args.n = argc - optind;
    p->args.words = argv + optind;
    return status;
}

/* --- operands */

static bool given(const parser *p, const cli_option *o) {
    const char *at = (const char *)p->args.values + o->offset;
    return o->type != CLI_TEXT || *(const char *const *)(const void *)at;
}

static int check_words(const parser *p) {
    const cli_command *c = p->command;
    char usage[512];
    int most = 0;
    bool repeated = false;
    cli_synopsis(c, usage, sizeof usage);
    for (const cli_operand *o = c->operands; o && o->name; o++, most++) {
        repeated = o->repeated;
        if (most >= p->args.n && !o->optional)
            return cli_usage(c, "no %s is given; %s: inadekit %s", o->noun, o->hint, usage);
    }
    if (p->args.n > most && !repeated)
        return cli_usage(c, "'%s' is one argument too many: inadekit %s", p->args.words[most],
                         usage);
    for (const cli_option *o = c->options; o && o->name; o++)
        if (o->required && !given(p, o))
            return cli_usage(c, "option '--%s' is required: %s", o->name, o->help);
    return 0;
}

/* "list, describe and check" */
static void join_actions(const cli_command *c, const char *last, char *text, size_t size) {
    size_t at = 0;
    int n = 0;
    *text = 0;
    for (int i = 0; c->actions[i]; i++) n += c->actions[i]->summary != NULL;
    for (int i = 0, k = 0; c->actions[i] && at < size; i++) {
        if (!c->actions[i]->summary) continue;
        at += (size_t)snprintf(text + at, size - at, "%s%s",
                               k == 0       ? ""
                               : k + 1 == n ? last
                                            : ", ",
                               cli_word(c->actions[i]));
        k++;
    }
}

static int unknown_action(const cli_command *c, const char *word) {
    const char *names[MOST_ROWS + 1] = {NULL}, *noun = *c->name ? "action" : "command";
    int n = 0;
    for (int i = 0; c->actions[i] && n < MOST_ROWS; i++)
        if (c->actions[i]->summary) names[n++] = cli_word(c->actions[i]);
    const char *near = ik__nearest(word, names);
    if (near) return cli_usage(c, "unknown %s '%s'; did you mean '%s'?", noun, word, near);
    char all[256];
    join_actions(c, " and ", all, sizeof all);
    return cli_usage(c, "unknown %s '%s'; there %s %s", noun, word, n == 1 ? "is" : "are", all);
}

static int act(const parser *p) {
    const cli_command *c = p->command;
    if (p->args.n == 0 && !*c->name) {
        cli_help(c, stderr);
        return 2;
    }
    if (p->args.n == 0) {
        char all[256];
        join_actions(c, " or ", all, sizeof all);
        return cli_usage(c, "say what to do: %s", all);
    }
    const cli_command *action = cli_action(c, p->args.words[0]);
    return action ? cli_run(action, p->args.n, p->args.words) : unknown_action(c, p->args.words[0]);
}

int cli_run(const cli_command *c, int argc, char **argv) {
    parser p;
    begin(&p, c);
    int status = read_options(&p, argc, argv);
    if (!status && p.common.plugin_path) ik__plugins_path(p.common.plugin_path);
    if (!status && p.common.help) {
        cli_help(c, stdout);
    } else if (!status && c->actions) {
        status = c->run ? c->run(&p.args) : -1;
        if (status < 0) status = act(&p);
    } else if (!status) {
        status = check_words(&p);
        if (!status) status = c->run(&p.args);
    }
    end(&p);
    return status;
}
