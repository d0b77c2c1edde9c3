/* What this build is. */
#ifndef INADEKIT_RUN_BUILD_H
#define INADEKIT_RUN_BUILD_H

#include <stdio.h>

/* Lines with the build type, the compiler, sanitizers, and the libraries with their versions. */
void ik__build_print(FILE *out);

#endif
