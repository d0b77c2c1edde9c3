/* PNG and JPEG files in memory. */
#include "encode.h"

#include <setjmp.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <png.h>

enum { QUALITY = 90 };

uint8_t *ik__png_bytes(const uint8_t *rgb, int height, int width, size_t *n) {
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)width,
                       .height = (png_uint_32)height,
                       .format = PNG_FORMAT_RGB};
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    uint8_t *bytes = malloc(size);
    if (!bytes || !png_image_write_to_memory(&image, bytes, &size, 0, rgb, 0, NULL)) {
        png_image_free(&image);
        free(bytes);
        return NULL;
    }
    *n = size;
    return bytes;
}

typedef struct coder {
    struct jpeg_error_mgr errors;
    jmp_buf back;
} coder;

static void leave(j_common_ptr jpeg) {
    longjmp(((coder *)(void *)jpeg->err)->back, 1);
}

uint8_t *ik__jpeg_bytes(const uint8_t *rgb, int height, int width, size_t *n) {
    struct jpeg_compress_struct jpeg = {0};
    coder c;
    struct {
        unsigned char *bytes;
        unsigned long n;
    } *volatile out = calloc(1, sizeof *out);
    if (!out) return NULL;
    jpeg.err = jpeg_std_error(&c.errors);
    c.errors.error_exit = leave;
    volatile bool done = false;
    if (!setjmp(c.back)) {
        jpeg_create_compress(&jpeg);
        jpeg_mem_dest(&jpeg, &out->bytes, &out->n);
        jpeg.image_width = (JDIMENSION)width;
        jpeg.image_height = (JDIMENSION)height;
        jpeg.input_components = 3;
        jpeg.in_color_space = JCS_RGB;
        jpeg_set_defaults(&jpeg);
        jpeg_set_quality(&jpeg, QUALITY, TRUE);
        jpeg.comp_info[0].h_samp_factor = jpeg.comp_info[0].v_samp_factor = 1;
        jpeg.optimize_coding = TRUE;
        jpeg_start_compress(&jpeg, TRUE);
        for (int y = 0; y < height; y++) {
            JSAMPROW row = (JSAMPROW)(rgb + (size_t)y * (size_t)width * 3);
            jpeg_write_scanlines(&jpeg, &row, 1);
        }
        jpeg_finish_compress(&jpeg);
        done = true;
    }
    jpeg_destroy_compress(&jpeg);
    uint8_t *bytes = out->bytes;
    *n = out->n;
    free(out);
    if (done) return bytes;
    free(bytes);
    return NULL;
}

void ik__base64(ik__text *to, const uint8_t *b, size_t n) {
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t left = (uint32_t)(n - i);
        uint32_t v = (uint32_t)b[i] << 16 | (left > 1 ? (uint32_t)b[i + 1] << 8 : 0) |
                     (left > 2 ? b[i + 2] : 0);
        char four[4] = {digit[v >> 18], digit[v >> 12 & 63], digit[v >> 6 & 63], digit[v & 63]};
        if (left < 3) four[3] = '=';
        if (left < 2) four[2] = '=';
        ik__text_add(to, four, 4);
    }
}
