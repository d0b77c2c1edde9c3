/* "Did you mean". */
#ifndef INADEKIT_BASE_NEAREST_H
#define INADEKIT_BASE_NEAREST_H

/* The candidate (NULL-terminated list) that `word` was probably meant to be: at most a third of the
 * letters added, dropped, changed or swapped; the first of the nearest, or NULL. */
const char *ik__nearest(const char *word, const char *const *candidates);

#endif
