/* Rename maps: how the names of another program's weights become those of a network, and back.
 *
 *     summary: torchvision's vgg19, its features
 *     network: vgg19                    # what the network is called where nobody says otherwise
 *     known_by: ["features.34.weight"]  # a file that has such names is one of theirs
 *     rules:                            # the first that matches counts
 *       - {theirs: "features.0.*", ours: "conv1_1.*"}
 *       - {theirs: "up.*.weight", ours: "up.*.weight", permute: [1, 0, 2, 3]}
 *       - {theirs: "**.num_batches_tracked", beside: "**.running_mean"}
 *     spare: ["classifier.**"]          # may be in their file; nobody here needs it
 *
 * `*` stands for one or more characters other than a dot, `**` for one or more of any; both sides
 * of a rule have the same ones in the same order, so it works in both directions. `ours` is without
 * the network's name. `permute` lists, per axis of ours, the axis of theirs. An entry with `beside`
 * is not kept here; exporting writes a whole number 0 for each of ours that `beside` matches. */
#ifndef INADEKIT_WEIGHTS_RENAME_H
#define INADEKIT_WEIGHTS_RENAME_H

#include "base/words.h"
#include "config/config.h"

typedef struct ik__wmap ik__wmap;

typedef struct ik__wmap_axes {
    int n; /* 0: as they are */
    int of[IK_MAX_RANK];
} ik__wmap_axes;

enum { IK__WMAP_NAME_BYTES = 1024 };

/* A name, looked up as <dir>/maps/<name>.yaml where plugins are, or the path of a file, which has a
 * '/' or ends in .yaml. `at`, which may be NULL, is where it is written. */
ik_status ik__wmap_open(const char *name, const ik__conf *at, ik__wmap **out, ik_error *err);
void ik__wmap_close(ik__wmap *m); /* NULL is fine */
const char *ik__wmap_network(const ik__wmap *m);
const char *ik__wmap_summary(const ik__wmap *m); /* NULL: it has none */
/* The names of all that are installed, sorted by folder; the caller frees them. */
ik__words ik__wmap_names(void);

/* `name` and `axes` tell what one of theirs becomes here, and the other way round; false where no
 * rule says so. Names that grow beyond IK__WMAP_NAME_BYTES match nothing. */
bool ik__wmap_ours(const ik__wmap *m, const char *theirs, char name[IK__WMAP_NAME_BYTES],
                   ik__wmap_axes *axes);
bool ik__wmap_theirs(const ik__wmap *m, const char *ours, char name[IK__WMAP_NAME_BYTES],
                     ik__wmap_axes *axes);
/* Is one of theirs what pattern i of `known_by` asks for? There are ik__wmap_marks of them. */
bool ik__wmap_marked(const ik__wmap *m, int i, const char *theirs);
int ik__wmap_marks(const ik__wmap *m);
/* May one of theirs be left over? */
bool ik__wmap_spare(const ik__wmap *m, const char *theirs);
/* Their entry that belongs beside one of ours, by the i-th rule of that sort; false past the last,
 * an empty name where it does not match. */
bool ik__wmap_beside(const ik__wmap *m, int i, const char *ours, char name[IK__WMAP_NAME_BYTES]);

#endif
