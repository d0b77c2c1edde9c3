/* JPEG decoding. libjpeg leaves through longjmp; all that must survive lives in one struct. */
#include "image.h"

#include <setjmp.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <jerror.h>

enum { MEMORY = 1 << 30, SCANS = 500 }; /* progressive files can ask for much of both */

typedef struct decoder {
    struct jpeg_error_mgr errors; /* first: libjpeg hands back a pointer to it */
    struct jpeg_progress_mgr progress;
    struct jpeg_decompress_struct jpeg;
    jmp_buf leave;
    const char *path;
    ik_error *err;
    uint8_t *pixels;
} decoder;

static void leave(j_common_ptr jpeg) {
    decoder *d = (decoder *)jpeg->err;
    char what[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, what);
    ik_errorf(d->err, IK_FAILED, "%s: cannot decode the JPEG: %s", d->path, what);
    longjmp(d->leave, 1);
}

/* A file cut short is only a warning to libjpeg, which then paints the rest grey. */
static void warn(j_common_ptr jpeg, int level) {
    if (level == -1 && jpeg->err->msg_code == JWRN_JPEG_EOF) {
        decoder *d = (decoder *)jpeg->err;
        ik_errorf(d->err, IK_FAILED, "%s: the file ends before the picture does; fetch it again",
                  d->path);
        longjmp(d->leave, 1);
    }
}

static void count_scans(j_common_ptr jpeg) {
    decoder *d = (decoder *)jpeg->err;
    if (d->jpeg.input_scan_number <= SCANS) return;
    ik_errorf(d->err, IK_FAILED, "%s: more than %d scans in a JPEG, which no camera writes",
              d->path, SCANS);
    longjmp(d->leave, 1);
}

static ik_status decode(decoder *d, FILE *file) {
    struct jpeg_decompress_struct *j = &d->jpeg;
    if (setjmp(d->leave)) return IK_FAILED;
    jpeg_create_decompress(j);
    j->mem->max_memory_to_use = MEMORY;
    j->progress = &d->progress;
    jpeg_stdio_src(j, file);
    jpeg_read_header(j, TRUE);
    ik_status status = ik__image_check_size(d->path, j->image_height, j->image_width, d->err);
    if (status) return status;
    if (j->jpeg_color_space == JCS_CMYK || j->jpeg_color_space == JCS_YCCK)
        return ik_errorf(d->err, IK_FAILED, "%s: is a CMYK picture; convert it to RGB", d->path);
    j->out_color_space = JCS_RGB; /* greyscale is repeated by libjpeg-turbo */
    size_t row = 3 * (size_t)j->image_width;
    d->pixels = malloc(row * j->image_height);
    if (!d->pixels) return ik_errorf(d->err, IK_FAILED, "%s: out of memory", d->path);
    jpeg_start_decompress(j);
    while (j->output_scanline < j->output_height) {
        JSAMPROW line = d->pixels + row * j->output_scanline;
        jpeg_read_scanlines(j, &line, 1);
    }
    jpeg_finish_decompress(j);
    return IK_OK;
}

ik_status ik__jpeg_read_rgb(const char *path, FILE *file, int *height, int *width, uint8_t **rgb,
                            ik_error *err) {
    decoder d = {.path = path, .err = err};
    d.jpeg.err = jpeg_std_error(&d.errors);
    d.errors.error_exit = leave;
    d.errors.emit_message = warn;
    d.progress.progress_monitor = count_scans;
    ik_status status = decode(&d, file);
    *height = (int)d.jpeg.image_height;
    *width = (int)d.jpeg.image_width;
    jpeg_destroy_decompress(&d.jpeg);
    if (status) {
        free(d.pixels);
        d.pixels = NULL;
    }
    *rgb = d.pixels;
    return status;
}

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

const char *ik__jpeg_library(void) {
#ifdef LIBJPEG_TURBO_VERSION
    return "libjpeg-turbo " TEXT(LIBJPEG_TURBO_VERSION);
#else
    return "libjpeg " TEXT(JPEG_LIB_VERSION);
#endif
}
