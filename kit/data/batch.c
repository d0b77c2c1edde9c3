/* Batches: every field's array, walked over by the table. */
#include "batch.h"

#include <stdlib.h>

_Static_assert(offsetof(ik__batch, segment_instance) ==
                   offsetof(ik__batch, field[IK__SEGMENT_INSTANCE]),
               "names and numbers are of the same arrays");

ik_status ik__batch_new(const ik__fields *fields, int64_t n, ik__batch **out, ik_error *err) {
    size_t rows = (size_t)n;
    ik__batch *b = *out = calloc(1, sizeof *b);
    if (!b) return ik_errorf(err, IK_FAILED, "out of memory");
    b->n = n;
    b->fields = fields;
    b->instances = calloc(rows, sizeof *b->instances);
    b->segment_count = calloc(rows, sizeof *b->segment_count);
    b->names = calloc(rows, sizeof *b->names);
    b->pictured = calloc(rows, sizeof *b->pictured);
    bool ok = b->instances && b->segment_count && b->names && b->pictured;
    for (int i = 0; i < fields->n; i++)
        ok = (b->field[i] = calloc(rows, ik__field_bytes(fields, i))) && ok;
    if (ok) return IK_OK;
    ik__batch_free(b);
    *out = NULL;
    return ik_errorf(err, IK_FAILED, "out of memory for a batch of %lld pictures of %lldx%lld",
                     (long long)n, (long long)fields->width, (long long)fields->height);
}

void ik__batch_free(ik__batch *b) {
    if (!b) return;
    for (int i = 0; i < b->fields->n; i++) free(b->field[i]);
    free(b->instances);
    free(b->segment_count);
    free(b->names);
    free(b->pictured);
    free(b);
}

ik__batch ik__batch_rows(const ik__batch *all, int64_t first, int64_t n) {
    ik__batch part = *all;
    part.n = n;
    for (int i = 0; i < all->fields->n; i++)
        part.field[i] = (char *)all->field[i] + (size_t)first * ik__field_bytes(all->fields, i);
    part.instances += first;
    part.segment_count += first;
    part.names += first;
    part.pictured += first;
    return part;
}

void ik__batch_copy_row(ik__batch *to, int64_t row, const ik__batch *from, int64_t item) {
    for (int i = 0; i < from->fields->n; i++) {
        size_t bytes = ik__field_bytes(from->fields, i);
        memcpy((char *)to->field[i] + (size_t)row * bytes,
               (const char *)from->field[i] + (size_t)item * bytes, bytes);
    }
}
