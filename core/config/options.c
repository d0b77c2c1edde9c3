/* One table of rows validates, fills and explains. A default is YAML text and takes the same way as
 * a value from a file, so it cannot bypass a check. */
#include "base/nearest.h"
#include "options.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* What is being filled. */
typedef struct filler {
    const char *what;
    ik__pool *pool;
    ik_error *err;
} filler;

static const struct {
    const char *noun; /* "must be ..." */
    const char *type; /* in help */
    size_t size;
} types[] = {
    [IK_OPT_BOOL] = {"true or false", "bool", sizeof(bool)},
    [IK_OPT_INT] = {"a whole number", "int", sizeof(int64_t)},
    [IK_OPT_DOUBLE] = {"a number", "number", sizeof(double)},
    [IK_OPT_STRING] = {"a text", "text", sizeof(const char *)},
    [IK_OPT_CHOICE] = {"one of its choices", "choice", sizeof(int)},
    [IK_OPT_INTS] = {"a list of whole numbers, such as [1, 2]", "list of int", sizeof(ik_ints)},
    [IK_OPT_DOUBLES] = {"a list of numbers, such as [0.5, 1]", "list of number",
                        sizeof(ik_doubles)},
    [IK_OPT_STRINGS] = {"a list of texts, such as [a, b]", "list of text", sizeof(ik_strings)},
};

size_t ik__option_size(ik_option_type type) {
    return (unsigned)type < sizeof types / sizeof *types ? types[type].size : 0;
}

bool ik__options_have(const ik_option *rows, const char *name) {
    for (; rows && rows->name; rows++)
        if (strcmp(rows->name, name) == 0) return true;
    return false;
}

/* A value as a message shows it. */
static const char *shown(const ik__conf *c, char *text, size_t size) {
    if (c->kind != IK_CONF_SCALAR) return c->kind == IK_CONF_MAP ? "a map" : "a list";
    if (ik__conf_is_null(c)) return "empty";
    const char *mark = c->quoted ? "\"" : "'";
    snprintf(text, size, "%s%.80s%s", mark, c->text, mark);
    return text;
}

static ik_status wrong(const filler *f, const ik_option *row, const ik__conf *c, const char *must) {
    char text[128];
    return ik__conf_fail(c, f->err, "option '%s' of %s must be %s, not %s", row->name, f->what,
                         must, shown(c, text, sizeof text));
}

static const char *range(const ik_option *row, char *text, size_t size) {
    if (row->max >= 1e18)
        snprintf(text, size, "at least %.15g", row->min);
    else if (row->min <= -1e18)
        snprintf(text, size, "at most %.15g", row->max);
    else
        snprintf(text, size, "%.15g to %.15g", row->min, row->max);
    return text;
}

static ik_status in_range(const filler *f, const ik_option *row, const ik__conf *c, double v) {
    char text[64];
    if ((row->min == 0 && row->max == 0) || (v >= row->min && v <= row->max)) return IK_OK;
    return wrong(f, row, c, range(row, text, sizeof text));
}

static size_t digits(const char **s) {
    const char *from = *s;
    while (**s >= '0' && **s <= '9') ++*s;
    return (size_t)(*s - from);
}

/* A plain decimal number: no hexadecimal, no infinity; the exponent and the point only in reals. */
static bool is_number(const ik__conf *c, bool real) {
    if (c->kind != IK_CONF_SCALAR || c->quoted) return false;
    const char *s = c->text;
    s += *s == '-' || *s == '+';
    size_t n = digits(&s);
    if (real && *s == '.') {
        s++;
        n += digits(&s);
    }
    if (n == 0) return false;
    if (real && (*s == 'e' || *s == 'E')) {
        s++;
        s += *s == '-' || *s == '+';
        if (digits(&s) == 0) return false;
    }
    return !*s;
}

/* To YAML 1.1, C and others 010 is eight. */
static bool maybe_octal(const char *s) {
    s += *s == '-' || *s == '+';
    return s[0] == '0' && s[1];
}

static ik_status read_int(const filler *f, const ik_option *row, const ik__conf *c, void *to) {
    if (!is_number(c, false)) return wrong(f, row, c, types[IK_OPT_INT].noun);
    if (maybe_octal(c->text)) return wrong(f, row, c, "a whole number without zeros before it");
    errno = 0;
    int64_t v = strtoll(c->text, NULL, 10);
    if (errno) return wrong(f, row, c, "a number of 64 bits");
    memcpy(to, &v, sizeof v);
    return in_range(f, row, c, (double)v);
}

static ik_status read_double(const filler *f, const ik_option *row, const ik__conf *c, void *to) {
    if (!is_number(c, true)) return wrong(f, row, c, types[IK_OPT_DOUBLE].noun);
    double v = strtod(c->text, NULL);
    if (!isfinite(v)) return wrong(f, row, c, "a finite number");
    memcpy(to, &v, sizeof v);
    return in_range(f, row, c, v);
}

static ik_status read_string(const filler *f, const ik_option *row, const ik__conf *c, void *to) {
    if (c->kind != IK_CONF_SCALAR) return wrong(f, row, c, types[IK_OPT_STRING].noun);
    if (!*c->text && !row->fallback) return wrong(f, row, c, "a text that is not empty");
    const char *v = *c->text ? ik__pool_strdup(f->pool, c->text) : NULL;
    memcpy(to, &v, sizeof v);
    return IK_OK;
}

/* "a, b, c", cut where the room ends. */
static void join(char *text, size_t size, const char *const *words) {
    size_t n = 0;
    for (*text = 0; *words && n < size; words++)
        n += (size_t)snprintf(text + n, size - n, "%s%s", n ? ", " : "", *words);
}

static ik_status read_choice(const filler *f, const ik_option *row, const ik__conf *c, void *to) {
    char names[512], text[128];
    if (c->kind == IK_CONF_SCALAR)
        for (int i = 0; row->choices[i]; i++)
            if (strcmp(c->text, row->choices[i]) == 0) {
                memcpy(to, &i, sizeof i);
                return IK_OK;
            }
    join(names, sizeof names, row->choices);
    return ik__conf_fail(c, f->err, "option '%s' of %s must be one of %s, not %s", row->name,
                         f->what, names, shown(c, text, sizeof text));
}

static ik_status read_bool(const filler *f, const ik_option *row, const ik__conf *c, void *to) {
    bool v = c->kind == IK_CONF_SCALAR && !c->quoted && strcmp(c->text, "true") == 0;
    if (!v && (c->kind != IK_CONF_SCALAR || c->quoted || strcmp(c->text, "false") != 0))
        return wrong(f, row, c, types[IK_OPT_BOOL].noun);
    memcpy(to, &v, sizeof v);
    return IK_OK;
}

static ik_status read_element(const filler *f, const ik_option *row, const ik__conf *c, void *to) {
    if (row->type == IK_OPT_INTS) return read_int(f, row, c, to);
    if (row->type == IK_OPT_DOUBLES) return read_double(f, row, c, to);
    if (c->kind != IK_CONF_SCALAR || !*c->text)
        return wrong(f, row, c, "a list of texts that are not empty");
    return read_string(f, row, c, to);
}

static ik_status read_list(const filler *f, const ik_option *row, const ik__conf *c, void *to) {
    if (c->kind == IK_CONF_MAP || ik__conf_is_null(c))
        return wrong(f, row, c, types[row->type].noun);
    /* A single value is a list of one. */
    int n = c->kind == IK_CONF_LIST ? c->n : 1;
    size_t size = row->type == IK_OPT_INTS      ? sizeof(int64_t)
                  : row->type == IK_OPT_DOUBLES ? sizeof(double)
                                                : sizeof(const char *);
    char *v = ik__pool_alloc(f->pool, (size_t)n * size);
    for (int i = 0; i < n; i++) {
        const ik__conf *one = c->kind == IK_CONF_LIST ? c->items[i] : c;
        ik_status status = read_element(f, row, one, v + (size_t)i * size);
        if (status) return status;
    }
    if (row->type == IK_OPT_INTS)
        *(ik_ints *)to = (ik_ints){n, (int64_t *)v};
    else if (row->type == IK_OPT_DOUBLES)
        *(ik_doubles *)to = (ik_doubles){n, (double *)v};
    else
        *(ik_strings *)to = (ik_strings){n, (const char *const *)v};
    return IK_OK;
}

static ik_status read_value(const filler *f, const ik_option *row, const ik__conf *c, void *to) {
    switch (row->type) {
    case IK_OPT_BOOL:
        return read_bool(f, row, c, to);
    case IK_OPT_INT:
        return read_int(f, row, c, to);
    case IK_OPT_DOUBLE:
        return read_double(f, row, c, to);
    case IK_OPT_STRING:
        return read_string(f, row, c, to);
    case IK_OPT_CHOICE:
        return read_choice(f, row, c, to);
    case IK_OPT_INTS:
    case IK_OPT_DOUBLES:
    case IK_OPT_STRINGS:
        return read_list(f, row, c, to);
    }
    return ik__conf_fail(c, f->err,
                         "option '%s' of %s has type %d, which this version lacks; "
                         "rebuild the plugin",
                         row->name, f->what, (int)row->type);
}

static ik_status read_fallback(const filler *f, const ik_option *row, void *to) {
    ik__conf empty = {
        .kind = IK_CONF_SCALAR, .file = "default", .line = 1, .column = 1, .text = ""};
    ik__conf *c = NULL;
    if (!*row->fallback) return read_value(f, row, &empty, to);
    ik_status status = ik__conf_parse("default", row->fallback, strlen(row->fallback), &c, f->err);
    if (!status) status = read_value(f, row, c, to);
    ik__conf_free(c);
    return status;
}

static ik_status unknown(const filler *f, const ik_option *rows, const ik__conf *map, int k,
                         const char *const *also) {
    int n = 2;
    for (const ik_option *r = rows; r && r->name; r++) n++;
    for (const char *const *a = also; a && *a; a++) n++;
    const char **names = ik__pool_alloc(f->pool, (size_t)n * sizeof *names);
    n = 0;
    for (const ik_option *r = rows; r && r->name; r++) names[n++] = r->name;
    for (const char *const *a = also; a && *a; a++) names[n++] = *a;
    const ik__conf *item = map->items[k];
    ik__conf at = {.file = item->key_file, .line = item->key_line, .column = item->key_column};
    const char *near = ik__nearest(map->keys[k], names);
    char list[1024] = "";
    if (near)
        snprintf(list, sizeof list, "did you mean '%s'?", near);
    else if (n == 0)
        snprintf(list, sizeof list, "it takes none; remove it");
    else {
        size_t used = (size_t)snprintf(list, sizeof list, "known are: ");
        join(list + used, sizeof list - used, names);
    }
    return ik__conf_fail(&at, f->err, "unknown option '%s' of %s; %s", map->keys[k], f->what, list);
}

static bool listed(const char *const *names, const char *name) {
    for (; names && *names; names++)
        if (strcmp(*names, name) == 0) return true;
    return false;
}

static ik_status check_keys(const filler *f, const ik_option *rows, const ik__conf *map,
                            const char *const *also) {
    if (map->kind != IK_CONF_MAP) {
        char text[128];
        if (ik__conf_is_null(map)) return IK_OK;
        return ik__conf_fail(map, f->err, "%s takes a map of options, not %s", f->what,
                             shown(map, text, sizeof text));
    }
    for (int k = 0; k < map->n; k++) {
        bool known = strcmp(map->keys[k], "plugin") == 0 || ik__options_have(rows, map->keys[k]) ||
                     listed(also, map->keys[k]);
        if (!known) return unknown(f, rows, map, k, also);
    }
    return IK_OK;
}

/* Every row but those of `also`; what `map`, which may be NULL, does not have is by default. */
static ik_status fill(const filler *f, const ik_option *rows, const ik__conf *map,
                      const char *const *also, void *self) {
    ik_status status = IK_OK;
    if (map) ik__conf_note(map, rows);
    for (const ik_option *row = rows; row && row->name && !status; row++) {
        const ik__conf *c = listed(also, row->name) ? NULL : ik__conf_get(map, row->name);
        void *to = (char *)self + row->offset;
        if (c)
            status = read_value(f, row, c, to);
        else if (row->fallback)
            status = read_fallback(f, row, to);
        else
            status = ik__conf_fail(map, f->err, "%s needs the option '%s' (%s); add it", f->what,
                                   row->name, row->help ? row->help : types[row->type].type);
    }
    return status;
}

ik_status ik__options_fill(const ik_option *rows, const ik__conf *map, const char *const *also,
                           const char *what, void *self, ik__pool *pool, ik_error *err) {
    filler f = {what, pool, err};
    ik_status status = map ? check_keys(&f, rows, map, also) : IK_OK;
    return status ? status : fill(&f, rows, map, also, self);
}

ik_status ik__options_pick(const ik_option *rows, const ik__conf *from, const char *what,
                           void *self, ik__pool *pool, ik_error *err) {
    filler f = {what, pool, err};
    return fill(&f, rows, from, NULL, self);
}

ik_status ik__options_value(const ik_option *row, const ik__conf *value, const char *what,
                            void *self, ik__pool *pool, ik_error *err) {
    filler f = {what, pool, err};
    return read_value(&f, row, value, (char *)self + row->offset);
}

/* Its type, and which values are allowed. */
static void print_values(const ik_option *row, FILE *out) {
    char text[64], names[512];
    fputs(types[row->type].type, out);
    if (row->type == IK_OPT_CHOICE) {
        join(names, sizeof names, row->choices);
        fprintf(out, " of %s", names);
    }
    if (row->min != 0 || row->max != 0) fprintf(out, ", %s", range(row, text, sizeof text));
}

void ik__options_describe(const ik_option *rows, FILE *out) {
    for (const ik_option *row = rows; row && row->name; row++) {
        fprintf(out, "  %s: ", row->name);
        print_values(row, out);
        if (!row->fallback)
            fputs(", required", out);
        else
            fprintf(out, ", default %s", *row->fallback ? row->fallback : "none");
        fprintf(out, "\n      %s\n", row->help ? row->help : "");
    }
}

/* Text of a cell, in which `|` and `<` would mean something. */
static void cell(const char *text, FILE *out) {
    for (; *text; text++)
        if (*text == '|' || *text == '<')
            fputs(*text == '|' ? "\\|" : "&lt;", out);
        else
            fputc(*text, out);
}

void ik__options_markdown(const ik_option *rows, FILE *out) {
    fputs("| option | value | default | meaning |\n|---|---|---|---|\n", out);
    for (const ik_option *row = rows; row && row->name; row++) {
        fprintf(out, "| `%s` | ", row->name);
        print_values(row, out);
        if (!row->fallback)
            fputs(" | required | ", out);
        else if (!*row->fallback)
            fputs(" | none | ", out);
        else
            fprintf(out, " | `%s` | ", row->fallback);
        cell(row->help ? row->help : "", out);
        fputs(" |\n", out);
    }
}
