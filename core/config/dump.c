/* A tree as YAML text. Scalars that were plain stay plain; all others are double-quoted, with every
 * character escaped that a reader might fold, refuse or expand. */
#include "base/textfile.h"
#include "tree.h"

#include <stdlib.h>

static bool plain_is_safe(const char *s) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "_./+-";
    return *s && strspn(s, letters) == strlen(s) && strncmp(s, "---", 3) != 0 &&
           strncmp(s, "...", 3) != 0 && strcmp(s, "-") != 0;
}

static void put_code(FILE *f, uint32_t c, const char *utf8, int length) {
    bool fold = c == 0x2028 || c == 0x2029 || c == 0xFEFF || (c >= 0xFFFE && c <= 0xFFFF);
    if (c == '"' || c == '\\')
        fprintf(f, "\\%c", (int)c);
    else if (c == '\n')
        fputs("\\n", f);
    else if (c == '\t')
        fputs("\\t", f);
    else if (c < 0x20 || (c >= 0x7F && c < 0xA0))
        fprintf(f, "\\x%02X", c);
    else if (fold)
        fprintf(f, "\\u%04X", c);
    else
        fwrite(utf8, 1, (size_t)length, f);
}

static void put_quoted(FILE *f, const char *s, bool is_key) {
    fputc('"', f);
    for (size_t i = 0, size = strlen(s); i < size;) {
        uint32_t c = 0;
        int length = ik__yaml_utf8(s + i, size - i, &c);
        if (length == 0) break; /* cannot be: texts are checked when they are read */
        if (!is_key && strncmp(s + i, "${", 2) == 0) fputc('$', f);
        put_code(f, c, s + i, length);
        i += (size_t)length;
    }
    fputc('"', f);
}

static void put_scalar(FILE *f, const ik__conf *c) {
    if (ik__conf_is_null(c))
        fputc('~', f);
    else if (!c->quoted && plain_is_safe(c->text))
        fputs(c->text, f);
    else
        put_quoted(f, c->text, false);
}

bool ik__yaml_is_flat(const ik__conf *c) {
    if (c->kind == IK_CONF_SCALAR || c->n == 0) return true;
    if (c->kind == IK_CONF_MAP) return false;
    for (int i = 0; i < c->n; i++)
        if (c->items[i]->kind != IK_CONF_SCALAR) return false;
    return true;
}

void ik__yaml_put_flat(FILE *f, const ik__conf *c) {
    if (c->kind == IK_CONF_SCALAR) {
        put_scalar(f, c);
        return;
    }
    fputc(c->kind == IK_CONF_MAP ? '{' : '[', f);
    for (int i = 0; i < c->n; i++) {
        if (i) fputs(", ", f);
        put_scalar(f, c->items[i]);
    }
    fputc(c->kind == IK_CONF_MAP ? '}' : ']', f);
}

void ik__yaml_put_key(FILE *f, const char *key) {
    if (plain_is_safe(key))
        fputs(key, f);
    else
        put_quoted(f, key, true);
    fputc(':', f);
}

/* One line or more; the first begins where the cursor is. */
static void put_block(FILE *f, const ik__conf *c, int indent) {
    for (int i = 0; i < c->n; i++) {
        const ik__conf *item = c->items[i];
        if (i) fprintf(f, "%*s", indent, "");
        if (c->kind == IK_CONF_LIST)
            fputs("- ", f);
        else
            ik__yaml_put_key(f, c->keys[i]);
        if (ik__yaml_is_flat(item)) {
            if (c->kind == IK_CONF_MAP) fputc(' ', f);
            ik__yaml_put_flat(f, item);
            fputc('\n', f);
            continue;
        }
        if (c->kind == IK_CONF_MAP) fprintf(f, "\n%*s", indent + 2, "");
        put_block(f, item, indent + 2);
    }
}

char *ik__conf_dump(const ik__conf *root) {
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (!f) return NULL;
    if (ik__yaml_is_flat(root)) {
        ik__yaml_put_flat(f, root);
        fputc('\n', f);
    } else {
        put_block(f, root, 0);
    }
    if (fclose(f) == 0) return text;
    free(text);
    return NULL;
}

ik_status ik__conf_write(const ik__conf *root, const char *path, ik_error *err) {
    char *text = ik__conf_dump(root);
    ik_status status = ik__textfile_write(path, text, text ? strlen(text) : 0, err);
    free(text);
    return status;
}
