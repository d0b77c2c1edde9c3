/* Reading a pipeline's networks, norms and losses, and the recording calls that reach them. */
#include "model.h"

#include "base/status.h"
#include "config/options.h"
#include "plugin/blame.h"
#include "recording.h"
#include "scene.h"

#include <stdlib.h>

ik_status ik__model_keep(ik__model *m, ik__instance *i, ik_error *err) {
    if (m->n_instances == (int)(sizeof m->instances / sizeof *m->instances)) {
        ik__instance_free(i);
        return ik_errorf(err, IK_USAGE, "a pipeline may use at most %zu plugin instances",
                         sizeof m->instances / sizeof *m->instances);
    }
    m->instances[m->n_instances++] = i;
    return IK_OK;
}

ik_status ik__model_norm_of(ik__model *m, const ik__conf *conf, ik_norm_ref **out, ik_error *err) {
    ik__instance *i;
    ik_status status = ik__instance_new(IK_NORM, conf, NULL, &i, err);
    if (!status) status = ik__model_keep(m, i, err);
    if (status) return status;
    *out = ik__pool_alloc(m->pool, sizeof **out);
    (*out)->instance = i;
    (*out)->used = ik__pool_alloc(m->pool, sizeof(bool));
    *(*out)->used = false;
    return IK_OK;
}

ik__network *ik__model_network(const ik__model *m, const char *name) {
    for (int i = 0; i < m->n_networks; i++)
        if (!strcmp(m->networks[i].name, name)) return (ik__network *)&m->networks[i];
    return NULL;
}

static ik_status read_network(ik__model *m, const char *name, const ik__conf *conf, ik_error *err) {
    ik__network *net = &m->networks[m->n_networks++];
    *net = (ik__network){.name = name, .conf = conf};
    ik_status status = ik__weights_key_read(conf, m->pool, &net->weights, err);
    if (status) return status;
    if (!ik__conf_get(conf, "plugin") && conf->kind == IK_CONF_MAP)
        return ik__network_read(m, net, err);
    bool judges = ik__network_role(name) == IK_ROLE_DISCRIMINATOR;
    ik_kind kind = judges ? IK_DISCRIMINATOR : IK_ENCODER;
    if (!strcmp(name, IK__PAINTER))
        return ik__conf_fail(conf, err, "the " IK__PAINTER " is a list of nodes, not a plugin");
    static const char *const also[] = {"weights", NULL};
    status = ik__instance_new(kind, conf, also, &net->plugin, err);
    return status ? status : ik__model_keep(m, net->plugin, err);
}

ik_status ik__name_fits(const ik__conf *at, const char *what, const char *name, ik_error *err) {
    size_t n = strlen(name);
    if (n <= IK__NAME_BYTES) return IK_OK;
    return ik__conf_fail(at, err, "%s: the name '%.*s...' has %zu bytes; use at most %d", what,
                         IK__NAME_BYTES, name, n, IK__NAME_BYTES);
}

static ik_status read_networks(ik__model *m, const ik__conf *root, ik_error *err) {
    const ik__conf *map = ik__conf_get(root, "networks");
    if (!map || map->kind != IK_CONF_MAP)
        return ik__conf_fail(map ? map : root, err,
                             "networks: a map with at least a " IK__PAINTER " is wanted");
    for (int i = 0; i < map->n; i++) {
        if (m->n_networks == (int)(sizeof m->networks / sizeof *m->networks))
            return ik__conf_fail(map->items[i], err, "too many networks");
        ik_status status = ik__name_fits(map->items[i], "networks", map->keys[i], err);
        if (!status) status = read_network(m, map->keys[i], map->items[i], err);
        if (status) return status;
    }
    if (!ik__model_network(m, IK__PAINTER))
        return ik__conf_fail(map, err, "networks: there is no " IK__PAINTER);
    return IK_OK;
}

static ik_status read_losses(ik__model *m, const ik__conf *list, ik_error *err) {
    static const char *const also[] = {"weight", "id", NULL};
    static const ik_option rows[] = {{"weight", "factor", IK_OPT_DOUBLE, 0, "1", 0, 0, NULL}, {0}};
    if (!list) return IK_OK;
    if (list->kind != IK_CONF_LIST)
        return ik__conf_fail(list, err,
                             "losses: a list is wanted, as [{plugin: NAME}]; "
                             "`inadekit plugins list losses` shows the names");
    for (int i = 0; i < list->n; i++) {
        if (m->n_losses == (int)(sizeof m->losses / sizeof *m->losses))
            return ik__conf_fail(list->items[i], err, "too many losses");
        ik__loss *l = &m->losses[m->n_losses];
        ik_status status = ik__instance_new(IK_LOSS, list->items[i], also, &l->instance, err);
        if (!status) status = ik__model_keep(m, l->instance, err);
        if (status) return status;
        status = ik__options_pick(rows, list->items[i], "loss", &l->weight, m->pool, err);
        if (status) return status;
        const ik__conf *id = ik__conf_get(list->items[i], "id");
        bool named = id && id->kind == IK_CONF_SCALAR;
        l->name = named ? id->text : l->instance->plugin->name;
        if (named) status = ik__name_fits(id, "losses", l->name, err);
        if (status) return status;
        m->n_losses++;
    }
    return IK_OK;
}

ik_status ik__model_new(const ik__conf *root, ik__model **out, ik_error *err) {
    ik__model *m = calloc(1, sizeof *m);
    if (!m) return ik_errorf(err, IK_FAILED, "out of memory");
    m->pool = ik__pool_new();
    const ik__conf *norm = ik__conf_get(root, "norm");
    ik_status status = norm ? ik__model_norm_of(m, norm, &m->norm, err) : IK_OK;
    if (!status) status = ik__weights_key_read(root, m->pool, &m->weights, err);
    if (!status) status = read_networks(m, root, err);
    if (!status) status = read_losses(m, ik__conf_get(root, "losses"), err);
    if (!status) ik__players_default(m, &m->players);
    if (status) {
        ik__model_free(m);
        return status;
    }
    *out = m;
    return IK_OK;
}

void ik__model_free(ik__model *m) {
    if (!m) return;
    for (int i = 0; i < m->n_instances; i++) ik__instance_free(m->instances[i]);
    ik__pool_free(m->pool);
    free(m);
}

/* --- recording */

/* Another network's nodes are recorded under its own name, wherever the call comes from. */
typedef struct outside {
    char path[512];
    size_t scopes[64];
    int depth;
    const ik__conf *at;
} outside;

static void enter(ik__graph *g, const ik__network *net, outside *o) {
    memcpy(o->path, g->path, sizeof o->path);
    memcpy(o->scopes, g->scopes, sizeof o->scopes);
    o->depth = g->depth;
    o->at = g->at;
    g->depth = 0;
    g->path[0] = 0;
    g->at = net->conf;
    g->pub.api->push(&g->pub, net->name);
}

static void leave(ik__graph *g, const outside *o) {
    memcpy(g->path, o->path, sizeof o->path);
    memcpy(g->scopes, o->scopes, sizeof o->scopes);
    g->depth = o->depth;
    g->at = o->at;
}

ik_tensor *ik__norm_here(ik_graph *g, const ik_norm_ref *norm, ik_tensor *x) {
    const ik_norm_iface *iface = norm->instance->plugin->iface;
    *norm->used = true;
    ik__blame b;
    ik__blame_begin(&b, norm->instance->plugin, "recording");
    ik_tensor *y = iface->record(norm->instance->self, g, x);
    ik__blame_end(&b);
    if (!y) return NULL;
    ik_shape kept = y->shape; /* all axes but the last: a norm may add channels */
    kept.d[kept.rank ? kept.rank - 1 : 0] = x->shape.d[x->shape.rank - 1];
    if (!ik_same_shape(kept, x->shape))
        ik__graph_fail(ik__of(g), "norm/%s changed the shape", norm->instance->plugin->name);
    return y;
}

ik_tensor *ik__model_norm(ik_graph *g, const char *name, const ik_norm_ref *norm, ik_tensor *x) {
    if (!x) return NULL;
    if (!norm) {
        ik__graph_fail(ik__of(g),
                       "needs a norm; give the node `norm:` or the pipeline a top-level one");
        return NULL;
    }
    g->api->push(g, name);
    ik_tensor *y = ik__norm_here(g, norm, x);
    g->api->pop(g);
    return y;
}

int ik__model_call_all(ik_graph *pub, const char *network, int n, const char *const *names,
                       ik_tensor *const *values, int most, ik_tensor **out) {
    ik__graph *g = ik__of(pub);
    if (g->failed) return 0;
    const ik__network *net = ik__model_network(ik__recording_of(g)->model, network);
    if (!net) {
        ik__graph_fail_as(g, (ik_status)IK__NO_NETWORK,
                          "calls the network '%s', which is not among `networks:`", network);
        return 0;
    }
    if (!net->n_nodes) {
        ik__graph_fail(g, "calls the network '%s', which is a plugin, not a list of nodes",
                       network);
        return 0;
    }
    ik_tensor *all[IK__MAX_OUTPUTS];
    outside o;
    enter(g, net, &o);
    bool done = ik__network_record(g, net, n, names, values, all);
    leave(g, &o);
    if (!done) return 0;
    for (int i = 0; i < net->n_outputs && i < most; i++) out[i] = all[i];
    return net->n_outputs;
}

ik_tensor *ik__model_call(ik_graph *pub, const char *network, int n, const char *const *names,
                          ik_tensor *const *values) {
    ik_tensor *out[IK__MAX_OUTPUTS];
    int made = ik__model_call_all(pub, network, n, names, values, IK__MAX_OUTPUTS, out);
    return made ? out[made - 1] : NULL;
}

void ik__model_encode(ik__graph *g, const char *latent, ik_shape shape) {
    const ik__model *m = ik__recording_of(g)->model;
    for (int i = 0; i < m->n_networks; i++) {
        const ik__network *net = &m->networks[i];
        if (!net->plugin || net->plugin->plugin->kind != IK_ENCODER) continue;
        const ik_encoder_iface *iface = net->plugin->plugin->iface;
        for (int k = 0; iface->provides[k]; k++) {
            if (strcmp(iface->provides[k], latent)) continue;
            outside o;
            enter(g, net, &o);
            ik__blame b;
            ik__blame_begin(&b, net->plugin->plugin, "recording");
            iface->record(net->plugin->self, &g->pub, latent, shape);
            ik__blame_end(&b);
            leave(g, &o);
            return;
        }
    }
}

static void judge(ik__graph *g, const ik__network *net, ik_tensor *x, ik_judgement *out) {
    const ik_discriminator_iface *iface = net->plugin->plugin->iface;
    outside o;
    ik__blame b;
    enter(g, net, &o);
    ik__blame_begin(&b, net->plugin->plugin, "recording");
    iface->record(net->plugin->self, &g->pub, x, out);
    ik__blame_end(&b);
    leave(g, &o);
}

/* One forward pass over fakes and pictures, fakes first. */
static void judge_together(ik__graph *g, const ik__network *net, ik_tensor *fake, ik_tensor *real) {
    ik_tensor *both[2] = {fake, real};
    ik_judgement all = {0};
    judge(g, net, ik_concat(&g->pub, 0, 2, both), &all);
    int64_t b = g->pub.info.batch;
    for (int half = 0; half < 2; half++) {
        ik_judgement *one = &ik__recording_of(g)->judged[half];
        *one = all;
        for (int s = 0; s < all.scales; s++)
            for (int f = 0; f < all.features[s]; f++)
                one->feature[s][f] = ik_slice(&g->pub, all.feature[s][f], 0, half * b, b);
    }
}

static const ik__network *find_judge(const ik__model *m) {
    for (int i = 0; i < m->n_networks; i++) {
        const ik__network *net = &m->networks[i];
        if (net->plugin && net->plugin->plugin->kind == IK_DISCRIMINATOR) return net;
    }
    return NULL;
}

const ik_judgement *ik__model_judge(ik_graph *pub, int which) {
    ik__graph *g = ik__of(pub);
    ik__recording *r = ik__recording_of(g);
    if (g->failed) return &r->judged[which];
    if (r->has_judged) return &r->judged[which];
    r->has_judged = true;
    const ik__network *net = find_judge(r->model);
    if (!net) {
        ik__graph_fail(g, "asks what the discriminator says, but there is none; add "
                          "`networks: {discriminator: {plugin: NAME}}`; `inadekit plugins list "
                          "discriminators` shows the names");
        return &r->judged[which];
    }
    ik_tensor *fake = ik__scene_value(pub, "fake"), *real = ik__scene_value(pub, "image");
    const ik_discriminator_iface *iface = net->plugin->plugin->iface;
    if (r->judge_apart && iface->samplewise) {
        /* The fakes alone carry a gradient; the pictures are judged by the same power iteration. */
        judge(g, net, fake, &r->judged[0]);
        r->reuse_spectral = true;
        judge(g, net, real, &r->judged[1]);
        r->reuse_spectral = false;
    } else {
        judge_together(g, net, fake, real);
    }
    return &r->judged[which];
}
