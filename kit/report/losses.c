/* Loss curves: a panel per loss, with a curve per run. */
#include "chart.h"
#include "html.h"
#include "sections.h"

static void legend(ik__text *to, int n, const ik__subject *s) {
    ik__html(to, "<ul class=\"legend\">\n");
    for (int i = 0; i < n; i++)
        if (s[i].losses.n)
            ik__html(to,
                     "<li><svg viewBox=\"0 0 24 10\"><path class=\"curve c%d\" d=\"M0 5H24\"/>"
                     "</svg>%s</li>\n",
                     i % IK__CHART_COLOURS, s[i].name);
    ik__html(to, "</ul>\n");
}

/* Did an earlier run have this series already? */
static bool shown_before(const ik__subject *s, int run, const char *name) {
    for (int i = 0; i < run; i++)
        if (ik__losses_find(&s[i].losses, name)) return true;
    return false;
}

static void panel(ik__text *to, int n, const ik__subject *s, const char *name) {
    const ik__series *curves[64] = {NULL};
    int colour[64] = {0};
    for (int i = 0; i < n && i < 64; i++) {
        curves[i] = ik__losses_find(&s[i].losses, name);
        colour[i] = i % IK__CHART_COLOURS;
    }
    const char *dot = strchr(name, '.');
    char title[sizeof((ik__series *)0)->name + 8];
    snprintf(title, sizeof title, "%.*s%s%s", dot ? (int)(dot - name) : 0, name, dot ? ": " : "",
             dot ? dot + 1 : name);
    ik__chart(to, title, n < 64 ? n : 64, curves, colour);
}

/* The totals first: they are what training minimises. */
static void panels(ik__text *to, int n, const ik__subject *s, bool totals) {
    for (int run = 0; run < n; run++)
        for (int k = 0; k < s[run].losses.n; k++) {
            const char *name = s[run].losses.series[k].name, *dot = strchr(name, '.');
            bool total = dot && !strcmp(dot, ".total");
            if (total == totals && !shown_before(s, run, name)) panel(to, n, s, name);
        }
}

void ik__section_losses(ik__text *to, int n, const ik__subject *s) {
    bool any = false;
    for (int i = 0; i < n; i++) any |= s[i].losses.n > 0;
    if (!any) return;
    ik__html_section(to, "Losses",
                     "Over training steps, as logged (faint) and smoothed. Terms are shown before "
                     "their weights; the totals are what each player minimises.");
    if (n > 1) legend(to, n, s);
    ik__html(to, "<div class=\"charts\">\n");
    panels(to, n, s, true);
    panels(to, n, s, false);
    ik__html(to, "</div>\n");
    ik__html_end_section(to);
}
