/* The dump of a tree, with comments at the ends of lines. */
#define _GNU_SOURCE
#include "origins.h"

#include "inadekit/option.h"
#include "tree.h"

#include <stdlib.h>
#include <unistd.h>

enum { COLUMN = 46 }; /* where comments begin, if the line leaves room */

typedef struct printer {
    FILE *to;
    char *line; /* the line under construction */
    size_t n;
    FILE *part;
} printer;

static void begin(printer *p) {
    p->part = open_memstream(&p->line, &p->n);
    if (p->part) return;
    fputs("inadekit: error: no memory left for a line of the pipeline\n", stderr);
    _exit(EXIT_FAILURE); /* as for a pool */
}

/* Columns, not bytes. */
static int width(const char *s) {
    int n = 0;
    for (; *s; s++) n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

static void end(printer *p, const char *comment) {
    fclose(p->part);
    int room = COLUMN - width(p->line);
    if (*comment)
        fprintf(p->to, "%s%*s# %s\n", p->line, room > 2 ? room : 2, "", comment);
    else
        fprintf(p->to, "%s\n", p->line);
    free(p->line);
}

static const char *origin(const ik__conf *c, char *to, size_t size) {
    if (!strncmp(c->file, "--set ", 6) || !strcmp(c->file, "default"))
        snprintf(to, size, "%s", c->file);
    else
        snprintf(to, size, "%s:%d", c->file, c->line);
    for (char *s = to; *s; s++)
        if (*s == '\n' || *s == '\r') *s = ' '; /* an override may have several lines */
    return to;
}

/* Is the option written in the map itself? */
static bool is_written(const ik__conf *c, const char *key) {
    return c->kind == IK_CONF_MAP && ik__conf_get(c, key);
}

static bool has_options(const ik__conf *c) {
    for (int t = 0; t < c->n_tables; t++)
        if (c->tables[t]->name) return true;
    return false;
}

/* The first line of a list's element continues the line of its dash. */
static void indent(printer *p, int by, bool *continues) {
    if (!*continues) {
        begin(p);
        fprintf(p->part, "%*s", by, "");
    }
    *continues = false;
}

static void put(printer *p, const ik__conf *c, int by, bool continues);

static void put_value(printer *p, const char *key, const ik__conf *item, int by) {
    char text[600];
    bool bare = item->kind == IK_CONF_SCALAR && has_options(item);
    if (key) ik__yaml_put_key(p->part, key);
    if (!bare && ik__yaml_is_flat(item) && !has_options(item)) {
        fputs(key ? " " : "- ", p->part);
        ik__yaml_put_flat(p->part, item);
        end(p, origin(item, text, sizeof text));
        return;
    }
    if (key)
        end(p, "");
    else
        fputs("- ", p->part);
    put(p, item, by + 2, !key);
}

static void put_defaults(printer *p, const ik__conf *c, int by, bool *continues) {
    for (int t = 0; t < c->n_tables; t++)
        for (const ik_option *row = c->tables[t]; row->name; row++) {
            if (is_written(c, row->name) || !row->fallback) continue;
            indent(p, by, continues);
            fprintf(p->part, "%s: %s", row->name, *row->fallback ? row->fallback : "\"\"");
            end(p, "default");
        }
}

/* A plugin's name alone stands for a map. */
static void put(printer *p, const ik__conf *c, int by, bool continues) {
    char text[600];
    if (c->kind == IK_CONF_SCALAR) {
        indent(p, by, &continues);
        fputs("plugin: ", p->part);
        ik__yaml_put_flat(p->part, c);
        end(p, origin(c, text, sizeof text));
    }
    for (int i = 0; i < c->n; i++) {
        indent(p, by, &continues);
        put_value(p, c->kind == IK_CONF_MAP ? c->keys[i] : NULL, c->items[i], by);
    }
    put_defaults(p, c, by, &continues);
    if (continues) end(p, "");
}

void ik__origins_print(const ik__conf *root, FILE *to) {
    printer p = {.to = to};
    put(&p, root, 0, false);
}
