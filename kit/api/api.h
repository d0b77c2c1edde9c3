/* What the parts of the public interface share. */
#ifndef INADEKIT_API_API_H
#define INADEKIT_API_API_H

#include "inadekit/inadekit.h"

#include "base/numbers.h"
#include "base/watch.h"

/* A caller's struct as today's: what it does not know yet is zero. */
#define IK__TAKE(type, given)                                                                      \
    ik__take(&(type){0}, sizeof(type), (given), (given) ? (given)->size : 0)
const void *ik__take(void *whole, size_t size, const void *given, size_t known);

/* The caller's watch, as this thread's; and numbers without the caller's locale. */
typedef struct ik__heard {
    ik_watch theirs;
    ik__watch ours;
    const ik__watch *before;
    locale_t locale;
} ik__heard;
void ik__hear(ik__heard *h, const ik_watch *watch);
void ik__hear_end(ik__heard *h);

/* "size is not filled in", or fine. */
ik_status ik__check_size(const char *what, const void *given, size_t known, ik_error *err);
void ik__look_for_plugins(const char *folders);

#endif
