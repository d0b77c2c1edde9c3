/* Files for tests: a folder of its own for each test, and PNG maps of any kind. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* nftw, mkdtemp */
#endif
#ifndef PICTURES_H
#define PICTURES_H

#include "suite.h"
#include <ftw.h>
#include <png.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch[256];

__attribute__((unused)) static void scratch_make(void) {
    const char *base = getenv("TMPDIR");
    snprintf(scratch, sizeof scratch, "%s/inadekit-XXXXXX", base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(scratch));
}

static int scratch_one(const char *path, const struct stat *s, int kind, struct FTW *walk) {
    (void)s, (void)kind, (void)walk;
    return remove(path);
}

__attribute__((unused)) static void scratch_remove(void) {
    nftw(scratch, scratch_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A path in the scratch folder; a few may be in use at once. */
__attribute__((unused)) static const char *in_scratch(const char *name) {
    static char text[8][512];
    static int turn;
    char *path = text[turn++ % 8];
    snprintf(path, sizeof text[0], "%s/%s", scratch, name);
    return path;
}

__attribute__((unused)) static void make_folder(const char *name) {
    ck_assert_int_eq(mkdir(in_scratch(name), 0777), 0);
}

__attribute__((unused)) static void write_bytes(const char *name, const void *bytes, size_t n) {
    FILE *f = fopen(in_scratch(name), "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

/* Writes packed rows as a PNG of that colour type and depth; palettes get 2^bits entries, the i-th
 * (i, 255 - i, 7). */
__attribute__((unused)) static void write_png(const char *name, int h, int w, int colour, int bits,
                                              const uint8_t *rows, size_t stride, int interlace) {
    FILE *f = fopen(in_scratch(name), "wb");
    ck_assert_ptr_nonnull(f);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    if (setjmp(png_jmpbuf(png))) ck_abort_msg("cannot write %s", name);
    png_init_io(png, f);
    png_set_IHDR(png, info, (png_uint_32)w, (png_uint_32)h, bits, colour, interlace, 0, 0);
    if (colour == PNG_COLOR_TYPE_PALETTE) {
        png_color entries[256];
        for (int i = 0; i < 256; i++) entries[i] = (png_color){(png_byte)i, (png_byte)(255 - i), 7};
        png_set_PLTE(png, info, entries, 1 << bits);
    }
    png_write_info(png, info);
    int passes = png_set_interlace_handling(png);
    for (; passes > 0; passes--)
        for (int y = 0; y < h; y++) png_write_row(png, rows + stride * (size_t)y);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    fclose(f);
}

/* An 8-bit grey map. */
__attribute__((unused)) static void write_grey(const char *name, int h, int w, const uint8_t *map) {
    write_png(name, h, w, PNG_COLOR_TYPE_GRAY, 8, map, (size_t)w, PNG_INTERLACE_NONE);
}

/* A map, or with colour a picture, of one value. */
__attribute__((unused)) static void write_flat(const char *name, int h, int w, int colour,
                                               uint8_t value) {
    size_t n = (size_t)h * (size_t)w * (colour ? 3 : 1);
    uint8_t *rows = malloc(n);
    memset(rows, value, n);
    write_png(name, h, w, colour ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, 8, rows,
              (size_t)w * (colour ? 3 : 1), PNG_INTERLACE_NONE);
    free(rows);
}

#endif
