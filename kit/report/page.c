/* The frame of a page: head, key figures, foot. */
#include "base/version.h"
#include "html.h"
#include "sections.h"

#include <time.h>

void ik__page_begin(ik__text *to, const char *title, const char *subtitle) {
    ik__html(to,
             "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
             "<title>%s</title>\n<style>\n",
             title);
    ik__text_add(to, ik__page_style, strlen(ik__page_style));
    ik__html(to, "</style>\n</head>\n<body>\n<main>\n<header>\n<h1>%s</h1>\n", title);
    ik__html(to, "<p class=\"subtitle\">%s</p>\n</header>\n", subtitle);
}

static void figure(ik__text *to, const char *value, const char *what) {
    ik__html(to, "<li><b>%s</b><span>%s</span></li>\n", value, what);
}

void ik__page_figures(ik__text *to, const ik__subject *s) {
    const ik__facts *f = &s->facts;
    char words[IK__WORDS], note[96];
    ik__html(to, "<ul class=\"figures\">\n");
    if (f->timed_steps) {
        double step = (double)f->train_us * 1e-6 / (double)f->timed_steps;
        figure(to, ik__time_words(words, step * (double)f->steps), "training");
        int64_t pictures = f->batch * f->accumulate;
        snprintf(note, sizeof note, "per step of %lld pictures", (long long)pictures);
        figure(to, ik__time_words(words, step), note);
    }
    if (f->picture_us)
        figure(to, ik__time_words(words, (double)f->picture_us * 1e-6), "to paint a picture");
    const struct ik__network_facts *painter = ik__facts_painter(f);
    if (painter) {
        figure(to, ik__count_words(words, painter->params), "parameters to paint with");
        figure(to, ik__count_words(words, painter->macs), "multiply-adds per picture");
    }
    if (f->peak_bytes) figure(to, ik__byte_words(words, f->peak_bytes), "of memory at most");
    ik__html(to, "</ul>\n");
}

void ik__page_end(ik__text *to) {
    char date[64] = "";
    time_t now = time(NULL);
    struct tm t;
    if (gmtime_r(&now, &t)) strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &t);
    ik__html(to, "<footer>Made by %s on %s.</footer>\n</main>\n</body>\n</html>\n",
             ik__version_text(), date);
}
