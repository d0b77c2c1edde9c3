/* The stream of PyTorch before 1.6: a magic number, the protocol, facts about the machine, the
 * object, the keys of the storages (five pickles), then the storages, each led by its number of
 * elements. The file is mapped; texts and numbers are used where they lie. */
#include "pth_internal.h"

#include <inttypes.h>

static const unsigned char magic[10] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

static ik_status next(ik__pth *p, size_t *at, ik__pickle *out, ik_error *err) {
    ik_status status =
        ik__pickle_read(p->path, p->map.data + *at, p->map.bytes - *at, p->pool, out, err);
    *at += out->used;
    return status;
}

static ik_status check_machine(const ik__pth *p, const ik__value *facts, ik_error *err) {
    for (int i = 0; facts->kind == IK__PICKLE_DICT && i < facts->n; i += 2) {
        const ik__value *v = facts->items[i + 1];
        if (ik__value_is(facts->items[i], "little_endian") && v->kind == IK__PICKLE_BOOL &&
            !v->whole)
            return ik_errorf(err, IK_FAILED, "%s: was written on a big-endian machine", p->path);
    }
    return IK_OK;
}

static ik_status read_head(ik__pth *p, size_t *at, ik_error *err) {
    ik__pickle pickle;
    ik_status status = next(p, at, &pickle, err);
    if (status) return status;
    const ik__value *v = pickle.root;
    if (v->kind != IK__PICKLE_BYTES || v->bytes != sizeof magic ||
        memcmp(v->text, magic, sizeof magic) != 0)
        return ik_errorf(err, IK_FAILED, "%s: a pickle, but not one of torch.save", p->path);
    status = next(p, at, &pickle, err);
    v = pickle.root;
    if (!status && (v->kind != IK__PICKLE_INT || v->whole != 1001))
        status =
            ik_errorf(err, IK_FAILED, "%s: its format is of another version than 1001", p->path);
    if (!status) status = next(p, at, &pickle, err);
    return status ? status : check_machine(p, pickle.root, err);
}

/* The storage of the key, whose numbers begin at `at`, after their count. */
static ik_status find_storage(ik__pth *p, const ik__value *key, size_t *at, ik_error *err) {
    ik__pth_storage *s =
        key->kind == IK__PICKLE_TEXT ? ik__pth_storage_of(p, key->text, key->bytes) : NULL;
    if (!s || s->found)
        return ik_errorf(err, IK_FAILED, "%s: lists a storage %s", p->path,
                         s ? "twice" : "that no tensor refers to");
    int64_t count;
    if (p->map.bytes - *at < sizeof count)
        return ik_errorf(err, IK_FAILED, "%s: cut short before the storage \"%.*s\"", p->path,
                         (int)s->key_bytes, s->key);
    memcpy(&count, p->map.data + *at, sizeof count);
    *at += sizeof count;
    if (count != s->count)
        return ik_errorf(err, IK_FAILED,
                         "%s: storage \"%.*s\" has %" PRId64
                         " elements where its pickle speaks of %" PRId64,
                         p->path, (int)s->key_bytes, s->key, count, s->count);
    if ((uint64_t)s->bytes > p->map.bytes - *at)
        return ik_errorf(err, IK_FAILED,
                         "%s: storage \"%.*s\" should have %" PRId64
                         " bytes and the file has only %zu more; cut short?",
                         p->path, (int)s->key_bytes, s->key, s->bytes, p->map.bytes - *at);
    s->found = true;
    s->at = *at;
    *at += (size_t)s->bytes;
    return IK_OK;
}

ik_status ik__pth_stream_open(ik__pth *p, ik_error *err) {
    size_t at = 0;
    ik__pickle object, keys;
    ik_status status = ik__map_open(p->path, 16, "PyTorch", &p->map, err);
    if (!status) status = read_head(p, &at, err);
    if (!status) status = next(p, &at, &object, err);
    if (!status) status = next(p, &at, &keys, err);
    if (!status) status = ik__pth_list_storages(p, &object, err);
    if (status) return status;
    p->root = object.root;
    if (keys.root->kind != IK__PICKLE_LIST)
        return ik_errorf(err, IK_FAILED, "%s: does not list its storages", p->path);
    for (int i = 0; i < keys.root->n && !status; i++)
        status = find_storage(p, keys.root->items[i], &at, err);
    if (!status && at != p->map.bytes)
        status = ik_errorf(err, IK_FAILED, "%s: the last %zu bytes belong to no storage", p->path,
                           p->map.bytes - at);
    return status;
}
