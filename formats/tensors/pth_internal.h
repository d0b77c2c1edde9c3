/* Shared by pth*.c: an open file, and how its storages are reached. */
#ifndef INADEKIT_TENSORS_PTH_INTERNAL_H
#define INADEKIT_TENSORS_PTH_INTERNAL_H

#include "base/mapped.h"
#include "pickle.h"
#include "pth.h"

/* One storage of the file. */
typedef struct ik__pth_storage {
    const char *key;
    size_t key_bytes;
    ik__raw raw;
    int64_t count, bytes;
    bool found;
    uint64_t at; /* zip: the member's number; stream: the offset in the file */
} ik__pth_storage;

typedef struct ik__pth_tensor {
    ik__st_entry entry;
    const ik__pickle_tensor *recipe;
    ik__pth_storage *storage;
} ik__pth_tensor;

struct ik__pth {
    char *path;
    ik__pool *pool;
    const ik__value *root;
    char choice[256]; /* which of several state dicts was taken; "" */
    int n, room, n_storages;
    ik__pth_tensor *tensors;
    ik__pth_storage *storages; /* sorted by key */
    ik__map map;               /* stream */
    /* zip */
    struct zip *zip;
    char *pickle;
    const ik__pth_storage *held; /* whose numbers are in `numbers` */
    unsigned char *numbers;
};

/* pth_zip.c, pth_stream.c: open and read the pickle, find the storages. */
ik_status ik__pth_zip_open(ik__pth *p, ik_error *err);
ik_status ik__pth_zip_numbers(ik__pth *p, const ik__pth_storage *s, const unsigned char **out,
                              ik_error *err);
void ik__pth_zip_close(ik__pth *p);
/* What libzip says of a failure, also where that is "No error". */
struct zip_error;
const char *ik__zip_why(struct zip_error *e);
ik_status ik__pth_stream_open(ik__pth *p, ik_error *err);

/* pth.c: fills p->storages from what the pickle refers to. */
ik_status ik__pth_list_storages(ik__pth *p, const ik__pickle *pickle, ik_error *err);
ik__pth_storage *ik__pth_storage_of(const ik__pth *p, const char *key, size_t key_bytes);

/* pth_state.c: the tensors of the state dict in p->root become p->tensors, unchecked. */
ik_status ik__pth_state(ik__pth *p, ik_error *err);

#endif
