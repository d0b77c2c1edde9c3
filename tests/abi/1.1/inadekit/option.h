/* Option rows: one table validates the YAML, fills a struct, prints help and generates the
 * reference. A table ends with a row whose name is NULL. */
#ifndef INADEKIT_OPTION_H
#define INADEKIT_OPTION_H

#include "inadekit/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ik_option_type {                 /* the field at `offset` is a: */
                              IK_OPT_BOOL,    /* bool */
                              IK_OPT_INT,     /* int64_t */
                              IK_OPT_DOUBLE,  /* double */
                              IK_OPT_STRING,  /* const char *, NULL when empty and not required */
                              IK_OPT_CHOICE,  /* int, the index into `choices` */
                              IK_OPT_INTS,    /* ik_ints */
                              IK_OPT_DOUBLES, /* ik_doubles */
                              IK_OPT_STRINGS, /* ik_strings */
} ik_option_type;

typedef struct ik_option {
    const char *name;
    const char *help;
    ik_option_type type;
    size_t offset;        /* offsetof(struct, field) */
    const char *fallback; /* the default as YAML would write it; NULL: the option is required */
    double min, max;      /* numbers and elements of lists; both 0: no bound */
    const char *const *choices; /* IK_OPT_CHOICE: NULL-terminated */
} ik_option;

#ifdef __cplusplus
}
#endif
#endif
