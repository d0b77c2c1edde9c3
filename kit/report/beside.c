/* Variants beside each other: the same layouts, column by column. */
#include "html.h"
#include "picture.h"
#include "sections.h"

#include <stdlib.h>

enum { MOST = 64, ROWS = 8, VARIED_ROWS = 6 };

/* The runs' grids of one name; those without one have no rows. Gives how many rows all that are
 * there have, 0 if there is none, and the index of the first there is. */
static int open_all(ik__sheet *sheets, int n, const ik__subject *s, const char *name, int *first) {
    int rows = 0;
    *first = -1;
    for (int i = 0; i < n; i++) {
        const ik__facts *f = &s[i].facts;
        if (!ik__sheet_open(&sheets[i], s[i].folder, name, f->height, f->width)) continue;
        if (*first < 0) *first = i;
        if (!rows || sheets[i].rows < rows) rows = sheets[i].rows;
    }
    return rows;
}

static void close_all(ik__sheet *sheets, int n) {
    for (int i = 0; i < n; i++) ik__sheet_close(&sheets[i]);
}

static void cell(ik__text *to, const ik__sheet *s, int row, int column, const uint8_t *mask,
                 const char *alt) {
    ik__html(to, "<div class=\"cell\">");
    if (s->rows) ik__sheet_picture(to, s, row, column, column == 0, alt);
    if (s->rows && mask) ik__outline(to, mask, s->height, s->width);
    ik__html(to, "</div>\n");
}

static void head(ik__text *to, const char *text) {
    ik__html(to, "<div class=\"head\">%s</div>\n", text);
}

void ik__section_samples_beside(ik__text *to, int n, const ik__subject *s) {
    ik__sheet sheets[MOST];
    int first, rows;
    if (n > MOST) n = MOST;
    rows = open_all(sheets, n, s, "samples", &first);
    if (rows) {
        const ik__sheet *any = &sheets[first];
        rows = ik__sheet_rows(any, rows < ROWS ? rows : ROWS, n + 2);
        ik__html_section(to, "The same layouts, side by side",
                         "The first sample of every variant. The layouts are of the validation "
                         "set; the photograph is what training would have compared with.");
        ik__picture_grid(to, n + 2, any->width);
        head(to, "layout");
        head(to, "photo");
        for (int i = 0; i < n; i++) head(to, s[i].name);
        for (int row = 0; row < rows; row++) {
            cell(to, any, row, 0, NULL, "layout");
            cell(to, any, row, 1, NULL, "photograph");
            for (int i = 0; i < n; i++) cell(to, &sheets[i], row, 2, NULL, s[i].name);
        }
        ik__html(to, "</div>\n");
        ik__html_end_section(to);
    }
    close_all(sheets, n);
}

typedef struct beside {
    ik__sheet sheets[MOST], masks[MOST];
    ik__change change[MOST];
    uint8_t *where, *difference; /* of one cell */
} beside;

/* Two samples of a variant and how far any differs from the first. */
static void triple(ik__text *to, beside *b, int i, int row, const char *name) {
    const ik__sheet *s = &b->sheets[i];
    if (!s->rows || b->masks[i].rows != s->rows || s->columns < 4) return;
    ik__picture_grid(to, 3, s->width);
    head(to, name);
    head(to, "drawn anew");
    head(to, "change");
    ik__sheet_cell(&b->masks[i], row, 0, b->where);
    cell(to, s, row, 2, b->where, name);
    cell(to, s, row, 3, b->where, name);
    ik__difference(s, &b->masks[i], row, b->difference, &b->change[i]);
    ik__html(to, "<div class=\"cell\">");
    ik__picture(to, b->difference, s->height, s->width, false, "difference");
    ik__outline(to, b->where, s->height, s->width);
    ik__html(to, "</div>\n</div>\n");
}

static void verdicts(ik__text *to, const beside *b, int n, const ik__subject *s) {
    ik__html(to, "<h3>Mean difference to the first sample, of 255 levels</h3>\n"
                 "<div class=\"scroll\"><table><thead><tr><th></th><th class=\"number\">within the "
                 "outline</th><th class=\"number\">elsewhere</th></tr></thead><tbody>\n");
    for (int i = 0; i < n; i++) {
        const ik__change *c = &b->change[i];
        if (!c->pixels_inside) continue;
        ik__html(
            to,
            "<tr><th>%s</th><td class=\"number\">%.1f</td><td class=\"number\">%.1f</td></tr>\n",
            s[i].name, c->inside / (double)c->pixels_inside,
            c->pixels_outside ? c->outside / (double)c->pixels_outside : 0);
    }
    ik__html(to, "</tbody></table></div>\n");
}

static void all_varied(ik__text *to, beside *b, int n, const ik__subject *s) {
    int first, mask, rows = open_all(b->sheets, n, s, "varied", &first);
    int masks = open_all(b->masks, n, s, "varied-mask", &mask);
    if (!rows || masks != rows) return;
    size_t bytes = (size_t)b->sheets[first].height * (size_t)b->sheets[first].width * 3;
    for (int i = 0; i < n; i++) { /* all of one size: they have the same data */
        bool same = b->sheets[i].height == b->sheets[first].height &&
                    b->sheets[i].width == b->sheets[first].width;
        if (!same) ik__sheet_close(&b->sheets[i]);
    }
    b->where = malloc(bytes), b->difference = malloc(bytes);
    if (!b->where || !b->difference) {
        to->failed = true;
        return;
    }
    ik__html_section(
        to, "One part varied",
        "Only the outlined instances draw their random values anew; all other values "
        "stay. The change is how far any sample differs from the first, three times as "
        "bright: black where nothing of a variant's picture varies alone.");
    rows = ik__sheet_rows(&b->sheets[first], rows < VARIED_ROWS ? rows : VARIED_ROWS, 3 * n);
    for (int row = 0; row < rows; row++) {
        ik__html(to, "<div class=\"beside\">\n");
        for (int i = 0; i < n; i++) triple(to, b, i, row, s[i].name);
        ik__html(to, "</div>\n");
    }
    verdicts(to, b, n, s);
    ik__html_end_section(to);
}

void ik__section_varied_beside(ik__text *to, int n, const ik__subject *s) {
    beside *b = calloc(1, sizeof *b);
    if (n > MOST) n = MOST;
    if (!b) {
        to->failed = true;
        return;
    }
    all_varied(to, b, n, s);
    close_all(b->sheets, n);
    close_all(b->masks, n);
    free(b->where), free(b->difference);
    free(b);
}
