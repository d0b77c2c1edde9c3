/* HTML text. */
#include "html.h"

#include <math.h>

static void escape(ik__text *to, const char *s) {
    while (*s) {
        int n = ik__utf8_length(s);
        unsigned char c = (unsigned char)*s;
        bool control = n == 1 && ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7F);
        /* U+FFFE and U+FFFF are no characters of XML. */
        bool outside = n == 3 && (!memcmp(s, "\xEF\xBF\xBE", 3) || !memcmp(s, "\xEF\xBF\xBF", 3));
        const char *entity = c == '&'    ? "&amp;"
                             : c == '<'  ? "&lt;"
                             : c == '>'  ? "&gt;"
                             : c == '"'  ? "&quot;"
                             : c == '\'' ? "&#39;"
                                         : NULL;
        if (entity)
            ik__text_add(to, entity, strlen(entity));
        else if (!n || control || outside)
            ik__text_add(to, "\xEF\xBF\xBD", 3);
        else
            ik__text_add(to, s, (size_t)n);
        s += n ? n : 1;
    }
}

void ik__html_text(ik__text *to, const char *s) {
    escape(to, s);
}

/* One value; `spec` is "%...c" and ends before `end`. */
static void value(ik__text *to, const char *spec, const char *end, va_list *args) {
    char one[32];
    size_t n = (size_t)(end - spec);
    if (n >= sizeof one) {
        to->failed = true;
        return;
    }
    memcpy(one, spec, n);
    one[n] = 0;
    switch (end[-1]) {
    case 's':
        escape(to, va_arg(*args, const char *));
        break;
    case '%':
        ik__text_add(to, "%", 1);
        break;
    case 'd':
        if (strstr(one, "ll"))
            ik__text_printf(to, one, va_arg(*args, long long));
        else
            ik__text_printf(to, one, va_arg(*args, int));
        break;
    default:
        ik__text_printf(to, one, va_arg(*args, double));
    }
}

void ik__html(ik__text *to, const char *form, ...) {
    va_list args;
    va_start(args, form);
    while (*form) {
        size_t plain = strcspn(form, "%");
        ik__text_add(to, form, plain);
        form += plain;
        if (!*form) break;
        const char *end = form + 1;
        while (*end && !strchr("sdgf%", *end)) end++;
        if (!*end) {
            to->failed = true;
            break;
        }
        value(to, form, end + 1, &args);
        form = end + 1;
    }
    va_end(args);
}

void ik__html_section(ik__text *to, const char *title, const char *note) {
    ik__html(to, "<section>\n<h2>%s</h2>\n", title);
    if (note) ik__html(to, "<p class=\"note\">%s</p>\n", note);
}

void ik__html_end_section(ik__text *to) {
    ik__html(to, "</section>\n");
}
