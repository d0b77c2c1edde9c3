/* What a run painted: samples, samples of which one part varies, styles taken over. */
#include "html.h"
#include "picture.h"
#include "sections.h"

#include <stdlib.h>

enum { ROWS = 12 }; /* layouts shown at most */

static void cell_head(ik__text *to, const char *text) {
    ik__html(to, "<div class=\"head\">%s</div>\n", text);
}

/* Layout, picture, then one column per sample. */
static void heads(ik__text *to, int samples, const char *first) {
    char text[32];
    cell_head(to, "layout");
    cell_head(to, "photo");
    for (int k = 0; k < samples; k++) {
        snprintf(text, sizeof text, "sample %d", k + 1);
        cell_head(to, k || !first ? text : first);
    }
}

static const char *alt_of(char *to, size_t size, int row, int column) {
    if (column < 2)
        snprintf(to, size, column ? "photograph of layout %d" : "layout %d", row + 1);
    else
        snprintf(to, size, "sample %d of layout %d", column - 1, row + 1);
    return to;
}

static void cell(ik__text *to, const ik__sheet *s, int row, int column, const uint8_t *mask) {
    char alt[64];
    ik__html(to, "<div class=\"cell\">");
    ik__sheet_picture(to, s, row, column, column == 0, alt_of(alt, sizeof alt, row, column));
    if (mask) ik__outline(to, mask, s->height, s->width);
    ik__html(to, "</div>\n");
}

void ik__section_samples(ik__text *to, const ik__subject *s) {
    ik__sheet sheet;
    if (!ik__sheet_open(&sheet, s->folder, "samples", s->facts.height, s->facts.width)) return;
    ik__html_section(to, "Samples",
                     "Layouts that training did not see. Every sample of a row draws all random "
                     "values anew; the layout stays.");
    ik__picture_grid(to, sheet.columns, sheet.width);
    heads(to, sheet.columns - 2, NULL);
    int rows = ik__sheet_rows(&sheet, ROWS, sheet.columns);
    for (int row = 0; row < rows; row++)
        for (int k = 0; k < sheet.columns; k++) cell(to, &sheet, row, k, NULL);
    ik__html(to, "</div>\n");
    ik__html_end_section(to);
    ik__sheet_close(&sheet);
}

/* What the differences of all rows come to. */
static void verdict(ik__text *to, const ik__change *c) {
    double in = c->pixels_inside ? c->inside / (double)c->pixels_inside : 0;
    double out = c->pixels_outside ? c->outside / (double)c->pixels_outside : 0;
    if (c->pixels_inside)
        ik__html(to,
                 "<p>Mean difference to the first sample, of 255 levels: <b>%.1f</b> within the "
                 "outline, <b>%.1f</b> elsewhere.%s</p>\n",
                 in, out,
                 in > 0 || out > 0 ? "" : " Nothing of this system's pictures varies alone.");
    else
        ik__html(to, "<p>No layout has an instance that was to change.</p>\n");
}

/* A grid of samples of which only a part differs, with that part's outline and what changed. */
static void outlined(ik__text *to, const ik__subject *s, const char *name, const char *title,
                     const char *note, const char *first) {
    ik__sheet sheet, mask;
    char file[64];
    snprintf(file, sizeof file, "%s-mask", name);
    if (!ik__sheet_open(&sheet, s->folder, name, s->facts.height, s->facts.width)) return;
    size_t bytes = (size_t)sheet.height * (size_t)sheet.width * 3;
    uint8_t *where = malloc(bytes), *difference = malloc(bytes);
    if (!where || !difference) to->failed = true;
    bool known = ik__sheet_open(&mask, s->folder, file, s->facts.height, s->facts.width);
    if (known && !to->failed && mask.rows == sheet.rows) {
        ik__change change = {0};
        ik__html_section(to, title, note);
        ik__picture_grid(to, sheet.columns + 1, sheet.width);
        heads(to, sheet.columns - 2, first);
        cell_head(to, "change");
        int rows = ik__sheet_rows(&sheet, ROWS, sheet.columns + 1);
        for (int row = 0; row < rows; row++) {
            ik__sheet_cell(&mask, row, 0, where);
            for (int k = 0; k < sheet.columns; k++) cell(to, &sheet, row, k, k == 1 ? NULL : where);
            ik__difference(&sheet, &mask, row, difference, &change);
            ik__html(to, "<div class=\"cell\">");
            ik__picture(to, difference, sheet.height, sheet.width, false, "difference");
            ik__outline(to, where, sheet.height, sheet.width);
            ik__html(to, "</div>\n");
        }
        ik__html(to, "</div>\n");
        verdict(to, &change);
        ik__html_end_section(to);
    }
    free(where), free(difference);
    if (known) ik__sheet_close(&mask);
    ik__sheet_close(&sheet);
}

void ik__section_varied(ik__text *to, const ik__subject *s) {
    outlined(to, s, "varied", "One part varied",
             "Only the outlined instances draw their random values anew from sample to sample; all "
             "other values stay. The last column shows how far any sample differs from the first, "
             "three times as bright.",
             NULL);
}

void ik__section_styled(ik__text *to, const ik__subject *s) {
    outlined(to, s, "styled", "Styles taken over",
             "The outlined instances take the style of an instance of a reference picture, read by "
             "the encoder; all else keeps the random values of the first sample.",
             NULL);
}
