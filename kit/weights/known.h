/* Whose names are these? Installed maps say by `known_by` which files they are for. */
#ifndef INADEKIT_WEIGHTS_KNOWN_H
#define INADEKIT_WEIGHTS_KNOWN_H

#include "file.h"

/* Has the file what the map is known by? */
bool ik__known_by(const ik__wfile *f, const ik__wmap *map);
/* "its names are those of SUMMARY: ...", with the line for the pipeline and the command that make
 * use of the first map that knows it; false where none does. */
bool ik__known_advice(const ik__wfile *f, char *text, size_t size);

#endif
