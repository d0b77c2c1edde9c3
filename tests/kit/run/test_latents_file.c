/* synthesize --latents: pictures of another program again, here PyTorch's of tests/weights/walk,
 * and what is refused. */
#include "support/runs.h"

#include "pictures/image.h"
#include "tensors/safetensors.h"

#define FILES SOURCE_DIR "/tests/weights/"
#define WALK FILES "walk/"
#define MAPS "-l " WALK "street_label.png -i " WALK "street_instance.png "
#define STYLE "--style " WALK "street.png," WALK "street_label.png," WALK "street_instance.png "

static void synthesize(const char *more, int status, const char *text) {
    char arguments[900];
    snprintf(arguments, sizeof arguments,
             "synthesize --pipeline " FILES "inade.yaml --weights generator.safetensors --weights "
             "encoder.safetensors " MAPS "-o s %s",
             more);
    expect(arguments, status, text);
}

static void set_up_weights(void) {
    set_up();
    expect("import " FILES "inade_generator.pth -o generator.safetensors --map inade_generator", 0,
           NULL);
    expect("import " FILES "inade_encoder.pth -o encoder.safetensors --map inade_encoder", 0, NULL);
}

static uint8_t *read_picture(const char *path, size_t *n) {
    int h, w;
    uint8_t *rgb;
    ik_error err = {""};
    ck_assert_msg(!ik__images.read_rgb(path, &h, &w, &rgb, &err), "%s", err.text);
    *n = 3 * (size_t)h * (size_t)w;
    return rgb;
}

/* How far two pictures are apart, of 256 steps. One's path is in the test's folder. */
static int apart(const char *theirs, const char *ours) {
    char path[128];
    size_t n, m;
    int most = 0;
    snprintf(path, sizeof path, "%s/%s", folder, ours);
    uint8_t *want = read_picture(theirs, &n), *got = read_picture(path, &m);
    ck_assert_uint_eq(n, m);
    for (size_t i = 0; i < n; i++)
        if (abs(want[i] - got[i]) > most) most = abs(want[i] - got[i]);
    free(want);
    free(got);
    return most;
}

/* f32 may truncate to another step than f64 does. */
static void expect_picture(const char *theirs) {
    ck_assert_int_le(apart(theirs, "s/street_label-0.png"), 1);
}

/* In the test's folder, too. */
static const char *kept(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

START_TEST(as_pytorch_paints) {
    synthesize("--latents " WALK "fixed.safetensors", 0, "1 pictures in s");
    expect_picture(WALK "fixed_by_pytorch.png");
    synthesize(STYLE "--latents " WALK "normals.safetensors", 0, "1 pictures in s");
    expect_picture(WALK "styled_by_pytorch.png");
    /* Without a style the normals are the noise. */
    synthesize("--latents " WALK "normals.safetensors", 0, NULL);
    expect_picture(WALK "fixed_by_pytorch.png");
}
END_TEST

typedef struct tensor {
    const char *name;
    ik_shape shape;
} tensor;

/* Every value is that of its first axis. */
static void write_latents(const char *name, int n, const tensor *tensors) {
    char path[128];
    ik_error err;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    ik__st_writer *w = ik__st_writer_new(path);
    for (int i = 0; i < n; i++) ik__st_add(w, tensors[i].name, IK_F32, tensors[i].shape);
    ik__st_begin(w);
    for (int i = 0; i < n; i++) {
        int64_t all = ik_count(tensors[i].shape), row = all / tensors[i].shape.d[0];
        float *v = malloc((size_t)all * sizeof *v);
        for (int64_t k = 0; k < all; k++) v[k] = (float)(k / row);
        ik__st_write(w, v, all);
        free(v);
    }
    ck_assert_msg(!ik__st_commit(w, &err), "%s", err.text);
}

#define WRITE(name, ...)                                                                           \
    write_latents(name, COUNT(((tensor[]){__VA_ARGS__})), (tensor[]){__VA_ARGS__})

/* As many pictures as the file has rows, each by its own; what is not given is drawn. */
START_TEST(rows) {
    WRITE("two", {"z", IK_SHAPE2(2, 4)}, {"noise", IK_SHAPE4(2, 12, 2, 3)});
    WRITE("fewer", {"z", IK_SHAPE2(2, 4)}, {"noise", IK_SHAPE4(2, 5, 2, 3)});
    WRITE("z", {"z", IK_SHAPE2(3, 4)});
    synthesize("--latents two", 0, "2 pictures in s");
    ck_assert_int_gt(apart(kept("s/street_label-0.png"), "s/street_label-1.png"), 1);
    ck_assert_int_eq(shell("mv s two_"), 0);
    synthesize("--latents fewer -n 2 --seed 5", 0, "2 pictures in s");
    ck_assert_int_eq(apart(kept("two_/street_label-0.png"), "s/street_label-0.png"), 0);
    ck_assert_int_eq(apart(kept("two_/street_label-1.png"), "s/street_label-1.png"), 0);
    synthesize("--latents z", 0, "3 pictures in s");
    ck_assert_int_eq(shell("mv s three"), 0);
    synthesize("--latents z --seed 5", 0, "3 pictures in s"); /* another noise */
    ck_assert_int_gt(apart(kept("three/street_label-0.png"), "s/street_label-0.png"), 1);
}
END_TEST

START_TEST(refused) {
    WRITE("name", {"nois", IK_SHAPE4(1, 12, 2, 3)});
    WRITE("maps", {"z", IK_SHAPE2(1, 4)}, {"label", IK_SHAPE3(1, 64, 64)});
    WRITE("shape", {"z", IK_SHAPE2(1, 256)});
    WRITE("few", {"noise", IK_SHAPE4(1, 4, 2, 3)});
    WRITE("many", {"noise", IK_SHAPE4(1, 13, 2, 3)});
    WRITE("channels", {"noise", IK_SHAPE4(1, 12, 2, 64)});
    WRITE("both", {"noise", IK_SHAPE4(1, 12, 2, 3)}, {"noise.eps", IK_SHAPE4(1, 12, 2, 3)});
    WRITE("rows", {"z", IK_SHAPE2(2, 4)}, {"noise", IK_SHAPE4(3, 12, 2, 3)});
    static const struct {
        const char *options;
        int status;
        const char *text;
    } rows[] = {
        {"--latents name", 1,
         "name: 'nois' is no random value that this pipeline paints with; there are z, z.eps, noise, "
         "noise.eps\n"},
        {"--latents maps", 1, "maps: 'label' is no random value that this pipeline paints with"},
        {"--latents shape", 1, "shape: 'z' is [1,256]; this pipeline takes [1,4]\n"},
        {"--latents few", 1,
         "few: 'noise' is [1,4,2,3]; this pipeline takes [1,12,2,3], or for the layout's 5 instances "
         "at least\n"},
        {"--latents many", 1, "many: 'noise' is [1,13,2,3]; this pipeline takes [1,12,2,3]"},
        {"--latents channels", 1,
         "channels: 'noise' is [1,12,2,64]; this pipeline takes [1,12,2,3]"},
        {"--latents both", 1, "both: gives both 'noise' and 'noise.eps'; leave one of them out\n"},
        {"--latents rows", 1, "rows: 'z' holds 2 pictures and 'noise' 3; the first axis"},
        {"--latents none", 1, "none: cannot be opened"},
        {"--latents " WALK "fixed.safetensors -n 2", 2,
         "fixed.safetensors holds random values for 1 pictures, --samples asks for 2; leave it out"},
        {"--latents " WALK "fixed.safetensors --vary-label 0", 2,
         "--latents gives what --vary-label and --vary-instance would draw anew"},
        {STYLE "--latents " WALK "fixed.safetensors", 2,
         "fixed.safetensors: gives 'noise', which --style makes; give 'noise.eps', the normals that "
         "it is made of, or leave --style out\n"},
    };
    for (int i = 0; i < COUNT(rows); i++) synthesize(rows[i].options, rows[i].status, rows[i].text);
}
END_TEST

int main(void) {
    return RUN_SUITE("latents_file", set_up_weights, tear_down, {as_pytorch_paints}, {rows},
                     {refused});
}
