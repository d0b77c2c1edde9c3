/* Is it there, and making folders. */
#ifndef INADEKIT_BASE_FILES_H
#define INADEKIT_BASE_FILES_H

#include "inadekit/types.h"

bool ik__exists(const char *path);
ik_status ik__make_folder(const char *path, ik_error *err); /* and its parents */

#endif
