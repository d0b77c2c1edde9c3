/* Painting one layout after the other with the weights of a checkpoint.
 *
 * begin, the layout, what varies and whose style it has; ik__session_record, load; then
 * ik__paint_each with IK__ONE. Once it is loaded, layouts can be changed as often as wanted. */
#ifndef INADEKIT_RUN_PAINTER_H
#define INADEKIT_RUN_PAINTER_H

#include "session/session.h"

typedef struct ik__painter_from {
    /* Either a checkpoint's folder, which has its pipeline and weights, or a run's, of which the
     * newest checkpoint is taken; or a pipeline and, unless it names them itself, weights. */
    const char *checkpoint;
    const char *pipeline;
    ik_strings weights; /* files; each network comes from one of them */
    const char *device; /* NULL: the pipeline's */
    int threads;        /* 0: all */
    int64_t batch;      /* pictures at a time, at most */
    ik_strings sets;    /* as --set */
    bool data;          /* the pipeline's data is opened, too */
} ik__painter_from;

typedef struct ik__painter {
    ik__painter_from from;
    ik__pool *pool;
    ik__path folder, pipeline; /* of the checkpoint */
    ik__session *s;
    int64_t item;      /* the validation item that is the layout */
    ik__batch *layout; /* [1] */
    int64_t *varied;   /* what s->set.synthesize.vary_instances lists */
    ik__style *styles; /* and styles */
} ik__painter;

/* Whatever it returns, close it. The texts of `from` have to outlive it. */
ik_status ik__painter_begin(ik__painter *p, const ik__painter_from *from, ik_error *err);
/* After the programs were recorded: memory, and the weights. */
ik_status ik__painter_load(ik__painter *p, ik_error *err);
void ik__painter_close(ik__painter *p);

/* Reads the validation item, replaced before or the data's; nothing varies, nothing has a style. */
ik_status ik__painter_layout(ik__painter *p, ik_error *err);
/* Lets instances vary: all of a label, or that of a value of `values`, a map of the layout's size.
 * `map` names it in messages. */
ik_status ik__painter_vary_label(ik__painter *p, const char *word, const char *map, ik_error *err);
ik_status ik__painter_vary_instance(ik__painter *p, const int32_t *values, int64_t value,
                                    const char *map, ik_error *err);
bool ik__painter_varies(const ik__painter *p, int64_t instance);
/* Programs are recorded: can what shall vary do so? */
ik_status ik__painter_check(const ik__painter *p, ik_error *err);
/* Takes styles from the one training item, which was replaced before: instances by their labels, in
 * order, the last again where there are fewer. Fills `picture` [H,W,3], which may be NULL. */
ik_status ik__painter_style(ik__painter *p, float *picture, ik_error *err);

#endif
