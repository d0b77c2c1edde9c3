/* The table of a scene's fields; see fields.h. */
#include "fields.h"

#include <ctype.h>

static const ik__field own[IK__OWN_FIELDS] = {
    [IK__IMAGE] = {"image", IK_F32, IK__PICTURE, false, 3, NULL},
    [IK__LABEL] = {"label", IK_I32, IK__MAP, false, 0, NULL},
    [IK__INSTANCE] = {"instance", IK_I32, IK__MAP, false, 0, NULL},
    [IK__SEGMENTS] = {"segments", IK_I32, IK__MAP, true, 0, NULL},
    [IK__SEGMENT_LABEL] = {"segment_label", IK_I32, IK__LIST, true, 0, NULL},
    [IK__SEGMENT_INSTANCE] = {"segment_instance", IK_I32, IK__LIST, true, 0, NULL},
};

void ik__fields_begin(ik__fields *f, int64_t height, int64_t width, int64_t max_segments) {
    *f = (ik__fields){
        .n = IK__OWN_FIELDS, .height = height, .width = width, .max_segments = max_segments};
    memcpy(f->v, own, sizeof own);
}

/* Names are asked for in YAML and by plugins; a few are made from others. */
static bool is_name(const char *name) {
    static const char *const taken[] = {"edge", "fake", "z", "noise", NULL};
    for (int i = 0; taken[i]; i++)
        if (!strcmp(taken[i], name)) return false;
    size_t n = 0;
    while (islower((unsigned char)name[n]) || isdigit((unsigned char)name[n]) || name[n] == '_')
        n++;
    return n && n < 64 && !name[n] && islower((unsigned char)name[0]);
}

ik_status ik__fields_add(ik__fields *f, const char *what, const ik_plane *plane, ik_error *err) {
    const char *name = plane->name ? plane->name : "";
    if (f->n == IK__MOST_FIELDS)
        return ik_errorf(err, IK_FAILED, "%s: announces more than %d planes", what, IK_MAX_PLANES);
    if (!is_name(name) || ik__fields_find(f, name) >= 0)
        return ik_errorf(err, IK_FAILED,
                         "%s: announces a plane '%.64s', which is no name or is taken; names are "
                         "lower-case letters, digits and '_'",
                         what, name);
    if (plane->channels < 1 || plane->channels > 32)
        return ik_errorf(err, IK_FAILED, "%s: plane '%s' has %d channels; 1 to 32 are possible",
                         what, name, plane->channels);
    f->v[f->n++] = (ik__field){name, IK_F32, IK__PICTURE, false, plane->channels, plane};
    return IK_OK;
}

int ik__fields_find(const ik__fields *f, const char *name) {
    for (int i = 0; i < f->n; i++)
        if (!strcmp(f->v[i].name, name)) return i;
    return -1;
}

ik_shape ik__field_shape(const ik__fields *f, int i) {
    switch (f->v[i].extent) {
    case IK__PICTURE:
        return IK_SHAPE3(f->height, f->width, f->v[i].channels);
    case IK__MAP:
        return IK_SHAPE2(f->height, f->width);
    default:
        return IK_SHAPE1(f->max_segments);
    }
}

size_t ik__field_bytes(const ik__fields *f, int i) {
    return (size_t)ik_count(ik__field_shape(f, i)) * 4;
}
