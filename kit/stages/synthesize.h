/* The stage `synthesize`: validation layouts painted several times. */
#ifndef INADEKIT_STAGES_SYNTHESIZE_H
#define INADEKIT_STAGES_SYNTHESIZE_H

#include "session/session.h"

typedef enum ik__painting {
    IK__FRESH,  /* every sample is drawn anew */
    IK__VARIED, /* only what `synthesize.vary` names is */
    IK__STYLED, /* as `synthesize.style` says; all else keeps the first sample's random values */
    IK__ONE,    /* styled, and all drawn anew, or what varies, which is styled in the first alone */
} ik__painting;

/* A grid of validation layouts: label map, picture, samples. `path` is the grid's
 * file; `folder`, if given, also takes every sample by itself. Where not everything is drawn anew,
 * a grid with one column beside it, x-mask.png for x.png, is white where something is. */
ik_status ik__synthesize(ik__session *s, int64_t items, int64_t samples, ik__painting how,
                         const char *path, const char *folder, ik_error *err);

/* One painted picture: sample `sample` of validation layout `item`, which is row `row` of
 * `layouts`. Valid during the call. */
typedef struct ik__painted {
    int64_t item, sample;
    ik__painting how;
    const ik__batch *layouts;
    int64_t row;
    const bool *anew; /* [max_instances]: which are drawn anew from sample to sample */
    const float *rgb; /* [H,W,3] in -1..1 */
} ik__painted;
/* FOLDER/<layout>-<sample>.png. A name that is too long for a file is cut and told apart by a
 * number of all of it, one that an earlier layout has by its row. */
ik__path ik__painted_path(const char *folder, const ik__batch *layouts, int64_t row,
                          int64_t sample);
typedef ik_status ik__painted_visit(void *user, const ik__painted *p, ik_error *err);
/* Paints layouts first .. first+items, in order of item and then of sample; the same pictures
 * whatever range they are part of. All layouts of the range are held in memory. */
ik_status ik__paint_each(ik__session *s, int64_t first, int64_t items, int64_t samples,
                         ik__painting how, ik__painted_visit *visit, void *user, ik_error *err);

#endif
