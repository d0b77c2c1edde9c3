/* Files of torch.save, zip archives and streams alike: opened, and every tensor read. */
#include "fuzz.h"

#include "tensors/pth.h"

/* A tensor is never larger than the file, however many of them share its numbers. */
static void read_all(ik__pth *p, size_t size) {
    for (int i = 0; i < ik__pth_count(p); i++) {
        const ik__st_entry *e = ik__pth_entry_at(p, i);
        int64_t n = ik_count(e->shape);
        FUZZ_CHECK(n >= 0 && (size_t)n <= size);
        FUZZ_CHECK(*e->name && strlen(e->name) <= size + 64);
        void *to = malloc(4 * (size_t)n + 1);
        ik_error err = {""};
        fuzz_check_status(ik__pth_read(p, i, to, &err), &err);
        free(to);
    }
    FUZZ_CHECK(!ik__pth_entry_at(p, -1) && !ik__pth_entry_at(p, ik__pth_count(p)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ik_error err = {""};
    ik__pth *p = NULL;
    ik_status status = ik__pth_open(fuzz_file(data, size), &p, &err);
    fuzz_check_status(status, &err);
    FUZZ_CHECK(!status == !!p);
    if (p) read_all(p, size);
    ik__pth_close(p);
    return 0;
}
