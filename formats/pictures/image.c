/* Choosing a decoder by a file's first bytes (names lie), and the limits they share. */
#include "image.h"

#include "base/open.h"

#include <errno.h>
#include <stdlib.h>

ik_status ik__image_check_size(const char *path, uint64_t height, uint64_t width, ik_error *err) {
    if (height > 0 && width > 0 && height <= IK__IMAGE_SIDE && width <= IK__IMAGE_SIDE &&
        height * width <= IK__IMAGE_PIXELS)
        return IK_OK;
    return ik_errorf(
        err, IK_FAILED,
        "%s: the picture is %llux%llu (width x height); at most %d a side and %d pixels "
        "in all are read; scale it down",
        path, (unsigned long long)width, (unsigned long long)height, IK__IMAGE_SIDE,
        IK__IMAGE_PIXELS);
}

typedef enum { EMPTY, OTHER, PNG, JPEG } format;

static ik_status open_picture(const char *path, FILE **file, format *kind, ik_error *err) {
    unsigned char head[32] = {0};
    const char *why;
    FILE *f = ik__open_file(path, &why);
    if (!f) return ik_errorf(err, IK_FAILED, "%s: cannot open: %s", path, why);
    errno = 0;
    size_t got = fread(head, 1, sizeof head, f);
    if (ferror(f)) {
        ik_errorf(err, IK_FAILED, "%s: cannot read: %s", path, ik__why(errno));
        fclose(f);
        return IK_FAILED;
    }
    *kind = got ? OTHER : EMPTY;
    if (got >= 8 && memcmp(head, "\x89PNG\r\n\x1a\n", 8) == 0) *kind = PNG;
    if (got >= 3 && memcmp(head, "\xff\xd8\xff", 3) == 0) *kind = JPEG;
    const char *foreign = *kind == OTHER ? ik__foreign(head, got) : NULL;
    if (!foreign) {
        rewind(f);
        *file = f;
        return IK_OK;
    }
    fclose(f);
    return ik_errorf(err, IK_FAILED, "%s: is %s", path, foreign);
}

static ik_status read_rgb(const char *path, int *height, int *width, uint8_t **rgb, ik_error *err) {
    FILE *file;
    format kind;
    *rgb = NULL;
    ik_status status = open_picture(path, &file, &kind, err);
    if (status) return status;
    if (kind == PNG)
        status = ik__png_read_rgb(path, file, height, width, rgb, err);
    else if (kind == JPEG)
        status = ik__jpeg_read_rgb(path, file, height, width, rgb, err);
    else
        status = ik_errorf(err, IK_FAILED, "%s: is neither a PNG nor a JPEG file%s", path,
                           kind == EMPTY ? ", it is empty; fetch it again" : "");
    fclose(file);
    return status;
}

static ik_status read_map(const char *path, int max_bits, int *height, int *width, int32_t **map,
                          ik_error *err) {
    FILE *file;
    format kind;
    *map = NULL;
    ik_status status = open_picture(path, &file, &kind, err);
    if (status) return status;
    if (kind == PNG)
        status = ik__png_read_map(path, file, max_bits, height, width, map, err);
    else
        status =
            ik_errorf(err, IK_FAILED, "%s: is not a PNG file; a label map has to be one%s", path,
                      kind == JPEG    ? " (JPEG would blur the labels)"
                      : kind == EMPTY ? " (it is empty)"
                                      : "");
    fclose(file);
    return status;
}

const ik_image_api ik__images = {sizeof(ik_image_api), read_rgb, read_map};
