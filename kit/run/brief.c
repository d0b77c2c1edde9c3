/* See brief.h. Lines of what a person asks before a long run. */
#include "brief.h"

#include "base/numbers.h"
#include "foresee.h"
#include "folder/checkpoints.h"
#include "session/counts.h"
#include "session/facts.h"
#include "session/start.h"
#include "session/untrained.h"

#define ROW "%-12s"

static bool trains(const ik__session *s) {
    return ik__settings_stage(&s->set, "train");
}

static void data(const ik__session *s, FILE *to) {
    const ik__data_info *d = s->info;
    fprintf(to,
            ROW "%lld items to train on, %lld to validate on, %lldx%lld, %lld labels, at most "
                "%lld instances\n",
            "data", (long long)d->count[IK_TRAIN], (long long)d->count[IK_VALIDATION],
            (long long)d->height, (long long)d->width, (long long)d->labels,
            (long long)d->max_instances);
}

static void stages(const ik__session *s, FILE *to) {
    fprintf(to, ROW, "stages");
    for (int i = 0; i < s->set.stages.n; i++)
        fprintf(to, "%s%s", i ? ", " : "", s->set.stages.v[i]);
    fprintf(to, "\n");
}

static void networks(const ik__session *s, FILE *to) {
    char words[IK__WORDS];
    int n = 0;
    fprintf(to, ROW, "networks");
    for (int i = 0; i < s->model->n_networks; i++) {
        const char *name = s->model->networks[i].name;
        ik__totals t = ik__summary_totals(s, name);
        fprintf(to, "%s%s %s", i ? ", " : "", name,
                t.pruned ? "left out" : ik__count_words(words, t.params));
        if (!t.pruned && !n++) fprintf(to, " parameters");
    }
    fprintf(to, "\n");
}

static void training(const ik__session *s, FILE *to) {
    const struct ik__train *t = &s->set.train;
    int64_t pictures = t->batch * t->accumulate, items = s->info->count[IK_TRAIN];
    char text[512];
    if (!trains(s)) return;
    fprintf(to, ROW "%lld steps of %lld pictures, %lld steps an epoch\n", "training",
            (long long)ik__settings_steps(&s->set, items), (long long)pictures,
            (long long)(items / pictures));
    if (ik__untrained_words(s, text, sizeof text)) fprintf(to, ROW "%s\n", "not trained", text);
}

static void weights(const ik__session *s, FILE *to) {
    char text[512];
    if (ik__weights_random_words(s, text, sizeof text)) fprintf(to, ROW "%s\n", "weights", text);
}

static void memory(const ik__session *s, FILE *to) {
    char all[IK__WORDS], state[IK__WORDS], arena[IK__WORDS];
    ik__memory m = ik__session_memory(s);
    int64_t kept = m.values + m.gradients + m.moments + m.averages;
    fprintf(to, ROW "%s on %s: weights and optimiser %s, activations %s\n", "memory",
            ik__byte_words(all, kept + m.arena + m.workspace + m.inputs), s->device,
            ik__byte_words(state, kept), ik__byte_words(arena, m.arena + m.workspace + m.inputs));
}

/* --- time */

/* Multiply-adds of the networks for a step's pictures. */
static double work_of(const ik__facts *f) {
    double macs = 0;
    for (int i = 0; i < f->n_networks; i++) macs += (double)f->networks[i].macs;
    return macs * (double)(f->batch * f->accumulate);
}

/* What a step takes at the speed that an earlier run in the folder has noted; 0: it has not. */
static double seconds_as_in(const ik__session *s, const char *run) {
    ik__facts then;
    const ik__facts *now = &s->facts;
    if (!ik__facts_read(&then, run) || !then.timed_steps || !(work_of(&then) > 0)) return 0;
    if (strcmp(then.device, now->device) || strcmp(then.device_text, now->device_text) ||
        then.threads != now->threads)
        return 0;
    double step = (double)then.train_us * 1e-6 / (double)then.timed_steps;
    return step * work_of(now) / work_of(&then);
}

static void duration(ik__session *s, const ik__run_options *o, FILE *to) {
    char each[IK__WORDS], all[IK__WORDS], macs[IK__WORDS];
    ik__path run = ik__run_folder(&s->set, o);
    if (!trains(s)) return;
    ik__session_facts(s, o);
    double step = seconds_as_in(s, run.text);
    if (!(step > 0)) { /* the one before, where this would be a new one */
        run = ik__folder_choose(NULL, s->set.name, true);
        step = seconds_as_in(s, run.text);
    }
    fprintf(to, ROW "%s multiply-adds a step; ", "time",
            ik__count_words(macs, ik__summary_step_macs(s)));
    double steps = (double)ik__settings_steps(&s->set, s->info->count[IK_TRAIN]);
    if (step > 0)
        fprintf(to, "about %s each and %s in all, at the speed of %s\n", ik__time_words(each, step),
                ik__time_words(all, step * steps), run.text);
    else
        fprintf(to, "how long one takes is known once some have run\n");
}

/* --- what is left */

static void disk(const ik__session *s, const ik__run_options *o, FILE *to) {
    char one[IK__WORDS], pictures[IK__WORDS], free[IK__WORDS] = "an unknown number of bytes";
    ik__disk d = ik__run_disk(s, o);
    if (d.free >= 0) ik__byte_words(free, d.free);
    fprintf(to, ROW, "disk");
    if (d.checkpoint)
        fprintf(to, "%lld checkpoint%s of %s at most, ", (long long)d.n, d.n > 1 ? "s" : "",
                ik__byte_words(one, d.checkpoint));
    fprintf(to, "pictures %s at most; %s free\n", ik__byte_words(pictures, d.pictures), free);
}

/* Is there something that stands against a run without --resume? */
static bool folder(ik__session *s, const ik__run_options *o, FILE *to) {
    s->out = ik__run_folder(&s->set, o);
    int64_t newest;
    ik_error ignored; /* what cannot be looked at was foreseen */
    bool old = !ik__checkpoints_newest(s->out.text, &newest, &ignored) && newest >= 0;
    fprintf(to, ROW "%s/", "run folder", s->out.text);
    if (old)
        fprintf(to, ": It has checkpoints%s",
                o->resume ? ": the run goes on from the newest."
                          : " of an earlier run: --resume would be needed.");
    fprintf(to, "\n");
    return old && !o->resume && trains(s);
}

void ik__brief_print(ik__session *s, const ik__run_options *o, bool ready, FILE *to) {
    data(s, to);
    stages(s, to);
    networks(s, to);
    training(s, to);
    weights(s, to);
    memory(s, to);
    duration(s, o, to);
    disk(s, o, to);
    bool taken = folder(s, o, to);
    fprintf(to, ROW "%s\n", "verdict",
            !ready  ? "it would not run; the error says why"
            : taken ? "it would not run without --resume, or another --out"
                    : "ready to run");
}
