/* What `inadekit summary` counts: the published sizes of INADE, to the last weight, without any
 * data. */
#include "support/cli.h"

#include <math.h>

#define PIPELINES SOURCE_DIR "/pipelines/"

typedef struct published {
    long long instances, params, macs;
} published;

static published summary(const char *pipeline, const char *more) {
    char arguments[512];
    published p;
    snprintf(arguments, sizeof arguments, "summary " PIPELINES "%s.yaml --json %s", pipeline, more);
    expect(arguments, 0, "{\"published\": ");
    int n = sscanf(said, "{\"published\": {\"instances\": %lld, \"params\": %lld, \"macs\": %lld}",
                   &p.instances, &p.params, &p.macs);
    ck_assert_int_eq(n, 3);
    return p;
}

/* Learned values of a generator of 64 base channels, norms of INADE included. */
static long long closed_form(long long start, long long noise, long long labels) {
    return 66729539 + 257 * 1024 * start + 10944 * (noise + 1) + 4 * 10944 * labels;
}

/* P in millions and F in 10^9, as printed in the paper. */
START_TEST(table_1) {
    static const struct {
        const char *pipeline;
        int noise, instances, start, labels;
        double p, f;
    } rows[] = {
        {"inade/cityscapes", 64, 19, 4 * 8, 35, 77.39, 75.26},
        {"inade/cityscapes", 8, 19, 4 * 8, 35, 76.78, 75.23},
        {"inade/cityscapes", 128, 19, 4 * 8, 35, 78.10, 75.28},
        {"inade/celebamask_hq", 64, 16, 8 * 8, 19, 85.12, 42.18},
        {"inade/celebamask_hq", 8, 16, 8 * 8, 19, 84.50, 42.16},
        {"inade/celebamask_hq", 128, 16, 8 * 8, 19, 85.82, 42.20},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char more[128];
        snprintf(more, sizeof more, "--instances %d --set norm.noise_channels=%d",
                 rows[i].instances, rows[i].noise);
        published p = summary(rows[i].pipeline, more);
        ck_assert_int_eq(p.instances, rows[i].instances);
        ck_assert_int_eq(p.params, closed_form(rows[i].start, rows[i].noise, rows[i].labels));
        ck_assert_double_eq_tol((double)p.params * 1e-6, rows[i].p, 0.011);
        ck_assert_double_eq_tol((double)p.macs * 1e-9, rows[i].f, 0.011);
    }
}
END_TEST

/* What the published code of these systems counts; SPADE and CLADE see no edges on ADE20K. */
START_TEST(other_systems) {
    static const struct {
        const char *pipeline;
        long long params;
    } rows[] = {
        {"spade/cityscapes", 93048003},      {"spade/ade20k", 96492483},
        {"vspade/cityscapes", 101136579},    {"vspade/ade20k", 111963331},
        {"vspade/celebamask_hq", 109226179}, {"vspade/deepfashion", 108998083},
        {"clade/cityscapes", 67901991},      {"clade/ade20k", 71427267},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_int_eq(summary(rows[i].pipeline, "").params, rows[i].params);
    expect("summary " PIPELINES "vspade/cityscapes.yaml", 0, "encoder                10463424");
}
END_TEST

START_TEST(other_datasets) {
    ck_assert_int_eq(summary("inade/ade20k", "").params, closed_form(64, 64, 151));
    ck_assert_int_eq(summary("inade/deepfashion", "").params, closed_form(64, 64, 8));
    /* an unknown class beside 182 known ones, and the authors' size of noise */
    ck_assert_int_eq(
        summary("inade/ade20k", "--set dataset.labels=182 --set dataset.unknown=255").params,
        closed_form(64, 64, 183));
    ck_assert_int_eq(summary("inade/deepfashion", "--set norm.noise_channels=8").params,
                     closed_form(64, 8, 8));
}
END_TEST

/* An instance more costs F two rows of noise, in every norm. Without --instances the dataset's
 * limit counts. */
START_TEST(instances) {
    published few = summary("inade/deepfashion", "--instances 3"),
              more = summary("inade/deepfashion", "--instances 4"),
              all = summary("inade/deepfashion", "");
    ck_assert_int_eq(more.macs - few.macs, 2 * 64 * 10944);
    ck_assert_int_eq(all.instances, 8);
    ck_assert_int_eq(all.macs - few.macs, 5 * 2 * 64 * 10944);
}
END_TEST

/* Per picture, whatever the batch. */
START_TEST(batch) {
    published one = summary("inade/deepfashion", "--set synthesize.batch=1"),
              three = summary("inade/deepfashion", "--set synthesize.batch=3");
    ck_assert_int_eq(one.macs, three.macs);
}
END_TEST

/* Of a network that losses look into, only what is compared is computed, for the fake and the
 * picture. */
START_TEST(perceptual) {
    static const struct {
        const char *layers, *macs;
    } rows[] = {{"[1,0,0,0,0]", "\"macs\": 884736,"},   /* 2 * 64 * 64 * 4 * 27 */
                {"[0,1,0,0,0]", "\"macs\": 2654208,"}}; /* and 4 * 36 there, 8 * 36 at 32 x 32 */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char arguments[256];
        snprintf(arguments, sizeof arguments,
                 "summary " SOURCE_DIR "/tests/golden/perceptual_small.yaml --json "
                 "--set 'losses.2.layers=%s'",
                 rows[i].layers);
        expect(arguments, 0, "\"vgg19\": ");
        const char *vgg = strstr(said, "\"vgg19\": ");
        ck_assert_msg(strstr(vgg, rows[i].macs), "%s is not in %s", rows[i].macs, vgg);
    }
}
END_TEST

/* VSPADE's encoder as published: a sixth layer for pictures from 256 on only, its heads on 4x4
 * values in either case. Of width 1 and 256 latent values. */
START_TEST(layers_of_the_conv_encoder) {
    enum { FIVE = 9 * (3 + 2 + 8 + 32 + 64), SIXTH = 9 * 64, HEADS = 2 * 256 * (8 * 16 + 1) };
    static const struct {
        int width, layers, params;
    } rows[] = {{64, 0, FIVE + HEADS},
                {255, 0, FIVE + HEADS},
                {256, 0, FIVE + SIXTH + HEADS},
                {64, 6, FIVE + SIXTH + HEADS},
                {256, 4, FIVE - 9 * 64 + HEADS}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char arguments[700], params[64];
        snprintf(
            arguments, sizeof arguments,
            "summary " SOURCE_DIR "/tests/weights/spade.yaml --json "
            "--set 'networks.encoder={plugin: conv, channels: 1, layers: %d}' "
            "--set 'dataset.size=[32, %d]' --set 'networks.generator={inputs: {z: [256]}, nodes: "
            "[{op: linear, in: z, out: [32, %d, 3]}]}' --set 'losses=[{plugin: hinge}, "
            "{plugin: kl}]'",
            rows[i].layers, rows[i].width, rows[i].width);
        snprintf(params, sizeof params, "\"encoder\": {\"params\": %d,", rows[i].params);
        expect(arguments, 0, params);
    }
}
END_TEST

START_TEST(table) {
    expect("summary " PIPELINES "inade/cityscapes.yaml --instances 19", 0,
           "\ngenerator              77394435 ");
    ck_assert_ptr_nonnull(strstr(said, "P 77.3944 M parameters, F 75.2553 G multiply-adds\n"));
    ck_assert_ptr_nonnull(strstr(said, "for a picture of 19 instances)\n"));
}
END_TEST

/* A run needs its data, and a dry run says so; a summary does without. */
START_TEST(dry_run) {
    static const char *const names[] = {"cityscapes", "ade20k", "celebamask_hq", "deepfashion"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char arguments[256];
        snprintf(arguments, sizeof arguments,
                 "summary " PIPELINES "inade/%s.yaml --set dataset.root=nowhere", names[i]);
        expect(arguments, 0, "\nd_step ");
        snprintf(arguments, sizeof arguments,
                 "run " PIPELINES "inade/%s.yaml --dry-run --set dataset.root=nowhere", names[i]);
        expect(arguments, 1, "nowhere/");
        snprintf(arguments, sizeof arguments,
                 "run " PIPELINES "inade/%s.yaml --set dataset.root=nowhere", names[i]);
        expect(arguments, 1, "nowhere/");
    }
}
END_TEST

int main(void) {
    return RUN_SUITE("summary", set_up, tear_down, {table_1}, {other_systems}, {other_datasets},
                     {instances}, {batch}, {perceptual}, {layers_of_the_conv_encoder}, {table},
                     {dry_run});
}
