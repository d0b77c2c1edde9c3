/* A plugin's project, made from the templates of share/inadekit/templates. */
#ifndef INADEKIT_PLUGIN_NEW_H
#define INADEKIT_PLUGIN_NEW_H

#include "inadekit/plugin.h"

/* Kinds that there is a template for, NULL-terminated. */
extern const char *const ik__template_kinds[];

/* Writes the project of plugin `name`, a C identifier, into `folder`, which must not be there yet;
 * `written` is called with each file's name. */
ik_status ik__plugin_new(const char *kind, const char *name, const char *folder,
                         void (*written)(const char *file), ik_error *err);

#endif
