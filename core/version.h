/* What this build is. */
#ifndef IK_VERSION_H
#define IK_VERSION_H

#include <stdio.h>

/* "inadekit 0.1.0 (plugin interface 1.0)" */
const char *ik__version_text(void);

/* Lines with the build type, the compiler, sanitizers, and the libraries with their versions. */
void ik__version_build(FILE *out);

#endif
