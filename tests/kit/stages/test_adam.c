/* Three training steps against PyTorch: what they add to every parameter, on both backends for the
 * CPU, as `trace --steps` takes them. The same scenes, pictures and z each step; the encoder's
 * noise is given for each update. */
#include "support/golden_files.h"

enum { STEPS = 3 };

static void add(ik__st_writer *w, ik__st *from, const char *name, const char *as, bool data) {
    int at = ik__st_find(from, name);
    ck_assert_msg(at >= 0, "there is no %s", name);
    const ik__st_entry *e = ik__st_entry_at(from, at);
    if (!data) {
        ik__st_add(w, as, e->dtype, e->shape);
        return;
    }
    void *v = malloc((size_t)ik_count(e->shape) * 4);
    ck_assert_int_eq(ik__st_read(from, at, v, NULL), IK_OK);
    ik__st_write(w, v, ik_count(e->shape));
    free(v);
}

/* The golden inputs, with a noise for each update of each step. */
static void write_inputs(void) {
    static const char *const same[] = {"label", "instance", "image", "z"};
    char path[128], name[32], as[64];
    ik_error err;
    ik__st *inputs = open_golden("inputs"), *adam = open_golden("adam");
    snprintf(path, sizeof path, "%s/inputs.safetensors", folder);
    ik__st_writer *w = ik__st_writer_new(path);
    for (int data = 0; data < 2; data++) {
        for (int i = 0; i < COUNT(same); i++) add(w, inputs, same[i], same[i], data);
        for (int i = 0; i < 2 * STEPS; i++) {
            snprintf(name, sizeof name, "eps.%d", i);
            snprintf(as, sizeof as, "step%d.%c_step.noise.eps", i / 2 + 1, i % 2 ? 'd' : 'g');
            add(w, adam, name, as, data);
        }
        if (!data) ik__st_begin(w);
    }
    ck_assert_msg(!ik__st_commit(w, &err), "%s", err.text);
    ik__st_close(inputs);
    ik__st_close(adam);
}

static bool ends_in(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

/* Biases before a normalisation: their gradient is rounding, of which Adam makes whole steps. So is
 * that of the discriminators' last while all scores lie within the hinge, but here they do not. */
static bool is_rounding(const char *path) {
    if (!ends_in(path, ".bias")) return false;
    if (!strncmp(path, "generator.", 10))
        return strstr(path, ".conv_") && !strstr(path, "up_3.conv_1") && !strstr(path, "conv_img");
    return !strncmp(path, "encoder.", 8) && !strstr(path, "_conv_");
}

/* Every parameter's update; gives how many were compared. */
static int compare_updates(const char *device) {
    ik__st *before = open_golden("weights"), *want = open_golden("adam"),
           *after = open_output("trained");
    int compared = 0;
    for (int i = 0; i < ik__st_count(want); i++) {
        const char *name = ik__st_entry_at(want, i)->name, *path = name + strlen("update.");
        if (strncmp(name, "update.", 7) || is_rounding(path)) continue;
        ik_shape shape, same;
        float *now = read_reals(after, path, &shape), *was = read_reals(before, path, &same);
        ck_assert(ik_same_shape(shape, same));
        for (int64_t k = 0; k < ik_count(shape); k++) now[k] -= was[k];
        distance d = compare_values(want, name, now, shape);
        ck_assert_msg(d.apart <= 1e-3 * d.size, "%s: %s is %g off, of %g", device, name, d.apart,
                      d.size);
        free(now);
        free(was);
        compared++;
    }
    ik__st_close(before);
    ik__st_close(want);
    ik__st_close(after);
    return compared;
}

/* The parameters of all players but those biases. */
enum { COMPARED = 125 };

static void train(const char *device) {
    char arguments[700];
    write_inputs();
    snprintf(arguments, sizeof arguments,
             "trace " GOLDEN ".yaml --program sample --steps %d --weights " GOLDEN
             "/weights.safetensors --inputs inputs.safetensors --outputs out.safetensors "
             "--save-weights trained.safetensors --set device=%s",
             STEPS, device);
    expect(arguments, 0, NULL);
    ck_assert_int_eq(compare_updates(device), COMPARED);
}

START_TEST(naive) {
    train("naive");
}
END_TEST

START_TEST(cpu) {
    train("cpu");
}
END_TEST

int main(void) {
    return RUN_SUITE("adam", set_up, tear_down, {naive}, {cpu});
}
