/* A dataset: numbered items, each a picture with its maps, decoded at full size.
 *
 * Resizing, cropping, flipping, numbering of instances and scaling to -1..1 are the core's work and
 * the same for every dataset; a plugin only finds and decodes. */
#ifndef INADEKIT_DATASET_H
#define INADEKIT_DATASET_H

#include "inadekit/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ik_split { IK_TRAIN, IK_VALIDATION } ik_split;

/* Since 1.2. What a dataset brings of its own, beside picture and maps: a sketch, distances, a
 * pose. Networks and plugins ask for it by name, as [B,H,W,channels]. */
enum { IK_MAX_PLANES = 8 };
typedef struct ik_plane {
    const char *name;  /* lower-case letters, digits, '_' */
    int32_t channels;  /* 1..32 */
    uint32_t mirrored; /* bit c: channel c changes its sign when an item is mirrored left to right,
                          as a distance along x does */
    bool floors; /* resized by floor(destination * in / out); else as maps are, by their centres */
} ik_plane;

/* One item. Buffers come from malloc; the core frees them. */
typedef struct ik_item {
    char name[256];    /* for messages and file names: the stem */
    char origin[1024]; /* the label map's file, "" when drawn */
    int height, width; /* of the maps; an image of another size is refused by the core */
    int image_height, image_width;
    uint8_t *image;    /* [H,W,3] RGB; NULL when there is none (synthesis only) */
    int32_t *label;    /* [H,W], 0..labels-1 */
    int32_t *instance; /* [H,W], any ids; NULL: one instance per class present */
    /* Since 1.2. [H,W,channels] of the maps' size, as ik_dataset_info announces them; NULL: zeros.
     */
    float *plane[IK_MAX_PLANES];
} ik_item;

/* Services of the core that a dataset may use while reading; safe from any thread. */
typedef struct ik_image_api {
    uint32_t struct_size;
    /* PNG or JPEG, turned upright as EXIF says, as RGB of 8 bits. */
    ik_status (*read_rgb)(const char *path, int *height, int *width, uint8_t **rgb, ik_error *err);
    /* 8- or 16-bit single-channel (grey or palette index) PNG as integers, turned as EXIF says.
     * `max_bits` 8 refuses 16. */
    ik_status (*read_map)(const char *path, int max_bits, int *height, int *width, int32_t **map,
                          ik_error *err);
} ik_image_api;

typedef struct ik_dataset_info {
    int64_t labels;                 /* classes, the unknown one included */
    int64_t count[2];               /* items by split */
    const char *const *label_names; /* `labels` names or NULL */
    /* Since 1.2. Planes that every item has, up to IK_MAX_PLANES; they live as long as the dataset
     * is open. They are resized by the nearest pixel. */
    const ik_plane *planes;
    int32_t n_planes;
    /* Since 1.2. What was taken where there was a choice, as "data/val_inst is not there: ...", for
     * the person to be told; NULL: nothing. It lives as long as the dataset is open. */
    const char *note;
    /* Since 1.2. `read` leaves label maps as the files hold them, and the core calls `classes`, so
     * that its messages tell a file's value. */
    bool raw_labels;
} ik_dataset_info;

/* `read` may be called from several threads at once. */
typedef struct ik_dataset_iface {
    uint32_t struct_size;
    /* Height and width are those of `size:`; datasets that draw use them. */
    ik_status (*open)(void *self, const ik_image_api *images, int64_t height, int64_t width,
                      uint64_t seed, ik_dataset_info *info, ik_error *err);
    ik_status (*read)(const void *self, ik_split split, int64_t index, ik_item *item,
                      ik_error *err);
    void (*close)(void *self);
    /* Since 1.1. What `open` would say, without touching a file, for checking a pipeline where its
     * data is not; counts stay 0. NULL: `open` needs no files either. */
    ik_status (*describe)(const void *self, ik_dataset_info *info, ik_error *err);
    /* Since 1.1. Turns the n values of a label map, as this dataset's files hold them, into classes
     * 0..labels-1, in place; others become, or stay, something else, for the core to refuse. May be
     * called before `open` and from several threads at once. NULL: files hold classes. */
    void (*classes)(const void *self, int64_t n, int32_t *label);
} ik_dataset_iface;

#ifdef __cplusplus
}
#endif
#endif
