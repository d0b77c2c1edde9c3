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

/* --- Numbers. */

const char *ik__time_words(char to[IK__WORDS], double s) {
    long long whole = (long long)(s + 0.5);
    if (s < 1)
        snprintf(to, IK__WORDS, s < 0.01 ? "%.2f ms" : s < 0.1 ? "%.1f ms" : "%.0f ms", s * 1e3);
    else if (s < 60)
        snprintf(to, IK__WORDS, s < 10 ? "%.2f s" : "%.1f s", s);
    else if (whole < 3600)
        snprintf(to, IK__WORDS, "%lld min %lld s", whole / 60, whole % 60);
    else
        snprintf(to, IK__WORDS, "%lld h %lld min", whole / 3600, whole / 60 % 60);
    return to;
}

/* Three digits, and the unit of that size. */
static const char *scaled(char to[IK__WORDS], double v, double base, const char *const *units) {
    int u = 0;
    while (v >= base && units[u + 1]) v /= base, u++;
    int digits = u == 0 || v >= 99.95 ? 0 : v >= 9.995 ? 1 : 2;
    snprintf(to, IK__WORDS, "%.*f%s%s", digits, v, *units[u] ? " " : "", units[u]);
    return to;
}

const char *ik__byte_words(char to[IK__WORDS], int64_t bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", NULL};
    return scaled(to, (double)bytes, 1024, units);
}

const char *ik__count_words(char to[IK__WORDS], int64_t n) {
    static const char *const units[] = {"", "k", "M", "G", "T", NULL};
    return scaled(to, (double)n, 1000, units);
}
