/* What a session's run.json begins with. */
#include "facts.h"

#include "base/version.h"
#include "counts.h"
#include "exec/memory.h"

static void add_networks(ik__session *s) {
    ik__facts *f = &s->facts;
    for (int i = 0; i < s->model->n_networks && i < IK__FACTS_NETWORKS; i++) {
        struct ik__network_facts *n = &f->networks[f->n_networks++];
        const ik__network *net = &s->model->networks[i];
        snprintf(n->name, sizeof n->name, "%s", net->name);
        n->untrained = net->frozen && net->weights.random;
        ik__totals t = ik__summary_totals(s, n->name);
        n->pruned = t.pruned;
        n->paints = !strcmp(n->name, IK__PAINTER);
        n->params = t.params;
        n->macs = t.macs;
        n->activation_bytes = t.bytes;
    }
}

static void add_published(ik__session *s) {
    ik__published p;
    ik_error ignored;
    if (ik__summary_published(s, 0, &p, &ignored)) return; /* not known, then */
    s->facts.counted_instances = p.instances;
    s->facts.counted_macs = p.macs;
}

static void add_memory(ik__session *s) {
    ik__facts *f = &s->facts;
    ik__memory m = ik__session_memory(s);
    f->value_bytes = m.values;
    f->state_bytes = m.gradients + m.moments + m.averages;
    f->arena_bytes = m.arena;
    f->workspace_bytes = m.workspace;
}

void ik__session_facts(ik__session *s, const ik__run_options *o) {
    ik__facts *f = &s->facts;
    const ik_backend_iface *b = s->engine->backend;
    const ik__data_info *d = s->info;
    ik__facts_machine(f);
    snprintf(f->name, sizeof f->name, "%s", s->set.name);
    snprintf(f->version, sizeof f->version, "%s", ik__version_text());
    snprintf(f->device, sizeof f->device, "%.40s %.20s", s->engine->instance->plugin->name,
             s->engine->instance->plugin->version);
    if (b->probe) b->probe(s->engine->self, f->device_text, sizeof f->device_text);
    f->threads = o->threads ? o->threads : s->set.threads;
    f->height = d->height, f->width = d->width, f->labels = d->labels;
    f->train_items = d->count[IK_TRAIN], f->validation_items = d->count[IK_VALIDATION];
    f->batch = s->set.train.batch, f->accumulate = s->set.train.accumulate;
    f->samples = s->set.synthesize.samples;
    add_networks(s);
    add_published(s);
    add_memory(s);
}
