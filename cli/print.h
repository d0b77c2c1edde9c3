/* Writing what may hold names of others: their control characters are made visible, so that a name
 * cannot command the terminal. */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include "inadekit/types.h"

void cli_print(FILE *to, const char *format, ...) IK_PRINTF(2, 3);
void cli_print_list(FILE *to, const char *format, va_list args);

#endif
