/* inadekit against PyTorch: pictures, losses, gradients, running statistics, power iterations and
 * what the layers inside give, of a small INADE, on both backends for the CPU, or on the one that
 * GOLDEN_DEVICE names, in GOLDEN_PRECISION. golden/README.md tells how the files came about. */
#include "support/golden_files.h"

static const char *devices[] = {"naive", "cpu"};
static int n_devices = sizeof devices / sizeof *devices;
static const char *precision = "f32";
static double coarser[2] = {1, 1}; /* by how much than f32: values, gradients */

static void choose_device(void) {
    const char *device = getenv("GOLDEN_DEVICE"), *p = getenv("GOLDEN_PRECISION");
    if (device) devices[0] = device, n_devices = 1;
    if (p) precision = p;
    if (!strcmp(precision, "tf32")) coarser[0] = 100, coarser[1] = 2500; /* 0.2 off, the worst */
    if (!strcmp(precision, "bf16")) coarser[0] = coarser[1] = 5000;      /* 0.37 off */
}

static bool is_gradient(const char *name) {
    return !strncmp(name, "grad.", 5);
}

/* The 2-norm of all gradients of a file. */
static double all_gradients(ik__st *want) {
    double squares = 0;
    for (int i = 0; i < ik__st_count(want); i++) {
        const char *name = ik__st_entry_at(want, i)->name;
        if (!is_gradient(name)) continue;
        ik_shape shape;
        float *v = read_reals(want, name, &shape);
        for (int64_t k = 0; k < ik_count(shape); k++) squares += (double)v[k] * v[k];
        free(v);
    }
    return sqrt(squares);
}

/* What the layer at a path gave is the node recorded there last: of node.ID.OP.PATH that with the
 * highest id. All other names stand for themselves. */
static const char *name_in(ik__st *got, const char *name) {
    if (strncmp(name, "node.", 5)) return name;
    const char *last = NULL;
    long highest = -1;
    for (int i = 0; i < ik__st_count(got); i++) {
        const char *node = ik__st_entry_at(got, i)->name;
        char *op;
        if (strncmp(node, "node.", 5)) continue;
        long id = strtol(node + 5, &op, 10);
        const char *path = *op ? strchr(op + 1, '.') : NULL;
        if (!path || strcmp(path + 1, name + 5) || id <= highest) continue;
        highest = id;
        last = node;
    }
    ck_assert_msg(last, "there is no node at %s", name + 5);
    return last;
}

/* Everything that the golden file has; gives how many tensors that were. */
static int check_against(const char *golden, ik__st *got, const char *device) {
    ik__st *want = open_golden(golden);
    double gradients = all_gradients(want);
    int n = ik__st_count(want);
    for (int i = 0; i < n; i++) {
        const char *name = ik__st_entry_at(want, i)->name;
        distance d = compare_as(want, name, got, name_in(got, name));
        double most = (is_gradient(name) ? 1e-4 * coarser[1] : 1e-5 * coarser[0]) * d.size;
        if (is_gradient(name) && d.size < 1e-10 * gradients)
            most = 1e-6 * coarser[1] * gradients; /* rounding */
        ck_assert_msg(d.apart <= most, "%s on %s: %s is %g off, of %g", golden, device, name,
                      d.apart, d.size);
    }
    ik__st_close(want);
    return n;
}

static void check(const char *golden, const char *program, const char *inputs, const char *more,
                  int tensors) {
    for (int i = 0; i < n_devices; i++) {
        char options[128];
        snprintf(options, sizeof options, "--set device=%s --set precision=%s %s", devices[i],
                 precision, more);
        trace(program, inputs, "out", options);
        ik__st *got = open_output("out");
        ck_assert_int_eq(check_against(golden, got, devices[i]), tensors);
        ik__st_close(got);
    }
}

START_TEST(sample) {
    check("sample", "sample", "prior", "", 1);
}
END_TEST

START_TEST(exemplar) {
    check("exemplar", "sample", "inputs", "", 1);
}
END_TEST

START_TEST(encode) {
    check("encode", "encode", "inputs", "", 2);
}
END_TEST

START_TEST(g_step) {
    check("g_step", "g_step", "inputs", "--grads", 221);
}
END_TEST

START_TEST(d_step) {
    check("d_step", "d_step", "inputs", "--grads", 100);
}
END_TEST

/* With a network that knows pictures; each network's weights from a file of its own. */
START_TEST(perceptual) {
    for (int i = 0; i < n_devices; i++) {
        char arguments[900];
        snprintf(arguments, sizeof arguments,
                 "trace " SOURCE_DIR "/tests/golden/perceptual_small.yaml --program g_step --grads "
                 "--inputs " GOLDEN "/inputs.safetensors --outputs out.safetensors "
                 "--set device=%s --set precision=%s --set weights=" GOLDEN "/weights.safetensors "
                 "--set networks.vgg19.weights=" GOLDEN "/vgg.safetensors",
                 devices[i], precision);
        expect(arguments, 0, NULL);
        ik__st *got = open_output("out");
        ck_assert_int_eq(check_against("perceptual", got, devices[i]), 137);
        for (int k = 0; k < ik__st_count(got); k++) /* the frozen network gets none */
            ck_assert_ptr_null(strstr(ik__st_entry_at(got, k)->name, "grad.vgg19"));
        ik__st_close(got);
    }
}
END_TEST

/* Pipelines without a discriminator, in folders of their own names. */
START_TEST(layers) {
    static const struct {
        const char *name;
        int tensors;
    } rows[] = {{"layers_small", 16}, {"clade_small", 13}};
    for (int i = 0; i < n_devices; i++) {
        const char *name = rows[_i].name;
        char arguments[900], golden[64];
        snprintf(arguments, sizeof arguments,
                 "trace " SOURCE_DIR "/tests/golden/%s.yaml --program g_step --grads "
                 "--weights " SOURCE_DIR "/tests/golden/%s/weights.safetensors "
                 "--inputs " SOURCE_DIR "/tests/golden/%s/inputs.safetensors "
                 "--outputs out.safetensors --set device=%s --set precision=%s",
                 name, name, name, devices[i], precision);
        expect(arguments, 0, NULL);
        ik__st *got = open_output("out");
        snprintf(golden, sizeof golden, "../%s/g_step", name);
        ck_assert_int_eq(check_against(golden, got, devices[i]), rows[_i].tensors);
        ik__st_close(got);
    }
}
END_TEST

START_TEST(inside_g_step) {
    check("nodes_g_step", "g_step", "inputs", "--all", 73);
}
END_TEST

START_TEST(inside_sample) {
    check("nodes_sample", "sample", "prior", "--all", 45);
}
END_TEST

int main(void) {
    choose_device();
    return RUN_SUITE("golden", set_up, tear_down, {sample}, {exemplar}, {encode}, {g_step},
                     {d_step}, {perceptual}, {layers, 2}, {inside_g_step}, {inside_sample});
}
