/* Keys of a pipeline: by their last name, for who writes one as an option, and for completion. */
#ifndef CLI_KEYS_H
#define CLI_KEYS_H

#include <stdio.h>

/* "train.steps" for "steps", the first where there are several; NULL where there is none. */
const char *cli_key_named(const char *name);

/* The whole keys that begin so, each with its "=", one a line. */
void cli_keys_print(const char *stem, FILE *out);
/* What a key may be set to, separated by spaces, as rules of completion have it; "": anything. */
const char *cli_key_values(const char *key);

#endif
