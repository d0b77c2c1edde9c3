/* YAML text to a tree, by libyaml's events: they keep the position of every node and of every
 * alias, and stop at the first thing that is wrong. */
#include "tree.h"

#include <yaml.h>

enum { MAX_ANCHORS = 1024 };

typedef struct anchor {
    const char *name;
    ik__yaml_node *node;
    bool open; /* its node has not ended yet */
} anchor;

typedef struct reader {
    yaml_parser_t yaml;
    yaml_event_t event; /* the current one */
    const ik__yaml_source *source;
    ik__yaml *loader;
    ik_error *err;
    int n_anchors;
    anchor anchors[MAX_ANCHORS];
} reader;

static ik__conf place(const reader *r, yaml_mark_t mark) {
    int shift = mark.line == 0 ? r->source->shift : 0;
    return (ik__conf){.file = r->source->file,
                      .line = (int)mark.line + 1,
                      .column = (int)mark.column + 1 + shift};
}

/* libyaml places the end of a text without a last newline on a line of its own. */
static ik__conf problem_place(const reader *r) {
    const ik__yaml_source *s = r->source;
    ik__conf at = place(r, r->yaml.problem_mark);
    int line, column;
    ik__yaml_text_position(s->text, s->size, &line, &column);
    if (at.line <= line) return at;
    at.line = line;
    at.column = column + (line == 1 ? s->shift : 0);
    return at;
}

/* Is the line indented with a tab? To libyaml that is a "character that cannot start any token". */
static bool indented_by_tab(const ik__yaml_source *s, int line) {
    size_t i = 0;
    for (; i < s->size && line > 1; i++) line -= s->text[i] == '\n';
    while (i < s->size && s->text[i] == ' ') i++;
    return i < s->size && s->text[i] == '\t';
}

static ik_status refuse_syntax(reader *r) {
    yaml_parser_t *y = &r->yaml;
    ik__conf at = problem_place(r);
    if (y->error == YAML_MEMORY_ERROR) return ik__conf_fail(&at, r->err, "no memory left");
    if (y->error == YAML_READER_ERROR) {
        size_t offset = y->problem_offset < r->source->size ? y->problem_offset : r->source->size;
        ik__yaml_text_position(r->source->text, offset, &at.line, &at.column);
        return ik__conf_fail(&at, r->err, "%s; save the file as UTF-8 text", y->problem);
    }
    if (indented_by_tab(r->source, at.line))
        return ik__conf_fail(&at, r->err,
                             "a tab is in this line's indentation, which YAML does not allow; "
                             "indent it by spaces");
    if (!y->context)
        return ik__conf_fail(&at, r->err, "%s; check the indentation, quotes and brackets here",
                             y->problem);
    ik__conf from = place(r, y->context_mark);
    return ik__conf_fail(&at, r->err,
                         "%s %s that begins at %d:%d; check the indentation, quotes and brackets",
                         y->problem, y->context, from.line, from.column);
}

static ik_status next(reader *r) {
    yaml_event_delete(&r->event);
    if (yaml_parser_parse(&r->yaml, &r->event)) return IK_OK;
    memset(&r->event, 0, sizeof r->event);
    return refuse_syntax(r);
}

static ik_status add_anchor(reader *r, ik__yaml_node *node, const yaml_char_t *name) {
    if (!name) return IK_OK;
    if (r->n_anchors == MAX_ANCHORS)
        return ik__conf_fail(&node->conf, r->err, "more than %d anchors in a file; split it",
                             MAX_ANCHORS);
    r->anchors[r->n_anchors++] =
        (anchor){ik__pool_strdup(r->loader->pool, (const char *)name), node, true};
    return IK_OK;
}

static void close_anchor(reader *r, const ik__yaml_node *node) {
    for (int i = r->n_anchors - 1; i >= 0; i--)
        if (r->anchors[i].node == node) r->anchors[i].open = false;
}

static ik_status read_alias(reader *r, ik__yaml_node *node) {
    const char *name = (const char *)r->event.data.alias.anchor;
    for (int i = r->n_anchors - 1; i >= 0;
         i--) { /* an anchor may be set again: the last one counts */
        if (strcmp(r->anchors[i].name, name) != 0) continue;
        if (r->anchors[i].open)
            return ik__conf_fail(&node->conf, r->err,
                                 "alias '*%.80s' lies inside the node it stands for; move it out",
                                 name);
        node->target = r->anchors[i].node;
        return IK_OK;
    }
    return ik__conf_fail(&node->conf, r->err,
                         "alias '*%.80s' has no anchor '&%.80s' before it; write the anchor first",
                         name, name);
}

static ik_status read_text(reader *r, const ik__conf *at, const char **text) {
    const char *value = (const char *)r->event.data.scalar.value;
    if (strlen(value) != r->event.data.scalar.length)
        return ik__conf_fail(at, r->err, "text with a '\\0' in it; remove it");
    *text = ik__pool_strdup(r->loader->pool, value);
    return IK_OK;
}

static ik_status read_scalar(reader *r, ik__yaml_node *node) {
    yaml_scalar_style_t style = r->event.data.scalar.style;
    node->plain = style == YAML_PLAIN_SCALAR_STYLE;
    node->expand =
        style == YAML_SINGLE_QUOTED_SCALAR_STYLE || style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    node->conf.quoted = !node->plain;
    ik_status status = add_anchor(r, node, r->event.data.scalar.anchor);
    if (!status) status = read_text(r, &node->conf, &node->conf.text);
    if (!status) close_anchor(r, node);
    return status;
}

/* The current event is the key; `at` becomes its place. */
static ik_status read_key(reader *r, ik__yaml_node *map, const char **key, ik__conf *at) {
    *at = place(r, r->event.start_mark);
    if (r->event.type != YAML_SCALAR_EVENT)
        return ik__conf_fail(at, r->err,
                             "a key must be a word, not a list, a map or an alias; quote it if it "
                             "is meant as text");
    if (r->event.data.scalar.tag)
        return ik__conf_fail(at, r->err, "tags such as '%.80s' have no meaning here; remove it",
                             (const char *)r->event.data.scalar.tag);
    ik_status status = read_text(r, at, key);
    if (status) return status;
    if (r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE && strcmp(*key, "<<") == 0)
        return ik__conf_fail(at, r->err,
                             "merge keys ('<<') are not supported; use 'include:' or repeat the "
                             "keys");
    for (const char *s = *key; *s; s++)
        if ((unsigned char)*s < 0x20 || s - *key >= IK__CONF_MAX_KEY_BYTES)
            return ik__conf_fail(at, r->err,
                                 "a key must be one line of at most %d bytes; shorten it",
                                 IK__CONF_MAX_KEY_BYTES);
    if (map->conf.n == IK__CONF_MAX_KEYS)
        return ik__conf_fail(at, r->err, "more than %d keys in a map; split it", IK__CONF_MAX_KEYS);
    int twin = ik__yaml_find(map, *key);
    if (twin < 0) return IK_OK;
    const ik__conf *first = map->conf.items[twin];
    return ik__conf_fail(at, r->err, "key '%.80s' is given twice, first at %s:%d:%d; remove one",
                         *key, first->key_file, first->key_line, first->key_column);
}

static ik_status read_node(reader *r, int depth, ik__yaml_node **out);

static ik_status read_items(reader *r, ik__yaml_node *node, int depth) {
    bool map = node->conf.kind == IK_CONF_MAP;
    yaml_event_type_t end = map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    for (;;) {
        const char *key = NULL;
        ik__conf at = {0};
        ik_status status = next(r);
        if (status) return status;
        if (r->event.type == end) return IK_OK;
        if (map) {
            status = read_key(r, node, &key, &at);
            if (!status) status = next(r);
            if (status) return status;
        }
        ik__yaml_node *item;
        status = read_node(r, depth, &item);
        if (status) return status;
        item->conf.key_file = at.file;
        item->conf.key_line = at.line;
        item->conf.key_column = at.column;
        ik__yaml_add(r->loader, node, key, item);
    }
}

static ik_status read_collection(reader *r, ik__yaml_node *node, int depth) {
    bool map = node->conf.kind == IK_CONF_MAP;
    bool block = map ? r->event.data.mapping_start.style == YAML_BLOCK_MAPPING_STYLE
                     : r->event.data.sequence_start.style == YAML_BLOCK_SEQUENCE_STYLE;
    if (block && r->source->flow_only)
        return ik__conf_fail(&node->conf, r->err, "write %s, or quote the value if it is text",
                             map ? "a map as {key: value}" : "a list as [value, value]");
    if (depth >= IK__CONF_MAX_DEPTH)
        return ik__conf_fail(&node->conf, r->err, "nested deeper than %d levels; flatten it",
                             IK__CONF_MAX_DEPTH);
    ik_status status = add_anchor(
        r, node, map ? r->event.data.mapping_start.anchor : r->event.data.sequence_start.anchor);
    if (!status) status = read_items(r, node, depth + 1);
    if (!status) close_anchor(r, node);
    return status;
}

static const yaml_char_t *tag_of(const yaml_event_t *e) {
    return e->type == YAML_SCALAR_EVENT           ? e->data.scalar.tag
           : e->type == YAML_SEQUENCE_START_EVENT ? e->data.sequence_start.tag
           : e->type == YAML_MAPPING_START_EVENT  ? e->data.mapping_start.tag
                                                  : NULL;
}

/* The current event begins the node. */
static ik_status read_node(reader *r, int depth, ik__yaml_node **out) {
    yaml_event_type_t type = r->event.type;
    ik__conf_kind kind = type == YAML_MAPPING_START_EVENT    ? IK_CONF_MAP
                         : type == YAML_SEQUENCE_START_EVENT ? IK_CONF_LIST
                                                             : IK_CONF_SCALAR;
    ik__conf at = place(r, r->event.start_mark);
    *out = ik__yaml_new(r->loader, kind, at.file, at.line, at.column);
    if (tag_of(&r->event))
        return ik__conf_fail(&at, r->err, "tags such as '%.80s' have no meaning here; remove it",
                             (const char *)tag_of(&r->event));
    ik_status status = ik__yaml_check(r->loader, &at, r->err);
    if (status) return status;
    if (type == YAML_ALIAS_EVENT) return read_alias(r, *out);
    if (type == YAML_SCALAR_EVENT) return read_scalar(r, *out);
    return read_collection(r, *out, depth);
}

static ik_status no_content(reader *r, ik__yaml_node **out) {
    const ik__yaml_source *s = r->source;
    ik__conf at = {.file = s->file, .line = 1, .column = 1 + s->shift};
    if (!s->flow_only)
        return ik__conf_fail(&at, r->err, "there is nothing in it; write a map such as 'name: x'");
    if (s->size > 0)
        return ik__conf_fail(&at, r->err, "the value is only a comment; put it in quotes");
    *out = ik__yaml_new(r->loader, IK_CONF_SCALAR, at.file, at.line, at.column);
    (*out)->conf.text = "";
    (*out)->plain = true;
    return IK_OK;
}

static ik_status read_document(reader *r, ik__yaml_node **out) {
    ik_status status = next(r); /* the stream's start */
    if (!status) status = next(r);
    if (status) return status;
    if (r->event.type == YAML_STREAM_END_EVENT) return no_content(r, out);
    status = next(r); /* behind the document's start: its root */
    if (!status) status = read_node(r, 0, out);
    if (status) return status;
    const ik__conf *root = &(*out)->conf;
    if (root->kind == IK_CONF_SCALAR && !root->quoted && !*root->text) return no_content(r, out);
    status = next(r); /* the document's end */
    if (!status) status = next(r);
    if (status || r->event.type == YAML_STREAM_END_EVENT) return status;
    ik__conf at = place(r, r->event.start_mark);
    return ik__conf_fail(&at, r->err, "a second document begins here; keep one in a file");
}

ik_status ik__yaml_parse(ik__yaml *loader, const ik__yaml_source *source, ik__yaml_node **out,
                         ik_error *err) {
    ik__conf at = {.file = source->file, .line = 1, .column = 1};
    if (source->size > IK__CONF_MAX_BYTES)
        return ik__conf_fail(&at, err, "it is larger than 1 MiB; split it with 'include:'");
    ik_status status = ik__yaml_text_check(source->file, source->text, source->size, err);
    if (status) return status;
    size_t mark = source->size >= 3 && memcmp(source->text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;

    reader *r = ik__pool_alloc(loader->pool, sizeof *r);
    r->source = source;
    r->loader = loader;
    r->err = err;
    if (!yaml_parser_initialize(&r->yaml)) return ik__conf_fail(&at, err, "no memory left");
    yaml_parser_set_encoding(&r->yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r->yaml, (const unsigned char *)source->text + mark,
                                 source->size - mark);
    status = read_document(r, out);
    yaml_event_delete(&r->event);
    yaml_parser_delete(&r->yaml);
    return status;
}

const char *ik__conf_library(void) {
    static _Thread_local char text[48];
    snprintf(text, sizeof text, "libyaml %s", yaml_get_version_string());
    return text;
}
