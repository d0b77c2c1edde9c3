/* Batches come in an order that seed and number alone decide, and errors in their place. */
#include "support/pictures.h"

#include "data/loader.h"
#include "plugin/plugins.h"

static ik_error err;
static ik__conf *conf;
static ik__data *data;

static void open_data(const char *yaml) {
    ik__plugins_path(BUILD_DIR "/lib/inadekit");
    ck_assert_msg(!ik__conf_parse("test.yaml", yaml, strlen(yaml), &conf, &err), "%s", err.text);
    ck_assert_msg(!ik__data_open(conf, 3, &data, &err), "%s", err.text);
}

static void close_data(void) {
    ik__data_close(data);
    ik__conf_free(conf);
    data = NULL, conf = NULL;
}

static ik__course course(int64_t batch) {
    return (ik__course){.items = ik__data_info_of(data)->count[IK_TRAIN], .batch = batch};
}

static ik__loader *loader(int64_t batch, int threads, uint64_t seed, int64_t first) {
    ik__loader *l;
    const ik__course c = course(batch);
    ck_assert_msg(!ik__loader_open(data, &c, threads, seed, false, first, &l, &err), "%s",
                  err.text);
    return l;
}

static const ik__batch *next(ik__loader *l) {
    const ik__batch *b;
    ck_assert_msg(!ik__loader_next(l, &b, &err), "%s", err.text);
    return b;
}

#define SHAPES "{plugin: shapes, size: [32, 32], load_size: [40, 36], count: 11}"

static void same(const ik__batch *a, const ik__batch *b) {
    size_t n = (size_t)a->n * 32 * 32;
    ck_assert_mem_eq(a->names, b->names, (size_t)a->n * sizeof *a->names);
    ck_assert_mem_eq(a->image, b->image, 3 * n * sizeof(float));
    ck_assert_mem_eq(a->label, b->label, n * sizeof(int32_t));
    ck_assert_mem_eq(a->segments, b->segments, n * sizeof(int32_t));
    ck_assert_mem_eq(a->segment_count, b->segment_count, (size_t)a->n * sizeof(int32_t));
}

START_TEST(threads_change_nothing) {
    open_data(SHAPES);
    ik__loader *one = loader(3, 1, 5, 0), *many = loader(3, 7, 5, 0);
    for (int k = 0; k < 14; k++) same(next(one), next(many));
    ik__loader_close(one);
    ik__loader_close(many);
    close_data();
}
END_TEST

START_TEST(starting_later_changes_nothing) {
    open_data(SHAPES);
    ik__loader *all = loader(3, 2, 5, 0), *later = loader(3, 2, 5, 7);
    for (int k = 0; k < 7; k++) next(all);
    for (int k = 0; k < 5; k++) same(next(all), next(later));
    ik__loader_close(all);
    ik__loader_close(later);
    close_data();
}
END_TEST

/* Each epoch has 3 of the 3.67 batches, no item twice; epochs and seeds differ. */
START_TEST(an_epoch_is_a_permutation) {
    open_data(SHAPES);
    char order[2][4][10] = {{{0}}};
    for (int seed = 0; seed < 2; seed++) {
        ik__loader *l = loader(3, 2, (uint64_t)seed, 0);
        for (int epoch = 0; epoch < 4; epoch++) {
            int seen[11] = {0};
            for (int i = 0; i < 9; i += 3) {
                const ik__batch *b = next(l);
                for (int r = 0; r < 3; r++) {
                    int item = atoi(b->names[r] + strlen("train_"));
                    ck_assert_int_eq(seen[item]++, 0);
                    order[seed][epoch][i + r] = (char)('a' + item);
                }
            }
        }
        ik__loader_close(l);
    }
    ck_assert_str_ne(order[0][0], order[0][1]);
    ck_assert_str_ne(order[0][1], order[0][2]);
    ck_assert_str_ne(order[0][0], order[1][0]);
    close_data();
}
END_TEST

START_TEST(an_epoch_of_one_batch) {
    open_data(SHAPES);
    ik__loader *l = loader(11, 3, 5, 0);
    for (int k = 0; k < 9; k++) next(l);
    ik__loader_close(l);
    close_data();
}
END_TEST

START_TEST(fewer_items_than_a_batch) {
    open_data(SHAPES);
    ik__loader *l;
    const ik__course c = course(12);
    ck_assert_int_eq(ik__loader_open(data, &c, 2, 5, false, 0, &l, &err), IK_USAGE);
    ck_assert_ptr_null(l);
    ck_assert_ptr_nonnull(strstr(err.text, "11 pictures"));
    ck_assert_ptr_nonnull(strstr(err.text, "one batch of 12; lower train.batch"));
    close_data();
}
END_TEST

START_TEST(closing_at_any_time) {
    open_data(SHAPES);
    for (int i = 0; i < 30; i++) {
        ik__loader *l = loader(2, 1 + i % 5, 5, i);
        for (int k = 0; k < i % 4; k++) next(l);
        ik__loader_close(l);
    }
    close_data();
}
END_TEST

/* Ten items, one of them wrong: all batches before its own come, then the error, again and again.
 */
START_TEST(errors_come_in_their_place) {
    scratch_make();
    make_folder("train_img");
    make_folder("train_label");
    for (int i = 0; i < 10; i++) {
        char name[64];
        snprintf(name, sizeof name, "train_img/%d.png", i);
        write_flat(name, 4, 4, 1, 9);
        snprintf(name, sizeof name, "train_label/%d.png", i);
        write_flat(name, 4, 4, 0, i == 6 ? 3 : 1);
    }
    char yaml[512];
    snprintf(yaml, sizeof yaml,
             "{plugin: folder, root: \"%s\", labels: 2, size: [4, 4], val_label: ''}", scratch);
    open_data(yaml);
    int place[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        ik__loader *l = loader(2, i ? 6 : 1, 5, 0);
        const ik__batch *b;
        while (!ik__loader_next(l, &b, &err)) place[i]++;
        ck_assert_ptr_nonnull(strstr(err.text, "train_label/6.png: label 3 at pixel (0, 0)"));
        err.text[0] = 0;
        ck_assert_int_eq(ik__loader_next(l, &b, &err), IK_FAILED);
        ck_assert_ptr_nonnull(strstr(err.text, "train_label/6.png"));
        ik__loader_close(l);
    }
    ck_assert_int_eq(place[0], place[1]);
    ck_assert_int_lt(place[0], 5);
    close_data();
    scratch_remove();
}
END_TEST

int main(void) {
    return RUN_SUITE("loader", NULL, NULL, {threads_change_nothing},
                     {starting_later_changes_nothing}, {an_epoch_is_a_permutation},
                     {an_epoch_of_one_batch}, {fewer_items_than_a_batch}, {closing_at_any_time},
                     {errors_come_in_their_place});
}
