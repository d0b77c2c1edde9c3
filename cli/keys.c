/* See keys.h: the pipeline's own tables, looked through. */
#include "keys.h"

#include "session/settings.h"

const char *cli_key_named(const char *name) {
    static _Thread_local char key[128];
    for (const ik__settings_table *t = ik__settings_tables; t->rows; t++)
        for (const ik_option *row = t->rows; row->name; row++) {
            if (strcmp(row->name, name)) continue;
            bool top = t == ik__settings_tables;
            snprintf(key, sizeof key, "%s%s%s", top ? "" : t->key, top ? "" : ".", name);
            return key;
        }
    return NULL;
}
