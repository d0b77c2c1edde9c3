/* Pictures in files: reading PNG and JPEG with bounded memory, writing PNG.
 *
 * Whatever a file holds, reading it either gives a picture or an error `path: what is wrong`; sizes
 * over IK__IMAGE_SIDE or IK__IMAGE_PIXELS are refused before anything is allocated for them. All
 * functions may be called from several threads at once. Buffers come from malloc. */
#ifndef INADEKIT_PICTURES_IMAGE_H
#define INADEKIT_PICTURES_IMAGE_H

#include "inadekit/dataset.h"

enum { IK__IMAGE_SIDE = 16384, IK__IMAGE_PIXELS = 256000000 };

extern const ik_image_api ik__images;

/* Is this size within the limits? If not, fails with the path and both numbers. */
ik_status ik__image_check_size(const char *path, uint64_t height, uint64_t width, ik_error *err);

/* Decoders of an opened file, positioned at its start; ik__images chooses between them. */
ik_status ik__png_read_rgb(const char *path, FILE *file, int *height, int *width, uint8_t **rgb,
                           ik_error *err);
ik_status ik__png_read_map(const char *path, FILE *file, int max_bits, int *height, int *width,
                           int32_t **map, ik_error *err);
ik_status ik__jpeg_read_rgb(const char *path, FILE *file, int *height, int *width, uint8_t **rgb,
                            ik_error *err);

/* The libraries, with their versions. */
const char *ik__png_library(void);
const char *ik__jpeg_library(void);

/* Writes rgb [height,width,3] with `n_text` text chunks (keys of 1 to 79 characters, values UTF-8):
 * aside (aside.h), so that `path` is never half written. */
ik_status ik__png_write(const char *path, int height, int width, const uint8_t *rgb, int n_text,
                        const char *const *keys, const char *const *values, ik_error *err);

#endif
