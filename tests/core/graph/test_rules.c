/* The rows of the ops: none is empty; and what may not be recorded is refused by name. */

#include "graph/ops/rules.h"
#include "support/suite.h"

START_TEST(no_row_is_empty) {
    for (int op = 0; op < IK_OP_COUNT; op++) {
        const ik__rule *rule = ik__rule_of((ik_opcode)op);
        const char *name = ik_op_text((ik_opcode)op);
        ck_assert_msg(rule->infer, "op %s has no rule for its shape; see core/graph/ops", name);
        ck_assert_msg(rule->gradient, "op %s has no gradient, nor says that there is none", name);
    }
}
END_TEST

static void refuses(ik_opcode op, const char *want) {
    const ik_scene_info info = {0};
    ik__graph *g = ik__graph_new(NULL, sizeof *g, NULL, &info);
    ck_assert_ptr_null(ik__record(g, op, NULL, 0, NULL));
    ck_assert_msg(strstr(g->error.text, want), "%s", g->error.text);
    ik__graph_free(g);
}

START_TEST(what_the_core_makes_is_not_recorded) {
    for (int op = 0; op < IK_OP_COUNT; op++) {
        if (ik__rule_of((ik_opcode)op)->infer != NOT_INFERRED || op == IK_CUSTOM) continue;
        char want[64];
        snprintf(want, sizeof want, "op %s is not for recording", ik_op_text((ik_opcode)op));
        refuses((ik_opcode)op, want);
    }
    refuses(IK_CUSTOM, "op custom is recorded with a descriptor");
    refuses(IK_ADD, "op add cannot take 0 inputs");
    refuses(IK_OP_COUNT, "op ? cannot take 0 inputs");
    refuses((ik_opcode)-1, "op ? cannot take 0 inputs");
}
END_TEST

START_TEST(names) {
    ck_assert_str_eq(ik_op_text(IK_INPUT), "input");
    ck_assert_str_eq(ik_op_text(IK_CONV2D_ACT), "conv2d_act");
    ck_assert_str_eq(ik_op_text(IK_OP_COUNT), "unknown");
    ck_assert_str_eq(ik_op_text((ik_opcode)-1), "unknown");
}
END_TEST

int main(void) {
    return RUN_SUITE("rules", NULL, NULL, {no_row_is_empty}, {what_the_core_makes_is_not_recorded},
                     {names});
}
