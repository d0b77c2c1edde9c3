/* Files of torch.save give the numbers that Python reads: both formats, every type and layout,
 * state dicts inside other things. The files and what is expected of them come from
 * weights/make.py. */
#define _GNU_SOURCE
#include "weights/file.h"

#include "tensors/pth.h"
#include "tensors/safetensors.h"

#include "support/suite.h"
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#define FILES SOURCE_DIR "/tests/weights/"
#define SHARED SOURCE_DIR "/../shared/weights"

static ik__wfile *open_file(const char *path) {
    ik_error err = {""};
    ik__wfile *f = NULL;
    ck_assert_msg(!ik__wfile_open(path, &f, &err), "%s", err.text);
    return f;
}

/* Room for all elements, filled. */
static void *read_entry(ik__wfile *f, int i) {
    ik_error err = {""};
    void *v = malloc((size_t)ik_count(ik__wfile_entry_at(f, i)->shape) * 4 + 1);
    ck_assert_ptr_nonnull(v);
    ck_assert_msg(!ik__wfile_read(f, i, v, &err), "%s", err.text);
    return v;
}

/* The same names, shapes, types and bytes. */
static void expect_same(const char *pth, const char *safetensors) {
    ik__wfile *a = open_file(pth), *b = open_file(safetensors);
    ck_assert_int_eq(ik__wfile_count(a), ik__wfile_count(b));
    for (int i = 0; i < ik__wfile_count(a); i++) {
        const ik__wfile_entry *x = ik__wfile_entry_at(a, i);
        int k = ik__wfile_find(b, x->name);
        ck_assert_msg(k >= 0, "%s has no %s", safetensors, x->name);
        const ik__wfile_entry *y = ik__wfile_entry_at(b, k);
        ck_assert_str_eq(x->raw_dtype, y->raw_dtype);
        ck_assert_msg(ik_same_shape(x->shape, y->shape), "%s: another shape", x->name);
        void *v = read_entry(a, i), *w = read_entry(b, k);
        ck_assert_msg(!memcmp(v, w, (size_t)ik_count(x->shape) * 4), "%s: other numbers", x->name);
        free(v);
        free(w);
    }
    ik__wfile_close(a);
    ik__wfile_close(b);
}

START_TEST(kinds) {
    expect_same(FILES "kinds_zip.pth", FILES "kinds.safetensors");
    expect_same(FILES "kinds_stream.pth", FILES "kinds.safetensors");
    expect_same(FILES "kinds_protocol4.pth", FILES "kinds.safetensors");
}
END_TEST

START_TEST(state_dict_of_a_checkpoint) {
    expect_same(FILES "checkpoint_zip.pth", FILES "checkpoint.safetensors");
    expect_same(FILES "checkpoint_stream.pth", FILES "checkpoint.safetensors");
}
END_TEST

START_TEST(order_is_kept) {
    ik__wfile *f = open_file(FILES "kinds_zip.pth");
    ck_assert_str_eq(ik__wfile_entry_at(f, 0)->name, "f32");
    ck_assert_str_eq(ik__wfile_entry_at(f, 1)->name, "f16");
    ck_assert_str_eq(ik__wfile_entry_at(f, ik__wfile_count(f) - 1)->name,
                     "gr\xC3\xBCn.gr\xC3\xB6\xC3\x9F"
                     "e");
    ik__wfile_close(f);
}
END_TEST

START_TEST(several_parts_keep_their_names) {
    static const char *const names[] = {"a.w", "b.0", "b.1.w"};
    ik__wfile *f = open_file(FILES "parts.pth");
    ck_assert_int_eq(ik__wfile_count(f), 3);
    for (int i = 0; i < 3; i++) ck_assert_str_eq(ik__wfile_entry_at(f, i)->name, names[i]);
    float *v = read_entry(f, 2);
    ck_assert(*v == 2);
    free(v);
    ik__wfile_close(f);
}
END_TEST

/* Of a training's last weights, 1, and their averages, 2, those that paint; or, where names differ,
 * those that surely fit. */
START_TEST(averages_go_before) {
    static const struct {
        const char *file, *choice;
        float value;
    } rows[] = {{FILES "averaged.pth",
                 "of its 'params' and 'params_ema' the averaged weights are taken, 'params_ema'",
                 2},
                {FILES "averaged_otherwise.pth",
                 "of its 'model' and 'ema' the last weights are taken, 'model'; the others have "
                 "other names",
                 1}};
    for (int i = 0; i < COUNT(rows); i++) {
        ik__pth *p;
        ik_error err = {""};
        float v[2];
        ck_assert_msg(!ik__pth_open(rows[i].file, &p, &err), "%s", err.text);
        ck_assert_int_eq(ik__pth_count(p), 1);
        ck_assert_str_eq(ik__pth_entry_at(p, 0)->name, "w");
        ck_assert(!ik__pth_read(p, 0, v, &err));
        ck_assert(v[0] == rows[i].value && v[1] == rows[i].value);
        ck_assert_str_eq(ik__pth_choice(p), rows[i].choice);
        ik__pth_close(p);
    }
}
END_TEST

/* sigma = u' W v is what PyTorch makes of the same file. */
START_TEST(spectral_norm_of_old) {
    ik__wfile *f = open_file(FILES "old_spectral.pth");
    ck_assert_int_eq(ik__wfile_count(f), 5);
    ck_assert_int_lt(ik__wfile_find(f, "layer.weight"), 0);
    int at = ik__wfile_find(f, "layer.weight_v");
    ck_assert_int_ge(at, 0);
    ck_assert(ik_same_shape(ik__wfile_entry_at(f, at)->shape, IK_SHAPE1(27)));
    float *v = read_entry(f, at), *w = read_entry(f, ik__wfile_find(f, "layer.weight_orig"));
    float *u = read_entry(f, ik__wfile_find(f, "layer.weight_u"));
    float *wanted = read_entry(f, ik__wfile_find(f, "sigma"));
    double sigma = 0;
    for (int r = 0; r < 4; r++)
        for (int c = 0; c < 27; c++) sigma += (double)u[r] * w[r * 27 + c] * v[c];
    ck_assert_double_eq_tol(sigma, *wanted, 1e-5 * *wanted);
    ck_assert_double_gt(sigma, 0.1);
    free(v);
    free(w);
    free(u);
    free(wanted);
    ik__wfile_close(f);
}
END_TEST

static void refuse(const char *name, const char *why) {
    ik_error err = {""};
    ik__wfile *f;
    char path[300], text[2400];
    snprintf(path, sizeof path, FILES "%s", name);
    snprintf(text, sizeof text, "%s: %s", path, why);
    ck_assert_int_eq(ik__wfile_open(path, &f, &err), IK_FAILED);
    ck_assert_ptr_null(f);
    ck_assert_str_eq(err.text, text);
}

START_TEST(what_is_refused) {
    refuse("model.pth",
           "asks for \"torch.nn.modules.linear.Linear\", which tensors do not need, so it is "
           "refused and nothing was run; save the tensors alone, with "
           "torch.save(model.state_dict(), FILE) (at byte 34 of its pickle)");
    refuse("nothing.pth", "holds no named tensors; save them with "
                          "torch.save(model.state_dict(), FILE)");
    refuse("expanded.pth",
           "tensor \"w\" repeats the elements of a smaller storage; save it with .contiguous()");
    refuse("rank6.pth", "tensor \"w\" has more than 5 dimensions");
    refuse("absent.pth", "cannot be opened: No such file or directory");
}
END_TEST

START_TEST(number_beyond_32_bits) {
    ik_error err = {""};
    int32_t v;
    ik__wfile *f = open_file(FILES "large_number.pth");
    ck_assert_int_eq(ik__wfile_read(f, 0, &v, &err), IK_FAILED);
    ck_assert_ptr_nonnull(
        strstr(err.text, "tensor \"w\" holds 1099511627776, which does not fit into 32 bits"));
    ik__wfile_close(f);
}
END_TEST

/* Files that others published. Every tensor has the sum that it has in PyTorch. */
START_TEST(published_files) {
    if (access(SHARED, R_OK)) {
        fprintf(stderr, "skipped: there is no " SHARED "\n");
        return;
    }
    FILE *sums = fopen(FILES "shared.txt", "r");
    ck_assert_ptr_nonnull(sums);
    char file[200], name[200], path[500], opened[500] = "";
    char sum[9];
    int tensors = 0, left = 0;
    ik__wfile *f = NULL;
    while (fscanf(sums, "%199s %199s %8s", file, name, sum) == 3) {
        snprintf(path, sizeof path, SHARED "/%s", file);
        if (strcmp(path, opened) != 0) {
            ck_assert_msg(!left, "%s: %d more tensors than in PyTorch", opened, left);
            ik__wfile_close(f);
            f = open_file(path);
            left = ik__wfile_count(f);
            strcpy(opened, path);
        }
        int i = ik__wfile_find(f, name);
        ck_assert_msg(i >= 0, "%s has no %s", file, name);
        void *v = read_entry(f, i);
        size_t bytes = (size_t)ik_count(ik__wfile_entry_at(f, i)->shape) * 4;
        ck_assert_msg(crc32(0, v, (unsigned)bytes) == strtoul(sum, NULL, 16), "%s: %s differs",
                      file, name);
        free(v);
        tensors++;
        left--;
    }
    ck_assert_int_eq(left, 0);
    ck_assert_int_eq(tensors, 256);
    ik__wfile_close(f);
    fclose(sums);
}
END_TEST

int main(void) {
    return RUN_SUITE("pth", NULL, NULL, {kinds}, {state_dict_of_a_checkpoint}, {order_is_kept},
                     {several_parts_keep_their_names}, {averages_go_before}, {spectral_norm_of_old},
                     {what_is_refused}, {number_beyond_32_bits}, {published_files});
}
