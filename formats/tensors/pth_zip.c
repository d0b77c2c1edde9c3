/* The zip format: `NAME/data.pkl` refers to the members `NAME/data/KEY`.
 *
 * libzip reads the archive. Members must be stored as they are: then none can be larger than the
 * file, and an archive that unpacks to more than it weighs is refused at once. */
#include "base/open.h"
#include "pth_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zip.h>

static const int64_t max_pickle = 64 << 20;

const char *ik__zip_why(struct zip_error *e) {
    return zip_error_code_zip(e) == ZIP_ER_OK ? ik__why(0) : zip_error_strerror(e);
}

static ik_status broken(const ik__pth *p, const char *member, const char *why, ik_error *err) {
    return ik_errorf(err, IK_FAILED,
                     "%s: its member %.200s cannot be read: %s; the file is damaged", p->path,
                     member, why);
}

/* Stored, not encrypted, and honest about its size. */
static ik_status check_member(const ik__pth *p, const zip_stat_t *s, ik_error *err) {
    if ((s->valid & ZIP_STAT_ENCRYPTION_METHOD) && s->encryption_method != ZIP_EM_NONE)
        return ik_errorf(err, IK_FAILED, "%s: its member %.200s is encrypted", p->path, s->name);
    if (s->comp_method != ZIP_CM_STORE)
        return ik_errorf(
            err, IK_FAILED,
            "%s: its member %.200s is compressed, which torch.save does not do; unpack "
            "it and save it anew with torch.save",
            p->path, s->name);
    if (s->size != s->comp_size)
        return ik_errorf(err, IK_FAILED,
                         "%s: its member %.200s claims two sizes, %" PRIu64 " and %" PRIu64
                         " bytes",
                         p->path, s->name, s->size, s->comp_size);
    return IK_OK;
}

/* Members that lie over each other would let a small file look large. */
static ik_status check_sizes(const ik__pth *p, ik_error *err) {
    struct stat info;
    uint64_t total = 0, size = stat(p->path, &info) ? 0 : (uint64_t)info.st_size;
    zip_stat_t s;
    for (zip_int64_t i = 0; i < zip_get_num_entries(p->zip, 0); i++) {
        if (zip_stat_index(p->zip, (zip_uint64_t)i, 0, &s)) continue;
        if (s.comp_size > size || (total += s.comp_size) > size)
            return ik_errorf(err, IK_FAILED,
                             "%s: its members claim more bytes than the file's %" PRIu64, p->path,
                             size);
    }
    return IK_OK;
}

static ik_status read_member(const ik__pth *p, const zip_stat_t *s, void *to, ik_error *err) {
    zip_file_t *f = zip_fopen_index(p->zip, s->index, 0);
    if (!f) return broken(p, s->name, ik__zip_why(zip_get_error(p->zip)), err);
    uint64_t done = 0;
    char beyond;
    zip_int64_t n = 1;
    while (done < s->size && (n = zip_fread(f, (char *)to + done, s->size - done)) > 0)
        done += (uint64_t)n;
    if (n > 0) n = zip_fread(f, &beyond, 1); /* the end: the check sum is compared */
    ik_status status = IK_OK;
    if (n < 0)
        status = broken(p, s->name, ik__zip_why(zip_file_get_error(f)), err);
    else if (done < s->size)
        status = broken(p, s->name, "it is cut short", err);
    zip_fclose(f);
    return status;
}

/* NAME/data.pkl; NAME is whatever the file was called once. */
static ik_status find_pickle(const ik__pth *p, zip_stat_t *s, ik_error *err) {
    static const char tail[] = "data.pkl";
    for (zip_int64_t i = 0; i < zip_get_num_entries(p->zip, 0); i++) {
        if (zip_stat_index(p->zip, (zip_uint64_t)i, 0, s) || !(s->valid & ZIP_STAT_NAME)) continue;
        const char *slash = strchr(s->name, '/');
        if (slash && !strcmp(slash + 1, tail)) return check_member(p, s, err);
    }
    return ik_errorf(err, IK_FAILED, "%s: a zip archive without data.pkl, so not of torch.save",
                     p->path);
}

static ik_status check_byte_order(const ik__pth *p, int folder, const char *of, ik_error *err) {
    char name[300], order[8] = "";
    zip_stat_t s;
    snprintf(name, sizeof name, "%.*s/byteorder", folder, of);
    if (zip_stat(p->zip, name, 0, &s) || s.size >= sizeof order) return IK_OK;
    ik_status status = check_member(p, &s, err);
    if (!status) status = read_member(p, &s, order, err);
    if (!status && !strcmp(order, "big"))
        status = ik_errorf(err, IK_FAILED, "%s: was written on a big-endian machine", p->path);
    return status;
}

static ik_status open_archive(ik__pth *p, ik_error *err) {
    int why;
    p->zip = zip_open(p->path, ZIP_RDONLY, &why);
    if (p->zip) return check_sizes(p, err);
    zip_error_t e;
    zip_error_init_with_code(&e, why);
    ik_errorf(err, IK_FAILED, "%s: cannot be read as a zip archive: %s", p->path, ik__zip_why(&e));
    zip_error_fini(&e);
    return IK_FAILED;
}

static ik_status read_pickle(ik__pth *p, const zip_stat_t *s, ik_error *err) {
    if (s->size > (uint64_t)max_pickle)
        return ik_errorf(err, IK_FAILED,
                         "%s: its pickle has %" PRIu64 " bytes, more than the %" PRId64 " allowed",
                         p->path, s->size, max_pickle);
    p->pickle = malloc(s->size + 1);
    if (!p->pickle) return ik_errorf(err, IK_FAILED, "%s: out of memory while reading it", p->path);
    ik__pickle pickle;
    ik_status status = read_member(p, s, p->pickle, err);
    if (!status) status = ik__pickle_read(p->path, p->pickle, s->size, p->pool, &pickle, err);
    if (!status) status = ik__pth_list_storages(p, &pickle, err);
    if (!status) p->root = pickle.root;
    return status;
}

/* One that is not there is an error only if a tensor needs it. */
static ik_status find_storage(ik__pth *p, ik__pth_storage *storage, int folder, const char *of,
                              ik_error *err) {
    char name[600];
    zip_stat_t s;
    snprintf(name, sizeof name, "%.*s/data/%.*s", folder < 200 ? folder : 200, of,
             (int)(storage->key_bytes < 200 ? storage->key_bytes : 200), storage->key);
    if (zip_stat(p->zip, name, 0, &s)) return IK_OK;
    ik_status status = check_member(p, &s, err);
    if (!status && s.size != (uint64_t)storage->bytes)
        status = ik_errorf(err, IK_FAILED,
                           "%s: its member %.200s has %" PRIu64
                           " bytes where its pickle speaks of %" PRId64,
                           p->path, name, s.size, storage->bytes);
    storage->found = true;
    storage->at = s.index;
    return status;
}

ik_status ik__pth_zip_open(ik__pth *p, ik_error *err) {
    zip_stat_t s;
    ik_status status = open_archive(p, err);
    if (!status) status = find_pickle(p, &s, err);
    if (!status) status = read_pickle(p, &s, err);
    if (status) return status;
    int folder = (int)(strchr(s.name, '/') - s.name);
    status = check_byte_order(p, folder, s.name, err);
    for (int i = 0; i < p->n_storages && !status; i++)
        status = find_storage(p, &p->storages[i], folder, s.name, err);
    return status;
}

ik_status ik__pth_zip_numbers(ik__pth *p, const ik__pth_storage *s, const unsigned char **out,
                              ik_error *err) {
    *out = p->numbers;
    if (p->held == s) return IK_OK;
    zip_stat_t member;
    free(p->numbers);
    p->held = NULL;
    p->numbers = malloc((size_t)s->bytes + 1);
    if (!p->numbers)
        return ik_errorf(err, IK_FAILED, "%s: out of memory while reading it", p->path);
    if (zip_stat_index(p->zip, s->at, 0, &member))
        return broken(p, "of a storage", ik__zip_why(zip_get_error(p->zip)), err);
    ik_status status = read_member(p, &member, p->numbers, err);
    if (!status) p->held = s;
    *out = p->numbers;
    return status;
}

void ik__pth_zip_close(ik__pth *p) {
    if (p->zip) zip_discard(p->zip);
    free(p->pickle);
    free(p->numbers);
}

const char *ik__pth_library(void) {
    static _Thread_local char text[48];
    snprintf(text, sizeof text, "libzip %s", zip_libzip_version());
    return text;
}
