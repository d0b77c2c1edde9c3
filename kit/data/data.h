/* An opened dataset: a plugin instance with the options common to all datasets, and reading an item
 * into a row of a batch.
 *
 * Common options stand in the same map as the plugin's: size [H,W] (required), load_size [H,W],
 * flip, max_instances, max_segments. Reading is safe from several threads at once, into different
 * rows. */
#ifndef INADEKIT_DATA_DATA_H
#define INADEKIT_DATA_DATA_H

#include "batch.h"
#include "config/config.h"
#include "inadekit/dataset.h"
#include "inadekit/option.h"

typedef struct ik__data_info {
    int64_t labels, height, width, max_instances, max_segments;
    int64_t count[2];               /* by ik_split */
    const char *const *label_names; /* `labels` names or NULL */
    ik__fields fields;              /* of a batch */
} ik__data_info;

typedef struct ik__data ik__data;

extern const ik_option ik__data_options[]; /* the common ones, for help */

/* `dataset` is {plugin: NAME, common and own options}; it has to outlive the result. */
ik_status ik__data_open(const ik__conf *dataset, uint64_t seed, ik__data **out, ik_error *err);
/* The same without touching a file: it knows its labels and has no items. */
ik_status ik__data_describe(const ik__conf *dataset, uint64_t seed, ik__data **out, ik_error *err);

/* A split becomes one item, made of these files in place of the dataset's: a label map as the
 * dataset's files would be, its instance map (NULL: one instance per class), a picture (NULL: none;
 * a training item needs one). The paths have to outlive the data; they are read by ik__data_read.
 */
typedef struct ik__item_files {
    const char *image, *label, *instance;
} ik__item_files;
void ik__data_replace(ik__data *data, ik_split split, const ik__item_files *files);
/* The same of maps in memory [height,width], as the dataset's files would hold them, and a picture
 * [height,width,3]; they are borrowed, until the split is replaced again. */
typedef struct ik__item_maps {
    const char *name;
    int height, width;
    const int32_t *label, *instance; /* instance NULL: one per class */
    const uint8_t *image;            /* NULL: none */
} ik__item_maps;
void ik__data_give(ik__data *data, ik_split split, const ik__item_maps *maps);
/* The split's one item gets this number: its random values are drawn by it. */
void ik__data_number(ik__data *data, ik_split split, int64_t index);
void ik__data_close(ik__data *data);
const ik__data_info *ik__data_info_of(const ik__data *data);
/* The label that a word means, a number or a name; -1 if there is none. */
int64_t ik__data_label(const ik__data_info *info, const char *word);

/* Reads an item into row `row`. augment: NULL for a plain resize to `size`, else the key of this
 * use of the item, from which mirroring and cropping are drawn. In training an item must have a
 * picture. */
ik_status ik__data_read(const ik__data *data, ik_split split, int64_t index,
                        const uint64_t *augment, ik__batch *batch, int64_t row, ik_error *err);

#endif
