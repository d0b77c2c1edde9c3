/* One table per command: parsing, the help text and bash completion all come from its rows.
 *
 * Commands form a tree: one with `actions` takes the name of one of them, any other runs. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "inadekit/types.h"

typedef enum cli_type {             /* the field at `offset` is a: */
                        CLI_FLAG,   /* bool */
                        CLI_TEXT,   /* const char * into argv, NULL when not given */
                        CLI_WHOLE,  /* int64_t, min to max */
                        CLI_WHOLES, /* cli_wholes: given several times */
                        CLI_TEXTS,  /* ik_strings: the same */
} cli_type;

enum { CLI_MOST = 64 }; /* of a CLI_WHOLES */
typedef struct cli_wholes {
    int n;
    int64_t v[CLI_MOST];
} cli_wholes;

/* `complete`: the words that may stand there, separated by spaces, or one of the rules
 * @file, @folder, @pipeline, @library, @plugin, @kind, @backend, @norm, @datasets, @map, @key (of a
 * pipeline) and @run (a run's folder); NULL: nothing is known. */
typedef struct cli_option {
    const char *name;
    char letter; /* 0: none */
    cli_type type;
    size_t offset;     /* in the command's values */
    const char *value; /* what stands for the value in help, as FILE; NULL for a flag */
    const char *help;
    const char *complete;
    int64_t min, max;
    bool required;
} cli_option;

typedef struct cli_operand {
    const char *name; /* as usage writes it: PIPELINE */
    const char *noun; /* "no pipeline is given", */
    const char *hint; /* "name a YAML file" */
    const char *complete;
    bool optional, repeated; /* the last one may be repeated */
} cli_operand;

/* Options that several commands have. --help is everywhere. */
enum {
    CLI_PLUGIN_PATH = 1, /* --plugin-path: obeyed before the command runs */
    CLI_SETS = 2,        /* --set */
};

typedef struct cli_command cli_command;

/* A command line as read. */
typedef struct cli_args {
    const cli_command *command;
    void *values;    /* of values_size bytes, zeroed and then filled by the options */
    ik_strings sets; /* --set, as often as given; the texts are argv's */
    int n;
    char **words; /* operands */
} cli_args;

struct cli_command {
    const char *name;     /* the whole: "plugins list"; "" of the program itself */
    const char *summary;  /* a line for the list of commands; NULL hides it */
    const char *about;    /* a paragraph; its lines are filled anew */
    const char *examples; /* lines as they are */
    const char *end;      /* after the examples; may be NULL */
    const cli_option *options;
    unsigned common;
    size_t values_size;
    const cli_operand *operands;       /* up to a row without a name; NULL: none */
    const cli_command *const *actions; /* NULL-terminated; NULL: it runs itself */
    /* Gives the exit status. Of one with actions: looks at its own options first, -1 to go on; may
     * be NULL. */
    int (*run)(const cli_args *args);
};

/* Reads the command line after the command's name, runs it, and gives the exit status. */
int cli_run(const cli_command *command, int argc, char **argv);

/* A mistake on the command line: prints "error: ..." and where help is; gives 2. */
int cli_usage(const cli_command *command, const char *fmt, ...) IK_PRINTF(2, 3);

void cli_help(const cli_command *command, FILE *out);
/* "run PIPELINE [OPTIONS]", cut where the room ends. */
void cli_synopsis(const cli_command *command, char *text, size_t size);
/* The last word of a command's name. */
const char *cli_word(const cli_command *command);
/* NULL if there is no action of that name. */
const cli_command *cli_action(const cli_command *command, const char *word);
/* Row i of all that a command takes: its own, the common ones, --help; NULL past the last. */
const cli_option *cli_row(const cli_command *command, int i);

/* Candidates for the last of the words (which follow the program's name), one a line, or a rule
 * for the shell: "@file", "@file yaml" or "@folder". */
void cli_complete(const cli_command *root, int n, char *const *words, FILE *out);

#endif
