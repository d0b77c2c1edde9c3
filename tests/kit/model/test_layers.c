/* What layers record that no golden file shows. */
#include "support/suite.h"

#include "model/layers.h"
#include "model/recording.h"

static ik__graph *graph(bool training) {
    const ik_scene_info info = {.batch = 1, .training = training};
    ik__graph *g = ik__recording_new(NULL, NULL, &info);
    ck_assert_ptr_nonnull(g);
    return g;
}

static uint64_t stream_of(const ik_tensor *t) {
    ck_assert_int_eq(ik__node_of((ik_tensor *)t)->op, IK_DROPOUT);
    return ik__node_of((ik_tensor *)t)->attrs.stream;
}

/* A network that is called twice draws two masks, and so do two layers; the same the next time. */
START_TEST(dropout) {
    uint64_t seen[2][3];
    for (int i = 0; i < 2; i++) {
        ik__graph *g = graph(true);
        ik_tensor *x = ik__input(g, "x", IK_SHAPE2(1, 8), IK_F32);
        for (int k = 0; k < 3; k++) {
            g->pub.api->push(&g->pub, k < 2 ? "one" : "other");
            seen[i][k] = stream_of(ik__layer_dropout(&g->pub, x, 0.5));
            g->pub.api->pop(&g->pub);
        }
        ck_assert_ptr_eq(ik__layer_dropout(&g->pub, x, 0), x);
        ik__graph_free(g);
    }
    ck_assert(seen[0][0] != seen[0][1] && seen[0][0] != seen[0][2] && seen[0][1] != seen[0][2]);
    ck_assert(!memcmp(seen[0], seen[1], sizeof seen[0]));
    ik__graph *g = graph(false);
    ik_tensor *x = ik__input(g, "x", IK_SHAPE2(1, 8), IK_F32);
    ck_assert_ptr_eq(ik__layer_dropout(&g->pub, x, 0.5), x);
    ik__graph_free(g);
}
END_TEST

int main(void) {
    return RUN_SUITE("layers", NULL, NULL, {dropout});
}
