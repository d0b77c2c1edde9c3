/* Zip archives of torch.save, put together by hand: damaged, incomplete, or larger unpacked than
 * the file. Each is a clear error, in little memory. */
#define _GNU_SOURCE
#include "pth_files.h"

#include <zlib.h>

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

int main(void) {
    return RUN_SUITE("pth_archives", set_up, tear_down, {archives}, {bombs});
}
