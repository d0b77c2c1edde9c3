/* JPEG decoding. libjpeg leaves through longjmp; all that must survive lives in one struct. */
#include "image.h"
#include "upright.h"

#include <setjmp.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <jerror.h>

/* Progressive files can ask for much memory, and for much work: each scan goes over all pixels. */
enum { MEMORY = 1 << 30, SCANS = 500 };
static const int64_t SCANNED = (int64_t)12 * IK__IMAGE_PIXELS;

typedef struct decoder {
    struct jpeg_error_mgr errors; /* first: libjpeg hands back a pointer to it */
    struct jpeg_progress_mgr progress;
    struct jpeg_decompress_struct jpeg;
    jmp_buf leave;
    const char *path;
    ik_error *err;
    uint8_t *pixels;
    bool header_read;
    int exif, xmp; /* orientations; 0: not said */
    uint8_t segment[65536];
} decoder;

static void leave(j_common_ptr jpeg) {
    decoder *d = (decoder *)jpeg->err;
    char what[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, what);
    ik_errorf(d->err, IK_FAILED, "%s: cannot decode the JPEG: %s", d->path, what);
    longjmp(d->leave, 1);
}

static ik_status fail_damaged(const decoder *d, const char *how) {
    return ik_errorf(d->err, IK_FAILED,
                     "%s: the JPEG is damaged (%s), and part of it would be grey or shifted; fetch "
                     "it again, or open it, look at it and save it anew",
                     d->path, how);
}

/* To libjpeg damage is worth a warning, and it paints something. Warnings about what is not the
 * picture (bytes between its segments, versions, numbers that a baseline file does not use) stay
 * unheard, and so do its traces. */
static void warn(j_common_ptr jpeg, int level) {
    decoder *d = (decoder *)jpeg->err;
    int code = jpeg->err->msg_code;
    if (level >= 0 || code == JWRN_JFIF_MAJOR || code == JWRN_NOT_SEQUENTIAL) return;
    if (code == JWRN_EXTRANEOUS_DATA && !d->header_read) return;
    char what[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, what);
    if (code == JWRN_JPEG_EOF)
        ik_errorf(d->err, IK_FAILED, "%s: the file ends before the picture does; fetch it again",
                  d->path);
    else
        fail_damaged(d, what);
    longjmp(d->leave, 1);
}

static void count_scans(j_common_ptr jpeg) {
    decoder *d = (decoder *)jpeg->err;
    int64_t scans = d->jpeg.input_scan_number;
    int64_t pixels = (int64_t)d->jpeg.image_height * d->jpeg.image_width;
    if (scans <= SCANS && scans * pixels <= SCANNED) return;
    ik_errorf(d->err, IK_FAILED,
              "%s: more than %lld scans in a JPEG of this size, which no camera writes; save it "
              "anew, not progressive",
              d->path, (long long)scans - 1);
    longjmp(d->leave, 1);
}

static uint8_t next_byte(j_decompress_ptr j) {
    if (!j->src->bytes_in_buffer) j->src->fill_input_buffer(j);
    j->src->bytes_in_buffer--;
    return *j->src->next_input_byte++;
}

/* A segment with EXIF or XMP. There may be any number of them; none is kept. */
static boolean take_app1(j_decompress_ptr j) {
    static const char exif[] = "Exif\0", xmp[] = "http://ns.adobe.com/xap/1.0/";
    decoder *d = (decoder *)j->err;
    size_t n = (size_t)next_byte(j) << 8;
    n |= next_byte(j);
    n = n < 2 ? 0 : n - 2;
    for (size_t i = 0; i < n; i++) d->segment[i] = next_byte(j);
    if (!d->exif && n >= sizeof exif && !memcmp(d->segment, exif, sizeof exif))
        d->exif = ik__exif_orientation(d->segment + sizeof exif, n - sizeof exif);
    if (!d->xmp && n >= sizeof xmp && !memcmp(d->segment, xmp, sizeof xmp))
        d->xmp = ik__xmp_orientation((const char *)d->segment, n);
    return TRUE;
}

static ik_status decode(decoder *d, FILE *file) {
    struct jpeg_decompress_struct *j = &d->jpeg;
    if (setjmp(d->leave)) return IK_FAILED;
    jpeg_create_decompress(j);
    j->mem->max_memory_to_use = MEMORY;
    j->progress = &d->progress;
    jpeg_stdio_src(j, file);
    jpeg_set_marker_processor(j, JPEG_APP0 + 1, take_app1);
    jpeg_read_header(j, TRUE);
    d->header_read = true;
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
    decoder d;
    memset(&d, 0, offsetof(decoder, segment));
    d.path = path, d.err = err;
    d.jpeg.err = jpeg_std_error(&d.errors);
    d.errors.error_exit = leave;
    d.errors.emit_message = warn;
    d.progress.progress_monitor = count_scans;
    ik_status status = decode(&d, file);
    *height = (int)d.jpeg.image_height;
    *width = (int)d.jpeg.image_width;
    if (!status && !ik__turn_upright(d.exif ? d.exif : d.xmp, 3, height, width, &d.pixels))
        status = ik_errorf(err, IK_FAILED, "%s: out of memory", path);
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
