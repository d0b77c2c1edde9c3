/* JPEG files, read as a picture. */
#include "picture.h"

/* Does any place that may be a frame header (FF C0 to CF: length, precision, height, width) ask for
 * a large picture? */
static bool is_costly(const uint8_t *data, size_t size) {
    for (size_t i = 0; i + 9 <= size; i++) {
        if (data[i] != 0xFF || (data[i + 1] & 0xF0) != 0xC0) continue;
        uint32_t height = (uint32_t)data[i + 5] << 8 | data[i + 6];
        uint32_t width = (uint32_t)data[i + 7] << 8 | data[i + 8];
        if (height * width > FUZZ_PIXELS) return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || is_costly(data, size)) return 0;
    uint8_t *bytes = malloc(size), *rgb = NULL;
    memcpy(bytes, data, size);
    int height, width;
    ik_error err = {""};
    FILE *file = fmemopen(bytes, size, "rb");
    ik_status status = ik__jpeg_read_rgb("f.jpg", file, &height, &width, &rgb, &err);
    fuzz_check_status(status, &err);
    if (!status) fuzz_check_rgb(height, width, rgb);
    free(rgb);
    fclose(file);
    free(bytes);
    return 0;
}
