/* What two pipelines say differently. */
#ifndef INADEKIT_CONFIG_DIFFERENCES_H
#define INADEKIT_CONFIG_DIFFERENCES_H

#include "config.h"

/* Lines "\n  losses.1.weight: 5 then, 20 now", malloc'ed; "" where there are none. Top-level keys
 * of `apart`, which is NULL-terminated, are not looked at. NULL: no memory. */
char *ik__conf_differences(const ik__conf *then, const ik__conf *now, const char *const *apart);

#endif
