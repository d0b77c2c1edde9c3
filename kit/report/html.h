/* Writing HTML that is well-formed XML, too. Text from outside is always escaped. */
#ifndef INADEKIT_REPORT_HTML_H
#define INADEKIT_REPORT_HTML_H

#include "base/numbers.h"
#include "base/text.h"

/* Markup with values in it, as printf has them, except that every %s is escaped: for text and for
 * quoted attributes alike. Known are %s, %d, %lld, %g and %f with flags, width and precision. */
void IK_PRINTF(2, 3) ik__html(ik__text *to, const char *form, ...);
/* Escaped text; bytes that are not UTF-8 and control characters become U+FFFD. */
void ik__html_text(ik__text *to, const char *s);

/* A section with a heading, and a paragraph under it that says how to read it. */
void ik__html_section(ik__text *to, const char *title, const char *note);
void ik__html_end_section(ik__text *to);

#endif
