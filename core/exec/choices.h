/* What the backend chose, as a file of a checkpoint's folder. */
#ifndef INADEKIT_EXEC_CHOICES_H
#define INADEKIT_EXEC_CHOICES_H

#include "program.h"

ik_status ik__choices_save(const ik__engine *e, const char *path, ik_error *err);
/* Comes before any program is made; a file that is not there is none, and one that does not fit is
 * said to be ignored. */
void ik__choices_recall(const ik__engine *e, const char *path);

#endif
