/* From values to classes, and which values there are; see classes.h. */
#include "classes.h"

#include <stdlib.h>

enum { VALUES = 65536 }; /* of a map with 16 bits */

/* Lists the values that mean a class, "0..18 and 255", by asking for each. */
static void list_values(const ik_dataset_iface *iface, const void *self, int64_t labels, char *text,
                        size_t room) {
    int32_t *class = malloc(VALUES * sizeof *class);
    size_t at = 0;
    snprintf(text, room, "other values");
    if (!class) return;
    for (int32_t v = 0; v < VALUES; v++) class[v] = v;
    iface->classes(self, VALUES, class);
    for (int32_t v = 0, end; v < VALUES && at < room; v = end) {
        bool known = class[v] >= 0 && class[v] < labels;
        for (end = v + 1; end < VALUES && known == (class[end] >= 0 && class[end] < labels);) end++;
        if (!known) continue;
        at += (size_t)snprintf(text + at, room - at, "%s%d", at ? " and " : "", v);
        if (end - 1 > v && at < room) at += (size_t)snprintf(text + at, room - at, "..%d", end - 1);
    }
    free(class);
}

static ik_status refuse(const ik_dataset_iface *iface, const void *self, int64_t labels,
                        const char *what, const ik_item *item, int32_t value, size_t at,
                        ik_error *err) {
    char values[160];
    list_values(iface, self, labels, values, sizeof values);
    return ik_errorf(err, IK_FAILED, "%s: label %d at pixel (%zu, %zu); this dataset has %s", what,
                     value, at % (size_t)item->width, at / (size_t)item->width, values);
}

ik_status ik__to_classes(const ik_dataset_iface *iface, const void *self, int64_t labels,
                         const char *what, ik_item *item, ik_error *err) {
    if (!item->label || item->height < 1 || item->width < 1) return IK_OK; /* refused elsewhere */
    size_t n = (size_t)item->height * (size_t)item->width, at = 0;
    int32_t *raw = malloc(n * sizeof *raw);
    if (!raw) return ik_errorf(err, IK_FAILED, "%s: out of memory", what);
    memcpy(raw, item->label, n * sizeof *raw);
    iface->classes(self, (int64_t)n, item->label);
    while (at < n && item->label[at] >= 0 && item->label[at] < labels) at++;
    ik_status status = at < n ? refuse(iface, self, labels, what, item, raw[at], at, err) : IK_OK;
    free(raw);
    return status;
}
