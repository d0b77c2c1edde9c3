/* The help of a command, written from its table. */
#include "command.h"

enum { WIDTH = 100, MOST_LEFT = 26 };

/* Words from column `at` on, filled up to WIDTH; later lines begin at column `indent`. */
static void fill(const char *text, int at, int indent, FILE *out) {
    bool first = true;
    while (*text) {
        int n = (int)strcspn(text, " \n");
        if (!first && at + 1 + n > WIDTH) {
            fprintf(out, "\n%*s", indent, "");
            at = indent;
        } else if (!first) {
            fputc(' ', out);
            at++;
        }
        fprintf(out, "%.*s", n, text);
        at += n;
        first = false;
        text += n;
        text += strspn(text, " \n");
    }
    fputc('\n', out);
}

static void left_column(const cli_option *o, char *text, size_t size) {
    char letter[8] = "    ";
    if (o->letter) snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(text, size, "  %s--%s%s%s", letter, o->name, o->value ? " " : "",
             o->value ? o->value : "");
}

static void print_options(const cli_command *c, FILE *out) {
    const cli_option *o;
    char left[96];
    int width = 0;
    for (int i = 0; (o = cli_row(c, i)); i++) {
        left_column(o, left, sizeof left);
        int n = (int)strlen(left);
        if (n > width && n <= MOST_LEFT + 4) width = n;
    }
    width += 2;
    for (int i = 0; (o = cli_row(c, i)); i++) {
        left_column(o, left, sizeof left);
        int n = (int)strlen(left);
        fputs(left, out);
        /* A long one has its explanation on the next line. */
        fprintf(out, "%s%*s", n + 2 > width ? "\n" : "", n + 2 > width ? width : width - n, "");
        fill(o->help, width, width, out);
    }
}

static void print_actions(const cli_command *c, FILE *out) {
    int width = 0;
    for (int i = 0; c->actions[i]; i++) {
        int n = (int)strlen(cli_word(c->actions[i]));
        if (c->actions[i]->summary && n > width) width = n;
    }
    fprintf(out, "\n%s:\n", *c->name ? "actions" : "commands");
    for (int i = 0; c->actions[i]; i++) {
        if (!c->actions[i]->summary) continue;
        fprintf(out, "  %-*s  ", width, cli_word(c->actions[i]));
        fill(c->actions[i]->summary, width + 4, width + 4, out);
    }
}

void cli_synopsis(const cli_command *c, char *text, size_t size) {
    size_t at = (size_t)snprintf(text, size, "%s%s", c->name,
                                 !c->actions ? ""
                                 : *c->name  ? " ACTION"
                                             : "COMMAND");
    for (const cli_operand *o = c->operands; o && o->name && at < size; o++)
        at += (size_t)snprintf(text + at, size - at, o->optional ? " [%s%s]" : " %s%s", o->name,
                               o->repeated ? "..." : "");
    for (const cli_option *o = c->options; o && o->name && at < size; o++)
        if (o->required)
            at += (size_t)snprintf(text + at, size - at, " --%s %s", o->name, o->value);
    if (at < size) snprintf(text + at, size - at, " [OPTIONS]");
}

void cli_help(const cli_command *c, FILE *out) {
    char usage[512];
    int indent = (int)strlen("usage: inadekit ") + (int)strlen(c->name) + 1;
    cli_synopsis(c, usage, sizeof usage);
    fputs("usage: inadekit ", out);
    fill(usage, (int)strlen("usage: inadekit "), indent, out);
    fputc('\n', out);
    fill(c->about, 0, 0, out);
    if (c->actions) print_actions(c, out);
    fputc('\n', out);
    print_options(c, out);
    if (c->examples) fprintf(out, "\nexamples:\n%s", c->examples);
    if (c->end) fprintf(out, "\n%s", c->end);
}
