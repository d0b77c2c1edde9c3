/* Files of torch.save: the tensors of a state dict, by name.
 *
 * Two formats: a zip archive (data.pkl and one member per storage), and the stream of PyTorch
 * before 1.6 (five pickles, then the storages). Of a dictionary that holds more than tensors the
 * state dict is taken: the one part that has tensors, or else the part called state_dict, model or
 * alike, or its averages (params_ema, ema) where those have the same names, or else everything,
 * with names joined by dots. A `module.` before every name is dropped.
 *
 * Everything is checked at opening against the file's true size; of compressed members, which
 * torch.save does not write, none is read. Errors read `path: what is wrong`. Not for use from
 * several threads at once. */
#ifndef INADEKIT_TENSORS_PTH_H
#define INADEKIT_TENSORS_PTH_H

#include "safetensors.h"

typedef struct ik__pth ik__pth;

/* Does a file with these first 16 bytes look like one? */
bool ik__pth_is(const unsigned char head[16]);
ik_status ik__pth_open(const char *path, ik__pth **out, ik_error *err);
void ik__pth_close(ik__pth *p);
int ik__pth_count(const ik__pth *p);
/* In the dictionary's order; NULL outside 0..count-1. Lives until ik__pth_close. */
const ik__st_entry *ik__pth_entry_at(const ik__pth *p, int i);
/* Which of a file's state dicts was taken, in words; NULL where there was no choice. */
const char *ik__pth_choice(const ik__pth *p);
/* The library that reads archives, with its version. */
const char *ik__pth_library(void);
/* All elements of entry i in logical order, as float or int32_t. */
ik_status ik__pth_read(ik__pth *p, int i, void *to, ik_error *err);

#endif
