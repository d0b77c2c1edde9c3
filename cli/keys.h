/* Keys of a pipeline by their last name, for who writes one as an option. */
#ifndef CLI_KEYS_H
#define CLI_KEYS_H

/* "train.steps" for "steps", the first where there are several; NULL where there is none. */
const char *cli_key_named(const char *name);

#endif
