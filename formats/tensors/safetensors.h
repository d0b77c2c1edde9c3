/* safetensors files: 8 bytes of little-endian header length, a JSON header, the numbers.
 *
 * Interchangeable with the Python library. A reader maps the file and believes nothing it has not
 * checked; a writer writes beside the file and renames at the end, so a file is whole or not there.
 * Errors read `path: what is wrong`. Not for use from several threads at once. */
#ifndef INADEKIT_TENSORS_SAFETENSORS_H
#define INADEKIT_TENSORS_SAFETENSORS_H

#include "inadekit/types.h"

typedef struct ik__st ik__st;
typedef struct ik__st_writer ik__st_writer;

/* F32, F64, F16, BF16 are read as IK_F32; I32, I64, I16, I8, U8, BOOL as IK_I32. */
typedef struct ik__st_entry {
    const char *name;
    const char *raw_dtype; /* as the file has it: "BF16" */
    ik_dtype dtype;
    ik_shape shape;
} ik__st_entry;

ik_status ik__st_open(const char *path, ik__st **out, ik_error *err);
void ik__st_close(ik__st *st);
int ik__st_count(const ik__st *st);
/* In the header's order; NULL outside 0..count-1. Lives until ik__st_close. */
const ik__st_entry *ik__st_entry_at(const ik__st *st, int i);
/* The position of a name, -1 if it is not there. */
int ik__st_find(const ik__st *st, const char *name);
/* All elements of entry i, as float or int32_t, to room for ik_count(shape) of them. Fails where an
 * I64 does not fit. The pages read are released. */
ik_status ik__st_read(ik__st *st, int i, void *to, ik_error *err);
/* A value of the file's __metadata__, NULL if it has none of that name. */
const char *ik__st_meta(const ik__st *st, const char *key);

/* Writing: new, any number of add and meta_set, begin, write in the order of adding, then commit or
 * abort, which free the writer. The first failure is kept: later calls do nothing and commit
 * reports it, so none but commit needs checking. A NULL writer (no memory) is taken everywhere. */
ik__st_writer *ik__st_writer_new(const char *path);
void ik__st_add(ik__st_writer *w, const char *name, ik_dtype dtype, ik_shape shape);
void ik__st_meta_set(ik__st_writer *w, const char *key, const char *value);
ik_status ik__st_begin(ik__st_writer *w);
/* n elements, float or int32_t as the entry has it. An entry may come in several pieces. */
ik_status ik__st_write(ik__st_writer *w, const void *data, int64_t n);
ik_status ik__st_commit(ik__st_writer *w, ik_error *err);
void ik__st_abort(ik__st_writer *w);

#endif
