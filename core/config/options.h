/* Option rows at work: YAML into a struct, and help. */
#ifndef INADEKIT_CONFIG_OPTIONS_H
#define INADEKIT_CONFIG_OPTIONS_H

#include "inadekit/option.h"

#include "base/pool.h"
#include "config.h"

/* Fills the fields of `self` from `map`, or with the defaults where the map is NULL or null or
 * lacks a key. The key `plugin` and those of `also` (NULL-terminated or NULL) are left to others;
 * any other unknown key, wrong type, number out of range or missing required option is refused with
 * its position. `what` names the owner in messages ("norm/mine"). Strings and lists live in the
 * pool. */
ik_status ik__options_fill(const ik_option *rows, const ik__conf *map, const char *const *also,
                           const char *what, void *self, ik__pool *pool, ik_error *err);

/* The same from a node that has other keys as well, which are left to others; one that is no map
 * has none of these. */
ik_status ik__options_pick(const ik_option *rows, const ik__conf *from, const char *what,
                           void *self, ik__pool *pool, ik_error *err);
/* One value by its row, from where it is written. */
ik_status ik__options_value(const ik_option *row, const ik__conf *value, const char *what,
                            void *self, ik__pool *pool, ik_error *err);

/* Help: a line of name, type, default and range, and a line of explanation, for each row. */
void ik__options_describe(const ik_option *rows, FILE *out);

/* The same as a Markdown table. */
void ik__options_markdown(const ik_option *rows, FILE *out);

/* Does one of the rows have this name? `rows` may be NULL. */
bool ik__options_have(const ik_option *rows, const char *name);

/* The bytes that a row's field takes. */
size_t ik__option_size(ik_option_type type);

#endif
