/* See print.h. */
#include "print.h"

#include "base/text.h"

#include <stdlib.h>

void cli_print_list(FILE *to, const char *format, va_list args) {
    ik__text visible = {0};
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = n < 0 ? NULL : malloc((size_t)n + 1);
    if (text) vsnprintf(text, (size_t)n + 1, format, args);
    if (text) ik__text_visible(&visible, text);
    fputs(visible.data ? visible.data : "", to);
    ik__text_free(&visible);
    free(text);
}

void cli_print(FILE *to, const char *format, ...) {
    va_list args;
    va_start(args, format);
    cli_print_list(to, format, args);
    va_end(args);
}
