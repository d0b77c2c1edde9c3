/* --weights: generator and encoder from files apart, what two files bring, and files of others that
 * came without a map. */
#include "support/runs.h"

#define FILES SOURCE_DIR "/tests/weights/"
#define GOLDEN SOURCE_DIR "/tests/golden/inade_small"
#define PERCEPTUAL SOURCE_DIR "/tests/golden/perceptual_small.yaml"

static void import(const char *net) {
    char arguments[400];
    snprintf(arguments, sizeof arguments, "import " FILES "%s.pth -o %s.safetensors --map %s", net,
             net, net);
    expect(arguments, 0, NULL);
}

/* Golden weights of one network each. */
static void part(const char *network) {
    char arguments[600];
    snprintf(arguments, sizeof arguments,
             "export " GOLDEN "/weights.safetensors -o part.pth --map inade_%s", network);
    expect(arguments, 0, NULL);
    snprintf(arguments, sizeof arguments, "import part.pth -o %s.safetensors --map inade_%s",
             network, network);
    expect(arguments, 0, NULL);
}

static void trace(const char *pipeline, const char *program, const char *inputs, const char *out,
                  const char *more, int status, const char *text) {
    char arguments[900];
    snprintf(arguments, sizeof arguments,
             "trace %s --program %s --inputs " GOLDEN "/%s.safetensors --outputs %s.safetensors "
             "--set device=naive %s",
             pipeline, program, inputs, out, more);
    expect(arguments, status, text);
}

/* In any order, and like one file with all of them. */
START_TEST(apart) {
    part("generator");
    part("encoder");
    part("discriminator");
    trace(GOLDEN ".yaml", "encode", "inputs", "whole", "--weights " GOLDEN "/weights.safetensors",
          0, NULL);
    trace(GOLDEN ".yaml", "encode", "inputs", "a",
          "--weights generator.safetensors --weights encoder.safetensors", 0, NULL);
    ck_assert(same("whole.safetensors", "a.safetensors"));
    trace(GOLDEN ".yaml", "d_step", "inputs", "whole",
          "--grads --weights " GOLDEN "/weights.safetensors", 0, NULL);
    trace(GOLDEN ".yaml", "d_step", "inputs", "a",
          "--grads --weights discriminator.safetensors --weights encoder.safetensors "
          "--weights generator.safetensors",
          0, NULL);
    ck_assert(same("whole.safetensors", "a.safetensors"));
}
END_TEST

/* Painting takes the generator alone: nothing of what judges it, and what a loss looks with need
 * not be there. With the encoder's noise it takes the encoder, too. */
START_TEST(only_what_is_needed) {
    part("generator");
    part("encoder");
    trace(GOLDEN ".yaml", "sample", "prior", "whole", "--weights " GOLDEN "/weights.safetensors", 0,
          NULL);
    trace(PERCEPTUAL, "sample", "prior", "a",
          "--weights generator.safetensors --set networks.vgg19.weights=none.pth", 0, NULL);
    ck_assert(same("whole.safetensors", "a.safetensors"));
    trace(PERCEPTUAL, "sample", "prior", "a",
          "--set networks.generator.weights=generator.safetensors "
          "--set networks.vgg19.weights=none.pth",
          0, NULL);
    ck_assert(same("whole.safetensors", "a.safetensors"));
    trace(GOLDEN ".yaml", "sample", "inputs", "a", "--weights generator.safetensors", 1,
          "error: generator.safetensors holds nothing for the network 'encoder', which is needed "
          "here\n");
    trace(GOLDEN ".yaml", "d_step", "inputs", "a",
          "--weights generator.safetensors --weights encoder.safetensors", 1,
          "error: generator.safetensors and encoder.safetensors hold nothing for the network "
          "'discriminator', which is needed here\n");
    /* What the files lack may stand in the pipeline. */
    trace(GOLDEN ".yaml", "sample", "inputs", "whole", "--weights " GOLDEN "/weights.safetensors",
          0, NULL);
    trace(GOLDEN ".yaml", "sample", "inputs", "a",
          "--weights generator.safetensors --set networks.encoder.weights=encoder.safetensors", 0,
          NULL);
    ck_assert(same("whole.safetensors", "a.safetensors"));
}
END_TEST

/* Names without a network's: a file is of the network that it fits best. */
START_TEST(bare) {
    static const char *const names[] = {"generator", "encoder", "discriminator"};
    for (int i = 0; i < COUNT(names); i++) {
        char text[300];
        int n = snprintf(text, sizeof text, "network: %s\nrules: [{theirs: '**', ours: '**'}]\n",
                         names[i]);
        write_bytes("map.yaml", text, (size_t)n);
        snprintf(text, sizeof text,
                 "export " GOLDEN "/weights.safetensors -o %s%s --map ./map.yaml", names[i],
                 i ? ".pth" : ".safetensors");
        expect(text, 0, NULL);
    }
    trace(GOLDEN ".yaml", "d_step", "inputs", "whole",
          "--grads --weights " GOLDEN "/weights.safetensors", 0, NULL);
    trace(GOLDEN ".yaml", "d_step", "inputs", "a",
          "--grads --weights discriminator.pth --weights generator.safetensors "
          "--weights encoder.pth",
          0, NULL);
    ck_assert(same("whole.safetensors", "a.safetensors"));
    trace(GOLDEN ".yaml", "d_step", "inputs", "a",
          "--weights generator.safetensors --weights " FILES "kinds_zip.pth", 1,
          "kinds_zip.pth holds nothing for a network that is needed here; its entries would be "
          "called as generator.conv_img.weight\n");
}
END_TEST

START_TEST(twice) {
    part("generator");
    part("encoder");
    trace(GOLDEN ".yaml", "sample", "prior", "a",
          "--weights generator.safetensors --weights " GOLDEN "/weights.safetensors", 2,
          "error: generator.safetensors and " GOLDEN "/weights.safetensors both bring "
          "generator.fc.weight; leave one of them out\n");
    trace(GOLDEN ".yaml", "sample", "prior", "a",
          "--weights " GOLDEN "/weights.safetensors --weights encoder.safetensors", 0, NULL);
    trace(GOLDEN ".yaml", "encode", "inputs", "a",
          "--weights " GOLDEN "/weights.safetensors --weights encoder.safetensors", 2,
          "weights.safetensors and encoder.safetensors both bring encoder.layer1.weight");
}
END_TEST

/* What to write is said of files whose names an installed map knows. */
START_TEST(without_their_map) {
#define SYNTHESIZE                                                                                 \
    "synthesize --pipeline " FILES "inade.yaml -l " FILES "walk/street_label.png -o s "
    expect(SYNTHESIZE "--weights " FILES "inade_generator.pth", 1,
           "inade_generator.pth does not fit this pipeline (180 entries here, 198 there):\n"
           "  surplus: head_0.norm_0.param_free_norm.num_batches_tracked\n");
    ck_assert_ptr_nonnull(strstr(
        said, "\n  in all 18 surplus\nits names are those of the generator of the authors' INADE "
              "(best_net_G.pth, latest_net_G.pth): say so, as `networks: {generator: {weights: "
              "{file: " FILES "inade_generator.pth, map: inade_generator}}}`, or turn it into a "
              "file of this kit, `inadekit import " FILES
              "inade_generator.pth -o generator.safetensors --map inade_generator`\n"));
    import("inade_generator");
    expect(SYNTHESIZE "--weights inade_generator.safetensors --weights " FILES "vgg19.pth", 1,
           "vgg19.pth holds nothing for a network that is needed here");
    ck_assert_ptr_nonnull(strstr(said, "-o vgg19.safetensors --map vgg19`"));
    expect(
        "run " FILES "inade.yaml -q --out x --set weights=" FILES "inade_encoder.pth", 2,
        "inade_encoder.pth holds nothing for a network of this pipeline; its names are those of ");
    ck_assert_ptr_nonnull(strstr(said, "-o encoder.safetensors --map inade_encoder`\n"));
    static const char *const nets[] = {"inade_encoder", "vspade_encoder"};
    for (int i = 0; i < COUNT(nets); i++) {
        char arguments[500], advice[100];
        snprintf(arguments, sizeof arguments,
                 "run " FILES "inade.yaml -q --out x --set networks.encoder.weights=" FILES
                 "%s.pth",
                 nets[i]);
        snprintf(advice, sizeof advice, "-o encoder.safetensors --map %s`\n", nets[i]);
        expect(arguments, 1, advice);
    }
}
END_TEST

int main(void) {
    return RUN_SUITE("fill", set_up_runs, tear_down, {apart}, {only_what_is_needed}, {bare},
                     {twice}, {without_their_map});
}
