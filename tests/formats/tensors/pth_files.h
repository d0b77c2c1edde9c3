/* Files of torch.save made byte by byte, that a reader of weights has to refuse. */
#ifndef TEST_PTH_FILES_H
#define TEST_PTH_FILES_H

#include "base/json.h"
#include "weights/file.h"

#include "support/suite.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* A file in memory. */
static char path[64];
static int file;

static inline void set_up(void) {
    file = memfd_create("hostile", MFD_CLOEXEC);
    ck_assert_int_ge(file, 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
}

static inline void tear_down(void) {
    close(file);
}

static inline void put(const void *bytes, size_t n) {
    ck_assert_int_eq(ftruncate(file, 0), 0);
    ck_assert_int_eq(pwrite(file, bytes, n, 0), (ssize_t)n);
}

/* Opens the file and reads all of it: IK_OK, or the message in `err`, which begins with the path.
 */
static inline ik_status read_all(ik_error *err) {
    ik__wfile *f;
    *err = (ik_error){""};
    ik_status status = ik__wfile_open(path, &f, err);
    for (int i = 0; !status && i < ik__wfile_count(f); i++) {
        void *v = malloc((size_t)ik_count(ik__wfile_entry_at(f, i)->shape) * 4 + 1);
        ck_assert_ptr_nonnull(v);
        status = ik__wfile_read(f, i, v, err);
        free(v);
    }
    ik__wfile_close(f);
    if (status) ck_assert_msg(!strncmp(err->text, path, strlen(path)), "%s", err->text);
    return status;
}

static inline void expect_error(const char *message) {
    ik_error err;
    ck_assert_msg(read_all(&err) == IK_FAILED, "the file was read; expected: %s", message);
    ck_assert_msg(strstr(err.text, message), "'%s' is not in: %s", message, err.text);
}

static inline void expect_good(void) {
    ik_error err;
    ck_assert_msg(read_all(&err) == IK_OK, "%s", err.text);
}

/* Under a sanitizer memory is another matter. */
static inline void expect_little_memory(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
#ifndef __SANITIZE_ADDRESS__
    ck_assert_msg(use.ru_maxrss < 700 * 1024, "%ld MiB were used", use.ru_maxrss / 1024);
#endif
}

/* --- pickles */

#define ADD(t, literal) ik__text_add(t, literal, sizeof literal - 1)

static inline void add_text(ik__text *t, const char *s) {
    uint32_t n = (uint32_t)strlen(s);
    ADD(t, "X");
    ik__text_add(t, (const char *)&n, 4);
    ik__text_add(t, s, n);
}

static inline void add_whole(ik__text *t, int64_t v) {
    ADD(t, "\x8a\x08");
    ik__text_add(t, (const char *)&v, 8);
}

typedef struct recipe {
    const char *storage; /* "FloatStorage" */
    int64_t elements, offset;
    int rank;
    int64_t size[10], stride[10];
} recipe;

static const recipe good = {"FloatStorage", 4, 0, 2, {2, 2}, {2, 1}};

/* {"w": tensor} */
static inline ik__text dictionary(const recipe *r) {
    ik__text t = {0};
    ADD(&t, "\x80\x02}");
    add_text(&t, "w");
    ADD(&t, "ctorch._utils\n_rebuild_tensor_v2\n((");
    add_text(&t, "storage");
    ik__text_printf(&t, "ctorch\n%s\n", r->storage);
    add_text(&t, "0");
    add_text(&t, "cpu");
    add_whole(&t, r->elements);
    ADD(&t, "tQ");
    add_whole(&t, r->offset);
    ADD(&t, "(");
    for (int i = 0; i < r->rank; i++) add_whole(&t, r->size[i]);
    ADD(&t, "t(");
    for (int i = 0; i < r->rank; i++) add_whole(&t, r->stride[i]);
    ADD(&t, "t\x89)tRs.");
    return t;
}

/* --- the stream format */

static const char head[] = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
                           "\x80\x02M\xe9\x03."
                           "\x80\x02}.";
static const char one_key[] = "\x80\x02]X\1\0\0\0"
                              "0a.";
static const float four[4] = {1, 2, 3, 4};

/* An object, the keys of the storages, and what follows. */
static inline void put_stream(const char *object, size_t n, const char *keys, size_t keys_bytes,
                              const void *tail, size_t tail_bytes) {
    ik__text t = {0};
    ik__text_add(&t, head, sizeof head - 1);
    ik__text_add(&t, object, n);
    ik__text_add(&t, keys, keys_bytes);
    ik__text_add(&t, tail, tail_bytes);
    put(t.data, t.n);
    ik__text_free(&t);
}

/* With one storage "0" that says it has `elements`. */
static inline void put_tensor_stream(const recipe *r, int64_t elements, const void *numbers,
                                     size_t bytes) {
    ik__text object = dictionary(r), tail = {0};
    ik__text_add(&tail, (const char *)&elements, 8);
    if (bytes) ik__text_add(&tail, numbers, bytes);
    put_stream(object.data, object.n, one_key, sizeof one_key - 1, tail.data, tail.n);
    ik__text_free(&object);
    ik__text_free(&tail);
}

/* A stream whose object is these bytes. */
static inline void put_object(const void *bytes, size_t n) {
    put_stream(bytes, n, "\x80\x02].", 4, "", 0);
}

#endif
