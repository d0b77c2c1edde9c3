/* Numbers as a person reads them: three digits that count, and the unit that fits. */
#ifndef INADEKIT_BASE_NUMBERS_H
#define INADEKIT_BASE_NUMBERS_H

#include <locale.h>
#include <stdint.h>

/* Into `to`, which is returned: "51.2 us", "12.5 ms", "4 min 3 s", "41.2 MiB", "4.68 M". */
enum { IK__WORDS = 48 };
const char *ik__time_words(char to[IK__WORDS], double seconds);
const char *ik__byte_words(char to[IK__WORDS], int64_t bytes);
const char *ik__count_words(char to[IK__WORDS], int64_t n);

/* The first that is no finite number; -1: all are. */
int64_t ik__first_odd(const float *v, int64_t n);

/* From here on this thread reads and writes numbers with a decimal point, whatever `setlocale` does
 * or has done. Gives what it had before, for uselocale. */
locale_t ik__plain_numbers(void);

#endif
