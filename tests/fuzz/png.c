/* PNG files, read as a picture and as a map. The checksums are put right first: with wrong ones
 * little of a file would be looked at. */
#include "picture.h"

#include <zlib.h>

enum { SIGNATURE = 8, WIDTH_AT = 16, HEIGHT_AT = 20 };

static uint32_t big_endian(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void fix_checksums(uint8_t *data, size_t size) {
    for (size_t at = SIGNATURE; at + 12 <= size;) {
        uint32_t length = big_endian(data + at);
        if (length > size - at - 12) return;
        uint32_t crc = (uint32_t)crc32(0, data + at + 4, length + 4);
        for (int i = 0; i < 4; i++)
            data[at + 8 + length + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
        at += 12 + (size_t)length;
    }
}

static bool is_costly(const uint8_t *data, size_t size) {
    if (size < HEIGHT_AT + 4) return false;
    uint64_t pixels = (uint64_t)big_endian(data + WIDTH_AT) * big_endian(data + HEIGHT_AT);
    return pixels > FUZZ_PIXELS && pixels <= IK__IMAGE_PIXELS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || is_costly(data, size)) return 0;
    uint8_t *bytes = malloc(size), *rgb = NULL;
    int32_t *map = NULL;
    memcpy(bytes, data, size);
    fix_checksums(bytes, size);
    int height, width;
    ik_error err = {""};
    FILE *file = fmemopen(bytes, size, "rb");
    ik_status status = ik__png_read_rgb("f.png", file, &height, &width, &rgb, &err);
    fuzz_check_status(status, &err);
    if (!status) fuzz_check_rgb(height, width, rgb);
    free(rgb);
    rewind(file);
    err.text[0] = 0;
    status = ik__png_read_map("f.png", file, 16, &height, &width, &map, &err);
    fuzz_check_status(status, &err);
    for (size_t i = 0; !status && i < (size_t)height * (size_t)width; i++)
        FUZZ_CHECK(map[i] >= 0 && map[i] < 65536);
    free(map);
    fclose(file);
    free(bytes);
    return 0;
}
