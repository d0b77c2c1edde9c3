/* Names that look the same and are not: a letter with its accent as one character (NFC), as most
 * systems write it, or as two (NFD), as some do. */
#ifndef FOLDER_NORMAL_FORM_H
#define FOLDER_NORMAL_FORM_H

#include <stdbool.h>
#include <stddef.h>

/* Do two texts differ, and only by that? Looks at Latin letters and Korean syllables. */
bool folder_same_but_form(const char *a, size_t n_a, const char *b, size_t n_b);

#endif
