/* Writing HTML that is well-formed XML, too. Text from outside is always escaped. */
#ifndef INADEKIT_REPORT_HTML_H
#define INADEKIT_REPORT_HTML_H

#include "base/text.h"

/* Markup with values in it, as printf has them, except that every %s is escaped: for text and for
 * quoted attributes alike. Known are %s, %d, %lld, %g and %f with flags, width and precision. */
void IK_PRINTF(2, 3) ik__html(ik__text *to, const char *form, ...);
/* Escaped text; bytes that are not UTF-8 and control characters become U+FFFD. */
void ik__html_text(ik__text *to, const char *s);

/* A section with a heading, and a paragraph under it that says how to read it. */
void ik__html_section(ik__text *to, const char *title, const char *note);
void ik__html_end_section(ik__text *to);

/* Numbers in words, into `to`, which is returned: "4 min 3 s", "12.5 ms", "41.2 MiB", "4.68 M". */
enum { IK__WORDS = 48 };
const char *ik__time_words(char to[IK__WORDS], double seconds);
const char *ik__byte_words(char to[IK__WORDS], int64_t bytes);
const char *ik__count_words(char to[IK__WORDS], int64_t n);

#endif
