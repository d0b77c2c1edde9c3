/* Keys that change nothing are said, with their place; keys that do are not. */
#include "support/runs.h"

static const struct {
    const char *options, *note; /* NULL: none */
} rows[] = {
    {"", NULL},
    {"--set train.decay_epochs=1",
     "note: --set train.decay_epochs=1:1:20: train.decay_epochs has no "
     "effect: train.steps says how long, at one rate; leave it out to "
     "train by epochs\n"},
    {"--set train.epochs=50 --set train.decay_epochs=0", NULL},
    {"--set train.epochs=3", "train.epochs has no effect: train.steps says how long\n"},
    {"--set train.steps=0 --set train.epochs=1 --set train.decay_epochs=1", NULL},
    {"--set train.keep=1 --set train.checkpoint_every=0",
     "train.keep has no effect: train.checkpoint_every is 0: only the last is written\n"},
    {"--set train.lr.discriminator=1e-3", NULL},
    {"--set train.lr.discriminator=1e-3 --set losses=[l1]",
     "train.lr.discriminator has no effect: no loss has a term for it\n"},
    {"--set losses=[l1]",
     "the network discriminator has no effect: nothing asks for what it makes\n"},
    {"--set losses=[hinge,kl]",
     "--set losses=[hinge,kl]:1:15: the loss kl has no effect: it has no "
     "term: what it measures is not published\n"},
    {"--set stages=[synthesize]",
     "tiny.yaml:21:8: train has no effect: `stages` does not name train\n"},
    {"--set stages=[synthesize]", "losses has no effect: `stages` does not name train\n"},
    {"--set stages=[train] --set synthesize.vary.instances=[1]",
     "synthesize.vary has no effect: `stages` does not name synthesize\n"},
    {"--set evaluate=[pixels]", "evaluate has no effect: `stages` does not name evaluate\n"},
    {"--set synthesize.items=3",
     "synthesize.items has no effect: the dataset has 2 validation items, and all are painted\n"},
    {"--set networks.generator.nodes.5.norm=batch",
     ":1:33: norm of the node leaky_relu_5 has no effect: nothing that takes a norm uses it\n"},
    {"--set networks.generator.nodes.1.norm=batch", NULL},
    {"--set losses.1.weight=0", "the loss feature_matching has no effect: its weight is 0\n"},
    {"--set train.lr.generator=0",
     "note: not trained: the generator, since train.lr.generator is 0\n"},
    {"--set train.lr.generator=1e-50",
     "note: not trained: the generator, since train.lr.generator is as good as 0\n"},
    {"--set losses.1.weight=1e-50",
     "the loss feature_matching has no effect: its weight is as good as 0\n"},
    {"--set networks.generator.frozen=true --set networks.generator.weights=random",
     "note: not trained: the generator, whose networks are all frozen\n"},
    {"--set networks.generator.inputs.w=[3]",
     "the input w of the network generator has no effect: no node takes it\n"},
    {"--set networks.generator.nodes.1.norm=batch --set networks.generator.nodes.3.norm=batch",
     "tiny.yaml:6:7: norm has no effect: nothing that takes a norm uses it\n"},
};

START_TEST(keys) {
    char arguments[300];
    snprintf(arguments, sizeof arguments, "run tiny.yaml --dry-run %s", rows[_i].options);
    expect(arguments, 0, rows[_i].note);
    ck_assert_msg(rows[_i].note || !strstr(said, "no effect"), "%s: %s", rows[_i].options, said);
}
END_TEST

/* A run says the same; one that goes on needs what it trained with. */
START_TEST(of_a_run) {
    run("a", "tiny.yaml", "--set train.decay_epochs=1 --set stages=[train]");
    ck_assert_ptr_nonnull(strstr(said, "train.decay_epochs has no effect"));
    ck_assert_ptr_nonnull(strstr(said, "synthesize.items has no effect"));
    expect("run tiny.yaml --out a --resume -q --set stages=[synthesize] --set train.decay_epochs=1",
           0, NULL);
    ck_assert_str_eq(said, "");
}
END_TEST

int main(void) {
    return RUN_SUITE("unused", set_up_runs, tear_down, {keys, COUNT(rows)}, {of_a_run});
}
