/* A shape in words. */
#ifndef INADEKIT_BASE_SHAPE_H
#define INADEKIT_BASE_SHAPE_H

#include "inadekit/types.h"

/* "[4,64,64,3]" */
void ik__shape_text(ik_shape s, char *text, size_t size);

#endif
