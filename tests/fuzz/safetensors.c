/* safetensors files: opened, looked up by name, and every tensor read. */
#include "fuzz.h"

#include "tensors/safetensors.h"

static void read_all(ik__st *st, size_t size) {
    for (int i = 0; i < ik__st_count(st); i++) {
        const ik__st_entry *e = ik__st_entry_at(st, i);
        int64_t n = ik_count(e->shape);
        FUZZ_CHECK(n >= 0 && (size_t)n <= size);
        FUZZ_CHECK(ik__st_find(st, e->name) == i);
        void *to = malloc(4 * (size_t)n + 1);
        ik_error err = {""};
        fuzz_check_status(ik__st_read(st, i, to, &err), &err);
        free(to);
    }
    FUZZ_CHECK(!ik__st_entry_at(st, -1) && !ik__st_entry_at(st, ik__st_count(st)));
    const char *format = ik__st_meta(st, "format");
    if (format) FUZZ_CHECK(strlen(format) <= size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ik_error err = {""};
    ik__st *st = NULL;
    ik_status status = ik__st_open(fuzz_file(data, size), &st, &err);
    fuzz_check_status(status, &err);
    FUZZ_CHECK(!status == !!st);
    if (st) read_all(st, size);
    ik__st_close(st);
    return 0;
}
