/* Rows of tables, looked up by a map, and sums over the places of an index. */
#include "rules.h"

static bool looked_up(ik__shaping *s, const ik_tensor *table, const ik_tensor *map) {
    ik_shape t = table->shape, m = map->shape, *out = &s->out->shape;
    REQUIRE(t.rank == 3 && map->dtype == IK_I32, "needs a table [T,N,C] and a map");
    REQUIRE(t.d[0] == 1 || t.d[0] == m.d[0], "the table's first axis must be 1 or the batch");
    REQUIRE(m.rank < IK_MAX_RANK, "the map has too many axes");
    *out = m;
    out->d[out->rank++] = t.d[2];
    return true;
}

static bool infer_lookup(ik__shaping *s) {
    return looked_up(s, s->in[0], s->in[1]);
}

static bool infer_lookup_affine(ik__shaping *s) {
    ik_tensor *const *in = s->in;
    ik_shape t = in[0]->shape, n = in[3]->shape;
    int64_t rows = n.rank == 4 ? n.d[2] : 1;
    if (!looked_up(s, in[0], in[2])) return false;
    REQUIRE(ik_same_shape(t, in[1]->shape), "the tables of factors and of terms differ");
    REQUIRE((n.rank == 3 || n.rank == 4) && n.d[n.rank - 1] == t.d[2],
            "the second factor needs [T,K,R,C] or [T,K,C] with the tables' channels");
    REQUIRE(n.d[0] == 1 || n.d[0] == in[2]->shape.d[0],
            "the second factor's first axis must be 1 or the batch");
    REQUIRE(in[4]->dtype == IK_I32 && ik_same_shape(in[2]->shape, in[4]->shape),
            "both maps must have one shape");
    REQUIRE(s->a->start >= 0 && s->a->start < rows, "start lies outside");
    return true;
}

static bool infer_segment_sum(ik__shaping *s) {
    ik_shape x = s->in[0]->shape;
    s->out->shape = IK_SHAPE3(s->a->per_sample ? x.d[0] : 1, s->a->length, x.d[x.rank - 1]);
    return true;
}

static bool infer_segment_count(ik__shaping *s) {
    s->out->shape = IK_SHAPE2(s->in[0]->shape.d[0], s->a->length);
    return true;
}

static void grad_lookup(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik_shape table = y->in[0]->t.shape;
    ik_attrs a = {.length = table.d[1], .per_sample = table.d[0] > 1};
    ik__give(p, y->in[0], OP(IK_SEGMENT_SUM, &a, dy, &y->in[1]->t));
}

static void grad_segment_sum(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik__give(p, y->in[0], OP(IK_LOOKUP, NULL, dy, &y->in[1]->t));
}

/* By way of the ops it was made of. */
static void grad_lookup_affine(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik_tensor *a = &y->in[0]->t, *of = &y->in[2]->t, *n = &y->in[3]->t, *by = &y->in[4]->t;
    ik_attrs sum = {.length = a->shape.d[1], .per_sample = a->shape.d[0] > 1},
             sum_by = {.length = n->shape.d[1], .per_sample = n->shape.d[0] > 1},
             part = {.axis = 2, .start = y->attrs.start, .length = 1};
    ik_shape flat = IK_SHAPE3(n->shape.d[0], n->shape.d[1], a->shape.d[2]);
    bool halves = n->shape.rank == 4;
    if (ik__wants(p, y, 1)) ik__give(p, y->in[1], OP(IK_SEGMENT_SUM, &sum, dy, of));
    if (ik__wants(p, y, 0)) {
        ik_tensor *rows =
            halves ? OP(IK_RESHAPE, IK_ATTRS(.shape = flat), OP(IK_SLICE, &part, n)) : n;
        ik_tensor *da = OP(IK_MUL, NULL, dy, OP(IK_LOOKUP, NULL, rows, by));
        ik__give(p, y->in[0], OP(IK_SEGMENT_SUM, &sum, da, of));
    }
    if (ik__wants(p, y, 3)) {
        ik_tensor *dn = OP(IK_MUL, NULL, dy, OP(IK_LOOKUP, NULL, a, of));
        dn = OP(IK_SEGMENT_SUM, &sum_by, dn, by);
        ik_attrs whole = {.axis = 2, .start = y->attrs.start, .length = halves ? n->shape.d[2] : 1};
        ik_shape row = IK_SHAPE4(flat.d[0], flat.d[1], 1, flat.d[2]);
        if (halves) dn = OP(IK_PAD_SLICE, &whole, OP(IK_RESHAPE, IK_ATTRS(.shape = row), dn));
        ik__give(p, y->in[3], dn);
    }
}

RULE(LOOKUP, infer_lookup, grad_lookup);
RULE(LOOKUP_AFFINE, infer_lookup_affine, grad_lookup_affine);
RULE(SEGMENT_SUM, infer_segment_sum, grad_segment_sum);
RULE(SEGMENT_COUNT, infer_segment_count, NO_GRADIENT); /* of a map alone */
