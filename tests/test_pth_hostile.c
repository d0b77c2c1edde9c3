/* Files of torch.save that are damaged, or made to do harm: each is a clear error, in little
 * memory, and nothing in them is run. The files are put together here, byte by byte. */
#define _GNU_SOURCE
#include "json.h"
#include "weights_file.h"

#include <check.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#define FILES SOURCE_DIR "/tests/weights/"

/* A file in memory. */
static char path[64];
static int file;

static void set_up(void) {
    file = memfd_create("hostile", MFD_CLOEXEC);
    ck_assert_int_ge(file, 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
}

static void tear_down(void) {
    close(file);
}

static void put(const void *bytes, size_t n) {
    ck_assert_int_eq(ftruncate(file, 0), 0);
    ck_assert_int_eq(pwrite(file, bytes, n, 0), (ssize_t)n);
}

/* Opens the file and reads all of it: IK_OK, or the message in `err`, which begins with the path.
 */
static ik_status read_all(ik_error *err) {
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

static void expect_error(const char *message) {
    ik_error err;
    ck_assert_msg(read_all(&err) == IK_FAILED, "the file was read; expected: %s", message);
    ck_assert_msg(strstr(err.text, message), "'%s' is not in: %s", message, err.text);
}

static void expect_good(void) {
    ik_error err;
    ck_assert_msg(read_all(&err) == IK_OK, "%s", err.text);
}

/* --- pickles */

#define ADD(t, literal) ik__text_add(t, literal, sizeof literal - 1)

static void add_text(ik__text *t, const char *s) {
    uint32_t n = (uint32_t)strlen(s);
    ADD(t, "X");
    ik__text_add(t, (const char *)&n, 4);
    ik__text_add(t, s, n);
}

static void add_whole(ik__text *t, int64_t v) {
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
static ik__text dictionary(const recipe *r) {
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
static void put_stream(const char *object, size_t n, const char *keys, size_t keys_bytes,
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
static void put_tensor_stream(const recipe *r, int64_t elements, const void *numbers,
                              size_t bytes) {
    ik__text object = dictionary(r), tail = {0};
    ik__text_add(&tail, (const char *)&elements, 8);
    if (bytes) ik__text_add(&tail, numbers, bytes);
    put_stream(object.data, object.n, one_key, sizeof one_key - 1, tail.data, tail.n);
    ik__text_free(&object);
    ik__text_free(&tail);
}

/* A stream whose object is these bytes. */
static void put_object(const void *bytes, size_t n) {
    put_stream(bytes, n, "\x80\x02].", 4, "", 0);
}

START_TEST(shapes) {
    static const struct {
        recipe recipe;
        const char *message;
    } rows[] = {
        {{"FloatStorage", 4, 1, 2, {2, 2}, {2, 1}},
         "tensor \"w\" reaches to element 4 of a storage of 4; the file is damaged"},
        {{"FloatStorage", 4, 0, 2, {2, 3}, {2, 1}}, "reaches to element 4 of a storage of 4"},
        {{"FloatStorage", 4, 0, 1, {2}, {INT64_MAX}},
         "reaches to element 9223372036854775807 of a storage of 4"},
        {{"FloatStorage", 4, 0, 1, {3}, {INT64_MAX}}, "tensor \"w\" has an impossibly large shape"},
        {{"FloatStorage", 4, INT64_MAX, 1, {2}, {1}}, "an impossibly large shape"},
        {{"FloatStorage", 4, 0, 3, {1LL << 31, 1LL << 31, 4}, {0, 0, 0}},
         "an impossibly large shape"},
        {{"FloatStorage", 4, 0, 1, {5}, {0}},
         "tensor \"w\" repeats the elements of a smaller storage; save it with .contiguous()"},
        {{"FloatStorage", 4, 0, 1, {-1}, {1}},
         "offset, sizes and strides are whole numbers from 0, of at most 8 dimensions"},
        {{"FloatStorage", 4, 0, 1, {1}, {-1}}, "whole numbers from 0"},
        {{"FloatStorage", 4, -1, 1, {1}, {1}}, "whole numbers from 0"},
        {{"FloatStorage", 4, 0, 9, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {0}}, "at most 8 dimensions"},
        {{"FloatStorage", 4, 0, 6, {1, 1, 1, 1, 1, 1}, {0}}, "more than 5 dimensions"},
        {{"FloatStorage", INT64_MAX / 2, 0, 2, {2, 2}, {2, 1}},
         "storage \"0\" is impossibly large"},
        {{"FloatStorage", -1, 0, 2, {2, 2}, {2, 1}},
         "refers to something that is not a storage of numbers"},
        {{"FloatStorage", 5, 0, 2, {2, 2}, {2, 1}},
         "storage \"0\" has 4 elements where its pickle speaks of 5"},
        {{"DoubleStorage", 4, 0, 2, {2, 2}, {2, 1}},
         "storage \"0\" should have 32 bytes and the file has only 16 more; cut short?"},
        {{"ComplexFloatStorage", 4, 0, 1, {1}, {1}}, "asks for \"torch.ComplexFloatStorage\""},
    };
    put_tensor_stream(&good, 4, four, sizeof four);
    expect_good();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        put_tensor_stream(&rows[i].recipe, 4, four, sizeof four);
        expect_error(rows[i].message);
    }
}
END_TEST

/* An empty tensor asks for nothing, wherever it says it lies. */
START_TEST(empty_tensors) {
    const recipe nowhere = {"FloatStorage", 4, 1 << 30, 3, {1LL << 40, 0, 1LL << 40}, {1, 1, 1}};
    put_tensor_stream(&nowhere, 4, four, sizeof four);
    expect_good();
}
END_TEST

START_TEST(streams) {
    ik__text object = dictionary(&good);
    put_tensor_stream(&good, 4, four, 12);
    expect_error("should have 16 bytes and the file has only 12 more; cut short?");
    put_tensor_stream(&good, 4, "xxxxxxxxxxxxxxxxyyy", 19);
    expect_error("the last 3 bytes belong to no storage");
    put_stream(object.data, object.n, "\x80\x02].", 4, "", 0);
    expect_error("tensor \"w\" lies in storage \"0\", which is not there");
    put_stream(object.data, object.n, one_key, sizeof one_key - 1, "xxx", 3);
    expect_error("cut short before the storage \"0\"");
    put_stream(object.data, object.n,
               "\x80\x02]X\1\0\0\0"
               "1a.",
               11, four, 16);
    expect_error("lists a storage that no tensor refers to");
    put_stream(object.data, object.n, "\x80\x02]K\1a.", 7, four, 16);
    expect_error("lists a storage that no tensor refers to");
    put_stream(object.data, object.n, "\x80\x02}.", 4, four, 16);
    expect_error("does not list its storages");
    static const char big[] = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
                              "\x80\x02M\xe9\x03."
                              "\x80\x02}X\x0d\0\0\0little_endian\x89s.";
    ik__text t = {0};
    ADD(&t, big);
    ik__text_add(&t, object.data, object.n);
    put(t.data, t.n);
    expect_error("was written on a big-endian machine");
    ik__text_free(&t);
    put(head, 16);
    expect_error("ends in the middle");
    put("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xea\x03.", 21);
    expect_error("its format is of another version than 1001");
    ik__text_free(&object);
    put("\x80\x02K\1.\x80\x02K\1.\x80\x02K\1.", 15);
    expect_error(""); /* too short to look like one at all */
    put("\x80\x02K\1.\x80\x02K\1.\x80\x02K\1.\x80\x02K\1.", 20);
    expect_error("a pickle, but not one of torch.save");
}
END_TEST

/* --- the pickle machine */

#define ROW(bytes, message)                                                                        \
    { bytes, sizeof bytes - 1, message }
START_TEST(pickles) {
    static const struct {
        const char *bytes;
        size_t n;
        const char *message;
    } rows[] = {
        ROW("cbuiltins\neval\n(X\1\0\0\0"
            "1tR.",
            "asks for \"builtins.eval\", which tensors do not need"),
        ROW("\x80\x04\x8c\x05posix\x8c\x06system\x93.", "asks for \"posix.system\""),
        ROW("ctorch\nload\n.", "asks for \"torch.load\""),
        ROW("ctorch._utils\n_rebuild_parameter_with_state\n.", "_rebuild_parameter_with_state"),
        ROW("c__main__\nNet\n)\x81}b.", "asks for \"__main__.Net\""),
        ROW("(iposix\nsystem\n.", "has the pickle operation 0x69, which torch.save does not write"),
        ROW("ccollections\nOrderedDict\n]R.", "calls something that is not a function"),
        ROW("K\1)R.", "calls something that is not a function"),
        ROW("ccollections\nOrderedDict\nK\1\x85R.",
            "an ordered dictionary is empty, or made of pairs"),
        ROW("ccollections\nOrderedDict\n]K\1a\x85R.", "or made of pairs"),
        ROW("ctorch\nFloatStorage\n)R.", "a storage is not made here"),
        ROW("ctorch._utils\n_rebuild_parameter\n)R.", "a parameter is made of a tensor"),
        ROW("ctorch._utils\n_rebuild_tensor_v2\n)R.",
            "a storage, an offset, sizes and strides are wanted"),
        ROW("K\1Q.", "refers to something that is not a storage of numbers"),
        ROW("K\1K\2\x93.", "names a global by something that is not text"),
        ROW("0.", "takes more values than there are"),
        ROW(".", "takes more values than there are"),
        ROW("K\1(0.", "takes more values than there are"),
        ROW("t.", "uses a mark that was never set"),
        ROW("(K\1d.", "has a key without a value"),
        ROW("}(K\1u.", "has a key without a value"),
        ROW("]K\1K\2s.", "adds to something that is not a dictionary"),
        ROW("K\1K\2a.", "adds to something that is not a list"),
        ROW("h\7.", "recalls a value that was never remembered"),
        ROW("j\xff\xff\xff\xff.", "recalls a value that was never remembered"),
        ROW("K\1r\xff\xff\xff\x7f.", "remembers value number 2147483647; it is damaged"),
        ROW("q\0.", "remembers a value where there is none"),
        ROW("X\xff\xff\xff\xff"
            "abc.",
            "ends in the middle; the file is damaged or cut short"),
        ROW("\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
            "abc.",
            "ends in the middle"),
        ROW("\x8b\xff\xff\xff\x7f"
            "abc.",
            "ends in the middle"),
        ROW("cposix", "ends in the middle"),
        ROW("\x80\x09.", "is of a newer pickle protocol than 5"),
        ROW("}b.", "gives attributes to nothing"),
        ROW("}q\0X\1\0\0\0"
            "ah\0s.",
            "its dictionaries are nested too deeply"),
        ROW("K\1.", "holds no named tensors; save them with torch.save(model.state_dict(), FILE)"),
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        put_object(rows[i].bytes, rows[i].n);
        expect_error(rows[i].message);
    }
}
END_TEST

/* A pickle that would run a command does not. */
START_TEST(nothing_is_run) {
    char command[64];
    snprintf(command, sizeof command, "touch /tmp/ik-hostile-%ld", (long)getpid());
    ik__text t = {0};
    ADD(&t, "\x80\x02"
            "cposix\nsystem\n(");
    add_text(&t, command);
    ADD(&t, "tR.");
    put_object(t.data, t.n);
    ik__text_free(&t);
    expect_error(
        "asks for \"posix.system\", which tensors do not need, so it is refused and nothing "
        "was run; save the tensors alone, with torch.save(model.state_dict(), FILE)");
    ck_assert_int_ne(access(command + strlen("touch "), F_OK), 0);
}
END_TEST

/* Names that are not text, or too long. */
START_TEST(names) {
    ik__text good_one = dictionary(&good);
    static const char *const keys[] = {"\xff", "\xc3", "a\n\xe2\x82"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        ik__text t = {0};
        ADD(&t, "\x80\x02}");
        add_text(&t, keys[i]);
        ik__text_add(&t, good_one.data + 9, good_one.n - 9); /* after {"w" */
        put_object(t.data, t.n);
        ik__text_free(&t);
        expect_error("a tensor's name is not text of at most 1000 bytes");
    }
    ik__text_free(&good_one);
}
END_TEST

/* --- absurd sizes */

/* Under a sanitizer memory is another matter. */
static void expect_little_memory(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
#ifndef __SANITIZE_ADDRESS__
    ck_assert_msg(use.ru_maxrss < 700 * 1024, "%ld MiB were used", use.ru_maxrss / 1024);
#endif
}

static void put_repeated(const char *first, const char *again, size_t n, size_t times,
                         const char *last) {
    ik__text t = {0};
    ik__text_add(&t, first, strlen(first));
    for (size_t i = 0; i < times; i++) ik__text_add(&t, again, n);
    ik__text_add(&t, last, strlen(last));
    put_object(t.data, t.n);
    ik__text_free(&t);
}

START_TEST(absurd_length) {
    static const struct {
        const char *again;
        size_t n;
    } rows[] = {{")", 1}, {"}", 1}, {"(", 1}, {"K\1", 2}, {"N2", 2}, {"]K\1a", 4}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        put_repeated("", rows[i].again, rows[i].n, 5000000, ".");
        expect_error("has more than 4194304 operations, too many for a file of tensors");
        expect_little_memory();
    }
}
END_TEST

START_TEST(absurd_depth) {
    put_repeated(")", "\x85", 1, 4000000, ".");
    expect_error("its dictionaries are nested too deeply");
    put_repeated("]", "]", 1, 2000000, "");
    expect_error("ends in the middle"); /* the keys were eaten */
    expect_little_memory();
}
END_TEST

/* Each dictionary holds the one before twice: small to write down, endless to walk. */
START_TEST(doubling_dictionaries) {
    ik__text t = {0};
    ADD(&t, "}");
    for (int i = 0; i < 30; i++) {
        ADD(&t, "q\0}K\1h\0sK\2h\0s");
    }
    ADD(&t, ".");
    put_object(t.data, t.n);
    ik__text_free(&t);
    expect_error("its dictionaries are nested too deeply");
    expect_little_memory();
}
END_TEST

/* One long list of pairs, made a dictionary of again and again. */
START_TEST(copied_lists) {
    ik__text t = {0};
    ADD(&t, "]q\0(");
    for (int i = 0; i < 100000; i++) ADD(&t, "NN\x86");
    ADD(&t, "e");
    for (int i = 0; i < 1000000; i++) ADD(&t, "ccollections\nOrderedDict\nh\0\x85R");
    ADD(&t, ".");
    put_object(t.data, t.n);
    ik__text_free(&t);
    expect_error("has more than 4194304 operations");
    expect_little_memory();
}
END_TEST

/* The same tensor under many names. */
START_TEST(shared_without_end) {
    ik__text one = dictionary(&good), t = {0}, tail = {0};
    char key[16];
    ik__text_add(&t, one.data, one.n - 2); /* before SETITEM, STOP */
    ADD(&t, "q\0s");
    for (int i = 0; i < 2000; i++) {
        snprintf(key, sizeof key, "%d", i);
        add_text(&t, key);
        ADD(&t, "h\0s");
    }
    ADD(&t, ".");
    int64_t elements = 4;
    ik__text_add(&tail, (const char *)&elements, 8);
    ik__text_add(&tail, (const char *)four, sizeof four);
    put_stream(t.data, t.n, one_key, sizeof one_key - 1, tail.data, tail.n);
    expect_error("its tensors share numbers so often that 8004 elements would come of 16 bytes");
    ik__text_free(&one);
    ik__text_free(&t);
    ik__text_free(&tail);
}
END_TEST

/* --- zip archives, put together by hand */

typedef struct member {
    const char *name;
    const void *data;
    uint32_t bytes;
    uint16_t method;
    uint32_t claims; /* its size unpacked; 0: the true one */
    bool wrong_crc;
    int again; /* how often the directory lists it, more */
} member;

static void add16(ik__text *t, uint16_t v) {
    ik__text_add(t, (const char *)&v, 2);
}
static void add32(ik__text *t, uint32_t v) {
    ik__text_add(t, (const char *)&v, 4);
}

/* What the local header and the directory have in common. */
static void add_facts(ik__text *t, const member *m) {
    add16(t, 20);
    add16(t, 0);
    add16(t, m->method);
    add32(t, 0x00210000);
    add32(t, (uint32_t)crc32(0, m->data, m->bytes) + m->wrong_crc);
    add32(t, m->bytes);
    add32(t, m->claims ? m->claims : m->bytes);
    add16(t, (uint16_t)strlen(m->name));
    add16(t, 0);
}

static void put_zip(int n, const member *members) {
    ik__text t = {0}, directory = {0};
    uint16_t listed = 0;
    for (int i = 0; i < n; i++) {
        const member *m = &members[i];
        for (int k = 0; k <= m->again; k++, listed++) {
            ADD(&directory, "PK\1\2\x14\0");
            add_facts(&directory, m);
            ADD(&directory, "\0\0\0\0\0\0\0\0\0\0");
            add32(&directory, (uint32_t)t.n);
            ik__text_add(&directory, m->name, strlen(m->name));
        }
        ADD(&t, "PK\3\4");
        add_facts(&t, m);
        ik__text_add(&t, m->name, strlen(m->name));
        ik__text_add(&t, m->data, m->bytes);
    }
    uint32_t at = (uint32_t)t.n;
    ik__text_add(&t, directory.data, directory.n);
    ADD(&t, "PK\5\6\0\0\0\0");
    add16(&t, listed);
    add16(&t, listed);
    add32(&t, (uint32_t)directory.n);
    add32(&t, at);
    add16(&t, 0);
    put(t.data, t.n);
    ik__text_free(&t);
    ik__text_free(&directory);
}

START_TEST(archives) {
    ik__text object = dictionary(&good);
    const member pickle = {"a/data.pkl", object.data, (uint32_t)object.n, 0, 0, false, 0};
    const member numbers = {"a/data/0", four, sizeof four, 0, 0, false, 0};
    member m[3] = {pickle, numbers, {"a/byteorder", "big", 3, 0, 0, false, 0}};
    put_zip(2, m);
    expect_good();
    put_zip(3, m);
    expect_error("was written on a big-endian machine");
    put_zip(1, m);
    expect_error("tensor \"w\" lies in storage \"0\", which is not there; the file is damaged");
    put_zip(1, m + 1);
    expect_error("a zip archive without data.pkl, so not of torch.save");
    m[1].bytes = 12;
    put_zip(2, m);
    expect_error("its member a/data/0 has 12 bytes where its pickle speaks of 16");
    m[1] = numbers, m[1].wrong_crc = true;
    put_zip(2, m);
    expect_error("its member a/data/0 cannot be read: CRC error; the file is damaged");
    m[1] = numbers, m[0].wrong_crc = true;
    put_zip(2, m);
    expect_error("its member a/data.pkl cannot be read: CRC error; the file is damaged");
    m[0] = pickle, m[1].claims = 17;
    put_zip(2, m);
    expect_error("its member a/data/0 claims two sizes, 17 and 16 bytes");
    ik__text_free(&object);
}
END_TEST

/* What would unpack to more than the file weighs. */
START_TEST(bombs) {
    ik__text object = dictionary(&good);
    member m[2] = {{"a/data.pkl", object.data, (uint32_t)object.n, 0, 0, false, 0},
                   {"a/data/0", four, sizeof four, 8, 0xf0000000, false, 0}};
    put_zip(2, m);
    expect_error(
        "its member a/data/0 is compressed, which torch.save does not do; unpack it and save "
        "it anew with torch.save");
    m[0].method = 8, m[0].claims = 0xf0000000;
    put_zip(2, m);
    expect_error("its member a/data.pkl is compressed");
    enum { LARGE = 1 << 20 };
    char *large = calloc(LARGE, 1);
    m[0].method = 0, m[0].claims = 0;
    m[1] = (member){"a/data/0", large, LARGE, 0, 0, false, 500};
    put_zip(2, m);
    expect_error("its members claim more bytes than the file's");
    free(large);
    ik__text_free(&object);
    large = calloc(65, LARGE);
    m[0] = (member){"a/data.pkl", large, 65 * LARGE, 0, 0, false, 0};
    put_zip(1, m);
    expect_error("its pickle has 68157440 bytes, more than the 67108864 allowed");
    free(large);
    expect_little_memory();
}
END_TEST

/* --- damage, everywhere */

static char *slurp(const char *name, size_t *n) {
    char from[300], *bytes = malloc(1 << 16);
    snprintf(from, sizeof from, FILES "%s", name);
    FILE *f = fopen(from, "rb");
    ck_assert_ptr_nonnull(f);
    *n = fread(bytes, 1, 1 << 16, f);
    fclose(f);
    return bytes;
}

static const char *const whole[] = {"kinds_zip.pth", "kinds_stream.pth", "kinds_protocol4.pth",
                                    "checkpoint_stream.pth", "kinds.safetensors"};
enum { WHOLE = sizeof whole / sizeof *whole };

/* No beginning of a file passes for the file. */
START_TEST(cut_anywhere) {
    size_t n;
    char *bytes = slurp(whole[_i], &n);
    ik_error err;
    for (size_t k = 0; k < n; k += k < 600 ? 1 : 7) {
        put(bytes, k);
        ck_assert_msg(read_all(&err) == IK_FAILED, "%s: %zu bytes of %zu pass", whole[_i], k, n);
    }
    free(bytes);
}
END_TEST

/* A byte that was changed is an error or another number: nothing worse. */
START_TEST(changed_anywhere) {
    size_t n;
    char *bytes = slurp(whole[_i], &n);
    ik_error err;
    int refused = 0;
    for (size_t k = 0; k < n; k++) {
        const char flip = k % 2 ? (char)0xff : 1;
        bytes[k] ^= flip;
        put(bytes, n);
        refused += read_all(&err) != IK_OK;
        bytes[k] ^= flip;
    }
    ck_assert_int_gt(refused, 100);
    expect_little_memory();
    free(bytes);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pth_hostile");
    TCase *tests = tcase_create("files");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, shapes);
    tcase_add_test(tests, empty_tensors);
    tcase_add_test(tests, streams);
    tcase_add_test(tests, pickles);
    tcase_add_test(tests, nothing_is_run);
    tcase_add_test(tests, names);
    tcase_add_test(tests, absurd_length);
    tcase_add_test(tests, absurd_depth);
    tcase_add_test(tests, doubling_dictionaries);
    tcase_add_test(tests, copied_lists);
    tcase_add_test(tests, shared_without_end);
    tcase_add_test(tests, archives);
    tcase_add_test(tests, bombs);
    tcase_add_loop_test(tests, cut_anywhere, 0, WHOLE);
    tcase_add_loop_test(tests, changed_anywhere, 0, WHOLE);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
