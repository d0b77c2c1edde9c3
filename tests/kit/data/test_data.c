/* Datasets: pairing, preparing items, and what is refused with which words. */
#include "support/pictures.h"

#include "data/data.h"
#include "plugin/plugins.h"

static ik_error err;
static ik__conf *conf;
static ik__data *data;
static ik__batch *batch;

/* %s in the text stands for the scratch folder. */
static ik_status open_with(const char *text) {
    char yaml[2048];
    snprintf(yaml, sizeof yaml, text, scratch);
    ck_assert_msg(!ik__conf_parse("test.yaml", yaml, strlen(yaml), &conf, &err), "%s", err.text);
    return ik__data_open(conf, 7, &data, &err);
}

static void opened(const char *text, int64_t rows) {
    ck_assert_msg(!open_with(text), "%s", err.text);
    ck_assert_msg(!ik__batch_new(&ik__data_info_of(data)->fields, rows, &batch, &err), "%s",
                  err.text);
}

static void read_row(ik_split split, int64_t index, const uint64_t *augment, int64_t row) {
    ck_assert_msg(!ik__data_read(data, split, index, augment, batch, row, &err), "%s", err.text);
}

static void says(const char *what) {
    ck_assert_msg(strstr(err.text, what), "not '%s' in: %s", what, err.text);
}

static void refuses_to_open(const char *text, const char *what) {
    ck_assert_int_ne(open_with(text), IK_OK);
    ck_assert_ptr_null(data);
    says(what);
    ik__conf_free(conf);
    conf = NULL;
}

static void refuses_item(int64_t index, const char *what) {
    ck_assert_int_eq(ik__data_read(data, IK_TRAIN, index, NULL, batch, 0, &err), IK_FAILED);
    says(what);
}

static void setup(void) {
    ik__plugins_path(BUILD_DIR "/lib/inadekit:" BUILD_DIR "/tests/plugins_data");
    scratch_make();
}

static void close_all(void) {
    ik__batch_free(batch);
    ik__data_close(data);
    ik__conf_free(conf);
    batch = NULL, data = NULL, conf = NULL;
}

static void teardown(void) {
    close_all();
    scratch_remove();
}

#define FOLDER "{plugin: folder, root: \"%s\", labels: 4, val_label: '', "

/* One training item, 2 x 4: labels 0 3 255 255 / 0 3 3 0, ids 9 9 500 500 / 9 9 9 500. */
static void one_item(void) {
    static const uint8_t label[] = {0, 3, 255, 255, 0, 3, 3, 0},
                         ids[] = {0, 9, 0, 9, 1, 244, 1, 244, 0, 9, 0, 9, 0, 9, 1, 244};
    uint8_t rgb[8 * 3];
    for (int i = 0; i < 24; i++) rgb[i] = (uint8_t)(i * 10);
    make_folder("train_img");
    make_folder("train_label");
    make_folder("train_inst");
    write_png("train_img/a.png", 2, 4, PNG_COLOR_TYPE_RGB, 8, rgb, 12, 0);
    write_grey("train_label/a.png", 2, 4, label);
    write_png("train_inst/a.png", 2, 4, PNG_COLOR_TYPE_GRAY, 16, ids, 8, 0);
}

#define EQUAL(array, ...)                                                                          \
    do {                                                                                           \
        const int32_t expected[] = {__VA_ARGS__};                                                  \
        ck_assert_mem_eq(array, expected, sizeof expected);                                        \
    } while (0)

START_TEST(an_item_as_it_is) {
    one_item();
    opened(FOLDER "size: [2, 4], max_instances: 3}", 1);
    const ik__data_info *info = ik__data_info_of(data);
    ck_assert_int_eq(info->labels, 5);
    ck_assert_int_eq(info->count[IK_TRAIN], 1);
    ck_assert_int_eq(info->count[IK_VALIDATION], 0);
    ck_assert_int_eq(info->max_segments, 6);
    read_row(IK_TRAIN, 0, NULL, 0);
    ck_assert_str_eq(batch->names[0], "a");
    EQUAL(batch->label, 0, 3, 4, 4, 0, 3, 3, 0);
    EQUAL(batch->instance, 0, 0, 1, 1, 0, 0, 0, 1);
    EQUAL(batch->instances, 2);
    EQUAL(batch->segments, 0, 2, 3, 3, 0, 2, 2, 1); /* (0,0) (0,1) (3,0) (4,1) */
    EQUAL(batch->segment_count, 4);
    EQUAL(batch->segment_label, 0, 0, 3, 4, -1, -1);
    EQUAL(batch->segment_instance, 0, 1, 0, 1, -1, -1);
    for (int i = 0; i < 24; i++) ck_assert_float_eq(batch->image[i], (float)(i * 10 / 127.5 - 1));
}
END_TEST

/* What a dataset announces beside the core's own fields. */
#define SKETCHED "{plugin: sketched, size: [2, 3], load_size: [2, 4], "

START_TEST(planes_of_a_dataset) {
    opened("{plugin: sketched, size: [2, 4]}", 2);
    const ik__fields *f = &ik__data_info_of(data)->fields;
    int ramp = ik__fields_find(f, "ramp"), sketch = ik__fields_find(f, "sketch");
    ck_assert_int_eq(f->n, IK__OWN_FIELDS + 2);
    ck_assert_int_eq(ik_count(ik__field_shape(f, ramp)), 2 * 4 * 3);
    for (int i = 0; i < 2; i++) read_row(IK_TRAIN, i, NULL, i);
    const float *at = batch->field[ramp], *line = batch->field[sketch];
    for (int i = 0; i < 2 * 8; i++) { /* halved: ramp by centres, sketch by corners */
        ck_assert_float_eq(at[3 * i], (float)(2 * (i % 4) + 1));
        ck_assert_float_eq(at[3 * i + 1], (float)(2 * (i / 4 % 2) + 1));
        ck_assert_float_eq(at[3 * i + 2], (float)(i / 8));
        ck_assert_float_eq(line[i], i == 0); /* item 1 has none */
    }
}
END_TEST

/* As picture and maps are, and a distance along x turns round with the mirror. */
START_TEST(planes_are_cut_and_mirrored) {
    opened(SKETCHED "flip: true}", 1);
    const float *at = batch->field[ik__fields_find(&ik__data_info_of(data)->fields, "ramp")];
    bool seen[2][2] = {{false}};
    for (uint64_t key = 0; key < 40; key++) {
        read_row(IK_TRAIN, 3, &key, 0);
        bool mirror = at[0] < 0;
        int left = (int)(mirror ? -at[6] : at[0]) / 2;
        for (int x = 0; x < 3; x++) {
            int column = 2 * (left + (mirror ? 2 - x : x)) + 1;
            ck_assert_float_eq(at[3 * x], (float)(mirror ? -column : column));
            ck_assert_int_eq(batch->label[x], column > 3);
        }
        seen[mirror][left] = true;
    }
    ck_assert(seen[0][0] && seen[0][1] && seen[1][0] && seen[1][1]);
}
END_TEST

START_TEST(planes_that_cannot_be) {
    refuses_to_open(SKETCHED "fault: taken}",
                    "datasets/sketched: announces a plane 'edge', which is no name or is taken");
    refuses_to_open(SKETCHED "fault: twice}", "announces a plane 'ramp', which is no name or is");
    refuses_to_open(SKETCHED "fault: channels}",
                    "datasets/sketched: plane 'sketch' has 0 channels; 1 to 32 are possible");
    opened("{plugin: sketched, size: [2, 4], fault: not_finite}", 1);
    refuses_item(0, "item0: its plane 'ramp' holds what is no finite number");
}
END_TEST

START_TEST(one_instance_per_class) {
    one_item();
    opened(FOLDER "size: [2, 4], instances: classes}", 1);
    read_row(IK_TRAIN, 0, NULL, 0);
    EQUAL(batch->instance, 0, 1, 2, 2, 0, 1, 1, 0);
    EQUAL(batch->instances, 3);
    EQUAL(batch->segment_count, 3);
}
END_TEST

/* Mirroring and cropping move the picture and its maps alike, and both happen for some keys. */
START_TEST(augmenting) {
    one_item();
    opened(FOLDER "size: [2, 3], load_size: [2, 4]}", 1);
    bool seen[2][2] = {{false}};
    for (uint64_t key = 0; key < 40; key++) {
        read_row(IK_TRAIN, 0, &key, 0);
        float red = (batch->image[0] + 1) * 127.5f, next = (batch->image[3] + 1) * 127.5f;
        bool mirror = next < red;
        int left = (int)((mirror ? red - 60 : red) / 30 + 0.5f);
        ck_assert_int_ge(left, 0);
        ck_assert_int_le(left, 1);
        static const int32_t label[] = {0, 3, 4, 4, 0, 3, 3, 0};
        for (int i = 0; i < 6; i++) {
            int x = left + (mirror ? 2 - i % 3 : i % 3), at = i / 3 * 4 + x;
            ck_assert_int_eq(batch->label[i], label[at]);
            ck_assert_float_eq_tol(batch->image[3 * i], at * 30 / 127.5f - 1, 1e-6f);
        }
        seen[mirror][left] = true;
    }
    ck_assert(seen[0][0] && seen[0][1] && seen[1][0] && seen[1][1]);
    close_all();
    opened(FOLDER "size: [2, 4], flip: false}", 1);
    for (uint64_t key = 0; key < 20; key++) {
        read_row(IK_TRAIN, 0, &key, 0);
        EQUAL(batch->label, 0, 3, 4, 4);
    }
}
END_TEST

START_TEST(wrong_items) {
    one_item();
    uint8_t label[8] = {0, 3, 0, 0, 0, 3, 77, 0};
    write_grey("train_label/a.png", 2, 4, label);
    opened(FOLDER "size: [2, 4], max_instances: 1}", 1);
    refuses_item(0, "train_label/a.png: label 77 at pixel (2, 1); this dataset has 0..3 and 255");
    label[6] = 0;
    write_grey("train_label/a.png", 2, 4, label);
    refuses_item(0, "train_label/a.png: 2 instances, at most 1 are provided for; set "
                    "dataset.max_instances to 2");
    write_grey("train_label/a.png", 4, 2, label);
    refuses_item(0, "train_inst/a.png: the instance map is 4x2, its label map");
    write_flat("train_inst/a.png", 4, 2, 0, 1);
    refuses_item(0, "the label map is 2x4, its picture 4x2");
    write_flat("train_label/a.png", 2, 4, 1, 1);
    refuses_item(0, "train_label/a.png: is an RGB picture, a label map has one channel");
    write_flat("train_inst/a.png", 2, 4, 0, 1);
    write_flat("train_img/a.png", 2, 4, 1, 1);
    uint8_t wide[16] = {0};
    wide[10] = 94; /* instances, in place of labels */
    write_png("train_label/a.png", 2, 4, PNG_COLOR_TYPE_GRAY, 16, wide, 8, 0);
    refuses_item(0,
                 "train_label/a.png: label 24064 at pixel (1, 1); this dataset has 0..3 and 255");
    write_bytes("train_label/a.png", "\x89PNG\r\n\x1a\n\0\0\0", 11);
    refuses_item(0, "ends before the picture does");
    refuses_item(1, "item 1 does not exist");
}
END_TEST

/* A value is a class, `unknown`, or refused, as it stands in the file; above all the one that
 * `unknown` becomes. From the dataset's files, from others in their place, and from memory. */
START_TEST(values_between_the_classes_and_unknown) {
    static const struct {
        const char *options;
        int value, class;
        const char *values;
    } cases[] = {
        {"labels: 3", 3, -1, "0..2 and 255"},
        {"labels: 3", 254, -1, "0..2 and 255"},
        {"labels: 3", 255, 3, NULL},
        {"labels: 3, unknown: 0", 3, -1, "0..2"},
        {"labels: 3, unknown: 0", 0, 3, NULL},
        {"labels: 3, unknown: 3", 3, 3, NULL},
        {"labels: 3, unknown: 3", 4, -1, "0..3"},
        {"labels: 3, unknown: 4", 3, -1, "0..2 and 4"},
        {"labels: 3, unknown: -1", 3, -1, "0..2"},
        {"labels: 300, unknown: 65535", 300, -1, "0..299 and 65535"},
        {"labels: 300, unknown: 65535", 65535, 300, NULL},
        {"labels: 3, unknown: 65535", 65535, 3, NULL},
    };
    char yaml[256], says_what[768], path[512];
    int value = cases[_i].value;
    uint8_t wide[16] = {0};
    one_item();
    wide[6] = (uint8_t)(value >> 8), wide[7] = (uint8_t)value;
    write_png("train_label/a.png", 2, 4, PNG_COLOR_TYPE_GRAY, 16, wide, 8, 0);
    snprintf(yaml, sizeof yaml, "{plugin: folder, root: \"%%s\", size: [2, 4], val_label: '', %s}",
             cases[_i].options);
    opened(yaml, 1);
    snprintf(path, sizeof path, "%s", in_scratch("train_label/a.png"));
    int32_t map[8] = {0, 0, 0, value};
    const ik__item_files files = {in_scratch("train_img/a.png"), path, NULL};
    const uint8_t rgb[24] = {0};
    const ik__item_maps maps = {"a", 2, 4, map, NULL, rgb};
    for (int source = 0; source < 3; source++) {
        if (source == 1) ik__data_replace(data, IK_TRAIN, &files);
        if (source == 2) ik__data_give(data, IK_TRAIN, &maps);
        if (cases[_i].class < 0) {
            snprintf(says_what, sizeof says_what,
                     "%s: label %d at pixel (3, 0); this dataset has %s", source == 2 ? "a" : path,
                     value, cases[_i].values);
            refuses_item(0, says_what);
            ck_assert_str_eq(err.text, says_what);
        } else {
            read_row(IK_TRAIN, 0, NULL, 0);
            ck_assert_int_eq(batch->label[3], cases[_i].class);
        }
    }
}
END_TEST

/* Ids that differ by 256, or only in their high byte, are of two instances. */
START_TEST(instances_of_16_bits) {
    one_item();
    static const uint8_t ids[16] = {0, 1, 1, 1, 2, 1, 255, 1, 0, 1, 0, 1, 0, 1, 1, 1};
    write_png("train_inst/a.png", 2, 4, PNG_COLOR_TYPE_GRAY, 16, ids, 8, 0);
    opened(FOLDER "size: [2, 4]}", 1);
    read_row(IK_TRAIN, 0, NULL, 0);
    EQUAL(batch->instance, 0, 1, 2, 3, 0, 0, 0, 1);
}
END_TEST

/* A folder of instance maps that is there and cannot be read is not one that is left out. */
START_TEST(unreadable_instances) {
    one_item();
    ck_assert_int_eq(remove(in_scratch("train_inst/a.png")), 0);
    ck_assert_int_eq(remove(in_scratch("train_inst")), 0);
    ck_assert_int_eq(symlink("train_inst", in_scratch("train_inst")), 0);
    refuses_to_open(FOLDER "size: [2, 4]}",
                    "train_inst: cannot list the folder: Too many levels of symbolic links");
}
END_TEST

START_TEST(too_many_segments) {
    one_item();
    opened(FOLDER "size: [2, 4], max_segments: 3}", 1);
    refuses_item(0, "4 pairs of label and instance, at most 3 are provided for; set "
                    "dataset.max_segments to 4");
}
END_TEST

START_TEST(wrong_folders) {
    refuses_to_open(FOLDER "size: [2, 4]}", "train_img: there is no such folder; set dataset.root");
    make_folder("train_img");
    refuses_to_open(FOLDER "size: [2, 4]}", "train_img: the folder has no .jpg");
    write_bytes("train_img/.hidden", "", 0);
    write_bytes("train_img/b.webp", "", 0);
    write_bytes("train_img/a.webp", "", 0);
    refuses_to_open(FOLDER "size: [2, 4]}",
                    "train_img: the folder has no .jpg, .jpeg or .png file, "
                    "only others, as 'a.webp'; convert them");
    write_flat("train_img/a.PNG", 2, 4, 1, 1);
    refuses_to_open(FOLDER "size: [2, 4]}", "train_label: there is no such folder");
    make_folder("train_label");
    refuses_to_open(FOLDER "size: [2, 4]}", "train_label: the folder has no .png");
    write_flat("train_label/a.jpg", 2, 4, 0, 1);
    refuses_to_open(FOLDER "size: [2, 4]}",
                    "the folder has no .png file, only JPEG, which changes");
    unlink(in_scratch("train_label/a.jpg"));
    write_flat("train_label/b.png", 2, 4, 0, 1);
    refuses_to_open(FOLDER "size: [2, 4]}", "train_img/a.PNG: this picture has no label map");
    write_flat("train_label/a.png", 2, 4, 0, 1);
    write_flat("train_img/b.png", 2, 4, 1, 1);
    write_flat("train_img/\xc3\xa9\xea\xb0\x81.png", 2, 4, 1, 1);    /* e with its accent; gak */
    write_flat("train_label/e\xcc\x80\xea\xb0\x81.png", 2, 4, 0, 1); /* another accent */
    refuses_to_open(FOLDER "size: [2, 4]}", "add it or remove this file");
    ck_assert_int_eq(
        rename(in_scratch("train_label/e\xcc\x80\xea\xb0\x81.png"),
               in_scratch("train_label/e\xcc\x81\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8.png")),
        0);
    refuses_to_open(FOLDER "size: [2, 4]}",
                    "in another Unicode normal form (NFC, NFD): rename one");
    unlink(in_scratch("train_img/\xc3\xa9\xea\xb0\x81.png"));
    unlink(in_scratch("train_label/e\xcc\x81\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8.png"));
    unlink(in_scratch("train_img/b.png"));
    unlink(in_scratch("train_label/a.png"));
    write_flat("train_label/a.png", 2, 4, 0, 1);
    refuses_to_open(FOLDER "size: [2, 4]}", "train_label/b.png: this label map has no picture");
    write_flat("train_img/b.png", 2, 4, 1, 1);
    refuses_to_open(FOLDER "size: [2, 4], instances: folder}",
                    "train_inst: there is no such folder");
    make_folder("train_inst");
    write_flat("train_inst/a.png", 2, 4, 0, 1);
    refuses_to_open(FOLDER "size: [2, 4]}",
                    "train_label/b.png: this label map has no instance map");
    write_flat("train_img/b.jpg", 2, 4, 1, 1);
    refuses_to_open(FOLDER "size: [2, 4]}", "have one stem");
}
END_TEST

START_TEST(wrong_options) {
    refuses_to_open("{plugin: shapes}", "size");
    refuses_to_open("{plugin: shapes, size: [64]}", "test.yaml:1:24: dataset.size has to be");
    refuses_to_open("{plugin: shapes, size: [64, 64], load_size: [64, 63]}",
                    "dataset.load_size has to be at least `size`");
    refuses_to_open("{plugin: shapes, size: [64, 64], flop: true}", "flop");
    refuses_to_open("{plugin: shapes, size: [16, 64]}", "too small to draw in");
    refuses_to_open("{plugin: shapes, size: [64, 64], objects: [3, 2]}", "[fewest, most]");
    refuses_to_open("{plugin: folder, root: \"%s\", labels: 4, size: [64, 64], train_label: '', "
                    "val_label: ''}",
                    "nothing to read");
}
END_TEST

/* A description knows the labels and looks at no file. */
START_TEST(described) {
    const char *yaml =
        "{plugin: folder, root: nowhere, labels: 4, size: [2, 4], load_size: [3, 5]}";
    ck_assert_int_eq(ik__conf_parse("test.yaml", yaml, strlen(yaml), &conf, &err), IK_OK);
    ck_assert_int_ne(ik__data_open(conf, 7, &data, &err), IK_OK);
    ck_assert_msg(!ik__data_describe(conf, 7, &data, &err), "%s", err.text);
    const ik__data_info *info = ik__data_info_of(data);
    ck_assert_int_eq(info->labels, 5);
    ck_assert_int_eq(info->height, 2);
    ck_assert_int_eq(info->width, 4);
    ck_assert_int_eq(info->count[IK_TRAIN], 0);
    ck_assert_msg(!ik__batch_new(&ik__data_info_of(data)->fields, 1, &batch, &err), "%s", err.text);
    refuses_item(0, "item 0 does not exist: there are 0");
}
END_TEST

/* Validation does without pictures; training does not. */
START_TEST(label_maps_alone) {
    make_folder("val_label");
    write_flat("val_label/a.png", 2, 4, 0, 1);
    opened("{plugin: folder, root: \"%s\", labels: 4, size: [4, 4], train_label: '', val_img: ''}",
           2);
    batch->image[0] = 5;
    read_row(IK_VALIDATION, 0, NULL, 0);
    for (int i = 0; i < 48; i++) ck_assert_float_eq(batch->image[i], 0);
    EQUAL(batch->label, 1, 1, 1, 1);
    EQUAL(batch->instances, 1);
}
END_TEST

START_TEST(shapes) {
    opened("{plugin: shapes, size: [48, 64], count: 40}", 3);
    const ik__data_info *info = ik__data_info_of(data);
    ck_assert_int_eq(info->labels, 6);
    ck_assert_int_eq(info->count[IK_TRAIN], 40);
    ck_assert_int_eq(info->count[IK_VALIDATION], 16);
    ck_assert_str_eq(info->label_names[5], "cloud");
    const size_t row = 48 * 64;
    bool classes[6] = {false};
    for (int i = 0; i < 40; i++) {
        read_row(IK_TRAIN, i, NULL, 0);
        read_row(IK_TRAIN, i, NULL, 1);
        read_row(IK_VALIDATION, i % 16, NULL, 2);
        ck_assert_mem_eq(batch->image, batch->image + 3 * row, 3 * row * sizeof(float));
        ck_assert_mem_eq(batch->label, batch->label + row, row * sizeof(int32_t));
        ck_assert_mem_ne(batch->image, batch->image + 6 * row, 3 * row * sizeof(float));
        ck_assert_int_ge(batch->instances[0], 3); /* sky, ground, and something */
        ck_assert_int_le(batch->instances[0], 8);
        ck_assert_int_eq(batch->segment_count[0], batch->instances[0]);
        for (size_t p = 0; p < row; p++) classes[batch->label[p]] = true;
    }
    for (int c = 0; c < 6; c++) ck_assert(classes[c]);
}
END_TEST

/* 28 objects over sky and ground, of 35 labels: nearly all can be seen, and no label is out of
 * reach. */
START_TEST(crowded_shapes) {
    opened("{plugin: shapes, size: [128, 256], objects: [28, 28], labels: 35, max_instances: 30}",
           1);
    ck_assert_int_eq(ik__data_info_of(data)->labels, 35);
    bool seen[35] = {false};
    for (int i = 0; i < 16; i++) {
        read_row(IK_VALIDATION, i, NULL, 0);
        ck_assert_int_ge(batch->instances[0], 24);
        ck_assert_int_le(batch->instances[0], 30);
        for (int k = 0; k < 128 * 256; k++) seen[batch->label[k]] = true;
    }
    for (int l = 0; l < 35; l++) ck_assert_msg(seen[l], "label %d was never drawn", l);
}
END_TEST

/* Photographs as they come, where the sample is at hand (INADEKIT_TEST_DATA). */
START_TEST(coco_stuff) {
    const char *root = getenv("INADEKIT_TEST_DATA");
    char path[256];
    snprintf(path, sizeof path, "%s/coco_stuff", root ? root : "");
    if (!root || access(path, R_OK)) {
        printf("skipped: INADEKIT_TEST_DATA names no folder with coco_stuff\n");
        return;
    }
    char yaml[512];
    snprintf(yaml, sizeof yaml, "{plugin: folder, root: \"%s\", labels: 182, size: [256, 256]}",
             path);
    opened(yaml, 1);
    const ik__data_info *info = ik__data_info_of(data);
    ck_assert_int_eq(info->labels, 183);
    ck_assert_int_eq(info->count[IK_TRAIN], 13);
    ck_assert_int_eq(info->count[IK_VALIDATION], 8);
    for (int split = 0; split < 2; split++)
        for (int i = 0; i < info->count[split]; i++) {
            read_row((ik_split)split, i, NULL, 0);
            ck_assert_int_ge(batch->segment_count[0], batch->instances[0]);
        }
}
END_TEST

int main(void) {
    return RUN_SUITE("data", setup, teardown, {an_item_as_it_is}, {planes_of_a_dataset},
                     {planes_are_cut_and_mirrored}, {planes_that_cannot_be},
                     {one_instance_per_class}, {augmenting}, {wrong_items},
                     {values_between_the_classes_and_unknown, 12}, {instances_of_16_bits},
                     {unreadable_instances}, {too_many_segments}, {wrong_folders}, {wrong_options},
                     {described}, {label_maps_alone}, {shapes}, {crowded_shapes}, {coco_stuff});
}
