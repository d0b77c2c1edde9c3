/* Files of torch.save that are damaged, or made to do harm: each is a clear error, in little
 * memory, and nothing in them is run. Here tensors that do not fit their storages, streams that do
 * not fit together, and damage anywhere; pickles and archives have files of their own. */
#define _GNU_SOURCE
#include "pth_files.h"

#define FILES SOURCE_DIR "/tests/weights/"

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
    return RUN_SUITE("pth_hostile", set_up, tear_down, {shapes}, {empty_tensors}, {streams},
                     {cut_anywhere, WHOLE}, {changed_anywhere, WHOLE});
}
