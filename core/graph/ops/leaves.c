/* Ops without inputs: what is given to a graph, numbers and random numbers; and the nodes that the
 * core alone makes. */
#include "rules.h"

static bool infer_attrs(ik__shaping *s) {
    s->out->shape = s->a->shape;
    return true;
}

static bool infer_ramp(ik__shaping *s) {
    REQUIRE(s->a->axis >= 0 && s->a->axis < s->a->shape.rank, "there is no axis %d", s->a->axis);
    return infer_attrs(s);
}

/* Leaves: ik__input and ik__graph_param, _buffer know their shapes. A gradient arrives and stays.
 */
RULE(INPUT, NOT_INFERRED, NO_GRADIENT);
RULE(PARAM, NOT_INFERRED, NO_GRADIENT);
RULE(BUFFER, NOT_INFERRED, NO_GRADIENT);
/* No inputs. */
RULE(FILL, infer_attrs, NO_GRADIENT);
RULE(RANDN, infer_attrs, NO_GRADIENT);
RULE(RAMP, infer_ramp, NO_GRADIENT);
/* Made by exec/constants.c once gradients are there. */
RULE(RELAYOUT, NOT_INFERRED, NO_GRADIENT);
