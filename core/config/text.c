/* Text: what a file may contain, and environment variables inside quoted scalars. */
#define _GNU_SOURCE
#include "tree.h"

#include <stdlib.h>

int ik__yaml_utf8(const char *text, size_t size, uint32_t *code) {
    const unsigned char *s = (const unsigned char *)text;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (size == 0) return 0;
    int length = s[0] < 0x80 ? 1 : s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : s[0] >= 0xC2 ? 2 : 0;
    if (length == 0 || s[0] > 0xF4 || (size_t)length > size) return 0;
    uint32_t c = length == 1 ? s[0] : s[0] & (0xFFu >> (length + 1));
    for (int i = 1; i < length; i++) {
        if ((s[i] & 0xC0) != 0x80) return 0;
        c = c << 6 | (s[i] & 0x3Fu);
    }
    if (c < least[length] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return 0;
    *code = c;
    return length;
}

void ik__yaml_text_position(const char *text, size_t offset, int *line, int *column) {
    *line = *column = 1;
    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n') {
            ++*line;
            *column = 1;
        } else if (((unsigned char)text[i] & 0xC0) != 0x80) {
            ++*column;
        }
    }
}

ik_status ik__yaml_text_check(const char *file, const char *text, size_t size, ik_error *err) {
    for (size_t i = 0; i < size;) {
        uint32_t c = 0;
        int length = ik__yaml_utf8(text + i, size - i, &c);
        bool control = length && (c == 0x7F || (c < 0x20 && c != '\t' && c != '\n' && c != '\r'));
        if (length && !control) {
            i += (size_t)length;
            continue;
        }
        ik__conf at = {.file = file};
        ik__yaml_text_position(text, i, &at.line, &at.column);
        return ik__conf_fail(&at, err, "byte 0x%02X is not %s; save the file as UTF-8 text",
                             (unsigned char)text[i], control ? "text" : "valid UTF-8");
    }
    return IK_OK;
}

/* Room for the result: expansion runs twice, first to measure. */
typedef struct sink {
    char *to;
    size_t n;
} sink;

static void put(sink *s, const char *text, size_t size) {
    if (s->to) memcpy(s->to + s->n, text, size);
    s->n += size;
}

static bool is_name(const char *s, size_t size) {
    for (size_t i = 0; i < size; i++) {
        bool letter = (s[i] >= 'A' && s[i] <= 'Z') || (s[i] >= 'a' && s[i] <= 'z') || s[i] == '_';
        if (!letter && !(i > 0 && s[i] >= '0' && s[i] <= '9')) return false;
    }
    return size > 0;
}

/* One `${...}`; `s` begins behind the brace. Moves `*end` behind the closing one. */
static ik_status expand_one(const ik__conf *at, const char *s, const char **end, sink *to,
                            ik_error *err) {
    const char *close = strchr(s, '}');
    if (!close)
        return ik__conf_fail(at, err, "'${' has no closing '}'; write '$${' for a literal '${'");
    *end = close + 1;
    const char *dash = memmem(s, (size_t)(close - s), ":-", 2);
    size_t length = (size_t)((dash ? dash : close) - s);
    char name[128];
    if (!is_name(s, length) || length >= sizeof name)
        return ik__conf_fail(at, err,
                             "'${%.*s}' names no environment variable; write ${NAME} or "
                             "${NAME:-default}, or '$${' for a literal '${'",
                             close - s > 80 ? 80 : (int)(close - s), s);
    memcpy(name, s, length);
    name[length] = 0;
    const char *value = getenv(name);
    if (dash && (!value || !*value)) {
        put(to, dash + 2, (size_t)(close - dash - 2));
        return IK_OK;
    }
    if (!value)
        return ik__conf_fail(at, err,
                             "environment variable '%s' is not set; set it, or write "
                             "${%s:-default}",
                             name, name);
    uint32_t code;
    size_t size = strlen(value);
    for (size_t i = 0; i < size; i += (size_t)ik__yaml_utf8(value + i, size - i, &code))
        if (!ik__yaml_utf8(value + i, size - i, &code))
            return ik__conf_fail(at, err,
                                 "environment variable '%s' is not valid UTF-8; correct it", name);
    put(to, value, size);
    return IK_OK;
}

static ik_status expand(const ik__conf *at, const char *s, sink *to, ik_error *err) {
    while (*s) {
        const char *dollar = strchr(s, '$');
        if (!dollar) dollar = s + strlen(s);
        put(to, s, (size_t)(dollar - s));
        s = dollar;
        if (strncmp(s, "$${", 3) == 0) {
            put(to, "${", 2);
            s += 3;
        } else if (strncmp(s, "${", 2) == 0) {
            ik_status status = expand_one(at, s + 2, &s, to, err);
            if (status) return status;
        } else if (*s) {
            put(to, s++, 1);
        }
    }
    return IK_OK;
}

ik_status ik__yaml_text_expand(ik__yaml *loader, const ik__conf *at, const char **text,
                               ik_error *err) {
    if (!strstr(*text, "${")) return IK_OK;
    sink to = {0};
    ik_status status = expand(at, *text, &to, err);
    if (status) return status;
    if (to.n > IK__CONF_MAX_BYTES)
        return ik__conf_fail(at, err, "the text grows beyond 1 MiB; shorten the variables in it");
    sink copy = {.to = ik__pool_alloc(loader->pool, to.n + 1)};
    status = expand(at, *text, &copy, err);
    *text = copy.to;
    return status;
}
