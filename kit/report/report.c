/* The two pages: of a run, and of a comparison. */
#include "report.h"

#include "base/textfile.h"
#include "folder/folder.h"
#include "html.h"
#include "sections.h"

#include <stdlib.h>

static ik_status save(ik__text *page, const char *folder, ik_error *err) {
    ik__path path = ik__folder_file(folder, IK__REPORT_FILE);
    ik_status status =
        ik__textfile_write(path.text, page->failed ? NULL : page->data, page->n, err);
    ik__text_free(page);
    return status;
}

static void open_subject(ik__subject *s, const char *name, const char *folder) {
    *s = (ik__subject){.name = name, .folder = folder};
    ik__facts_read(&s->facts, folder);
    ik__losses_read(&s->losses, folder);
}

static void describe(char *to, size_t size, const ik__facts *f) {
    char place[96] = "";
    if (!f->height) {
        snprintf(to, size, "the folder has no " IK__FACTS_FILE);
        return;
    }
    snprintf(place, sizeof place, "%lldx%lld, %lld labels, %lld training pictures",
             (long long)f->height, (long long)f->width, (long long)f->labels,
             (long long)f->train_items);
    if (f->steps)
        snprintf(to, size, "%lld training steps on %s; %s", (long long)f->steps, f->device, place);
    else
        snprintf(to, size, "on %s; %s", f->device, place);
}

ik_status ik__report_run(const char *folder, ik_error *err) {
    ik__subject *s = malloc(sizeof *s);
    ik__text page = {0};
    char subtitle[320];
    if (!s) return ik_errorf(err, IK_FAILED, "out of memory for %s/" IK__REPORT_FILE, folder);
    open_subject(s, "", folder);
    describe(subtitle, sizeof subtitle, &s->facts);
    ik__page_begin(&page, *s->facts.name ? s->facts.name : folder, subtitle);
    ik__page_figures(&page, s);
    ik__section_samples(&page, s);
    ik__section_varied(&page, s);
    ik__section_styled(&page, s);
    ik__section_progress(&page, s);
    ik__section_metrics(&page, 1, s);
    ik__section_losses(&page, 1, s);
    ik__section_numbers(&page, 1, s);
    ik__section_pipeline(&page, folder);
    ik__section_machine(&page, s);
    ik__page_end(&page);
    ik__losses_free(&s->losses);
    free(s);
    return save(&page, folder, err);
}

/* Links to the variants' own reports, and what became of the others. */
static void variants(ik__text *to, int n, const ik__reported *v) {
    int linked = 0;
    ik__html(to, "<p>");
    for (int i = 0; i < n; i++)
        if (v[i].ran && !v[i].problem)
            ik__html(to, "%s<a href=\"%s/" IK__REPORT_FILE "\">%s</a>", linked++ ? " · " : "",
                     v[i].name, v[i].name);
    ik__html(to, "</p>\n");
    for (int i = 0; i < n; i++)
        if (!v[i].ran)
            ik__html(to, "<p class=\"problem\"><b>%s</b> has not run yet.</p>\n", v[i].name);
        else if (v[i].problem)
            ik__html(to, "<p class=\"problem\"><b>%s failed.</b> %s</p>\n", v[i].name,
                     v[i].problem);
}

/* The first that has run.json; the machine is described by it. */
static const ik__subject *known(int n, const ik__subject *s) {
    for (int i = 0; i < n; i++)
        if (s[i].facts.n_networks) return &s[i];
    return s;
}

ik_status ik__report_compare(const char *name, const char *folder, int n, const ik__reported *v,
                             ik_error *err) {
    ik__subject *s = calloc((size_t)n, sizeof *s);
    ik__text page = {0};
    char subtitle[400], run[320];
    if (!s) return ik_errorf(err, IK_FAILED, "out of memory for %s/" IK__REPORT_FILE, folder);
    int ran = 0;
    for (int i = 0; i < n; i++)
        if (v[i].ran) open_subject(&s[ran++], v[i].name, v[i].folder);
    describe(run, sizeof run, &known(ran, s)->facts);
    snprintf(subtitle, sizeof subtitle, "%d variants, each %s", n, run);
    ik__page_begin(&page, name, subtitle);
    variants(&page, n, v);
    ik__section_samples_beside(&page, ran, s);
    ik__section_varied_beside(&page, ran, s);
    ik__section_metrics(&page, ran, s);
    ik__section_losses(&page, ran, s);
    ik__section_numbers(&page, ran, s);
    ik__section_pipeline(&page, folder);
    ik__section_machine(&page, known(ran, s));
    ik__page_end(&page);
    for (int i = 0; i < ran; i++) ik__losses_free(&s[i].losses);
    free(s);
    return save(&page, folder, err);
}
