/* What PyTorch's names in a pickle mean. */
#ifndef INADEKIT_TENSORS_PICKLE_TORCH_H
#define INADEKIT_TENSORS_PICKLE_TORCH_H

#include "pickle.h"

/* The row of a global that is understood, or -1. */
int ik__torch_global(const char *module, size_t module_bytes, const char *name, size_t name_bytes);
const char *ik__torch_global_name(int row);
/* The result of a call with a tuple of arguments; NULL, and why, where they do not fit. */
ik__value *ik__torch_call(int row, const ik__value *args, ik__pool *pool, const char **why);
/* A storage by its persistent id; NULL where it is none. */
ik__value *ik__torch_persistent(const ik__value *id, ik__pool *pool);

#endif
