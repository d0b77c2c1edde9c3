/* Decoding and writing pictures, and what is refused. */
#include "support/pictures.h"

#include "pictures/image.h"

#include <jpeglib.h>
#include <sys/resource.h>

static ik_error err;

static void expect(ik_status status, const char *name, const char *what) {
    ck_assert_int_eq(status, IK_FAILED);
    ck_assert_msg(strstr(err.text, in_scratch(name)) == err.text, "no path in: %s", err.text);
    ck_assert_msg(strstr(err.text, what), "not '%s' in: %s", what, err.text);
}

static void refuse_map(const char *name, int bits, const char *what) {
    int h, w;
    int32_t *map;
    expect(ik__images.read_map(in_scratch(name), bits, &h, &w, &map, &err), name, what);
    ck_assert_ptr_null(map);
}

static void refuse_rgb(const char *name, const char *what) {
    int h, w;
    uint8_t *rgb;
    expect(ik__images.read_rgb(in_scratch(name), &h, &w, &rgb, &err), name, what);
    ck_assert_ptr_null(rgb);
}

static int32_t *good_map(const char *name, int bits, int h, int w) {
    int height, width;
    int32_t *map;
    ck_assert_msg(!ik__images.read_map(in_scratch(name), bits, &height, &width, &map, &err), "%s",
                  err.text);
    ck_assert_int_eq(height, h);
    ck_assert_int_eq(width, w);
    return map;
}

static uint8_t *good_rgb(const char *name, int h, int w) {
    int height, width;
    uint8_t *rgb;
    ck_assert_msg(!ik__images.read_rgb(in_scratch(name), &height, &width, &rgb, &err), "%s",
                  err.text);
    ck_assert_int_eq(height, h);
    ck_assert_int_eq(width, w);
    return rgb;
}

/* Grey and palette of every depth, plain and interlaced, give the numbers in the file. */
START_TEST(maps_of_every_depth) {
    static const int depths[] = {1, 2, 4, 8, 16};
    int bits = depths[_i % 5], palette = _i / 5 % 2, interlace = _i / 10;
    if (palette && bits == 16) return;
    enum { H = 5, W = 11 };
    uint8_t rows[H][2 * W] = {{0}};
    int32_t expected[H * W];
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            int v = (x * 5 + y * 3) * 997 % (1 << bits);
            expected[y * W + x] = v;
            if (bits == 16)
                rows[y][2 * x] = (uint8_t)(v >> 8), rows[y][2 * x + 1] = (uint8_t)v;
            else
                rows[y][x * bits / 8] |= (uint8_t)(v << (8 - bits - x * bits % 8));
        }
    write_png("m.png", H, W, palette ? PNG_COLOR_TYPE_PALETTE : PNG_COLOR_TYPE_GRAY, bits, rows[0],
              sizeof rows[0], interlace);
    int32_t *map = good_map("m.png", 16, H, W);
    ck_assert_mem_eq(map, expected, sizeof expected);
    free(map);
    if (bits == 16) refuse_map("m.png", 8, "has 16 bits");
}
END_TEST

START_TEST(every_colour_type_becomes_rgb) {
    static const struct {
        int colour, bits;
        uint8_t pixel[8], rgb[3];
    } cases[] = {
        {PNG_COLOR_TYPE_GRAY, 8, {90}, {90, 90, 90}},
        {PNG_COLOR_TYPE_GRAY, 4, {0xf0}, {255, 255, 255}},
        {PNG_COLOR_TYPE_GRAY_ALPHA, 8, {90, 3}, {90, 90, 90}},
        {PNG_COLOR_TYPE_PALETTE, 8, {9}, {9, 246, 7}},
        {PNG_COLOR_TYPE_RGB, 8, {1, 2, 3}, {1, 2, 3}},
        {PNG_COLOR_TYPE_RGB_ALPHA, 8, {1, 2, 3, 4}, {1, 2, 3}},
        {PNG_COLOR_TYPE_RGB, 16, {1, 99, 2, 99, 3, 99}, {1, 2, 3}},
    };
    write_png("c.png", 1, 1, cases[_i].colour, cases[_i].bits, cases[_i].pixel, 8, 0);
    uint8_t *rgb = good_rgb("c.png", 1, 1);
    ck_assert_mem_eq(rgb, cases[_i].rgb, 3);
    free(rgb);
}
END_TEST

/* EXIF with nothing but an orientation, big or little endian. */
static size_t exif(uint8_t *to, int orientation, bool little) {
    static const uint8_t big[] = "MM\0*\0\0\0\10\0\1\1\22\0\3\0\0\0\1\0\0\0\0\0\0\0";
    static const uint8_t small[] = "II*\0\10\0\0\0\1\0\22\1\3\0\1\0\0\0\0\0\0\0\0\0\0";
    memcpy(to, little ? small : big, sizeof big);
    to[little ? 18 : 19] = (uint8_t)orientation;
    return sizeof big;
}

/* Inserts a chunk behind the header of a PNG file. */
static void insert_chunk(const char *name, const char *kind, const uint8_t *data, size_t n) {
    enum { BEHIND_HEADER = 33 };
    static uint8_t bytes[1 << 16];
    FILE *f = fopen(in_scratch(name), "r+b");
    size_t all = fread(bytes, 1, sizeof bytes - n - 12, f);
    uint8_t *at = bytes + BEHIND_HEADER;
    memmove(at + n + 12, at, all - BEHIND_HEADER);
    memcpy(at, (uint8_t[]){0, 0, (uint8_t)(n >> 8), (uint8_t)n}, 4);
    memcpy(at + 4, kind, 4);
    memcpy(at + 8, data, n);
    uint32_t crc = 0xffffffff;
    for (size_t i = 4; i < n + 8; i++) {
        crc ^= at[i];
        for (int k = 0; k < 8; k++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    for (int i = 0; i < 4; i++) at[n + 8 + (size_t)i] = (uint8_t)(~crc >> (24 - 8 * i));
    rewind(f);
    ck_assert_uint_eq(fwrite(bytes, 1, all + n + 12, f), all + n + 12);
    fclose(f);
}

/* 0 1 2 over 3 4 5, as Pillow's exif_transpose turns it for each orientation. */
static const int upright[9][6] = {{0},
                                  {0, 1, 2, 3, 4, 5},
                                  {2, 1, 0, 5, 4, 3},
                                  {5, 4, 3, 2, 1, 0},
                                  {3, 4, 5, 0, 1, 2},
                                  {0, 3, 1, 4, 2, 5},
                                  {3, 0, 4, 1, 5, 2},
                                  {5, 2, 4, 1, 3, 0},
                                  {2, 5, 1, 4, 0, 3}};

START_TEST(png_stands_upright) {
    int o = _i % 8 + 1, h = o < 5 ? 2 : 3, w = 5 - h;
    bool little = _i / 8 % 2, wide = _i / 16;
    uint8_t rows[12] = {0}, block[32];
    for (int i = 0; i < 6; i++) {
        rows[wide ? 2 * i + 1 : i] = (uint8_t)(30 * i);
        if (wide) rows[2 * i] = 1;
    }
    write_png("m.png", 2, 3, PNG_COLOR_TYPE_GRAY, wide ? 16 : 8, rows, wide ? 6 : 3, 0);
    insert_chunk("m.png", "eXIf", block, exif(block, o, little));
    int32_t *map = good_map("m.png", 16, h, w);
    for (int i = 0; i < 6; i++) ck_assert_int_eq(map[i], 30 * upright[o][i] + 256 * wide);
    free(map);
    uint8_t *rgb = good_rgb("m.png", h, w);
    for (int i = 0; i < 18 && !wide; i++) ck_assert_int_eq(rgb[i], 30 * upright[o][i / 3]);
    free(rgb);
}
END_TEST

/* Blocks of 16 x 16, grey of 40 times their number. */
static void write_turned_jpeg(const char *name, int marker, const uint8_t *data, size_t n) {
    struct jpeg_compress_struct j;
    struct jpeg_error_mgr errors;
    FILE *f = fopen(in_scratch(name), "wb");
    j.err = jpeg_std_error(&errors);
    jpeg_create_compress(&j);
    jpeg_stdio_dest(&j, f);
    j.image_width = 48, j.image_height = 32, j.input_components = 1;
    j.in_color_space = JCS_GRAYSCALE;
    jpeg_set_defaults(&j);
    jpeg_start_compress(&j, TRUE);
    jpeg_write_marker(&j, marker, data, (unsigned)n);
    for (int y = 0; y < 32; y++) {
        uint8_t row[48];
        for (int x = 0; x < 48; x++) row[x] = (uint8_t)(40 * (y / 16 * 3 + x / 16));
        JSAMPROW line = row;
        jpeg_write_scanlines(&j, &line, 1);
    }
    jpeg_finish_compress(&j);
    jpeg_destroy_compress(&j);
    fclose(f);
}

static void expect_turned_jpeg(int o) {
    int h = o < 5 ? 2 : 3, w = 5 - h;
    uint8_t *rgb = good_rgb("t.jpg", 16 * h, 16 * w);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            int got = rgb[3 * ((16 * y + 8) * 16 * w + 16 * x + 8)];
            ck_assert_int_le(abs(got - 40 * upright[o][y * w + x]), 4);
        }
    free(rgb);
}

START_TEST(jpeg_stands_upright) {
    uint8_t block[64] = "Exif\0";
    int o = _i % 8 + 1;
    size_t n = exif(block + 6, o, _i / 8);
    write_turned_jpeg("t.jpg", JPEG_APP0 + 1, block, n + 6);
    expect_turned_jpeg(o);
    char xmp[128];
    int length = snprintf(xmp, sizeof xmp,
                          "http://ns.adobe.com/xap/1.0/%c<x tiff:Orientation=\"%d\"/>", 0, o);
    write_turned_jpeg("t.jpg", JPEG_APP0 + 1, (uint8_t *)xmp, (size_t)length);
    expect_turned_jpeg(o);
    block[6 + (_i / 8 ? 18 : 19)] = 9; /* no orientation */
    write_turned_jpeg("t.jpg", JPEG_APP0 + 1, block, n + 6);
    expect_turned_jpeg(1);
    for (size_t cut = 0; cut < 18; cut++) {
        write_turned_jpeg("t.jpg", JPEG_APP0 + 1, block, 6 + cut);
        expect_turned_jpeg(1);
    }
}
END_TEST

/* 12 bits in 16 are no near black picture, whether the file says that they are 12 or not. */
START_TEST(sixteen_bits_hold_sixteen) {
    enum { W = 64 };
    uint8_t row[2 * W];
    const int most[] = {0xfff, 0x3fff, 0x4000, 0, 0x7ff}, bits = _i == 4 ? 11 : 0;
    for (int x = 0; x < W; x++) {
        int v = most[_i] * (x + 1) / W;
        row[2 * x] = (uint8_t)(v >> 8), row[2 * x + 1] = (uint8_t)v;
    }
    write_png("d.png", 1, W, PNG_COLOR_TYPE_GRAY, 16, row, sizeof row, 0);
    if (bits) insert_chunk("d.png", "sBIT", (uint8_t[]){(uint8_t)bits}, 1);
    if (_i == 2 || _i == 3) {
        uint8_t *rgb = good_rgb("d.png", 1, W);
        ck_assert_int_eq(rgb[3 * W - 1], most[_i] >> 8);
        free(rgb);
    } else
        refuse_rgb("d.png", bits ? "11 bits or fewer" : "14 bits or fewer");
    int32_t *map = good_map("d.png", 16, 1, W); /* a map's values are what they are */
    ck_assert_int_eq(map[W - 1], most[_i]);
    free(map);
}
END_TEST

/* progressive 2: not that, but a scan for each channel; 3: RGB as it is, as Adobe's marker says. */
static void write_jpeg(const char *name, int channels, int progressive) {
    static const jpeg_scan_info one_by_one[] = {
        {1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
    struct jpeg_compress_struct j;
    struct jpeg_error_mgr errors;
    FILE *f = fopen(in_scratch(name), "wb");
    j.err = jpeg_std_error(&errors);
    jpeg_create_compress(&j);
    jpeg_stdio_dest(&j, f);
    j.image_width = 40, j.image_height = 24, j.input_components = channels;
    j.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&j);
    jpeg_set_quality(&j, 95, TRUE);
    if (progressive == 1) jpeg_simple_progression(&j);
    if (progressive == 3) jpeg_set_colorspace(&j, JCS_RGB);
    if (progressive == 2) j.scan_info = one_by_one, j.num_scans = 3;
    jpeg_start_compress(&j, TRUE);
    for (int y = 0; y < 24; y++) {
        uint8_t row[40 * 4];
        for (int i = 0; i < 40 * channels; i++)
            row[i] = (uint8_t)(channels == 1 ? 200 : 60 * (i % channels) + 40);
        JSAMPROW line = row;
        jpeg_write_scanlines(&j, &line, 1);
    }
    jpeg_finish_compress(&j);
    jpeg_destroy_compress(&j);
    fclose(f);
}

START_TEST(jpeg) {
    for (int progressive = 0; progressive < 4; progressive++) {
        write_jpeg("grey.jpg", 1, progressive % 2);
        uint8_t *rgb = good_rgb("grey.jpg", 24, 40);
        for (int i = 0; i < 24 * 40 * 3; i++) ck_assert_int_le(abs(rgb[i] - 200), 2);
        free(rgb);
        write_jpeg("rgb.jpg", 3, progressive);
        rgb = good_rgb("rgb.jpg", 24, 40);
        for (int i = 0; i < 24 * 40 * 3; i++) ck_assert_int_le(abs(rgb[i] - 40 - 60 * (i % 3)), 4);
        free(rgb);
    }
    static uint8_t bytes[1 << 14];
    FILE *f = fopen(in_scratch("rgb.jpg"), "rb");
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    uint8_t *adobe = memmem(bytes, n, "Adobe", 5);
    ck_assert_ptr_nonnull(adobe);
    adobe[11] = 7; /* a way of writing colours that nobody knows is not guessed */
    write_bytes("odd.jpg", bytes, n);
    refuse_rgb("odd.jpg", "Unknown Adobe color transform code 7");
    write_jpeg("cmyk.jpg", 4, 0);
    refuse_rgb("cmyk.jpg", "CMYK");
    refuse_map("rgb.jpg", 8, "is not a PNG");
}
END_TEST

/* Every shorter file is refused, and none of them crashes. */
START_TEST(truncated) {
    const char *name = _i ? "whole.jpg" : "whole.png", *cut = "cut";
    if (_i)
        write_jpeg(name, 3, 0);
    else
        write_flat(name, 9, 7, 1, 77);
    static uint8_t bytes[1 << 16];
    FILE *f = fopen(in_scratch(name), "rb");
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    for (size_t k = 0; k + 2 < n; k++) {
        write_bytes(cut, bytes, k);
        refuse_rgb(cut, ": ");
    }
    write_bytes(cut, bytes, n - 20);
    refuse_rgb(cut, "ends before the picture does");
}
END_TEST

/* What libjpeg would paint grey, or shifted, with a warning that nobody hears. */
START_TEST(damaged_jpeg) {
    static uint8_t bytes[1 << 16];
    write_turned_jpeg("ok.jpg", JPEG_COM, (const uint8_t *)"hello", 5);
    FILE *f = fopen(in_scratch("ok.jpg"), "rb");
    size_t n = fread(bytes, 1, sizeof bytes, f), scan = n;
    fclose(f);
    while (memcmp(bytes + scan - 2, "\xff\xda", 2) != 0) scan--;
    size_t half = (scan + n) / 2;
    static uint8_t bad[1 << 16];
    memcpy(bad, bytes, n); /* its end comes early */
    bad[half] = 0xff, bad[half + 1] = 0xd9;
    write_bytes("bad.jpg", bad, n);
    refuse_rgb("bad.jpg", "the JPEG is damaged (Corrupt JPEG data: premature end of data segment)");
    memcpy(bad, bytes, n); /* codes that there are not */
    memset(bad + half, 0xfe, 8);
    write_bytes("bad.jpg", bad, n);
    refuse_rgb("bad.jpg", "the JPEG is damaged");
    memcpy(bad, bytes, n - 2); /* more of it than pixels */
    memset(bad + n - 2, 0x55, 40);
    memcpy(bad + n + 38, "\xff\xd9", 2);
    write_bytes("bad.jpg", bad, n + 40);
    refuse_rgb("bad.jpg", "extraneous bytes before marker 0xd9");
    memcpy(bad, bytes, 20); /* between segments it is nothing */
    memset(bad + 20, 0, 7);
    memcpy(bad + 27, bytes + 20, n - 20);
    write_bytes("ok.jpg", bad, n + 7);
    free(good_rgb("ok.jpg", 32, 48));
    memcpy(bad, bytes, n); /* some encoders leave the band of a baseline scan at nothing */
    ck_assert_int_eq(bad[scan + 6], 63);
    bad[scan + 6] = 0;
    write_bytes("ok.jpg", bad, n);
    free(good_rgb("ok.jpg", 32, 48));
}
END_TEST

/* Each scan is work for every pixel: how many there may be depends on how many pixels there are. */
START_TEST(jpeg_of_many_scans) {
    static uint8_t bytes[1 << 20];
    write_jpeg("p.jpg", 3, 2);
    FILE *f = fopen(in_scratch("p.jpg"), "rb");
    size_t n = fread(bytes, 1, sizeof bytes, f), scan = n, n_scan;
    fclose(f);
    while (memcmp(bytes + scan - 2, "\xff\xda", 2) != 0) scan--;
    scan -= 2, n_scan = n - 2 - scan;
    for (int i = 0; i < 520; i++) memcpy(bytes + n - 2 + (size_t)i * n_scan, bytes + scan, n_scan);
    memcpy(bytes + n - 2 + 520 * n_scan, "\xff\xd9", 2);
    write_bytes("p.jpg", bytes, n + 520 * n_scan);
    refuse_rgb("p.jpg", "scans in a JPEG");
}
END_TEST

START_TEST(damaged) {
    write_flat("ok.png", 9, 7, 1, 77);
    static uint8_t bytes[1 << 12];
    FILE *f = fopen(in_scratch("ok.png"), "rb");
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    bytes[20]++; /* in the header: its checksum tells */
    write_bytes("bad.png", bytes, n);
    refuse_rgb("bad.png", "cannot decode the PNG");
    write_bytes("text.png", "not a picture", 13);
    refuse_rgb("text.png", "neither a PNG nor a JPEG");
    write_bytes("empty.png", "", 0);
    refuse_rgb("empty.png", "neither a PNG nor a JPEG file, it is empty");
    refuse_map("empty.png", 8, "a label map has to be one (it is empty)");
    write_bytes("page.png", "<!DOCTYPE html><html>", 21);
    refuse_rgb("page.png", "is a web page (HTML)");
    refuse_map("page.png", 8, "is a web page (HTML)");
    ck_assert_int_eq(mkfifo(in_scratch("pipe.png"), 0600), 0);
    refuse_map("pipe.png", 8, "cannot open: it is a pipe");
    refuse_rgb("absent.png", "cannot open: No such file");
}
END_TEST

/* A chunk of text that claims 1.9 GB is passed over, not allocated. */
static uint8_t *big_endian(uint8_t *to, uint32_t v) {
    for (int i = 0; i < 4; i++) *to++ = (uint8_t)(v >> (24 - 8 * i));
    return to;
}

/* A chunk of `n` bytes that stand behind its head already; gives where the next begins. */
static uint8_t *seal(uint8_t *at, const char *type, uint32_t n) {
    uint32_t crc = ~0u;
    memcpy(big_endian(at, n), type, 4);
    for (uint32_t i = 4; i < 8 + n; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return big_endian(at + 8 + n, ~crc);
}

/* A grey PNG of 8x8 with `blocks` stored blocks of `length` zeros. */
static void write_stored(const char *name, int blocks, int length) {
    static uint8_t bytes[1 << 21];
    static const uint8_t head[13] = {0, 0, 0, 8, 0, 0, 0, 8, 8};
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, "\x89PNG\r\n\x1a\n", 8);
    memcpy(bytes + 16, head, sizeof head);
    uint8_t *idat = seal(bytes + 8, "IHDR", sizeof head), *to = idat + 8;
    *to++ = 0x78, *to++ = 1;
    for (int i = 0; i < blocks; i++, to += length) {
        *to++ = i == blocks - 1;
        *to++ = (uint8_t)length, *to++ = (uint8_t)(length >> 8);
        *to++ = (uint8_t)~length, *to++ = (uint8_t)(~length >> 8);
    }
    to = big_endian(to, (uint32_t)(blocks * length) % 65521 << 16 | 1); /* Adler-32 of zeros */
    to = seal(seal(idat, "IDAT", (uint32_t)(to - idat - 8)), "IEND", 0);
    write_bytes(name, bytes, (size_t)(to - bytes));
}

/* It takes no part in the picture, but would be unpacked, however much it is. */
START_TEST(more_data_than_a_picture) {
    write_stored("ok.png", 1, 72);
    free(good_rgb("ok.png", 8, 8));
    write_stored("some.png", 1, 172);
    free(good_rgb("some.png", 8, 8));
    write_stored("much.png", 30, 65000);
    refuse_rgb("much.png", "much.png: holds more data than its picture takes; save it anew");
    refuse_map("much.png", 8, "holds more data than its picture takes");
}
END_TEST

START_TEST(chunk_that_lies) {
    enum { BEHIND_HEADER = 33 };
    write_flat("ok.png", 9, 7, 1, 77);
    static uint8_t bytes[1 << 12];
    FILE *f = fopen(in_scratch("ok.png"), "rb");
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    memmove(bytes + BEHIND_HEADER + 8, bytes + BEHIND_HEADER, n - BEHIND_HEADER);
    memcpy(bytes + BEHIND_HEADER, "\x74\0\0\0tEXt", 8);
    write_bytes("lies.png", bytes, n + 8);
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    refuse_rgb("lies.png", "ends before the picture does");
    getrusage(RUSAGE_SELF, &after);
    ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 64 << 10);
}
END_TEST

START_TEST(colour_is_no_map) {
    write_flat("rgb.png", 3, 3, 1, 5);
    refuse_map("rgb.png", 8, "is an RGB picture, a label map has one channel");
    refuse_map("rgb.png", 16, ", and so has an instance map: the number of the class or instance");
    refuse_map("rgb.png", 8, "give every colour its number by a table");
    uint8_t rows[4 * 4] = {0};
    write_png("ga.png", 2, 2, PNG_COLOR_TYPE_GRAY_ALPHA, 8, rows, 4, 0);
    refuse_map("ga.png", 8, "a label map has one channel; save it without alpha");
}
END_TEST

START_TEST(too_large) {
    uint8_t *row = calloc(1, 20000);
    write_png("wide.png", 1, 16385, PNG_COLOR_TYPE_GRAY, 8, row, 0, 0);
    refuse_map("wide.png", 8, "16385x1");
    refuse_rgb("wide.png", "scale it down");
    write_png("huge.png", 16384, 16384, PNG_COLOR_TYPE_GRAY, 1, row, 0, 0);
    refuse_map("huge.png", 8, "16384x16384");
    free(row);
}
END_TEST

START_TEST(written_png_reads_back) {
    uint8_t rgb[4 * 5 * 3];
    for (size_t i = 0; i < sizeof rgb; i++) rgb[i] = (uint8_t)(i * 41);
    const char *keys[] = {"Software", "seed"}, *values[] = {"inadekit", "\xc3\xa4 7"};
    ck_assert_int_eq(ik__png_write(in_scratch("w.png"), 4, 5, rgb, 2, keys, values, &err), IK_OK);
    uint8_t *back = good_rgb("w.png", 4, 5);
    ck_assert_mem_eq(back, rgb, sizeof rgb);
    free(back);
    char bytes[1024];
    FILE *f = fopen(in_scratch("w.png"), "rb");
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    ck_assert_ptr_nonnull(memmem(bytes, n, "tEXtSoftware\0inadekit", 21));
    ck_assert_ptr_nonnull(memmem(bytes, n, "iTXtseed", 8));
    /* Nothing is left beside it. */
    ck_assert_int_eq(remove(in_scratch("w.png")), 0);
    ck_assert_int_eq(rmdir(scratch), 0);
    ck_assert_int_eq(mkdir(scratch, 0777), 0);
}
END_TEST

START_TEST(writing_fails_with_the_path) {
    uint8_t rgb[3] = {0};
    expect(ik__png_write(in_scratch("no/w.png"), 1, 1, rgb, 0, NULL, NULL, &err), "no/w.png",
           "cannot be written: No such file or directory; choose a folder that exists");
    make_folder("dir.png");
    make_folder("dir.png/full");
    expect(ik__png_write(in_scratch("dir.png"), 1, 1, rgb, 0, NULL, NULL, &err), "dir.png",
           "cannot be written: Is a directory");
    const char *key = "", *value = "";
    expect(ik__png_write(in_scratch("k.png"), 1, 1, rgb, 1, &key, &value, &err), "k.png",
           "text key");
}
END_TEST

int main(void) {
    return RUN_SUITE("image", scratch_make, scratch_remove, {maps_of_every_depth, 20},
                     {every_colour_type_becomes_rgb, 7}, {jpeg}, {truncated, 2}, {damaged},
                     {damaged_jpeg}, {jpeg_of_many_scans}, {png_stands_upright, 32},
                     {jpeg_stands_upright, 16}, {sixteen_bits_hold_sixteen, 5}, {chunk_that_lies},
                     {more_data_than_a_picture}, {colour_is_no_map}, {too_large},
                     {written_png_reads_back}, {writing_fails_with_the_path});
}
