/* inadekit trace from outside: what it writes, what is taken and what is drawn, and its mistakes.
 * Whether the numbers are right is test_golden.c's matter. */
#include "support/golden_files.h"

#include "base/shape.h"

#include <fnmatch.h>

static int count_named(ik__st *st, const char *prefix) {
    int n = 0;
    for (int i = 0; i < ik__st_count(st); i++)
        n += !strncmp(ik__st_entry_at(st, i)->name, prefix, strlen(prefix));
    return n;
}

static double apart(ik__st *a, ik__st *b, const char *name) {
    return compare(a, b, name).apart;
}

typedef struct change { /* one tensor of a new file: from a file, perhaps under another name */
    ik__st *from;
    const char *name, *as;
    float plus; /* of a real one */
} change;

static void write_inputs(const char *file, int n, const change *rows) {
    char path[128];
    ik_error err;
    snprintf(path, sizeof path, "%s/%s.safetensors", folder, file);
    ik__st_writer *w = ik__st_writer_new(path);
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < n; i++) {
            int at = ik__st_find(rows[i].from, rows[i].name);
            ck_assert_int_ge(at, 0);
            const ik__st_entry *e = ik__st_entry_at(rows[i].from, at);
            if (!pass) {
                ik__st_add(w, rows[i].as ? rows[i].as : rows[i].name, e->dtype, e->shape);
                continue;
            }
            void *data = malloc((size_t)ik_count(e->shape) * 4);
            ck_assert_msg(!ik__st_read(rows[i].from, at, data, &err), "%s", err.text);
            for (int64_t k = 0; rows[i].plus != 0 && k < ik_count(e->shape); k++)
                ((float *)data)[k] += rows[i].plus;
            ik__st_write(w, data, ik_count(e->shape));
            free(data);
        }
        if (!pass) ik__st_begin(w);
    }
    ck_assert_msg(!ik__st_commit(w, &err), "%s", err.text);
}

static void trace_own(const char *program, const char *inputs, const char *more, int status,
                      const char *text) {
    char arguments[800];
    snprintf(arguments, sizeof arguments,
             "trace " GOLDEN ".yaml --program %s --inputs %s.safetensors --outputs own.safetensors "
             "--set device=naive %s",
             program, inputs, more);
    expect(arguments, status, text);
}

START_TEST(names) {
    trace("g_step", "inputs", "g", "--set device=naive --all");
    ik__st *g = open_output("g");
    static const char *const some[] = {"fake",
                                       "z",
                                       "noise",
                                       "mu.noise",
                                       "logvar.noise",
                                       "loss.hinge",
                                       "loss.feature_matching",
                                       "loss.kl",
                                       "loss.total",
                                       "feature.fake.0.0",
                                       "feature.real.1.4",
                                       "state.generator.up_3.conv_0.weight_u",
                                       "state.encoder"};
    for (size_t i = 0; i + 1 < sizeof some / sizeof *some; i++)
        ck_assert_msg(ik__st_find(g, some[i]) >= 0, "there is no %s", some[i]);
    ck_assert_int_eq(count_named(g, "feature."), 2 * 2 * 5);
    ck_assert_int_eq(count_named(g, "grad."), 0);
    ck_assert_int_eq(count_named(g, "state.encoder"), 0);
    ck_assert_int_gt(count_named(g, "node."), 1000);
    ck_assert_str_eq(ik__st_meta(g, "program"), "g_step");
    ck_assert_str_eq(ik__st_meta(g, "device"), "naive");
    ik__st_close(g);
}
END_TEST

/* The names that docs/trace.md tells, which stay, and there are no others. */
enum { SAMPLE = 1, ENCODE = 2, G_STEP = 4, D_STEP = 8, STEPS = G_STEP | D_STEP, ALL = 15 };
static const struct {
    const char *told, *pattern;
    int programs;
    const char *shape; /* of the golden pipeline; NULL: they have several */
    int n;             /* how many in each program; 0: some */
} written[] = {
    {"fake", "fake", SAMPLE | STEPS, "[2,64,64,3]", 1},
    {"z", "z", SAMPLE | STEPS, "[2,256]", 1},
    {"noise", "noise", SAMPLE | STEPS, "[2,6,2,8]", 1},
    {"mu.noise", "mu.noise", ALL, "[2,6,2,8]", 1},
    {"logvar.noise", "logvar.noise", ALL, "[2,6,2,8]", 1},
    {"loss.NAME", "loss.hinge", STEPS, "[]", 1},
    {"loss.NAME", "loss.feature_matching", G_STEP, "[]", 1},
    {"loss.kl", "loss.kl", G_STEP, "[]", 1},
    {"loss.total", "loss.total", STEPS, "[]", 1},
    {"feature.fake.S.L", "feature.fake.[01].[0123]", STEPS, NULL, 8},
    {"feature.fake.S.L", "feature.fake.0.4", STEPS, "[2,11,11,1]", 1},
    {"feature.fake.S.L", "feature.fake.1.4", STEPS, "[2,7,7,1]", 1},
    {"feature.real.S.L", "feature.real.[01].[01234]", STEPS, NULL, 10},
    {"grad.PATH", "grad.generator.*", G_STEP, NULL, 0},
    {"grad.PATH", "grad.encoder.*", G_STEP, NULL, 0},
    {"grad.PATH", "grad.discriminator.*", D_STEP, NULL, 0},
    {"state.PATH", "state.generator.*.running_*", STEPS, NULL, 0},
    {"state.PATH", "state.*.weight_[uv]", STEPS, NULL, 0},
    {"node.ID.OP.PATH", "node.[0-9]*.*", ALL, NULL, 0},
    {"stepN.UPDATE.loss.NAME", "step1.g_step.loss.*", ALL, "[]", 4},
    {"stepN.UPDATE.loss.NAME", "step1.d_step.loss.*", ALL, "[]", 2},
};

static void check_names(ik__st *st, const char *program, int bit) {
    int found[COUNT(written)] = {0};
    for (int i = 0; i < ik__st_count(st); i++) {
        const ik__st_entry *e = ik__st_entry_at(st, i);
        int row = 0;
        char shape[64];
        while (row < COUNT(written) && fnmatch(written[row].pattern, e->name, 0)) row++;
        ck_assert_msg(row < COUNT(written) && (written[row].programs & bit), "%s writes %s",
                      program, e->name);
        ik__shape_text(e->shape, shape, sizeof shape);
        ck_assert_msg(!written[row].shape || !strcmp(written[row].shape, shape), "%s: %s is %s",
                      program, e->name, shape);
        found[row]++;
    }
    for (int i = 0; i < COUNT(written); i++) {
        bool wanted = written[i].programs & bit;
        ck_assert_msg(wanted ? found[i] && (!written[i].n || found[i] == written[i].n) : !found[i],
                      "%s writes %d %s", program, found[i], written[i].pattern);
    }
}

START_TEST(documented) {
    static const char *const programs[] = {"sample", "encode", "g_step", "d_step"};
    static const char *const read[] = {"image", "label",     "instance",   "z",
                                       "noise", "noise.eps", "stepN.NAME", "stepN.UPDATE.NAME"};
    for (int i = 0; i < COUNT(programs); i++) {
        trace(programs[i], "inputs", "out", i < 2 ? "--all --steps 1" : "--all --steps 1 --grads");
        ik__st *st = open_output("out");
        check_names(st, programs[i], 1 << i);
        ik__st_close(st);
    }
    static char page[65536];
    FILE *f = fopen(SOURCE_DIR "/docs/trace.md", "r");
    ck_assert_ptr_nonnull(f);
    page[fread(page, 1, sizeof page - 1, f)] = 0;
    fclose(f);
    for (int i = 0; i < COUNT(written) + COUNT(read); i++) {
        const char *name = i < COUNT(written) ? written[i].told : read[i - COUNT(written)];
        char quoted[64];
        snprintf(quoted, sizeof quoted, "`%s`", name);
        ck_assert_msg(strstr(page, quoted), "docs/trace.md does not tell %s", quoted);
    }
}
END_TEST

/* Keeping every node must change nothing else. */
START_TEST(all) {
    trace("d_step", "inputs", "some", "--grads --set device=cpu");
    trace("d_step", "inputs", "all", "--grads --all --set device=cpu");
    ik__st *some = open_output("some"), *all = open_output("all");
    ck_assert_int_gt(ik__st_count(some), 100);
    for (int i = 0; i < ik__st_count(some); i++) {
        const char *name = ik__st_entry_at(some, i)->name;
        ck_assert_msg(apart(some, all, name) == 0, "%s differs", name);
    }
    ik__st_close(some);
    ik__st_close(all);
}
END_TEST

/* A latent that is given goes before the posterior; the posterior is there all the same. */
START_TEST(given_latent) {
    trace("g_step", "inputs", "drawn", "--grads --set device=naive");
    ik__st *in = open_golden("inputs"), *drawn = open_output("drawn");
    const change rows[] = {{in, "label", NULL},          {in, "instance", NULL},
                           {in, "image", NULL},          {in, "z", NULL},
                           {drawn, "mu.noise", "noise"}, {in, "noise.eps", NULL}};
    write_inputs("given", 6, rows);
    trace_own("g_step", "given", "--grads --weights " GOLDEN "/weights.safetensors", 0, NULL);
    ik__st *own = open_output("own"), *given = open_output("given");
    ck_assert_double_eq(apart(given, own, "noise"), 0);
    ck_assert_double_eq(apart(drawn, own, "mu.noise"), 0);
    ck_assert_double_eq(apart(drawn, own, "loss.kl"), 0);
    ck_assert_double_gt(apart(drawn, own, "fake"), 1e-3);
    /* Only the divergence is left to teach the encoder. */
    ck_assert_double_gt(apart(drawn, own, "grad.encoder.scale_conv_mu.weight"), 1e-6);
    ik__st_close(in);
    ik__st_close(drawn);
    ik__st_close(own);
    ik__st_close(given);
}
END_TEST

/* What is missing is drawn, alike each time, and written, so that it can be given. */
START_TEST(drawn_latents) {
    ik__st *in = open_golden("prior");
    write_inputs("maps", 2, (change[]){{in, "label", NULL}, {in, "instance", NULL}});
    trace_own("sample", "maps", "--save-weights w.safetensors", 0, NULL);
    ik__st *first = open_output("own");
    write_inputs("again", 4,
                 (change[]){{in, "label", NULL},
                            {in, "instance", NULL},
                            {first, "z", NULL},
                            {first, "noise", NULL}});
    trace_own("sample", "again", "--weights w.safetensors --set seed=2", 0, NULL);
    ik__st *second = open_output("own");
    ck_assert_double_eq(apart(first, second, "fake"), 0);
    ck_assert_double_gt(compare(first, first, "noise").size, 5); /* of 192 normals */
    ik__st_close(in);
    ik__st_close(first);
    ik__st_close(second);
}
END_TEST

START_TEST(saved_weights) {
    trace("sample", "prior", "out", "--save-weights w.safetensors --set device=naive");
    ik__st *want = open_golden("weights"), *got = open_output("w");
    ck_assert_int_eq(ik__st_count(want), ik__st_count(got));
    for (int i = 0; i < ik__st_count(want); i++)
        ck_assert_double_eq(apart(want, got, ik__st_entry_at(want, i)->name), 0);
    ik__st_close(want);
    ik__st_close(got);
}
END_TEST

/* Each step begins with what the one before left, and what is given for one goes before what is
 * given for all. Without its first step training has no other losses than one update alone. */
START_TEST(steps) {
    ik__st *in = open_golden("inputs"), *adam = open_golden("adam");
    const change rows[] = {{in, "label", NULL},
                           {in, "instance", NULL},
                           {in, "image", NULL},
                           {in, "z", NULL},
                           {in, "noise.eps", NULL},
                           {adam, "eps.1", "step1.d_step.noise.eps"},
                           {adam, "eps.2", "step2.noise.eps"}};
    const char *golden = "--weights " GOLDEN "/weights.safetensors";
    char more[400];
    write_inputs("some", 7, rows);
    snprintf(more, sizeof more, "%s --steps 2 --save-weights two.safetensors", golden);
    trace_own("g_step", "some", more, 0, NULL);
    ik__st *two = open_output("own");
    ck_assert_int_eq(count_named(two, "step1.g_step.loss."), 4);
    ck_assert_int_eq(count_named(two, "step2.d_step.loss."), 2);
    ck_assert_int_eq(count_named(two, "step"), 2 * (4 + 2));
    trace("g_step", "inputs", "g", "--set device=naive");
    ik__st *g = open_output("g");
    ck_assert_double_eq(compare_as(two, "step1.g_step.loss.total", g, "loss.total").apart, 0);
    ck_assert_double_gt(compare_as(two, "step2.g_step.loss.total", g, "loss.total").apart, 1e-3);

    /* The same in two goes, but for the optimiser's moments: the losses before its second step. */
    write_inputs("first", 6, rows);
    snprintf(more, sizeof more, "%s --steps 1 --save-weights one.safetensors", golden);
    trace_own("g_step", "first", more, 0, NULL);
    ik__st *one = open_output("own");
    ck_assert_double_eq(
        compare_as(two, "step1.d_step.loss.total", one, "step1.d_step.loss.total").apart, 0);
    write_inputs("second", 5,
                 (change[]){rows[0], rows[1], rows[2], rows[3], {adam, "eps.2", "noise.eps"}});
    trace_own("g_step", "second", "--weights one.safetensors", 0, NULL);
    ik__st *then = open_output("own");
    ck_assert_double_eq(compare_as(two, "step2.g_step.loss.total", then, "loss.total").apart, 0);

    trace_own("g_step", "some", "--steps 1", 1,
              "some.safetensors: 'step2.noise.eps' is for step 2; --steps asks for 1\n");
    trace_own("g_step", "some", "", 1, "is for step 2; --steps asks for 0\n");
    write_inputs(
        "a", 6,
        (change[]){
            rows[0], rows[1], rows[2], rows[3], rows[4], {adam, "eps.1", "step1.dstep.noise.eps"}});
    trace_own(
        "g_step", "a", "--steps 1", 1,
        "a.safetensors: 'step1.dstep.noise.eps' is no input of g_step; there are image, label, "
        "instance, z, z.eps, noise, noise.eps, and as stepN.NAME or stepN.UPDATE.NAME\n");
    write_inputs(
        "b", 5, (change[]){rows[0], rows[1], rows[2], rows[3], {adam, "eps.1", "step1.noise.eps"}});
    trace_own(
        "g_step", "b", "--steps 2", 1,
        "b.safetensors: g_step reads 'noise.eps' in step 2: add 'step2.g_step.noise.eps', or for "
        "all 'noise.eps' to the file\n");
    trace_own("g_step", "b", "--steps 1", 1,
              "b.safetensors: g_step reads 'noise.eps': add 'noise.eps' to the file\n");
    trace_own("g_step", "b", "--steps -1", 2, "must be a whole number from 0 to 1000000");
    ik__st_close(in);
    ik__st_close(adam);
    ik__st_close(two);
    ik__st_close(one);
    ik__st_close(g);
    ik__st_close(then);
}
END_TEST

START_TEST(wrong_usage) {
    static const struct {
        const char *arguments, *text;
    } rows[] = {
        {"trace", "error: no pipeline is given"},
        {"trace a", "error: option '--program' is required: sample, encode, g_step or d_step\n"},
        {"trace a --program sample", "error: option '--inputs' is required"},
        {"trace a --program sample --inputs i", "error: option '--outputs' is required"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(rows[i].arguments, 2, rows[i].text);
    expect("help trace", 0, "usage: inadekit trace PIPELINE --program NAME");
}
END_TEST

START_TEST(wrong_inputs) {
    ik__st *in = open_golden("inputs"), *prior = open_golden("prior");
    const change label = {in, "label", NULL}, instance = {in, "instance", NULL};
    trace_own("sample", "none", "", 1, "none.safetensors: ");

    write_inputs("known", 2, (change[]){label, instance});
    trace_own("smple", "known", "", 2,
              "error: unknown program 'smple'; there are sample, encode, g_step and d_step\n");
    trace_own("encode", "known", "--grads", 2,
              "error: encode has no gradients; they are those of programs that train\n");

    write_inputs("a", 3, (change[]){label, instance, {in, "noise.eps", "noise.esp"}});
    trace_own("sample", "a", "", 1,
              "a.safetensors: 'noise.esp' is no input of sample; there are image, label, instance, "
              "z, z.eps, noise, noise.eps\n");
    write_inputs("b", 1, &label);
    trace_own("sample", "b", "", 1,
              "b.safetensors: sample reads 'segments': add 'label' and 'instance'");
    write_inputs("c", 2, (change[]){label, instance});
    trace_own("g_step", "c", "", 1,
              "c.safetensors: g_step reads 'image': add 'image' to the file\n");
    write_inputs("d", 3, (change[]){label, instance, {in, "z", "noise"}});
    trace_own("sample", "d", "", 1,
              "d.safetensors: 'noise' is [2,256]; this pipeline takes [2,6,2,8]\n");
    write_inputs("e", 2, (change[]){instance, {in, "image", "label"}});
    trace_own("sample", "e", "", 1, "'label' is [2,64,64,3]; this pipeline takes [2,64,64]\n");
    trace_own("sample", "c", "--set dataset.max_instances=4", 1,
              "'instance' is 4 in picture 0 at pixel (50, 50); this pipeline has 0..3\n");
    trace_own("sample", "c", "--set dataset.max_segments=6", 1, "set dataset.max_segments to ");
    trace_own("sample", "c", "--weights c.safetensors", 1,
              "c.safetensors does not fit this pipeline");
    ik__st_close(in);
    ik__st_close(prior);
}
END_TEST

START_TEST(pictures_in_another_range) {
    ik__st *in = open_golden("inputs");
    change rows[] = {{in, "label", NULL, 0}, {in, "instance", NULL, 0}, {in, "image", NULL, 0}};
    write_inputs("right", 3, rows);
    trace_own("encode", "right", "", 0, NULL);
    ck_assert_ptr_null(strstr(said, "pictures here"));
    rows[2].plus = 1;
    write_inputs("lifted", 3, rows);
    trace_own("encode", "lifted", "", 0, "note: lifted.safetensors: 'image' goes from ");
    ck_assert_ptr_nonnull(strstr(said, "; pictures here go from -1, black, to 1\n"));
    ik__st_close(in);
}
END_TEST

START_TEST(no_encoder) {
    expect("trace " SOURCE_DIR "/pipelines/tests/unet.yaml --program encode --set device=naive "
           "--inputs " GOLDEN "/inputs.safetensors --outputs o.safetensors",
           2, "there is nothing to encode with; add an encoder");
}
END_TEST

int main(void) {
    return RUN_SUITE("trace", set_up, tear_down, {names}, {documented}, {all}, {given_latent},
                     {drawn_latents}, {saved_weights}, {steps}, {wrong_usage}, {wrong_inputs},
                     {pictures_in_another_range}, {no_encoder});
}
