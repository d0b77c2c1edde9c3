/* Datasets with one thing wrong each: FAULT says which. Built once per fault, for test_check.c. */
#define _GNU_SOURCE
#include "inadekit/plugin.h"

#include <stdlib.h>
#include <unistd.h>

enum fault {
    NONE,
    BY_CHANCE,
    NOT_BY_THREADS,
    OUT_OF_RANGE,
    CRASHES,
    DESCRIBES_OTHERWISE,
    NO_ITEMS,
    ONE_IS_BAD,
    LEAKS
};

typedef struct data {
    int64_t unused;
} data;

static ik_status open_data(void *self, const ik_image_api *images, int64_t height, int64_t width,
                           uint64_t seed, ik_dataset_info *info, ik_error *err) {
    (void)self, (void)images, (void)height, (void)width, (void)seed, (void)err;
    info->labels = 4;
    info->count[IK_TRAIN] = FAULT == NO_ITEMS ? 0 : 20;
    info->count[IK_VALIDATION] = FAULT == NO_ITEMS ? 0 : 3;
    return IK_OK;
}

static ik_status describe(const void *self, ik_dataset_info *info, ik_error *err) {
    (void)self, (void)err;
    info->labels = FAULT == DESCRIBES_OTHERWISE ? 5 : 4;
    return IK_OK;
}

static ik_status read_item(const void *self, ik_split split, int64_t index, ik_item *item,
                           ik_error *err) {
    static int reads;
    static volatile int64_t current; /* what NOT_BY_THREADS trips over */
    volatile int *volatile nowhere = NULL;
    (void)self, (void)split, (void)err;
    current = index;
    if (FAULT == NOT_BY_THREADS) usleep(2000);
    int64_t is = FAULT == NOT_BY_THREADS ? current : index;
    if (FAULT == CRASHES && index > 5) *nowhere = 1;
    snprintf(item->name, sizeof item->name, "item%d", (int)index);
    item->height = item->width = item->image_height = item->image_width = 64;
    item->image = malloc(64 * 64 * 3);
    item->label = malloc(64 * 64 * sizeof *item->label);
    reads++;
    static void *volatile lost;
    if (FAULT == LEAKS) lost = malloc(100);
    (void)lost;
    for (int i = 0; i < 64 * 64; i++) {
        item->label[i] = (int32_t)((i / 64 / 8 + is) % 4);
        memset(item->image + 3 * i, (int)(is * 9) + (FAULT == BY_CHANCE ? reads : 0), 3);
    }
    if (FAULT == OUT_OF_RANGE || (FAULT == ONE_IS_BAD && index == 7)) item->label[100] = 4;
    return IK_OK;
}

static void close_data(void *self) {
    (void)self;
}

static const ik_dataset_iface iface = {sizeof iface, open_data, read_item, close_data, describe};
static const ik_plugin plugin = {IK_PLUGIN_HEAD(IK_DATASET, NAME, "1", "wrong on purpose"),
                                 .instance_size = sizeof(data), .iface = &iface};

IK_EXPORT_PLUGINS(&plugin)
