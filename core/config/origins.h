/* A configuration with the origin of every value: what the files say, what --set says, and what
 * holds by default because nobody says anything. */
#ifndef INADEKIT_CONFIG_ORIGINS_H
#define INADEKIT_CONFIG_ORIGINS_H

#include "config.h"

/* YAML that loads to the same tree, defaults included; each value is followed by a comment, as
 * `# pipelines/quickstart.yaml:3`, `# --set seed=2` or `# default`. Options are known after the
 * tree's plugins have read it. */
void ik__origins_print(const ik__conf *root, FILE *to);

#endif
