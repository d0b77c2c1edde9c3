/* torch.save's zip format, written; see pth_write.h.
 *
 * libzip asks for a member's bytes when it comes to it, so that one tensor is in memory at a time.
 */
#define _GNU_SOURCE
#include "pth_write.h"

#include "base/aside.h"
#include "base/text.h"
#include "pth_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <zip.h>

typedef struct output output;

typedef struct member {
    output *out;
    int item;
    int64_t bytes, done;
    char *numbers;
} member;

struct output {
    const char *path;
    const ik__pth_item *items;
    ik_status (*read)(void *user, int i, void *to, ik_error *err);
    void *user;
    zip_t *zip;
    member *members;
    ik_status status;
    ik_error *err;
};

/* --- the pickle */

static void put_whole(ik__text *t, int64_t v) {
    bool small = v >= 0 && v <= INT32_MAX;
    ik__text_add(t, small ? "J" : "\x8a\x08", small ? 1 : 2);
    ik__text_add(t, (const char *)&v, small ? 4 : 8); /* little-endian */
}

static void put_text(ik__text *t, const char *s) {
    uint32_t n = (uint32_t)strlen(s);
    ik__text_add(t, "X", 1);
    ik__text_add(t, (const char *)&n, 4);
    ik__text_add(t, s, n);
}

static const char *storage_of(ik__raw raw) {
    return raw == IK__F32 ? "Float" : raw == IK__I32 ? "Int" : "Long";
}

static const char ordered_dict[] = "ccollections\nOrderedDict\n)R";

/* _rebuild_tensor_v2(storage, 0, size, stride, False, OrderedDict()) */
static void put_tensor(ik__text *t, const ik__pth_item *item, int number) {
    char key[16];
    int64_t stride = 1, strides[IK_MAX_RANK];
    const ik_shape *s = &item->shape;
    for (int i = s->rank; i-- > 0; stride *= s->d[i] ? s->d[i] : 1) strides[i] = stride;
    ik__text_printf(t, "ctorch._utils\n_rebuild_tensor_v2\n((");
    put_text(t, "storage");
    ik__text_printf(t, "ctorch\n%sStorage\n", storage_of(item->raw));
    snprintf(key, sizeof key, "%d", number);
    put_text(t, key);
    put_text(t, "cpu");
    put_whole(t, ik_count(*s));
    ik__text_printf(t, "tQ");
    put_whole(t, 0);
    ik__text_add(t, "(", 1);
    for (int i = 0; i < s->rank; i++) put_whole(t, s->d[i]);
    ik__text_add(t, "t(", 2);
    for (int i = 0; i < s->rank; i++) put_whole(t, strides[i]);
    ik__text_add(t, "t\x89", 2);
    ik__text_add(t, ordered_dict, sizeof ordered_dict - 1);
    ik__text_add(t, "tR", 2);
}

static void put_pickle(ik__text *t, int n, const ik__pth_item *items) {
    ik__text_add(t, "\x80\x02", 2);
    ik__text_add(t, ordered_dict, sizeof ordered_dict - 1);
    ik__text_add(t, "(", 1);
    for (int i = 0; i < n; i++) {
        put_text(t, items[i].name);
        put_tensor(t, &items[i], i);
    }
    ik__text_add(t, "u.", 2);
}

/* --- the archive */

static ik_status failed(output *o, const char *what) {
    if (!o->status)
        o->status = ik_errorf(o->err, IK_FAILED, "%s: cannot be written: %s", o->path, what);
    return o->status;
}

static zip_int64_t begin_member(member *m) {
    output *o = m->out;
    m->done = 0;
    m->numbers = malloc((size_t)m->bytes + 1);
    if (!m->numbers) {
        failed(o, "out of memory");
        return -1;
    }
    ik_error err;
    if (!o->read(o->user, m->item, m->numbers, &err)) return 0;
    if (!o->status) *o->err = err, o->status = IK_FAILED;
    return -1;
}

static zip_int64_t read_member(member *m, void *to, zip_uint64_t room) {
    int64_t n = m->bytes - m->done;
    if ((uint64_t)n > room) n = (int64_t)room;
    memcpy(to, m->numbers + m->done, (size_t)n);
    m->done += n;
    return n;
}

static zip_int64_t source(void *user, void *data, zip_uint64_t room, zip_source_cmd_t command) {
    member *m = user;
    zip_error_t error = {0};
    switch (command) {
    case ZIP_SOURCE_OPEN:
        return begin_member(m);
    case ZIP_SOURCE_READ:
        return read_member(m, data, room);
    case ZIP_SOURCE_CLOSE:
        free(m->numbers);
        m->numbers = NULL;
        return 0;
    case ZIP_SOURCE_STAT: {
        zip_stat_t *s = data;
        zip_stat_init(s);
        s->size = (zip_uint64_t)m->bytes;
        s->valid = ZIP_STAT_SIZE;
        return sizeof *s;
    }
    case ZIP_SOURCE_ERROR: /* o->status says more */
        zip_error_set(&error, ZIP_ER_READ, EIO);
        return zip_error_to_data(&error, data, room);
    case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE,
                                              ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE,
                                              -1);
    default:
        return 0;
    }
}

/* Not compressed, and without the time, so that the same tensors give the same file. */
static void add(output *o, const char *name, zip_source_t *from) {
    char full[64];
    snprintf(full, sizeof full, "archive/%s", name);
    zip_int64_t at = from && !o->status ? zip_file_add(o->zip, full, from, ZIP_FL_ENC_UTF_8) : -1;
    if (at < 0) {
        failed(o, ik__zip_why(zip_get_error(o->zip)));
        zip_source_free(from);
    } else if (zip_set_file_compression(o->zip, (zip_uint64_t)at, ZIP_CM_STORE, 0) ||
               zip_file_set_mtime(o->zip, (zip_uint64_t)at, 315619200, 0)) { /* 1980 */
        failed(o, ik__zip_why(zip_get_error(o->zip)));
    }
}

static void add_text(output *o, const char *name, const char *bytes, size_t n) {
    add(o, name, zip_source_buffer(o->zip, bytes, n, 0));
}

static ik_status put_archive(output *o, const char *part, int n, const ik__text *pickle) {
    int why;
    o->zip = zip_open(part, ZIP_CREATE | ZIP_TRUNCATE, &why);
    if (!o->zip) return failed(o, "it is there, and no zip archive");
    add_text(o, "data.pkl", pickle->data, pickle->n);
    add_text(o, "byteorder", "little", 6);
    for (int i = 0; i < n && !o->status; i++) {
        char name[32];
        o->members[i] = (member){.out = o, .item = i};
        if (!ik__raw_bytes(o->items[i].raw, &o->items[i].shape, &o->members[i].bytes))
            return failed(o, "a tensor is impossibly large");
        snprintf(name, sizeof name, "data/%d", i);
        add(o, name, zip_source_function(o->zip, source, &o->members[i]));
    }
    add_text(o, "version", "3\n", 2);
    if (!o->status && zip_close(o->zip))
        failed(o, zip_error_code_zip(zip_get_error(o->zip)) == ZIP_ER_TMPOPEN
                      ? "there is no such folder, or it cannot be written to"
                      : ik__zip_why(zip_get_error(o->zip)));
    else if (!o->status)
        o->zip = NULL;
    return o->status;
}

ik_status ik__pth_write(const char *path, int n, const ik__pth_item *items,
                        ik_status (*read)(void *user, int i, void *to, ik_error *err), void *user,
                        ik_error *err) {
    output o = {.path = path, .items = items, .read = read, .user = user, .err = err};
    ik__aside aside;
    ik__aside_sweep_file(path);
    ik__aside_name(&aside, path);
    ik__text pickle = {0};
    put_pickle(&pickle, n, items);
    o.members = calloc((size_t)n + 1, sizeof *o.members);
    if (pickle.failed || !o.members) failed(&o, "out of memory");
    if (!o.status) put_archive(&o, aside.part.text, n, &pickle);
    if (o.zip) zip_discard(o.zip);
    if (!o.status)
        o.status = ik__aside_commit(&aside, err);
    else
        ik__aside_abort(&aside);
    ik__text_free(&pickle);
    free(o.members);
    return o.status;
}
