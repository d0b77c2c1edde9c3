/* `inadekit plugins check`: everything that can be known of a plugin without a pipeline of one's
 * own.
 *
 * It runs in a child process: a plugin that crashes or hangs is reported, not suffered. */
#ifndef INADEKIT_INSPECT_H
#define INADEKIT_INSPECT_H

#include "inadekit/plugin.h"

#include "config.h"
#include "pool.h"

typedef struct ik__inspection {
    const char *file;
    ik_strings sets; /* KEY=VALUE: options of the plugin */
    int timeout;     /* seconds that any one finding may take */
    FILE *out;
} ik__inspection;

/* Writes the findings, a line each, "ok", "note" or "FAIL" first. *failed: how many FAILs, a crash
 * among them; the status is about the inspection itself. */
ik_status ik__inspect(const ik__inspection *what, int *failed, ik_error *err);

/* --- shared by inspect/: what has been found so far */

typedef enum ik__verdict { IK__FINE, IK__NOTE, IK__WRONG } ik__verdict;
typedef struct ik__findings {
    const ik__inspection *what;
    int failed;
} ik__findings;

void ik__found(ik__findings *f, ik__verdict verdict, const char *fmt, ...) IK_PRINTF(3, 4);
/* The message of a failed call, without its position in a text that the user never saw. */
/* Another piece of work begins, which may take as long again. */
void ik__going_on(void);
void ik__found_error(ik__findings *f, const char *what, const ik_error *err);

/* text.c: a pipeline that the user never sees, as a file, with the plugin's options in its place.
 */
typedef struct ik__placed {
    ik__pool *pool;
    int fd;
    char path[64];
    ik_strings sets; /* the user's, with `place.` before each */
} ik__placed;
ik_status ik__placed_open(const ik__findings *f, const char *text, const char *place,
                          ik__placed *out, ik_error *err);
void ik__placed_close(ik__placed *p);

/* elf.c: what the file exports, before it is loaded. */
void ik__inspect_symbols(ik__findings *f);
/* rows.c: option tables; and whether the user gave what is required. */
void ik__inspect_rows(ik__findings *f, const ik_plugin *p);
bool ik__inspect_required(ik__findings *f, const ik_plugin *p);
/* data.c */
void ik__inspect_dataset(ik__findings *f, const ik_plugin *p);
/* measure.c */
void ik__inspect_metric(ik__findings *f, const ik_plugin *p);
/* place.c: in a small pipeline, in its kind's place, on every backend. */
void ik__inspect_in_place(ik__findings *f, const ik_plugin *p);

#endif
