/* safetensors: what is written is read back to the bit, and hostile files are refused by name. */
#define _GNU_SOURCE
#include "safetensors_files.h"

#include <fcntl.h>
#include <math.h>

/* Writes a file from a header and a number of data bytes; length < 0: the header's own. */
static void put(const char *header, int64_t length, const void *data, size_t bytes) {
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    uint64_t n = length < 0 ? strlen(header) : (uint64_t)length;
    fwrite(&n, 8, 1, f);
    fwrite(header, 1, strlen(header), f);
    if (bytes) fwrite(data, 1, bytes, f);
    fclose(f);
}

static const char zeros[4096];

/* Opening fails with `path: ` and this message. */
static void refuse(const char *header, int64_t length, size_t bytes, const char *message) {
    ik_error err = {0};
    ik__st *st = NULL;
    put(header, length, zeros, bytes);
    ck_assert_int_eq(ik__st_open(path, &st, &err), IK_FAILED);
    ck_assert_ptr_null(st);
    ck_assert_int_eq(strncmp(err.text, path, strlen(path)), 0);
    ck_assert_str_eq(err.text + strlen(path), message);
}

START_TEST(round_trip) {
    float a[6] = {1.5f, -0.0f, INFINITY, 1e-45f, 3.4028235e38f, 0.1f}, back[6];
    int32_t b[4] = {INT32_MIN, -1, 0, INT32_MAX}, whole[4];
    float one = 7;
    ik_error err = {0};
    a[5] = NAN;
    ik__st_writer *w = ik__st_writer_new(path);
    ik__st_add(w, "generator.fc.weight", IK_F32, IK_SHAPE2(2, 3));
    ik__st_add(w, "empty", IK_F32, IK_SHAPE2(0, 3));
    ik__st_add(w, "map \"\\\n\xC3\xA4", IK_I32, IK_SHAPE5(1, 2, 1, 2, 1));
    ik__st_add(w, "scalar", IK_F32, IK_SHAPE0());
    ik__st_meta_set(w, "step", "12");
    ik__st_meta_set(w, "a\tb", "\x01 \xF0\x9F\x98\x80");
    ck_assert_int_eq(ik__st_begin(w), IK_OK);
    ck_assert_int_eq(ik__st_write(w, a, 2), IK_OK); /* in two pieces */
    ck_assert_int_eq(ik__st_write(w, a + 2, 4), IK_OK);
    ck_assert_int_eq(ik__st_write(w, NULL, 0), IK_OK);
    ck_assert_int_eq(ik__st_write(w, b, 4), IK_OK);
    ck_assert_int_eq(ik__st_write(w, &one, 1), IK_OK);
    ck_assert_msg(ik__st_commit(w, &err) == IK_OK, "%s", err.text);

    ik__st *st = open_good();
    ck_assert_int_eq(ik__st_count(st), 4);
    ck_assert_str_eq(ik__st_entry_at(st, 0)->name, "generator.fc.weight");
    ck_assert_str_eq(ik__st_entry_at(st, 0)->raw_dtype, "F32");
    ck_assert(ik_same_shape(ik__st_entry_at(st, 0)->shape, IK_SHAPE2(2, 3)));
    ck_assert_ptr_null(ik__st_entry_at(st, 4));
    ck_assert_ptr_null(ik__st_entry_at(st, -1));
    ck_assert_int_eq(ik__st_find(st, "map \"\\\n\xC3\xA4"), 2);
    ck_assert_int_eq(ik__st_find(st, "nothing"), -1);
    ck_assert_int_eq(ik__st_read(st, 0, back, NULL), IK_OK);
    ck_assert_mem_eq(back, a, sizeof a);
    ck_assert_int_eq(ik__st_read(st, 1, back, NULL), IK_OK);
    ck_assert_int_eq(ik__st_entry_at(st, 2)->dtype, IK_I32);
    ck_assert_int_eq(ik__st_read(st, 2, whole, NULL), IK_OK);
    ck_assert_mem_eq(whole, b, sizeof b);
    ck_assert_int_eq(ik__st_read(st, 3, back, NULL), IK_OK);
    ck_assert(back[0] == 7);
    ck_assert_str_eq(ik__st_meta(st, "step"), "12");
    ck_assert_str_eq(ik__st_meta(st, "a\tb"), "\x01 \xF0\x9F\x98\x80");
    ck_assert_ptr_null(ik__st_meta(st, "absent"));
    ck_assert_int_eq(ik__st_read(st, 9, back, &err), IK_FAILED);
    ik__st_close(st);
}
END_TEST

/* Larger than a few pages: reading again after the pages were released gives the same. */
START_TEST(reads_twice) {
    enum { N = 100000 };
    float *a = malloc(N * sizeof *a), *b = malloc(N * sizeof *b);
    for (int i = 0; i < N; i++) a[i] = (float)i;
    ik__st_writer *w = ik__st_writer_new(path);
    ik__st_add(w, "a", IK_F32, IK_SHAPE1(N));
    ik__st_begin(w);
    ik__st_write(w, a, N);
    ck_assert_int_eq(ik__st_commit(w, NULL), IK_OK);
    ik__st *st = open_good();
    for (int k = 0; k < 2; k++) {
        memset(b, 0, N * sizeof *b);
        ck_assert_int_eq(ik__st_read(st, 0, b, NULL), IK_OK);
        ck_assert_mem_eq(a, b, N * sizeof *a);
    }
    ik__st_close(st);
    free(a);
    free(b);
}
END_TEST

/* KiB of files that are mapped and in memory. */
static long resident_files(void) {
    FILE *f = fopen("/proc/self/status", "r");
    char line[128];
    long kib = -1;
    while (f && fgets(line, sizeof line, f)) sscanf(line, "RssFile: %ld", &kib);
    if (f) fclose(f);
    return kib;
}

/* Of a file of 32 MiB, read tensor by tensor, little stays. */
START_TEST(releases_what_was_read) {
    enum { TENSORS = 8, N = 1 << 20 };
    float *a = calloc(N, sizeof *a);
    char name[16];
    ik__st_writer *w = ik__st_writer_new(path);
    for (int i = 0; i < TENSORS; i++) {
        snprintf(name, sizeof name, "%d", i);
        ik__st_add(w, name, IK_F32, IK_SHAPE1(N));
    }
    ik__st_begin(w);
    for (int i = 0; i < TENSORS; i++) ik__st_write(w, a, N);
    ck_assert_int_eq(ik__st_commit(w, NULL), IK_OK);
    long before = resident_files();
    ck_assert_int_ge(before, 0);
    ik__st *st = open_good();
    for (int i = 0; i < TENSORS; i++) ck_assert_int_eq(ik__st_read(st, i, a, NULL), IK_OK);
    ck_assert_int_lt(resident_files() - before, 2048);
    ik__st_close(st);
    free(a);
}
END_TEST

START_TEST(empty_file_has_no_tensors) {
    ik__st_writer *w = ik__st_writer_new(path);
    ck_assert_int_eq(ik__st_begin(w), IK_OK);
    ck_assert_int_eq(ik__st_commit(w, NULL), IK_OK);
    ik__st *st = open_good();
    ck_assert_int_eq(ik__st_count(st), 0);
    ck_assert_int_eq(ik__st_find(st, "x"), -1);
    ik__st_close(st);
}
END_TEST

START_TEST(header_bytes) {
    char text[256] = {0};
    float x = 1;
    ik__st_writer *w = ik__st_writer_new(path);
    ik__st_meta_set(w, "k", "v");
    ik__st_add(w, "a", IK_F32, IK_SHAPE1(1));
    ik__st_begin(w);
    ik__st_write(w, &x, 1);
    ck_assert_int_eq(ik__st_commit(w, NULL), IK_OK);
    FILE *f = fopen(path, "rb");
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    ck_assert_uint_eq(n, 8 + 80 + 4);
    ck_assert_uint_eq((unsigned char)text[0], 80);
    text[8 + 80] = 0;
    ck_assert_str_eq(text + 8, "{\"__metadata__\":{\"k\":\"v\"},\"a\":{\"dtype\":\"F32\","
                               "\"shape\":[1],\"data_offsets\":[0,4]}} ");
}
END_TEST

/* Data at an odd address, types converted, unknown keys and spaces tolerated. */
START_TEST(conversions) {
    static const unsigned char data[] = {
        1,                                              /* U8 255 below */
        0,    0,    0,    0,    0,    0,    0xF8, 0x3F, /* F64 1.5 */
        0x00, 0x3C, 0x01, 0,    0x00, 0xFC, 0,    0x80, /* F16 1, 2^-24, -inf, -0 */
        0x80, 0x3F, 0x20, 0xC0,                         /* BF16 1, -2.5 */
        0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, /* I64 -2 */
        0xFF, 0xFF, 0x80,                               /* I16 -1, I8 -128 */
    };
    put("{\"b\":{\"dtype\":\"BOOL\",\"shape\":[1],\"data_offsets\":[0,1]},\n"
        " \"d\":{\"data_offsets\":[1,9],\"note\":[1.5e-3,{\"x\":null}],\"shape\":[],\"dtype\":\"F64\"},"
        "\"h\":{\"dtype\":\"F16\",\"shape\":[2,2],\"data_offsets\":[9,17]},"
        "\"\\u00e4\\ud83d\\ude00\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[17,21]},"
        "\"l\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[21,29]},"
        "\"s\":{\"dtype\":\"I16\",\"shape\":[1],\"data_offsets\":[29,31]},"
        "\"c\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[31,32]}}   ",
        -1, data, sizeof data);
    ik__st *st = open_good();
    float x[4];
    int32_t k;
    ck_assert_int_eq(ik__st_read(st, ik__st_find(st, "d"), x, NULL), IK_OK);
    ck_assert(x[0] == 1.5f);
    ck_assert_int_eq(ik__st_read(st, ik__st_find(st, "h"), x, NULL), IK_OK);
    ck_assert(x[0] == 1 && x[1] == 0x1p-24f && x[2] == -INFINITY && x[3] == 0 && signbit(x[3]));
    int bf16 = ik__st_find(st, "\xC3\xA4\xF0\x9F\x98\x80");
    ck_assert_str_eq(ik__st_entry_at(st, bf16)->raw_dtype, "BF16");
    ck_assert_int_eq(ik__st_read(st, bf16, x, NULL), IK_OK);
    ck_assert(x[0] == 1 && x[1] == -2.5f);
    const struct {
        const char *name;
        int32_t value;
    } whole[] = {{"b", 1}, {"l", -2}, {"s", -1}, {"c", -128}};
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(ik__st_read(st, ik__st_find(st, whole[i].name), &k, NULL), IK_OK);
        ck_assert_int_eq(k, whole[i].value);
    }
    ik__st_close(st);
}
END_TEST

START_TEST(wide_integer_refused) {
    int64_t big = (int64_t)1 << 40;
    int32_t k;
    ik_error err = {0};
    put("{\"l\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", -1, &big, 8);
    ik__st *st = open_good();
    ck_assert_int_eq(ik__st_read(st, 0, &k, &err), IK_FAILED);
    ck_assert_str_eq(err.text + strlen(path),
                     ": tensor \"l\" holds 1099511627776, which does not fit into 32 bits");
    ik__st_close(st);
}
END_TEST

START_TEST(damaged_files) {
    ik_error err = {0};
    ik__st *st;
    ck_assert_int_eq(ik__st_open("/nonexistent/x", &st, &err), IK_FAILED);
    ck_assert_str_eq(err.text, "/nonexistent/x: cannot be opened: No such file or directory");
    ck_assert_int_eq(ik__st_open(folder, &st, &err), IK_FAILED);
    ck_assert_str_eq(err.text + strlen(folder), ": not a file");
    static const char *const foreign[][2] = {
        {"<!DOCTYPE html><html>quota exceeded</html>", ": is a web page (HTML), so that"},
        {"version https://git-lfs.github.com/spec/v1\nsize 12\n", ": is a Git LFS pointer"},
        {"Invalid username or password.", ": is a text and no file of weights"},
    };
    FILE *f;
    for (int i = 0; i < 3; i++) {
        f = fopen(path, "wb");
        fputs(foreign[i][0], f);
        fclose(f);
        ck_assert_int_eq(ik__st_open(path, &st, &err), IK_FAILED);
        ck_assert_ptr_eq(strstr(err.text, foreign[i][1]), err.text + strlen(path));
    }
    f = fopen(path, "wb");
    fputs("abc", f);
    fclose(f);
    ck_assert_int_eq(ik__st_open(path, &st, &err), IK_FAILED);
    ck_assert_str_eq(err.text + strlen(path), ": too short for a safetensors file (3 bytes)");
    refuse("{}", 200000000, 0,
           ": claims a header of 200000000 bytes, more than the 100 MB allowed; not a safetensors "
           "file?");
    refuse("{}", -2 & INT64_MAX, 0,
           ": claims a header of 9223372036854775806 bytes, more than the 100 MB allowed; not a "
           "safetensors file?");
    refuse("{}", 50, 0, ": claims a header of 50 bytes but has only 2 more; cut short?");
    refuse("{}", -1, 5, ": the last 5 bytes belong to no tensor");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", -1, 7,
           ": tensor \"a\" claims bytes 0 to 8 of 7 bytes of data; the file is damaged or cut "
           "short");
}
END_TEST

#define A(dtype, shape, offsets)                                                                   \
    "\"a\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

START_TEST(wrong_entries) {
    refuse("{" A("F32", "[2]", "[0,4]") "}", -1, 4,
           ": tensor \"a\" has 4 bytes where its shape and dtype need 8");
    refuse("{" A("F32", "[1]", "[4,0]") "}", -1, 4,
           ": tensor \"a\" claims bytes 4 to 0 of 4 bytes of data; the file is damaged or cut "
           "short");
    refuse("{" A("Q4", "[1]", "[0,4]") "}", -1, 4,
           ": tensor \"a\" has the dtype \"Q4\"; can be read: F32, F64, F16, BF16, I32, I64, I16, "
           "I8, U8, BOOL");
    refuse("{" A("F32", "[4294967296,4294967296]", "[0,0]") "}", -1, 0,
           ": tensor \"a\" has an impossibly large shape");
    refuse("{" A("F32", "[1,1,1,1,1,1]", "[0,4]") "}", -1, 4,
           ": tensor \"a\" has more than 5 dimensions");
    refuse("{" A("F32", "[1]", "[0,4,8]") "}", -1, 4, ": tensor \"a\" has no pair of data_offsets");
    refuse("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", -1, 4,
           ": tensor \"a\" has no shape");
    refuse("{" A("F32", "[1]", "[0,4]") "," A("F32", "[1]", "[4,8]") "}", -1, 8,
           ": tensor \"a\" occurs twice");
    refuse("{" A("F32", "[2]", "[0,8]") ",\"b\":{\"dtype\":\"I32\",\"shape\":[2],"
                                        "\"data_offsets\":[4,12]}}",
           -1, 12, ": tensor \"b\" overlaps tensor \"a\"");
    refuse("{" A("F32", "[1]", "[4,8]") "}", -1, 8,
           ": bytes 0 to 4 before tensor \"a\" belong to no tensor");
    refuse("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", -1, 0, ": __metadata__ has \"k\" twice");
}
END_TEST

#define BAD(problem, at) ": the header is not valid: " problem " at byte " at

START_TEST(bad_json) {
    refuse("", -1, 0, BAD("expected '{'", "8"));
    refuse("[]", -1, 0, BAD("expected '{'", "8"));
    refuse("{", -1, 0, BAD("expected a string", "9"));
    refuse("{\"a\" 1}", -1, 0, BAD("expected ':'", "13"));
    refuse("{} x", -1, 0, BAD("more text after the end", "11"));
    refuse("{\"a", -1, 0, BAD("unfinished string", "11"));
    refuse("{\"a\":{\"x\":tru}}", -1, 0, BAD("expected a value", "18"));
    refuse("{\"a\":{\"x\":01}}", -1, 0, BAD("expected a value", "18"));
    refuse("{\"a\":{\"x\":[1,]}}", -1, 0, BAD("expected a value", "21"));
    refuse("{\"a\":{\"x\":1,}}", -1, 0, BAD("expected a string", "20"));
    refuse("{\"a\":{\"x\":1 \"y\":2}}", -1, 0, BAD("expected ',' or '}'", "20"));
    refuse("{" A("F32", "[-1]", "[0,4]") "}", -1, 4,
           BAD("expected a whole number, 0 or more", "37"));
    refuse("{" A("F32", "[1.0]", "[0,4]") "}", -1, 4,
           BAD("expected a whole number, 0 or more", "37"));
    refuse("{" A("F32", "[9223372036854775808]", "[0,4]") "}", -1, 4,
           BAD("number too large", "37"));
    refuse("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", -1, 0, BAD("a key occurs twice", "28"));
    refuse("{\"__metadata__\":{\"k\":1}}", -1, 0, BAD("expected a string", "29"));
    refuse("{\"a\\q\":{}}", -1, 0, BAD("unknown escape", "11"));
    refuse("{\"a\\ud800\":{}}", -1, 0, BAD("half of a surrogate pair", "11"));
    refuse("{\"a\\u0000\":{}}", -1, 0, BAD("a string must not contain U+0000", "11"));
    refuse("{\"a\\u00g0\":{}}", -1, 0, BAD("\\u wants four hexadecimal digits", "11"));
    refuse("{\"a\xC0\x80\":{}}", -1, 0, BAD("not UTF-8", "11"));
    refuse("{\"a\n\":{}}", -1, 0, BAD("control character in a string", "11"));
}
END_TEST

START_TEST(deep_nesting) {
    enum { DEEP = 200000 };
    char *header = malloc(DEEP + 16);
    int n = sprintf(header, "{\"a\":{\"x\":");
    memset(header + n, '[', DEEP);
    header[n + DEEP] = 0;
    refuse(header, -1, 0, BAD("nested too deeply", "48"));
    free(header);
}
END_TEST

/* Every cut and every changed byte of a good file is either refused or read within bounds. */
START_TEST(every_damage_survives) {
    float x[4] = {1, 2, 3, 4}, y[64];
    ik__st_writer *w = ik__st_writer_new(path);
    ik__st_meta_set(w, "k", "\xC3\xA4\n");
    ik__st_add(w, "a", IK_F32, IK_SHAPE2(1, 2));
    ik__st_add(w, "b", IK_F32, IK_SHAPE1(2));
    ik__st_begin(w);
    ik__st_write(w, x, 2);
    ik__st_write(w, x + 2, 2);
    ck_assert_int_eq(ik__st_commit(w, NULL), IK_OK);
    unsigned char good[512], bad[512];
    FILE *f = fopen(path, "rb");
    size_t n = fread(good, 1, sizeof good, f);
    fclose(f);
    static const unsigned char masks[] = {1, 4, 0x20, 0x80, 0xFF};
    for (size_t i = 0; i < n * 6; i++) {
        size_t length = i < n ? i : n;
        memcpy(bad, good, n);
        if (i >= n) bad[i % n] ^= masks[i / n - 1];
        f = fopen(path, "wb");
        fwrite(bad, 1, length, f);
        fclose(f);
        ik__st *st;
        ik_error err;
        if (ik__st_open(path, &st, &err) != IK_OK) continue;
        ck_assert_uint_ge(i, n); /* a cut file never passes */
        for (int k = 0; k < ik__st_count(st); k++) ik__st_read(st, k, y, &err);
        ik__st_close(st);
    }
}
END_TEST

int main(void) {
    return RUN_SUITE("safetensors", make_folder, remove_folder, {round_trip}, {reads_twice},
                     {releases_what_was_read}, {empty_file_has_no_tensors}, {header_bytes},
                     {conversions}, {wide_integer_refused}, {damaged_files}, {wrong_entries},
                     {bad_json}, {deep_nesting}, {every_damage_survives});
}
