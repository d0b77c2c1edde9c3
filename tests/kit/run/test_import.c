/* inadekit import with a pipeline in view: what of a file has no place there, what would stay
 * empty, and what is left out without one. The numbers are test_convert.c's matter. */
#include "support/cli.h"

#include <stdbool.h>

#define FILES SOURCE_DIR "/tests/weights/"

static void import(const char *net, const char *more, int status, const char *text) {
    char arguments[500];
    snprintf(arguments, sizeof arguments, "import " FILES "%s.pth -o w.safetensors %s", net, more);
    expect(arguments, status, text);
}

static bool written(void) {
    char path[128];
    snprintf(path, sizeof path, "%s/w.safetensors", folder);
    return !access(path, F_OK);
}

START_TEST(fits) {
    import("inade_generator", "--map inade_generator --pipeline " FILES "inade.yaml", 0,
           "w.safetensors: 180 entries, 18 that are not needed were left out\n"
           "  head_0.norm_0.param_free_norm.num_batches_tracked, "
           "head_0.norm_1.param_free_norm.num_batches_tracked, "
           "G_middle_0.norm_0.param_free_norm.num_batches_tracked and 15 more\n"
           "  they fit " FILES "inade.yaml\n");
    import("inade_encoder", "--map inade_encoder --pipeline " FILES "inade.yaml", 0,
           "w.safetensors: 24 entries\n  they fit ");
    import("vspade_encoder", "--pipeline " FILES "vspade.yaml", 0, "  they fit "); /* bare names */
}
END_TEST

/* Of each kind some, the rest by number; and nothing is written. */
START_TEST(does_not_fit) {
    import("inade_generator", "--map inade_generator --pipeline " FILES "spade.yaml", 1,
           "inade_generator.pth does not fit this pipeline (216 entries here, 198 there):\n"
           "  of another shape: generator.fc.weight, [64,4] there, [16,7,3,3] here\n");
    ck_assert_ptr_nonnull(strstr(said, "\n  missing: generator.head_0.norm_0.mlp_gamma.weight\n"));
    ck_assert_ptr_nonnull(strstr(said, "\n  surplus: head_0.norm_0.fc_noise.weight\n"));
    ck_assert_ptr_nonnull(strstr(said, "\n  in all 108 missing, 2 of another shape, 72 surplus\n"));
    import("inade_encoder", "--map inade_encoder --pipeline " FILES "spade.yaml", 1,
           "inade_encoder.pth holds nothing for a network of this pipeline, which has generator, "
           "discriminator\n");
    import("inade_encoder",
           "--map inade_encoder --pipeline " FILES "inade.yaml --set norm.noise_channels=4", 1,
           "of another shape: encoder.scale_conv_mu.weight, [3,2,3,3] there, [4,2,3,3] here\n");
    import("inade_encoder", "--pipeline " FILES "inade.yaml", 1, "--map inade_encoder`\n");
    import("inade_encoder", "--map inade_encoder --pipeline none.yaml", 2, "none.yaml");
    import("inade_encoder", "--map inade_encoder --set a=b", 2, "--set goes with --pipeline");
    ck_assert(!written());
}
END_TEST

/* Names that nobody translated are said to be so. */
START_TEST(without_a_map) {
    static const char *const nets[] = {"inade_generator", "inade_encoder",  "inade_discriminator",
                                       "spade_generator", "vspade_encoder", "vgg19"};
    for (int i = 0; i < COUNT(nets); i++) {
        char advice[128];
        snprintf(advice, sizeof advice, ".safetensors --map %s`\n", nets[i]);
        import(nets[i], "", 0,
               "note: w.safetensors: names stay as they are; its names are those of");
        ck_assert_msg(strstr(said, advice), "'%s' is not in %s", advice, said);
        advice[strlen(advice) - 2] = 0;
        import(nets[i], strstr(advice, "--map"), 0, NULL);
        ck_assert_ptr_null(strstr(said, "note: "));
    }
    import("checkpoint_zip", "", 0, "w.safetensors: 7 entries\n"); /* nobody's */
    ck_assert_ptr_null(strstr(said, "note: "));
}
END_TEST

int main(void) {
    return RUN_SUITE("import", set_up, tear_down, {fits}, {does_not_fit}, {without_a_map});
}
