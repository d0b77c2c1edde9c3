/* The dry run's account. The sections read like the run: what is set, what is built of it, what it
 * takes, what it leaves. */
#include "dry_run.h"

#include "base/watch.h"
#include "brief.h"
#include "config/origins.h"
#include "exec/memory.h"
#include "folder/checkpoints.h"
#include "foresee.h"
#include "session/counts.h"
#include "session/checkpoint.h"
#include "session/start.h"
#include "session/untrained.h"
#include "summary.h"

#include <stdlib.h>

/* --- What is left out. */

/* The names that an encoder provides, as "noise, z". */
static const char *provided(const ik__network *net, char *to, size_t size) {
    const ik_encoder_iface *iface = net->plugin->plugin->iface;
    size_t at = 0;
    *to = 0;
    for (int i = 0; iface->provides[i] && at < size; i++)
        at += (size_t)snprintf(to + at, size - at, "%s%s", i ? ", " : "", iface->provides[i]);
    return to;
}

static void network_left_out(const ik__network *net, FILE *to) {
    char names[256];
    fprintf(to, "  network %s: ", net->name);
    if (!net->plugin)
        fprintf(to, "nothing calls it\n");
    else if (net->plugin->plugin->kind == IK_ENCODER)
        fprintf(to, "it encodes %s, which nothing asks for while training\n",
                provided(net, names, sizeof names));
    else
        fprintf(to, "no loss asks what it says\n");
}

static bool trains(const ik__session *s) {
    for (int u = 0; u < s->model->players.n_updates; u++)
        if (s->update[u]) return true;
    return false;
}

static void left_out(const ik__session *s, FILE *to) {
    const ik__model *m = s->model;
    bool any = false;
    fprintf(to, "\nleft out\n");
    for (int i = 0; i < m->n_networks; i++)
        if (ik__summary_totals(s, m->networks[i].name).pruned) {
            network_left_out(&m->networks[i], to);
            any = true;
        }
    for (int i = 0; trains(s) && i < m->n_losses; i++)
        if (!ik__summary_loss_counts(s, m->losses[i].name)) {
            fprintf(to, "  loss %s: it has no term here: what it measures is not published\n",
                    m->losses[i].name);
            any = true;
        }
    for (int i = 0; i < s->engine->n_programs; i++) {
        const ik__program *p = s->engine->programs[i];
        int dead = p->graph->n - p->n;
        if (dead)
            fprintf(to, "  %s: %d of %d recorded nodes, whose results nobody uses\n", p->name, dead,
                    p->graph->n);
        any |= dead > 0;
    }
    char text[512];
    if (trains(s) && ik__untrained_words(s, text, sizeof text)) {
        fprintf(to, "  not trained: %s\n", text);
        any = true;
    }
    if (!any) fprintf(to, "  nothing\n");
}

/* Does any program read this input of the scene? */
static bool is_read(const ik__session *s, const char *input) {
    for (int i = 0; i < s->engine->n_programs; i++)
        if (ik__program_reads(s->engine->programs[i], input)) return true;
    return false;
}

static void reads(const ik__session *s, FILE *to) {
    for (int read = 1; read >= 0; read--) {
        fprintf(to, read ? "\nread of a scene: " : "\nnot read: ");
        int n = 0;
        const ik__fields *f = &s->info->fields;
        for (int i = 0; i < f->n; i++)
            if (is_read(s, f->v[i].name) == read)
                fprintf(to, "%s%s", n++ ? ", " : "", f->v[i].name);
        if (!n) fprintf(to, "nothing");
    }
    fprintf(to, "\n");
}

/* --- What it takes. */

static void memory_line(FILE *to, const char *what, int64_t bytes) {
    fprintf(to, "  %-32s %10.1f MiB\n", what, (double)bytes / 1048576);
}

static void memory(const ik__session *s, FILE *to) {
    ik__memory m = ik__session_memory(s);
    fprintf(to, "\nmemory of the device\n");
    memory_line(to, "weights and buffers", m.values);
    memory_line(to, "gradients", m.gradients);
    memory_line(to, "optimiser", m.moments);
    if (m.averages) memory_line(to, "averaged weights", m.averages);
    memory_line(to, "activations, shared by programs", m.arena);
    memory_line(to, "workspace, shared by programs", m.workspace);
    memory_line(to, "inputs", m.inputs);
    memory_line(to, "in all",
                m.values + m.gradients + m.moments + m.averages + m.arena + m.workspace + m.inputs);
}

/* --- What it leaves. */

static void every(FILE *to, const char *file, int64_t steps, const char *else_when) {
    if (steps)
        fprintf(to, "  %-34s every %lld steps and at the end\n", file, (long long)steps);
    else if (else_when)
        fprintf(to, "  %-34s %s\n", file, else_when);
}

static void training_leaves(const ik__session *s, FILE *to) {
    const struct ik__train *t = &s->set.train;
    ik__memory m = ik__session_memory(s);
    double size = (double)(m.values + m.moments + m.averages) / 1048576;
    every(to, IK__LOG_FILE, t->log_every, NULL);
    every(to, IK__IMAGES_FOLDER "/train-<step>.png", t->picture_every, NULL);
    every(to, IK__IMAGES_FOLDER "/batch-<step>.png", t->picture_every, NULL);
    every(to, "checkpoints/step-<step>/", t->checkpoint_every, "at the end");
    fprintf(to, "  %-34s the newest %lld are kept, about %.0f MiB each\n", "", (long long)t->keep,
            size < 1 ? 1 : size);
}

static void grid_leaves(const ik__session *s, FILE *to, const char *name, bool masked) {
    const struct ik__synthesize *set = &s->set.synthesize;
    char file[64];
    snprintf(file, sizeof file, IK__IMAGES_FOLDER "/%s.png", name);
    fprintf(to, "  %-34s up to %lld layouts, %lld samples of each\n", file, (long long)set->items,
            (long long)set->samples);
    snprintf(file, sizeof file, IK__IMAGES_FOLDER "/%s/", name);
    fprintf(to, "  %-34s each sample by itself\n", file);
    snprintf(file, sizeof file, IK__IMAGES_FOLDER "/%s-mask.png", name);
    if (masked) fprintf(to, "  %-34s what was drawn anew\n", file);
}

static ik_status leaves(const ik__session *s, const ik__run_options *o, FILE *to, ik_error *err) {
    const struct ik__synthesize *set = &s->set.synthesize;
    fprintf(to, "\nwould be written to %s/\n", s->out.text);
    fprintf(to, "  %-34s the configuration above, without defaults\n", IK__PIPELINE_FILE);
    fprintf(to, "  %-34s machine, time, memory\n", IK__FACTS_FILE);
    if (ik__settings_stage(&s->set, "train")) training_leaves(s, to);
    if (ik__settings_stage(&s->set, "synthesize")) {
        grid_leaves(s, to, "samples", false);
        if (set->vary) grid_leaves(s, to, "varied", true);
        if (set->n_styles) grid_leaves(s, to, "styled", true);
    }
    if (ik__settings_stage(&s->set, "evaluate"))
        fprintf(to, "  %-34s a line of metrics\n", IK__LOG_FILE);
    if (ik__settings_stage(&s->set, "report"))
        fprintf(to, "  %-34s all of this on one page\n", IK__REPORT_FILE);
    int64_t newest;
    ik_status status = ik__checkpoints_newest(s->out.text, &newest, err);
    if (newest >= 0)
        fprintf(to, "  %s\n",
                o->resume ? "It has checkpoints: the run goes on from the newest."
                          : "It has checkpoints of an earlier run: --resume would be needed.");
    return status;
}

/* All of it. `weights`: what is said of them. */
static ik_status print_all(ik__session *s, const ik__run_options *o, const char *weights, FILE *to,
                           ik_error *err) {
    char text[256] = "";
    const ik_backend_iface *b = s->engine->backend;
    ik__settings_complete(s->conf);
    ik__origins_print(s->conf, to);
    if (b->probe) b->probe(s->engine->self, text, sizeof text);
    fprintf(to, "\ndevice: %s%s%s\n\n", s->device, *text ? ", " : "", text);
    ik_status status = ik__summary_print(s, 0, to, err);
    if (status) return status;
    left_out(s, to);
    reads(s, to);
    fputs(weights, to);
    memory(s, to);
    status = leaves(s, o, to, err);
    fprintf(to, "\n");
    return status;
}

static ik_status print(ik__session *s, const ik__run_options *o, FILE *to, ik_error *err) {
    char *weights = NULL;
    size_t n;
    FILE *apart = open_memstream(&weights, &n);
    if (!apart) return ik_errorf(err, IK_FAILED, "out of memory");
    ik_status status = ik__weights_try(s, apart, err);
    fclose(apart);
    s->out = ik__run_folder(&s->set, o);
    if (!status && o->resume) status = ik__checkpoint_try(s, err);
    if (!status) status = ik__run_foresee(s, o, err);
    if (!status) status = ik__session_fits(s, err);
    ik_error why = {""};
    ik_status shown = o->verbose ? print_all(s, o, weights, to, &why) : IK_OK;
    if (shown && !status) {
        status = shown;
        *err = why;
    }
    ik__brief_print(s, o, !status, to);
    free(weights);
    return status;
}

ik_status ik__dry_run(ik__session *s, const ik__run_options *o, ik_error *err) {
    ik__telling t;
    ik__telling_begin(&t);
    ik_status status =
        t.file ? print(s, o, t.file, err) : ik_errorf(err, IK_FAILED, "out of memory");
    ik__telling_end(&t, IK__RESULT);
    return status;
}
