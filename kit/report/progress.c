/* Pictures as training went on: the same layouts at a few steps, and the last batch. */
#define _GNU_SOURCE
#include "base/open.h"
#include "base/watch.h"
#include "folder/folder.h"
#include "html.h"
#include "picture.h"
#include "sections.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

enum { COLUMNS = 6, ROWS = 4 };

static bool is_step(const char *name, const char *prefix) {
    size_t n = strlen(prefix), digits = strspn(name + strnlen(name, n), "0123456789");
    return !strncmp(name, prefix, n) && digits && digits < 13 && !strcmp(name + n + digits, ".png");
}

static long long step_of(const struct dirent *file) {
    return strtoll(file->d_name + strlen("train-"), NULL, 10);
}

static int is_train(const struct dirent *e) {
    return is_step(e->d_name, "train-");
}

static int is_batch(const struct dirent *e) {
    return is_step(e->d_name, "batch-");
}

static int by_step(const struct dirent **a, const struct dirent **b) {
    long long x = step_of(*a), y = step_of(*b);
    return (x > y) - (x < y);
}

/* The files of a kind in the run's images, by step. */
static int list(const char *folder, int (*which)(const struct dirent *), struct dirent ***out) {
    ik__path path = ik__folder_file(folder, IK__IMAGES_FOLDER);
    int n = scandir(path.text, out, which, by_step);
    if (n < 0 && errno != ENOENT)
        ik__tell(IK__NOTED, "%s: the folder cannot be listed: %s", path.text, ik__why(errno));
    return n < 0 ? 0 : n;
}

static void free_list(struct dirent **files, int n) {
    for (int i = 0; i < n; i++) free(files[i]);
    if (n) free(files);
}

static bool open_file(ik__sheet *sheet, const ik__subject *s, const struct dirent *file) {
    char name[32];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(file->d_name, "."), file->d_name);
    return ik__sheet_open(sheet, s->folder, name, s->facts.height, s->facts.width);
}

/* First to last, evenly. */
static void over_time(ik__text *to, const ik__subject *s, struct dirent **files, int n) {
    ik__sheet sheets[COLUMNS];
    long long step[COLUMNS];
    int shown = n < COLUMNS ? n : COLUMNS, m = 0, rows = ROWS;
    for (int i = 0; i < shown; i++) {
        const struct dirent *file = files[shown > 1 ? i * (n - 1) / (shown - 1) : n - 1];
        if (!open_file(&sheets[m], s, file)) continue;
        if (sheets[m].rows < rows) rows = sheets[m].rows;
        step[m++] = step_of(file);
    }
    if (m) {
        rows = ik__sheet_rows(&sheets[0], rows, m + 1);
        ik__picture_grid(to, m + 1, sheets[0].width);
        ik__html(to, "<div class=\"head\">layout</div>\n");
        for (int i = 0; i < m; i++) ik__html(to, "<div class=\"head\">step %lld</div>\n", step[i]);
        for (int row = 0; row < rows; row++)
            for (int i = -1; i < m; i++) {
                ik__html(to, "<div class=\"cell\">");
                if (i < 0)
                    ik__sheet_picture(to, &sheets[0], row, 0, true, "layout");
                else
                    ik__sheet_picture(to, &sheets[i], row, 2, false, "sample");
                ik__html(to, "</div>\n");
            }
        ik__html(to, "</div>\n");
    }
    for (int i = 0; i < m; i++) ik__sheet_close(&sheets[i]);
}

/* Triples of layout, photograph and what the generator made of them. */
static void last_batch(ik__text *to, const ik__subject *s, const struct dirent *file) {
    ik__sheet sheet;
    if (!open_file(&sheet, s, file)) return;
    ik__html(to,
             "<h3>Training pictures at step %lld</h3>\n<p class=\"note\">Layout, photograph, and "
             "what the generator makes of them: with an encoder, from the photograph's own "
             "style.</p>\n<div class=\"beside\">\n",
             step_of(file));
    for (int row = 0; row < sheet.rows && row < ROWS; row++) {
        ik__picture_grid(to, 3, sheet.width);
        static const char *const alt[] = {"layout", "photograph", "made of it"};
        for (int k = 0; k < 3 && k < sheet.columns; k++) {
            ik__html(to, "<div class=\"cell\">");
            ik__sheet_picture(to, &sheet, row, k, k == 0, alt[k]);
            ik__html(to, "</div>\n");
        }
        ik__html(to, "</div>\n");
    }
    ik__html(to, "</div>\n");
    ik__sheet_close(&sheet);
}

void ik__section_progress(ik__text *to, const ik__subject *s) {
    struct dirent **train = NULL, **batch = NULL;
    int n = list(s->folder, is_train, &train), m = list(s->folder, is_batch, &batch);
    if (n || m) {
        ik__html_section(to, "As training went on",
                         n ? "The same layouts and random values, painted at several steps."
                           : NULL);
        if (n) over_time(to, s, train, n);
        if (m) last_batch(to, s, batch[m - 1]);
        ik__html_end_section(to);
    }
    free_list(train, n);
    free_list(batch, m);
}
