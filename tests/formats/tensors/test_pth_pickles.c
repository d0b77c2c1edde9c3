/* Pickles that are damaged, or made to do harm: other objects than tensors, commands, sizes and
 * depths without end. Each is a clear error, in little memory, and nothing in them is run. */
#define _GNU_SOURCE
#include "pth_files.h"

/* --- the machine */

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

/* Five thousand times one list of five thousand nothings: 25 million to look at, in 15 kB. */
START_TEST(lists_in_a_list) {
    enum { MANY = 5000 };
    ik__text t = {0};
    ADD(&t, "]q\0(");
    for (int i = 0; i < MANY; i++) ADD(&t, "N");
    ADD(&t, "e0}X\1\0\0\0"
            "a](");
    for (int i = 0; i < MANY; i++) ADD(&t, "h\0");
    ADD(&t, "es.");
    put_object(t.data, t.n);
    ik__text_free(&t);
    expect_error("its dictionaries are nested too deeply, or lie in each other too often");
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

int main(void) {
    return RUN_SUITE("pth_pickles", set_up, tear_down, {pickles}, {nothing_is_run}, {names},
                     {absurd_length}, {absurd_depth}, {doubling_dictionaries}, {lists_in_a_list},
                     {copied_lists}, {shared_without_end});
}
