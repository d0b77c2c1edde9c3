/* Pictures and maps in flat folders, paired by file stem: {train,val}_{img,label,inst} under a
 * root.
 *
 * Pictures are JPEG or PNG, maps single-channel PNG. In training every picture needs its label map
 * and the reverse; validation does without pictures. A folder given as "" is left out. */
#define _GNU_SOURCE 1 /* asprintf */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inadekit/plugin.h"
#include "normal_form.h"

typedef enum { AUTO, FOLDER, CLASSES } instance_source;
enum { PICTURES, LABELS, INSTANCES, KINDS };

/* File names of a folder, sorted by stem. */
typedef struct listing {
    int64_t n, room;
    char **name;
} listing;

/* What lies in a folder and is neither picture nor map. */
typedef struct others {
    int64_t n;
    char first[256];
    bool jpeg;
} others;

typedef struct split_files {
    char *path[KINDS];    /* of the folders; NULL where there is none */
    listing files[KINDS]; /* after pairing, entry i of each belongs to item i */
    others passed[KINDS];
} split_files;

typedef struct folder {
    const char *root;
    const char *sub[2][KINDS]; /* by ik_split */
    int64_t labels, unknown;
    int instances;
    const ik_image_api *images;
    split_files split[2];
    char note[3072];
} folder;

/* Only a folder of pictures to validate on that was asked for has to be there. */
#define USUAL_PICTURES "val_img"

static const char *const split_words[] = {"train", "val"};
static const char *const kind_words[] = {"img", "label", "inst"};

/* --- Listing. */

static size_t stem_length(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot ? (size_t)(dot - name) : strlen(name);
}

static int compare_stems(const char *a, const char *b) {
    size_t n = stem_length(a), m = stem_length(b);
    int order = memcmp(a, b, n < m ? n : m);
    return order ? order : (n > m) - (n < m);
}

static int compare_names(const void *a, const void *b) {
    return compare_stems(*(char *const *)a, *(char *const *)b);
}

static bool wanted(const char *name, int kind) {
    const char *dot = strrchr(name, '.');
    if (name[0] == '.' || !dot) return false;
    if (!strcasecmp(dot, ".png")) return true;
    return kind == PICTURES && (!strcasecmp(dot, ".jpg") || !strcasecmp(dot, ".jpeg"));
}

static bool append(listing *l, const char *name) {
    if (l->n == l->room) {
        int64_t room = l->room ? 2 * l->room : 64;
        char **grown = realloc(l->name, (size_t)room * sizeof *grown);
        if (!grown) return false;
        l->name = grown, l->room = room;
    }
    l->name[l->n] = strdup(name);
    if (!l->name[l->n]) return false;
    l->n++;
    return true;
}

static void clear(listing *l) {
    for (int64_t i = 0; i < l->n; i++) free(l->name[i]);
    free(l->name);
    *l = (listing){0};
}

static void pass_over(const char *name, others *o) {
    if (name[0] == '.') return;
    if (!o->n++ || strcmp(name, o->first) < 0) snprintf(o->first, sizeof o->first, "%s", name);
    o->jpeg |= wanted(name, PICTURES);
}

static ik_status fail_empty(const char *path, int kind, const others *o, ik_error *err) {
    const char *types = kind == PICTURES ? ".jpg, .jpeg or .png" : ".png";
    if (o->jpeg)
        return ik_errorf(err, IK_FAILED,
                         "%s: the folder has no .png file, only JPEG, which changes values: a map "
                         "has to be PNG",
                         path);
    if (!o->n) return ik_errorf(err, IK_FAILED, "%s: the folder has no %s file", path, types);
    return ik_errorf(err, IK_FAILED,
                     "%s: the folder has no %s file, only others, as '%s'; convert them, and put "
                     "those of folders in it directly there",
                     path, types, o->first);
}

static ik_status list_folder(const char *path, int kind, listing *out, others *passed,
                             ik_error *err) {
    DIR *dir = opendir(path);
    if (!dir)
        return ik_errorf(err, IK_FAILED, "%s: cannot list the folder: %s", path, strerror(errno));
    bool ok = true;
    errno = 0;
    for (struct dirent *e; ok && (e = readdir(dir)); errno = 0)
        if (wanted(e->d_name, kind))
            ok = append(out, e->d_name);
        else
            pass_over(e->d_name, passed);
    int why = ok ? errno : 0;
    closedir(dir);
    if (why)
        return ik_errorf(err, IK_FAILED, "%s: cannot list the folder: %s", path, strerror(why));
    if (!ok) return ik_errorf(err, IK_FAILED, "%s: out of memory", path);
    if (out->n == 0) return fail_empty(path, kind, passed, err);
    qsort(out->name, (size_t)out->n, sizeof *out->name, compare_names);
    for (int64_t i = 1; i < out->n; i++)
        if (compare_stems(out->name[i - 1], out->name[i]) == 0)
            return ik_errorf(
                err, IK_FAILED,
                "%s: '%s' and '%s' have one stem, so their partner is not clear; remove or "
                "rename one",
                path, out->name[i - 1], out->name[i]);
    return IK_OK;
}

/* What cannot be looked at is there, and listing it will say why. */
static bool exists(const char *path) {
    struct stat st;
    return !stat(path, &st) || errno != ENOENT;
}

/* --- Pairing. */

static int64_t find(const listing *l, const char *name) {
    char *const *at = bsearch(&name, l->name, (size_t)l->n, sizeof *l->name, compare_names);
    return at ? at - l->name : -1;
}

/* A partner that looks as if it had the name, but has not; NULL: there is none. */
static const char *look_alike(const listing *l, const char *name) {
    for (int64_t i = 0; i < l->n; i++)
        if (folder_same_but_form(l->name[i], stem_length(l->name[i]), name, stem_length(name)))
            return l->name[i];
    return NULL;
}

/* Every file of `a` needs one in `b`. */
static ik_status need_partner(const split_files *s, int a, int b, const char *remedy,
                              ik_error *err) {
    static const char *const what[] = {"picture", "label map", "instance map"};
    for (int64_t i = 0; i < s->files[a].n; i++) {
        const char *name = s->files[a].name[i];
        if (find(&s->files[b], name) >= 0) continue;
        if (look_alike(&s->files[b], name))
            remedy = "a file there looks as if it had this name, but writes its letters in another "
                     "Unicode normal form (NFC, NFD): rename one of the two, as `convmv` does";
        return ik_errorf(err, IK_FAILED, "%s/%s: this %s has no %s %s/%.*s.%s; %s", s->path[a],
                         name, what[a], what[b], s->path[b], (int)stem_length(name), name,
                         b == PICTURES ? "{jpg,jpeg,png}" : "png", remedy);
    }
    return IK_OK;
}

/* Leaves in `kind` one entry per label map, NULL where it has none. */
static ik_status align(split_files *s, int kind, ik_error *err) {
    listing *from = &s->files[kind], *labels = &s->files[LABELS];
    char **name = calloc((size_t)labels->n, sizeof *name);
    if (!name) return ik_errorf(err, IK_FAILED, "%s: out of memory", s->path[kind]);
    for (int64_t i = 0; i < labels->n; i++) {
        int64_t j = find(from, labels->name[i]);
        if (j < 0) continue;
        name[i] = strdup(from->name[j]);
        if (!name[i]) {
            for (int64_t k = 0; k < i; k++) free(name[k]);
            free(name);
            return ik_errorf(err, IK_FAILED, "%s: out of memory", s->path[kind]);
        }
    }
    clear(from);
    *from = (listing){labels->n, labels->n, name};
    return IK_OK;
}

static ik_status pair(split_files *s, bool training, ik_error *err) {
    const char *fix = "add it or remove this file";
    ik_status status = IK_OK;
    if (s->path[PICTURES]) {
        status = need_partner(s, PICTURES, LABELS, fix, err);
        if (!status && training) status = need_partner(s, LABELS, PICTURES, fix, err);
        if (!status) status = align(s, PICTURES, err);
    }
    if (!status && s->path[INSTANCES]) {
        status =
            need_partner(s, LABELS, INSTANCES, "add it or set dataset.instances: classes", err);
        if (!status) status = align(s, INSTANCES, err);
    }
    return status;
}

/* --- Opening. */

/* They may be pictures in folders, or of another kind. */
static void note_others(folder *f, size_t at) {
    for (int split = 0; split < 2; split++)
        for (int kind = 0; kind < KINDS && at < sizeof f->note; kind++) {
            const others *o = &f->split[split].passed[kind];
            if (o->n)
                at += (size_t)snprintf(f->note + at, sizeof f->note - at,
                                       "%sof %.100s %lld other%s passed over, as '%s'",
                                       at ? "; " : "", f->sub[split][kind], (long long)o->n,
                                       o->n == 1 ? " is" : "s are", o->first);
        }
}

/* What is not there and is done without has to be said: it may only be called otherwise. */
static void write_note(folder *f, const bool missing[2][KINDS]) {
    const char *train = f->sub[IK_TRAIN][INSTANCES], *val = f->sub[IK_VALIDATION][INSTANCES];
    bool both = missing[IK_TRAIN][INSTANCES] && missing[IK_VALIDATION][INSTANCES];
    size_t at = 0, size = sizeof f->note;
    f->note[0] = 0;
    if (both || missing[IK_TRAIN][INSTANCES] || missing[IK_VALIDATION][INSTANCES])
        at = (size_t)snprintf(f->note, size,
                              "%.200s has no %.100s%s%.100s: %severy class in a picture is one "
                              "instance (dataset.instances: auto)",
                              f->root, missing[IK_TRAIN][INSTANCES] ? train : val,
                              both ? " and no " : "", both ? val : "",
                              both                           ? ""
                              : missing[IK_TRAIN][INSTANCES] ? "in training "
                                                             : "in validation ");
    if (missing[IK_VALIDATION][PICTURES])
        at +=
            (size_t)snprintf(f->note + at, size - at,
                             "%s%.200s has no " USUAL_PICTURES ": validation has label maps alone",
                             at ? "; " : "", f->root);
    note_others(f, at);
}

/* By what it is for. */
static bool may_be_missing(const folder *f, ik_split split, int kind) {
    if (kind == INSTANCES) return f->instances == AUTO;
    return kind == PICTURES && split == IK_VALIDATION &&
           !strcmp(f->sub[split][kind], USUAL_PICTURES);
}

static ik_status set_path(folder *f, ik_split split, int kind, bool *missing, ik_error *err) {
    split_files *s = &f->split[split];
    const char *sub = f->sub[split][kind];
    if (!sub || (kind == INSTANCES && f->instances == CLASSES)) return IK_OK;
    if (asprintf(&s->path[kind], "%s/%s", f->root, sub) < 0) {
        s->path[kind] = NULL;
        return ik_errorf(err, IK_FAILED, "datasets/folder: out of memory");
    }
    if (exists(s->path[kind])) return IK_OK;
    if (may_be_missing(f, split, kind)) {
        free(s->path[kind]);
        s->path[kind] = NULL;
        *missing = true;
        return IK_OK;
    }
    char here[1024] = "";
    if (*s->path[kind] != '/' && !getcwd(here, sizeof here)) *here = 0;
    return ik_errorf(
        err, IK_FAILED,
        "%s: there is no such folder%s%s; set dataset.root and dataset.%s_%s, the latter to \"\" "
        "to do without",
        s->path[kind], *here ? " below " : "", here, split_words[split], kind_words[kind]);
}

static ik_status open_split(folder *f, ik_split split, bool missing[KINDS], ik_error *err) {
    split_files *s = &f->split[split];
    if (!f->sub[split][LABELS]) return IK_OK; /* a split without labels has no items */
    if (split == IK_TRAIN && !f->sub[split][PICTURES])
        return ik_errorf(err, IK_USAGE,
                         "datasets/folder: training needs pictures: set "
                         "dataset.train_img, or dataset.train_label to \"\" for none");
    for (int kind = 0; kind < KINDS; kind++) {
        ik_status status = set_path(f, split, kind, &missing[kind], err);
        if (!status && s->path[kind])
            status = list_folder(s->path[kind], kind, &s->files[kind], &s->passed[kind], err);
        if (status) return status;
    }
    return pair(s, split == IK_TRAIN, err);
}

static ik_status folder_init(void *self, ik_error *err) {
    const folder *f = self;
    if (f->sub[0][LABELS] || f->sub[1][LABELS]) return IK_OK;
    return ik_errorf(err, IK_USAGE,
                     "datasets/folder: train_label and val_label are both empty: nothing to read");
}

static void folder_close(void *self) {
    folder *f = self;
    for (int split = 0; split < 2; split++)
        for (int kind = 0; kind < KINDS; kind++) {
            clear(&f->split[split].files[kind]);
            free(f->split[split].path[kind]);
            f->split[split].path[kind] = NULL;
            f->split[split].passed[kind] = (others){0};
        }
}

static ik_status folder_describe(const void *self, ik_dataset_info *info, ik_error *err) {
    const folder *f = self;
    (void)err;
    info->labels = f->labels + (f->unknown >= 0);
    info->raw_labels = true;
    return IK_OK;
}

static ik_status folder_open(void *self, const ik_image_api *images, int64_t height, int64_t width,
                             uint64_t seed, ik_dataset_info *info, ik_error *err) {
    folder *f = self;
    (void)height, (void)width, (void)seed;
    f->images = images;
    bool missing[2][KINDS] = {{false}};
    for (int split = 0; split < 2; split++) {
        ik_status status = open_split(f, (ik_split)split, missing[split], err);
        if (status) {
            folder_close(f);
            return status;
        }
        info->count[split] = f->split[split].files[LABELS].n;
    }
    write_note(f, missing);
    info->note = f->note[0] ? f->note : NULL;
    return folder_describe(f, info, err);
}

/* --- Reading. */

static ik_status read_instances(const folder *f, const char *path, ik_item *item, ik_error *err) {
    int height, width;
    ik_status status = f->images->read_map(path, 16, &height, &width, &item->instance, err);
    if (status) return status;
    if (height == item->height && width == item->width) return IK_OK;
    return ik_errorf(
        err, IK_FAILED,
        "%s: the instance map is %dx%d, its label map %s %dx%d (width x height); they have "
        "to be of one size",
        path, width, height, item->origin, item->width, item->height);
}

/* The number of the class that `unknown` becomes may be a value of the files' own, and means none
 * then. */
static void folder_classes(const void *self, int64_t n, int32_t *label) {
    const folder *f = self;
    for (int64_t i = 0; i < n; i++)
        if (f->unknown >= 0 && label[i] == f->unknown)
            label[i] = (int32_t)f->labels;
        else if (label[i] == f->labels)
            label[i] = -1;
}

static ik_status folder_read(const void *self, ik_split split, int64_t index, ik_item *item,
                             ik_error *err) {
    const folder *f = self;
    const split_files *s = &f->split[split];
    const char *name = s->files[LABELS].name[index];
    snprintf(item->name, sizeof item->name, "%.*s", (int)stem_length(name), name);
    char path[KINDS][sizeof item->origin] = {"", "", ""};
    for (int kind = 0; kind < KINDS; kind++) {
        if (!s->path[kind] || !s->files[kind].name[index]) continue;
        int n = snprintf(path[kind], sizeof path[kind], "%s/%s", s->path[kind],
                         s->files[kind].name[index]);
        if (n < 0 || (size_t)n >= sizeof path[kind])
            return ik_errorf(err, IK_FAILED, "%s: the path is too long", path[kind]);
    }
    memcpy(item->origin, path[LABELS], sizeof item->origin);
    ik_status status =
        f->images->read_map(item->origin, 16, &item->height, &item->width, &item->label, err);
    if (!status && path[INSTANCES][0]) status = read_instances(f, path[INSTANCES], item, err);
    if (!status && path[PICTURES][0])
        status = f->images->read_rgb(path[PICTURES], &item->image_height, &item->image_width,
                                     &item->image, err);
    return status;
}

static const char *const instance_words[] = {"auto", "folder", "classes", NULL};

#define SUB(name_, help_, split_, kind_, fallback_)                                                \
    { name_, help_, IK_OPT_STRING, offsetof(folder, sub[split_][kind_]), fallback_, 0, 0, NULL }

static const ik_option options[] = {
    {"root", "the folder that holds the others", IK_OPT_STRING, offsetof(folder, root), NULL, 0, 0,
     NULL},
    SUB("train_img", "pictures to train on", IK_TRAIN, PICTURES, "train_img"),
    SUB("train_label", "their label maps; \"\": no training", IK_TRAIN, LABELS, "train_label"),
    SUB("train_inst", "their instance maps", IK_TRAIN, INSTANCES, "train_inst"),
    SUB("val_img", "pictures to validate on; \"\", or without this folder: label maps alone",
        IK_VALIDATION, PICTURES, USUAL_PICTURES),
    SUB("val_label", "their label maps; \"\": no validation", IK_VALIDATION, LABELS, "val_label"),
    SUB("val_inst", "their instance maps", IK_VALIDATION, INSTANCES, "val_inst"),
    {"labels", "known classes: maps hold 0 to labels - 1, and `unknown`", IK_OPT_INT,
     offsetof(folder, labels), NULL, 1, 65535, NULL},
    {"unknown", "pixels of this value become a class of their own, the last; -1: there are none",
     IK_OPT_INT, offsetof(folder, unknown), "255", -1, 65535, NULL},
    {"instances",
     "where instances come from: `folder`, one per class present (`classes`), or the folder if it "
     "is there (`auto`)",
     IK_OPT_CHOICE, offsetof(folder, instances), "auto", 0, 0, instance_words},
    {NULL},
};

static const ik_dataset_iface iface = {sizeof iface, folder_open,     folder_read,
                                       folder_close, folder_describe, folder_classes};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_DATASET, "folder", "1.0",
                   "pictures, label maps and instance maps in flat folders, paired by file name"),
    .options = options,
    .instance_size = sizeof(folder),
    .init = folder_init,
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
