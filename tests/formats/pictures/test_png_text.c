/* How a PNG is turned may stand in its texts: EXIF in hexadecimal, as ImageMagick and exiftool
 * write it, or XMP; packed or not. */
#include "support/pictures.h"

#include "pictures/image.h"
#include "pictures/png_text.h"

static const char xmp_key[] = "XML:com.adobe.xmp", exif_key[] = "Raw profile type exif";

/* 0 1 2 over 3 4 5, with a text. */
static void write_told(const char *name, const char *key, const char *text, int packing) {
    FILE *f = fopen(in_scratch(name), "wb");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_text told = {.compression = packing, .key = (char *)key, .text = (char *)text};
    ck_assert(f && !setjmp(png_jmpbuf(png)));
    png_init_io(png, f);
    png_set_IHDR(png, info, 3, 2, 8, PNG_COLOR_TYPE_GRAY, 0, 0, 0);
    png_set_text(png, info, &told, 1);
    png_write_info(png, info);
    png_write_row(png, (const uint8_t[]){0, 1, 2});
    png_write_row(png, (const uint8_t[]){3, 4, 5});
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    fclose(f);
}

static void expect_map(const char *name, int h, int w, const int *want) {
    ik_error err;
    int32_t *map;
    int height, width;
    ck_assert_msg(!ik__images.read_map(in_scratch(name), 8, &height, &width, &map, &err), "%s",
                  err.text);
    ck_assert(height == h && width == w);
    for (int i = 0; i < 6; i++) ck_assert_int_eq(map[i], want[i]);
    free(map);
}

static const int as_stored[] = {0, 1, 2, 3, 4, 5}, turned[] = {3, 0, 4, 1, 5, 2};
static const int packings[] = {PNG_TEXT_COMPRESSION_NONE, PNG_TEXT_COMPRESSION_zTXt,
                               PNG_ITXT_COMPRESSION_NONE, PNG_ITXT_COMPRESSION_zTXt};

START_TEST(exif_in_hexadecimal) {
    static const char block[] = "49492a0008000000\n010012010300010000000600\n000000000000\n";
    char text[200];
    snprintf(text, sizeof text, "\nexif\n      32\n457869660000%s", block);
    write_told("a.png", exif_key, text, packings[_i]);
    expect_map("a.png", 3, 2, turned);
    snprintf(text, sizeof text, "\ngeneric profile\n      26\n%s", block); /* no name of one word */
    write_told("a.png", "Raw profile type APP1", text, packings[_i]);
    expect_map("a.png", 2, 3, as_stored);
    snprintf(text, sizeof text, "\nexif\n      26\n%s", block);
    write_told("a.png", "Raw profile type APP1", text, packings[_i]);
    expect_map("a.png", 3, 2, turned);
    write_told("a.png", "Raw profile type xmp", text, packings[_i]);
    expect_map("a.png", 2, 3, as_stored);
}
END_TEST

START_TEST(xmp) {
    static const char text[] = "<x:xmpmeta><rdf:Description tiff:Orientation=\"6\"/></x:xmpmeta>";
    write_told("a.png", xmp_key, text, packings[_i]);
    expect_map("a.png", 3, 2, turned);
    write_told("a.png", "Comment", text, packings[_i]);
    expect_map("a.png", 2, 3, as_stored);
}
END_TEST

/* Each beginning of a chunk, in memory of its size. */
START_TEST(cut) {
    static const uint8_t itxt[] = "XML:com.adobe.xmp\0\0\0en\0\0<tiff:Orientation>6<";
    static const uint8_t text[] =
        "Raw profile type exif\0\nexif\n 26\n49492a000800000001001201030001000"
        "0000600000000000000";
    static const uint8_t packed[] = "Raw profile type exif\0\0x\x9c\1\2\3";
    static const struct {
        const char *type;
        const uint8_t *bytes;
        size_t n;
    } rows[] = {{"iTXt", itxt, sizeof itxt - 1},
                {"tEXt", text, sizeof text - 1},
                {"zTXt", packed, sizeof packed - 1}};
    for (size_t n = 0; n <= rows[_i].n; n++) {
        ik__png_told told = {0, 0};
        uint8_t *bytes = malloc(n + 1);
        memcpy(bytes, rows[_i].bytes, n);
        ik__png_text_take(&told, rows[_i].type, bytes, n);
        free(bytes);
        bool whole = n == rows[_i].n && _i < 2;
        ck_assert(!whole || told.exif == 6 || told.xmp == 6);
    }
}
END_TEST

int main(void) {
    return RUN_SUITE("png_text", scratch_make, scratch_remove, {exif_in_hexadecimal, 4}, {xmp, 4},
                     {cut, 3});
}
