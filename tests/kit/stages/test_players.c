/* Players and updates other than the default two: what the table can say, training does. */
#include "folder/curves.h"
#include "session/session.h"
#include "stages/train.h"
#include "support/runs.h"
#include "support/suite.h"

#include <math.h>

static ik_error err;

static void must(ik_status status) {
    ck_assert_msg(!status, "%s", err.text);
}

/* A run of tiny.yaml whose table `change` has changed; its curves. */
static ik__losses train(const char *name, void (*change)(ik__players *)) {
    char pipeline[128], out[128];
    const char *sets[] = {"stages=[train]", "train.picture_every=2", "train.steps=2",
                          "device=naive"};
    snprintf(pipeline, sizeof pipeline, "%s/tiny.yaml", folder);
    snprintf(out, sizeof out, "%s/%s", folder, name);
    ik__run_options o = {.pipeline = pipeline, .n_sets = 4, .sets = sets, .out = out, .threads = 1};
    ik__session *s;
    ik__losses losses;
    ik__plugins_path(BUILD_DIR "/lib/inadekit");
    must(ik__session_begin(&o, &s, &err));
    if (change) change(&s->model->players);
    must(ik__session_record(s, false, &err));
    must(ik__session_folder(s, &o, &err));
    must(ik__session_ready(s, &err));
    must(ik__train(s, &o, NULL, &err));
    ik__session_close(s);
    ik__losses_read(&losses, out);
    return losses;
}

/* The first value of a curve. */
static double first(const ik__losses *l, const char *name) {
    const ik__series *s = ik__losses_find(l, name);
    ck_assert_msg(s && s->n, "there is no curve '%s'", name);
    return s->value[0];
}

static void together(ik__players *p) {
    p->n_updates = 1;
    p->updates[0] = (ik__update){"step", 2, {0, 1}};
}

/* One forward pass serves both: the first losses of the generator are those of an update of its
 * own, and both are logged under their players' names. */
START_TEST(both_from_one_pass) {
    ik__losses apart = train("a", NULL), one = train("b", together);
    ck_assert_double_eq_tol(first(&apart, "generator.total"), first(&one, "generator.total"), 1e-6);
    ck_assert(isfinite(first(&one, "discriminator.hinge")));
    ck_assert_int_eq(apart.n, one.n);
    ck_assert_int_eq(shell("test -s b/images/batch-00000002.png"), 0);
    ck_assert_int_eq(
        shell("cd b/checkpoints/step-00000002; cmp weights.safetensors "
              "../../../a/checkpoints/step-00000002/weights.safetensors; [ $? -eq 1 ]"),
        0);
    ik__losses_free(&apart);
    ik__losses_free(&one);
}
END_TEST

/* Both in one program go by the same gradients as in two of one step: nothing but the fakes'
 * moment differs, so a discriminator that comes first changes the generator's losses. */
static void judge_first(ik__players *p) {
    ik__update kept = p->updates[0];
    p->updates[0] = p->updates[1];
    p->updates[1] = kept;
}

START_TEST(the_judge_first) {
    ik__losses usual = train("a", NULL), other = train("b", judge_first);
    ck_assert_double_ne(first(&usual, "generator.total"), first(&other, "generator.total"));
    ik__losses_free(&usual);
    ik__losses_free(&other);
}
END_TEST

static void renamed(ik__players *p) {
    p->v[0].name = "painter";
    p->v[1].name = "critic";
    together(p);
}

START_TEST(names_are_the_tables) {
    ik__losses l = train("a", renamed);
    first(&l, "painter.total");
    first(&l, "critic.total");
    ik__losses_free(&l);

    ik__players p;
    ik__model none = {0};
    char text[64];
    const char *loss;
    ik__players_default(&none, &p);
    renamed(&p);
    ik__update_players(&p, &p.updates[0], text, sizeof text);
    ck_assert_str_eq(text, "painter, critic");
    ck_assert_str_eq(ik__result_player(&p, &p.updates[0], "critic.hinge", &loss)->name, "critic");
    ck_assert_str_eq(loss, "hinge");
    ck_assert_int_eq(ik__update_find(&p, "step"), 0);
    ck_assert_int_eq(ik__update_find(&p, "d_step"), -1);
}
END_TEST

int main(void) {
    return RUN_SUITE("players", set_up_runs, tear_down, {both_from_one_pass}, {the_judge_first},
                     {names_are_the_tables});
}
