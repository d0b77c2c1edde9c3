/* Pictures from a label map in a file, by the weights of a checkpoint. */
#ifndef INADEKIT_RUN_PAINT_FILE_H
#define INADEKIT_RUN_PAINT_FILE_H

#include "inadekit/types.h"

typedef struct ik__paint_file {
    /* Either a checkpoint's folder, which has its pipeline and weights, or a run's, of which the
     * newest checkpoint is taken; or a pipeline and, unless it names them itself, weights. */
    const char *checkpoint;
    const char *pipeline;
    ik_strings weights;           /* files; each network comes from one of them */
    const char *label, *instance; /* PNG; NULL: a layout of the data; one instance per label */
    int64_t layout;               /* the validation layout, or whose random values are taken */
    const char *style;            /* PICTURE,LABEL[,INSTANCE] or NULL */
    ik_strings vary_labels;       /* numbers or names */
    int n_vary_instances;         /* values of the instance map */
    const int64_t *vary_instances;
    const char *latents; /* a file as latents_file.h has it, or NULL */
    int64_t samples,
        seed;           /* samples 0: as many as `latents` holds, or 8; seed -1: the pipeline's */
    const char *device; /* NULL: the pipeline's */
    int threads;        /* 0: all */
    ik_strings sets;    /* as --set */
    const char *out;    /* folder */
} ik__paint_file;

enum { IK__USUAL_SAMPLES = 8 };

/* Writes out/<label map>-<n>.png, n from 0, each with its seed in its text, and out/samples.png:
 * the label map, the style's picture if there is one, and all samples, what varies outlined.
 *
 * With something to vary, all else keeps its random values. With a style, an instance takes its
 * random values from what the encoder makes of an instance of its label in the style's picture, the
 * first from the first and so on, the last again where it has fewer; labels that are not there, and
 * from sample 1 on what varies, are drawn as without. */
ik_status ik__paint_from_file(const ik__paint_file *o, ik_error *err);

#endif
