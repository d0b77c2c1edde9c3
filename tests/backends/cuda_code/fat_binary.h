/* What nvcc puts into a program: per .cu file one container, and in it an image per architecture,
 * object code (a cubin) or PTX.
 *
 * The section .nv_fatbin is a row of containers, each from a multiple of 8 bytes. NVIDIA does not
 * document them; this much is what nvcc 13 writes, little-endian:
 *
 *     container  0: u32 0xBA55ED50, 4: u16 1, 6: u16 bytes of this header, 8: u64 bytes that follow
 *     image      0: u16 kind, 4: u32 bytes of this header, 8: u64 bytes of code, 16: u32 bytes of
 *                code before it was padded, if it is compressed, else 0; 28: u32 architecture */
#ifndef TEST_FAT_BINARY_H
#define TEST_FAT_BINARY_H

#include <stdbool.h>
#include <stddef.h>

enum { FAT_PTX = 1, FAT_CUBIN = 2 };

typedef struct fat_image {
    int container; /* from 0 */
    int kind;
    int architecture;  /* 90 for sm_90 and compute_90 */
    size_t at, header; /* where in the bytes it begins, and its code after that */
} fat_image;

/* The images of a shared object with such a section, or of a lone container. How many, -1 with the
 * reason in `why` where the bytes are damaged; at most `most` are written. */
int fat_images(const unsigned char *bytes, size_t size, fat_image *out, int most, char *why,
               size_t room);

/* Has every container what was asked for, "80-real,90-real,90-virtual"? A number alone stands for
 * both. If not, `why` says what the first lacks. */
bool fat_has(const fat_image *images, int n, const char *asked, char *why, size_t room);

#endif
