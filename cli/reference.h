/* The reference of all options, as Markdown, from the tables that check them. */
#ifndef INADEKIT_REFERENCE_H
#define INADEKIT_REFERENCE_H

#include <stdio.h>

/* The pipeline's own keys, those of every dataset, the built-in nodes, and the plugins that are
 * found, by kind and name. */
void ik__reference(FILE *out);

#endif
