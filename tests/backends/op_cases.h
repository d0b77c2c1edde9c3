/* All cases of the op suite, by number. */
#ifndef OP_CASES_H
#define OP_CASES_H

#include "op_cases_elementwise.h"
#include "op_cases_pictures.h"
#include "op_cases_maps.h"
#include "op_cases_wide.h"

#define LIST(cases)                                                                                \
    { cases, (int)(sizeof cases / sizeof *cases) }
static const struct {
    const op_case *v;
    int n;
} lists[] = {
    LIST(elementwise_cases), LIST(shape_cases),    LIST(product_cases),  LIST(spectral_cases),
    LIST(conv_cases),        LIST(pooling_cases),  LIST(norm_cases),     LIST(map_cases),
    LIST(window_cases),      LIST(conv_act_cases), LIST(modulate_cases), LIST(wide_cases),
};
enum { LISTS = sizeof lists / sizeof *lists };

static inline int count_cases(void) {
    int n = 0;
    for (int i = 0; i < LISTS; i++) n += lists[i].n;
    return n;
}

static inline const op_case *case_of(int index) {
    int list = 0;
    while (index >= lists[list].n) index -= lists[list++].n;
    return &lists[list].v[index];
}

/* The cases that OPS_ONLY=products leaves, or all: the n-th. */
static inline int count_chosen(void) {
    int n = 0;
    bool all = !getenv("OPS_ONLY");
    for (int i = 0; i < count_cases(); i++) n += all || op_multiplies(case_of(i));
    return n;
}

static inline const op_case *chosen(int index) {
    bool all = !getenv("OPS_ONLY");
    for (int i = 0;; i++)
        if ((all || op_multiplies(case_of(i))) && !index--) return case_of(i);
}

#endif
