/* Who is told while work goes on, and asked whether it shall.
 *
 * Each thread has its own: whoever begins work sets one, and what is done deep below speaks to it.
 * Nothing is printed here. Without a watch, or without a member of it, nobody is told. */
#ifndef INADEKIT_BASE_WATCH_H
#define INADEKIT_BASE_WATCH_H

#include "inadekit/types.h"

typedef enum ik__tone {
    IK__SAID,   /* what is going on */
    IK__NOTED,  /* what was ignored, dropped or guessed, and should be known */
    IK__RESULT, /* what was asked for */
} ik__tone;

typedef struct ik__watch {
    void *user;
    /* One or more lines, without the last one's end. */
    void (*note)(void *user, ik__tone tone, const char *text);
    /* `step` of `total` steps of training are done; once before the first, with `losses` NULL. */
    void (*step)(void *user, int64_t step, int64_t total, const char *losses);
    /* A checkpoint lies in this folder. */
    void (*saved)(void *user, const char *folder);
    /* Between `listen(true)` and `listen(false)`, which may be nested, work can be stopped with
     * nothing lost, and `stop` is asked often whether it shall be. */
    void (*listen)(void *user, bool listening);
    bool (*stop)(void *user);
} ik__watch;

/* From now on this one, which is borrowed, NULL for none; gives the one before. */
const ik__watch *ik__watch_set(const ik__watch *w);

void ik__tell(ik__tone tone, const char *format, ...) IK_PRINTF(2, 3);
void ik__tell_step(int64_t step, int64_t total, const char *losses);
void ik__tell_saved(const char *folder);
void ik__listen(bool listening);
bool ik__stop_asked(void);
/* "stopped WHERE; go on with --resume"; returns IK_INTERRUPTED. */
ik_status ik__stopped(ik_error *err, const char *where, ...) IK_PRINTF(2, 3);

/* A text that is told whole: write to `file`, then end it. `file` NULL: no memory. */
typedef struct ik__telling {
    FILE *file;
    char *text;
    size_t n;
} ik__telling;
void ik__telling_begin(ik__telling *t);
void ik__telling_end(ik__telling *t, ik__tone tone);

#endif
