/* Tables: what the networks take, the pipeline, the machine. */
#include "base/textfile.h"
#include "folder/folder.h"
#include "html.h"
#include "sections.h"

#include <stdlib.h>

typedef const char *cell_words(char to[IK__WORDS], const ik__facts *f);

static const char *or_dash(char to[IK__WORDS], bool known) {
    if (!known) snprintf(to, IK__WORDS, "–");
    return to;
}

static double step_seconds(const ik__facts *f) {
    return f->timed_steps ? (double)f->train_us * 1e-6 / (double)f->timed_steps : 0;
}

static const char *steps(char to[IK__WORDS], const ik__facts *f) {
    snprintf(to, IK__WORDS, "%lld", (long long)f->steps);
    return or_dash(to, f->steps);
}
static const char *step_time(char to[IK__WORDS], const ik__facts *f) {
    ik__time_words(to, step_seconds(f));
    return or_dash(to, f->timed_steps);
}
static const char *train_time(char to[IK__WORDS], const ik__facts *f) {
    ik__time_words(to, step_seconds(f) * (double)f->steps);
    return or_dash(to, f->timed_steps);
}
static const char *picture_time(char to[IK__WORDS], const ik__facts *f) {
    ik__time_words(to, (double)f->picture_us * 1e-6);
    return or_dash(to, f->picture_us);
}
static const char *peak(char to[IK__WORDS], const ik__facts *f) {
    ik__byte_words(to, f->peak_bytes);
    return or_dash(to, f->peak_bytes);
}
static const char *values(char to[IK__WORDS], const ik__facts *f) {
    return ik__byte_words(to, f->value_bytes);
}
static const char *state(char to[IK__WORDS], const ik__facts *f) {
    return ik__byte_words(to, f->state_bytes);
}
static const char *arena(char to[IK__WORDS], const ik__facts *f) {
    return ik__byte_words(to, f->arena_bytes);
}
static const char *workspace(char to[IK__WORDS], const ik__facts *f) {
    return ik__byte_words(to, f->workspace_bytes);
}

static const struct ik__network_facts *network(const ik__facts *f, const char *name) {
    for (int i = 0; i < f->n_networks; i++)
        if (!strcmp(f->networks[i].name, name)) return &f->networks[i];
    return NULL;
}

static void group(ik__text *to, int n, const char *title) {
    ik__html(to, "<tr class=\"group\"><th colspan=\"%d\">%s</th></tr>\n", n + 1, title);
}

static void line(ik__text *to, int n, const ik__subject *s, const char *title, cell_words *words) {
    char text[IK__WORDS];
    ik__html(to, "<tr><th>%s</th>", title);
    for (int i = 0; i < n; i++)
        ik__html(to, "<td class=\"number\">%s</td>",
                 s[i].facts.n_networks ? words(text, &s[i].facts) : "–");
    ik__html(to, "</tr>\n");
}

/* Parameters or multiply-adds of one network in every run. */
static void network_line(ik__text *to, int n, const ik__subject *s, const char *name, bool macs) {
    ik__html(to, "<tr><th>%s</th>", name);
    for (int i = 0; i < n; i++) {
        const struct ik__network_facts *f = network(&s[i].facts, name);
        char text[IK__WORDS] = "–";
        if (f && f->pruned)
            snprintf(text, sizeof text, "pruned");
        else if (f)
            ik__count_words(text, macs ? f->macs : f->params);
        if (f && f->untrained && !macs)
            snprintf(text + strlen(text), sizeof text - strlen(text), ", random and frozen");
        ik__html(to, "<td class=\"number\">%s</td>", text);
    }
    ik__html(to, "</tr>\n");
}

static void networks(ik__text *to, int n, const ik__subject *s, bool macs) {
    for (int run = 0; run < n; run++)
        for (int k = 0; k < s[run].facts.n_networks; k++) {
            const char *name = s[run].facts.networks[k].name;
            bool before = false;
            for (int i = 0; i < run; i++) before |= network(&s[i].facts, name) != NULL;
            if (!before) network_line(to, n, s, name, macs);
        }
}

/* Column heads, where there are several runs. */
static void begin_table(ik__text *to, int n, const ik__subject *s) {
    ik__html(to, "<div class=\"scroll\"><table>\n");
    if (n > 1) {
        ik__html(to, "<thead><tr><th></th>");
        for (int i = 0; i < n; i++) ik__html(to, "<th class=\"number\">%s</th>", s[i].name);
        ik__html(to, "</tr></thead>\n");
    }
    ik__html(to, "<tbody>\n");
}

static const struct ik__metric *metric(const ik__losses *l, const char *name) {
    for (int i = 0; i < l->n_metrics; i++)
        if (!strcmp(l->metrics[i].name, name)) return &l->metrics[i];
    return NULL;
}

/* A line per metric of any run, in the order of the first that has it. */
void ik__section_metrics(ik__text *to, int n, const ik__subject *s) {
    bool begun = false;
    for (int run = 0; run < n; run++)
        for (int k = 0; k < s[run].losses.n_metrics; k++) {
            const char *name = s[run].losses.metrics[k].name;
            bool before = false;
            for (int i = 0; i < run; i++) before |= metric(&s[i].losses, name) != NULL;
            if (before) continue;
            if (!begun) {
                char note[96];
                snprintf(note, sizeof note,
                         "Over %d layouts of the validation set, %d samples of each.",
                         s[run].losses.items, s[run].losses.samples);
                ik__html_section(to, "Metrics", note);
                begin_table(to, n, s);
                begun = true;
            }
            ik__html(to, "<tr><th>%s</th>", name);
            for (int i = 0; i < n; i++) {
                const struct ik__metric *m = metric(&s[i].losses, name);
                char text[IK__WORDS] = "–";
                if (m) snprintf(text, sizeof text, "%.6g", m->value);
                ik__html(to, "<td class=\"number\">%s</td>", text);
            }
            ik__html(to, "</tr>\n");
        }
    if (!begun) return;
    ik__html(to, "</tbody></table></div>\n");
    ik__html_end_section(to);
}

void ik__section_numbers(ik__text *to, int n, const ik__subject *s) {
    ik__html_section(to, "What it takes",
                     "A picture's time is that of the fastest batch. Memory is what the process "
                     "held at most, and what the device was planned to hold.");
    begin_table(to, n, s);
    group(to, n, "Parameters");
    networks(to, n, s, false);
    group(to, n, "Multiply-adds per picture");
    networks(to, n, s, true);
    group(to, n, "Time");
    line(to, n, s, "training steps", steps);
    line(to, n, s, "per step", step_time);
    line(to, n, s, "training in all", train_time);
    line(to, n, s, "to paint a picture", picture_time);
    group(to, n, "Memory");
    line(to, n, s, "process at most", peak);
    line(to, n, s, "weights and buffers", values);
    line(to, n, s, "gradients, moments, averages", state);
    line(to, n, s, "activations", arena);
    line(to, n, s, "workspace", workspace);
    ik__html(to, "</tbody></table></div>\n");
    ik__html_end_section(to);
}

void ik__section_pipeline(ik__text *to, const char *folder) {
    size_t n;
    ik__path path = ik__folder_file(folder, IK__PIPELINE_FILE);
    char *text = ik__textfile_read(path.text, 4 << 20, &n);
    if (!text) return;
    ik__html_section(to, "Pipeline",
                     "Everything that was set, with includes, overrides and variables resolved. "
                     "This text is the run folder's " IK__PIPELINE_FILE " and can be run again.");
    ik__html(to, "<pre>%s</pre>\n", text);
    ik__html_end_section(to);
    free(text);
}

static void fact(ik__text *to, const char *what, const char *value) {
    if (*value) ik__html(to, "<tr><th>%s</th><td>%s</td></tr>\n", what, value);
}

void ik__section_machine(ik__text *to, const ik__subject *s) {
    const ik__facts *f = &s->facts;
    char text[400], words[IK__WORDS];
    ik__html_section(to, "Machine and versions", NULL);
    ik__html(to, "<div class=\"scroll\"><table><tbody>\n");
    fact(to, "version", f->version);
    snprintf(text, sizeof text, "%s%s%s", f->device, *f->device_text ? ": " : "", f->device_text);
    fact(to, "device", text);
    snprintf(text, sizeof text, "%s, %lld visible", f->processor, (long long)f->processors);
    fact(to, "processors", *f->processor ? text : "");
    snprintf(text, sizeof text, "%lld", (long long)f->threads);
    fact(to, "threads", f->threads ? text : "all processors");
    fact(to, "memory", f->memory_bytes ? ik__byte_words(words, f->memory_bytes) : "");
    fact(to, "system", f->system);
    ik__html(to, "</tbody></table></div>\n");
    ik__html_end_section(to);
}
