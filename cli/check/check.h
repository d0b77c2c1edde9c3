/* `inadekit plugins check`: everything that can be known of a plugin without a pipeline of one's
 * own.
 *
 * It runs in a child process: a plugin that crashes or hangs is reported, not suffered. */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

#include "inadekit/plugin.h"

#include "base/pool.h"
#include "base/stopping.h"
#include "config/config.h"
#include "plugin/plugins.h"

#include <limits.h>
#include <sys/types.h>

typedef struct check_task {
    const char *file;
    ik_strings sets;      /* KEY=VALUE: options of the plugin; with a pipeline, its keys */
    const char *pipeline; /* where it stands in its place; NULL: in small ones of our own */
    int timeout;          /* seconds that any one finding may take */
    FILE *out;
} check_task;

/* Writes the findings, a line each, "ok", "note" or "FAIL" first. *failed: how many FAILs, a crash
 * among them; the status is about the inspection itself. */
ik_status check_plugin(const check_task *what, int *failed, ik_error *err);

/* --- shared by the files beside this one: what has been found so far */

typedef enum check_verdict { CHECK_FINE, CHECK_NOTE, CHECK_WRONG } check_verdict;
typedef struct check_findings {
    const check_task *what;
    int failed;
} check_findings;

void check_found(check_findings *f, check_verdict verdict, const char *fmt, ...) IK_PRINTF(3, 4);
/* Another piece of work begins, which may take as long again. */
void check_going_on(void);
/* The message of a failed call, without its position in a text that the user never saw. */
void check_found_error(check_findings *f, const char *what, const ik_error *err);

/* text.c: a pipeline that the user never sees, as a file, with options of the plugin, KEY=VALUE, in
 * its place. */
typedef struct check_placed {
    ik__pool *pool;
    int fd;
    char path[64];
    ik_strings sets; /* those given, with `place.` before each */
} check_placed;
ik_status check_placed_open(const ik_strings *given, const char *text, const char *place,
                            check_placed *out, ik_error *err);
/* The same, loaded. */
ik_status check_placed_load(const ik_strings *given, const char *text, const char *place,
                            check_placed *out, ik__conf **root, ik_error *err);
void check_placed_close(check_placed *p);

/* host.c: what belongs to the whole program; and whether it has changed since, said once. */
typedef struct check_host {
    char folder[PATH_MAX], locale[512];
    mode_t mask;
    struct sigaction caught[IK__STOPPING];
} check_host;
void check_host_note(check_host *h);
void check_host_compare(check_findings *f, check_host *before);

/* guards.c: bytes between pages that nobody may touch: against the page behind, or the one before.
 */
typedef struct check_buffer {
    char *pages, *at; /* at: where they begin, aligned as the core aligns */
    size_t mapped, bytes;
} check_buffer;
bool check_buffer_take(check_buffer *b, size_t bytes, bool behind);
void check_buffer_drop(check_buffer *b);

/* heap.c: bytes taken now; and a finding where they have become more with every time. `malloc`
 * keeps a few pieces of each size for itself, so it comes after CHECK_WARM times. */
enum { CHECK_WARM = 8, CHECK_TIMES = 100 };
size_t check_heap(void);
bool check_heap_grew(check_findings *f, size_t before, int times, const char *what);

/* symbols.c: what the file exports, before it is loaded. */
void check_symbols(check_findings *f);
/* rows.c: option tables; and whether the user gave what is required. */
void check_rows(check_findings *f, const ik_plugin *p);
bool check_required(check_findings *f, const ik_plugin *p);
bool check_is_set(const check_findings *f, const char *name);
/* dataset.c */
void check_dataset(check_findings *f, const ik_plugin *p);
/* metric.c */
void check_metric(check_findings *f, const ik_plugin *p);
/* metric_in.c: in the user's pipeline, with the features that its networks make. */
void check_metric_in_place(check_findings *f, const ik_plugin *p);
/* Shown n layouts, by `give`: what it makes of them is reported. */
typedef ik_status check_give(void *user, int64_t i, ik_sample *one, ik_error *err);
void check_metric_on(check_findings *f, ik__instance *m, const ik_metric_info *info,
                     check_give *give, void *user);
/* place.c: in a small pipeline, in its kind's place, on every backend. */
void check_in_place(check_findings *f, const ik_plugin *p);

#endif
