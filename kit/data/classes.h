/* A label map's values, as a dataset's files hold them, as classes. */
#ifndef INADEKIT_DATA_CLASSES_H
#define INADEKIT_DATA_CLASSES_H

#include "inadekit/dataset.h"

/* `labels`: how many classes there are. Fails with the first pixel whose value, as it was, is none
 * of them. `what` names the item. */
ik_status ik__to_classes(const ik_dataset_iface *iface, const void *self, int64_t labels,
                         const char *what, ik_item *item, ik_error *err);

#endif
