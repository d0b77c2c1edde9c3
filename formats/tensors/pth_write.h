/* Writing a state dict as torch.save does: a zip archive of a pickle and one member per tensor. */
#ifndef INADEKIT_TENSORS_PTH_WRITE_H
#define INADEKIT_TENSORS_PTH_WRITE_H

#include "raw.h"

typedef struct ik__pth_item {
    const char *name; /* UTF-8 */
    ik__raw raw;      /* IK__F32, IK__I32 or IK__I64 */
    ik_shape shape;
} ik__pth_item;

/* `read` gives all elements of item i, ik__raw_bytes of them; it is called once per item while the
 * file is written. The file is written beside its place, synced and renamed. Errors read
 * `path: what is wrong`. */
ik_status ik__pth_write(const char *path, int n, const ik__pth_item *items,
                        ik_status (*read)(void *user, int i, void *to, ik_error *err), void *user,
                        ik_error *err);

#endif
