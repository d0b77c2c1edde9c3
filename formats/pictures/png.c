/* PNG decoding and writing. libpng leaves through longjmp; all that must survive lives in one
 * struct. */
#include "image.h"
#include "png_text.h"
#include "upright.h"

#include "base/aside.h"
#include "base/open.h"

#include <errno.h>
#include <stdlib.h>

#include <png.h>

enum { MOST_EXIF = 1 << 20 };

typedef struct coder {
    png_structp png;
    png_infop info;
    FILE *file;
    const char *path;
    ik_error *err;
    uint8_t *pixels;
    png_uint_32 height, width;
    ik__png_told told;
    size_t bytes; /* that may still be read for this row of pixels; 0: for none */
} coder;

static void leave(png_structp png, png_const_charp what) {
    coder *c = png_get_error_ptr(png);
    ik_errorf(c->err, IK_FAILED, "%s: cannot decode the PNG: %s", c->path, what);
    png_longjmp(png, 1);
}

static void leave_writing(png_structp png, png_const_charp what) {
    coder *c = png_get_error_ptr(png);
    ik_errorf(c->err, IK_FAILED, "%s: cannot write the PNG: %s", c->path,
              errno ? ik__why(errno) : what);
    png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp what) {
    (void)png, (void)what;
}

static void fill(png_structp png, png_bytep to, size_t n) {
    coder *c = png_get_io_ptr(png);
    bool surplus = c->bytes && n >= c->bytes;
    c->bytes -= c->bytes ? n : 0;
    errno = 0;
    if (!surplus && fread(to, 1, n, c->file) == n) return;
    if (surplus)
        ik_errorf(c->err, IK_FAILED, "%s: holds more data than its picture takes; save it anew",
                  c->path);
    else if (ferror(c->file))
        ik_errorf(c->err, IK_FAILED, "%s: cannot read: %s", c->path, ik__why(errno));
    else
        ik_errorf(c->err, IK_FAILED, "%s: the file ends before the picture does; fetch it again",
                  c->path);
    png_longjmp(png, 1);
}

static int take_text(png_structp png, png_unknown_chunkp chunk) {
    coder *c = png_get_user_chunk_ptr(png);
    ik__png_text_take(&c->told, (const char *)chunk->name, chunk->data, chunk->size);
    return 1; /* nothing is kept */
}

static ik_status start(coder *c) {
    c->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, c, leave, ignore);
    if (c->png) c->info = png_create_info_struct(c->png);
    if (!c->info) return ik_errorf(c->err, IK_FAILED, "%s: out of memory", c->path);
    png_set_read_fn(c->png, c, fill);
    /* Larger than our own limit, so that ours, which says what to do, is the one that speaks. */
    png_set_user_limits(c->png, 0x7fffffff, 0x7fffffff);
    /* Texts, colour profiles and the like are passed by, up to a size: libpng would allocate what
     * they claim to unpack to. */
    png_set_read_user_chunk_fn(c->png, c, take_text);
    png_set_keep_unknown_chunks(c->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    static const png_byte heard[] = "eXIf\0sBIT";
    png_set_keep_unknown_chunks(c->png, PNG_HANDLE_CHUNK_AS_DEFAULT, heard, 2);
    png_set_chunk_malloc_max(c->png, MOST_EXIF);
    return IK_OK;
}

static ik_status header(coder *c) {
    png_read_info(c->png, c->info);
    c->height = png_get_image_height(c->png, c->info);
    c->width = png_get_image_width(c->png, c->info);
    return ik__image_check_size(c->path, c->height, c->width, c->err);
}

/* After the last row libpng goes through all data that is left, a thousand bytes of it for one in
 * the file; so it is given no more bytes than a row needs. */
enum { ENOUGH = 1 << 17 };

/* Reads all rows after the transformations were set. Interlaced files pass over them seven times.
 */
static ik_status rows(coder *c) {
    int passes = png_set_interlace_handling(c->png);
    png_read_update_info(c->png, c->info);
    size_t row = png_get_rowbytes(c->png, c->info);
    c->pixels = malloc(row * c->height);
    if (!c->pixels) return ik_errorf(c->err, IK_FAILED, "%s: out of memory", c->path);
    for (; passes > 0; passes--)
        for (png_uint_32 y = 0; y < c->height; y++) {
            c->bytes = ENOUGH + 32 * (size_t)c->width; /* more than a row can take, of any kind */
            png_read_row(c->png, c->pixels + row * y, NULL);
        }
    c->bytes = 0;
    png_read_end(c->png, c->info); /* EXIF may stand behind the pixels */
    return IK_OK;
}

/* How many of a sample's 16 bits its maker used; cameras and microscopes have 10 to 14. */
static int significant_bits(const coder *c) {
    png_color_8p s;
    if (!png_get_sBIT(c->png, c->info, &s)) return 14;
    if (!(png_get_color_type(c->png, c->info) & PNG_COLOR_MASK_COLOR)) return s->gray;
    int most = s->red > s->green ? s->red : s->green;
    return s->blue > most ? s->blue : most;
}

/* 16 bits become the high 8, as Pillow takes them. 12 bits in the lower part of 16 would be near
 * black by that, and nothing in the format tells them from a dark picture, so they are refused;
 * black itself is black, and a few pixels tell nothing. */
static ik_status take_high_bytes(coder *c) {
    enum { FEW = 64 };
    size_t pixels = (size_t)c->height * c->width;
    int most = 0, bits = significant_bits(c);
    for (size_t i = 0; i < 3 * pixels; i++) {
        int v = c->pixels[2 * i] << 8 | c->pixels[2 * i + 1];
        most = v > most ? v : most;
        c->pixels[i] = (uint8_t)(v >> 8);
    }
    if (most == 0 || most >> bits || bits == 16 || pixels < FEW) return IK_OK;
    return ik_errorf(c->err, IK_FAILED,
                     "%s: has 16 bits, but no value above %d: it seems to hold %d bits or fewer, "
                     "and would be read as near black; scale its values to 0..65535, or save it "
                     "with 8 bits",
                     c->path, most, bits);
}

static ik_status decode_rgb(coder *c) {
    if (setjmp(png_jmpbuf(c->png))) return IK_FAILED;
    ik_status status = header(c);
    if (status) return status;
    int colour = png_get_color_type(c->png, c->info);
    if (colour == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(c->png);
    if (!(colour & PNG_COLOR_MASK_COLOR)) {
        png_set_expand_gray_1_2_4_to_8(c->png);
        png_set_gray_to_rgb(c->png);
    }
    png_set_strip_alpha(c->png); /* also a palette's, which the expansion made a channel */
    int bits = png_get_bit_depth(c->png, c->info);
    status = rows(c);
    return status || bits < 16 ? status : take_high_bytes(c);
}

static ik_status check_map(const coder *c, int max_bits, int colour, int bits) {
    static const char colours[] =
        "is an RGB picture, a label map has one channel, and so has an instance map: the number of "
        "the class or instance, as grey or palette index; give every colour its number by a table (turning "
        "colours to grey makes brightnesses of them, no numbers)";
    static const char alpha[] =
        "is a grey picture with alpha, a label map has one channel; save it without alpha";
    if (colour != PNG_COLOR_TYPE_PALETTE && colour != PNG_COLOR_TYPE_GRAY)
        return ik_errorf(c->err, IK_FAILED, "%s: %s", c->path,
                         colour & PNG_COLOR_MASK_COLOR ? colours : alpha);
    if (bits > max_bits)
        return ik_errorf(
            c->err, IK_FAILED,
            "%s: has %d bits, a map with at most %d is expected here; is it another kind "
            "of map?",
            c->path, bits, max_bits);
    return IK_OK;
}

static ik_status decode_map(coder *c, int max_bits, int *bits) {
    if (setjmp(png_jmpbuf(c->png))) return IK_FAILED;
    ik_status status = header(c);
    if (status) return status;
    *bits = png_get_bit_depth(c->png, c->info);
    status = check_map(c, max_bits, png_get_color_type(c->png, c->info), *bits);
    if (status) return status;
    png_set_packing(c->png); /* 1, 2, 4 bits to a byte each, values as they are */
    return rows(c);
}

static int orientation_of(const coder *c) {
    png_uint_32 n;
    png_bytep exif;
    int o = png_get_eXIf_1(c->png, c->info, &n, &exif) ? ik__exif_orientation(exif, n) : 0;
    return o ? o : c->told.exif ? c->told.exif : c->told.xmp;
}

/* Ends reading, with elements of `size` bytes: on success the pixels, upright, stay with the
 * caller. */
static ik_status finish(coder *c, size_t size, ik_status status, int *height, int *width) {
    *height = (int)c->height, *width = (int)c->width;
    if (!status && !ik__turn_upright(orientation_of(c), size, height, width, &c->pixels))
        status = ik_errorf(c->err, IK_FAILED, "%s: out of memory", c->path);
    png_destroy_read_struct(&c->png, &c->info, NULL);
    if (status) {
        free(c->pixels);
        c->pixels = NULL;
    }
    return status;
}

ik_status ik__png_read_rgb(const char *path, FILE *file, int *height, int *width, uint8_t **rgb,
                           ik_error *err) {
    coder c = {.file = file, .path = path, .err = err};
    ik_status status = start(&c);
    if (!status) status = decode_rgb(&c);
    status = finish(&c, 3, status, height, width);
    *rgb = c.pixels;
    return status;
}

ik_status ik__png_read_map(const char *path, FILE *file, int max_bits, int *height, int *width,
                           int32_t **map, ik_error *err) {
    coder c = {.file = file, .path = path, .err = err};
    int bits = 8;
    *map = NULL;
    ik_status status = start(&c);
    if (!status) status = decode_map(&c, max_bits, &bits);
    status = finish(&c, bits == 16 ? 2 : 1, status, height, width);
    if (status) return status;
    size_t n = (size_t)c.height * c.width;
    *map = malloc(n * sizeof **map);
    if (!*map) status = ik_errorf(err, IK_FAILED, "%s: out of memory", path);
    for (size_t i = 0; *map && i < n; i++)
        (*map)[i] = bits == 16 ? c.pixels[2 * i] << 8 | c.pixels[2 * i + 1] : c.pixels[i];
    free(c.pixels);
    return status;
}

static bool is_ascii(const char *s) {
    for (; *s; s++)
        if ((unsigned char)*s > 126) return false;
    return true;
}

static ik_status encode(coder *c, const uint8_t *rgb, png_text *text, int n_text) {
    if (setjmp(png_jmpbuf(c->png))) return IK_FAILED;
    png_init_io(c->png, c->file);
    png_set_IHDR(c->png, c->info, c->width, c->height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_text(c->png, c->info, text, n_text);
    png_write_info(c->png, c->info);
    for (png_uint_32 y = 0; y < c->height; y++)
        png_write_row(c->png, rgb + 3 * (size_t)c->width * y);
    png_write_end(c->png, c->info);
    return IK_OK;
}

static ik_status write_to(const char *path, int height, int width, const uint8_t *rgb,
                          png_text *text, int n_text, ik_error *err) {
    coder c = {
        .path = path, .err = err, .height = (png_uint_32)height, .width = (png_uint_32)width};
    ik__aside aside;
    ik_status status = ik__aside_open(&aside, path, err);
    if (status) return status;
    c.file = aside.file;
    errno = 0;
    c.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &c, leave_writing, ignore);
    if (c.png) c.info = png_create_info_struct(c.png);
    if (!c.info) status = ik_errorf(err, IK_FAILED, "%s: out of memory", path);
    if (!status) status = encode(&c, rgb, text, n_text);
    png_destroy_write_struct(&c.png, &c.info);
    if (!status) return ik__aside_commit(&aside, err);
    ik__aside_abort(&aside);
    return status;
}

ik_status ik__png_write(const char *path, int height, int width, const uint8_t *rgb, int n_text,
                        const char *const *keys, const char *const *values, ik_error *err) {
    if (height < 1 || width < 1)
        return ik_errorf(err, IK_FAILED, "%s: a picture of %dx%d cannot be written", path, width,
                         height);
    for (int i = 0; i < n_text; i++)
        if (!keys[i][0] || strlen(keys[i]) > 79)
            return ik_errorf(err, IK_FAILED, "%s: text key '%s' does not have 1 to 79 characters",
                             path, keys[i]);
    png_text *text = calloc((size_t)n_text + 1, sizeof *text);
    ik_status status = IK_OK;
    if (!text) status = ik_errorf(err, IK_FAILED, "%s: out of memory", path);
    for (int i = 0; !status && i < n_text; i++) {
        text[i].compression =
            is_ascii(values[i]) ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE;
        text[i].key = (char *)keys[i];
        text[i].text = (char *)values[i];
    }
    if (!status) status = write_to(path, height, width, rgb, text, n_text, err);
    free(text);
    return status;
}

const char *ik__png_library(void) {
    static _Thread_local char text[48];
    snprintf(text, sizeof text, "libpng %s", png_get_libpng_ver(NULL));
    return text;
}
