/* Networks made of nodes: the graph language of the YAML file.
 *
 * A node is a built-in layer (`op:`), a block plugin (`block:`) or a norm (`op: norm`). It takes
 * the output of the node before it unless `in:` names others: nodes by id, the network's inputs, or
 * values of the scene. */
#include "base/nearest.h"
#include "config/options.h"
#include "layer.h"
#include "model.h"
#include "plugin/blame.h"
#include "scene.h"

static const char *const node_keys[] = {"id", "op", "block", "in", "norm", NULL};

static ik_status read_inputs(ik__model *m, ik__network *net, ik_error *err) {
    const ik__conf *map = ik__conf_get(net->conf, "inputs");
    if (!map) return IK_OK;
    if (map->kind != IK_CONF_MAP)
        return ik__conf_fail(map, err,
                             "inputs: a map of names and shapes is wanted, as {z: [256]}");
    net->n_inputs = map->n;
    net->input = ik__pool_alloc(m->pool, sizeof *net->input * (size_t)(map->n + 1));
    net->input_shape = ik__pool_alloc(m->pool, sizeof *net->input_shape * (size_t)(map->n + 1));
    for (int i = 0; i < map->n; i++) {
        struct {
            ik_ints shape;
        } o = {0};
        static const ik_option row = {"shape", "per sample", IK_OPT_INTS, 0, NULL, 1, 1e6, NULL};
        ik_status status = ik__name_fits(map->items[i], "inputs", map->keys[i], err);
        if (!status)
            status = ik__options_value(&row, map->items[i], "network inputs", &o, m->pool, err);
        if (status) return status;
        if (o.shape.n < 1 || o.shape.n >= IK_MAX_RANK)
            return ik__conf_fail(map->items[i], err, "an input has 1 to %d dimensions",
                                 IK_MAX_RANK - 1);
        ik_shape s = {.rank = o.shape.n};
        for (int k = 0; k < s.rank; k++) s.d[k] = o.shape.v[k];
        net->input[i] = map->keys[i];
        net->input_shape[i] = s;
    }
    return IK_OK;
}

static ik_status read_in(ik__model *m, ik__step_of *node, const ik__conf *in, ik_error *err) {
    if (!in) return IK_OK;
    int n = in->kind == IK_CONF_LIST ? in->n : 1;
    if (in->kind == IK_CONF_MAP || n < 1 || n > IK_MAX_INPUTS)
        return ik__conf_fail(in, err, "in: a name, or a list of up to %d names, is wanted",
                             IK_MAX_INPUTS);
    node->n_in = n;
    node->in = ik__pool_alloc(m->pool, sizeof *node->in * (size_t)n);
    for (int i = 0; i < n; i++) {
        const ik__conf *one = in->kind == IK_CONF_LIST ? in->items[i] : in;
        if (one->kind != IK_CONF_SCALAR) return ik__conf_fail(one, err, "in: a name is wanted");
        node->in[i] = one->text;
    }
    return IK_OK;
}

static ik_status read_layer(ik__model *m, ik__step_of *node, const ik__conf *op, ik_error *err) {
    node->layer = ik__layer_find(op->text);
    if (!node->layer) {
        const char *names[64] = {NULL};
        for (int i = 0; i < 63 && ik__layers[i].name; i++) names[i] = ik__layers[i].name;
        const char *near = ik__nearest(op->text, names);
        return ik__conf_fail(
            op, err, "unknown op '%s'%s%s%s; `inadekit plugins describe ops` lists them", op->text,
            near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    node->options = ik__pool_alloc(m->pool, node->layer->size + 1);
    memset(node->options, 0, node->layer->size + 1);
    return ik__options_fill(node->layer->options, node->conf, node_keys, node->layer->name,
                            node->options, m->pool, err);
}

static int find_node(const ik__network *net, const char *id) {
    return ik__index_find(&net->by_id, id);
}

static ik_status read_node(ik__model *m, ik__network *net, int i, ik_error *err) {
    ik__step_of *node = &net->nodes[i];
    const ik__conf *c = node->conf;
    if (c->kind != IK_CONF_MAP)
        return ik__conf_fail(c, err, "a node is a map, as {op: tanh} or {id: up_0, block: NAME}");
    const ik__conf *op = ik__conf_get(c, "op"), *block = ik__conf_get(c, "block");
    const ik__conf *id = ik__conf_get(c, "id");
    if (!op == !block || (op ? op : block)->kind != IK_CONF_SCALAR)
        return ik__conf_fail(c, err, "a node needs either `op:` or `block:`");
    char automatic[128];
    snprintf(automatic, sizeof automatic, "%s_%d", (op ? op : block)->text, i);
    node->id = id && id->kind == IK_CONF_SCALAR ? id->text : ik__pool_strdup(m->pool, automatic);
    if (find_node(net, node->id) >= 0)
        return ik__conf_fail(c, err, "two nodes have the id '%s'", node->id);
    ik__index_add(m->pool, &net->by_id, node->id, i);
    ik_status status = read_in(m, node, ik__conf_get(c, "in"), err);
    const ik__conf *norm = ik__conf_get(c, "norm");
    node->norm = m->norm;
    if (!status && norm) status = ik__model_norm_of(m, norm, &node->norm, err);
    if (status) return status;
    if (op) return read_layer(m, node, op, err);
    status = ik__instance_of(IK_BLOCK, block, c, node_keys, &node->block, err);
    return status ? status : ik__model_keep(m, node->block, err);
}

static ik_status unknown_output(const ik__model *m, const ik__network *net, const char *id,
                                const ik__conf *at, ik_error *err) {
    const char **known = ik__pool_alloc(m->pool, sizeof *known * (size_t)(net->n_nodes + 1));
    for (int k = 0; k < net->n_nodes; k++) known[k] = net->nodes[k].id;
    known[net->n_nodes] = NULL;
    const char *near = ik__nearest(id, known);
    return ik__conf_fail(at, err, "outputs: network '%s' has no node '%s'%s%s%s", net->name, id,
                         near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static ik_status find_outputs(ik__model *m, ik__network *net, const ik_strings *ids,
                              ik_error *err) {
    const ik__conf *at = ik__conf_get(net->conf, "outputs");
    if (ids->n > IK__MAX_OUTPUTS)
        return ik__conf_fail(at, err, "outputs: at most %d nodes can be results", IK__MAX_OUTPUTS);
    net->n_outputs = ids->n ? ids->n : 1;
    net->outputs = ik__pool_alloc(m->pool, sizeof *net->outputs * (size_t)net->n_outputs);
    net->outputs[0] = net->n_nodes - 1;
    for (int i = 0; i < ids->n; i++) {
        net->outputs[i] = find_node(net, ids->v[i]);
        if (net->outputs[i] < 0)
            return unknown_output(m, net, ids->v[i], at->kind == IK_CONF_LIST ? at->items[i] : at,
                                  err);
    }
    return IK_OK;
}

/* What a network says of itself beside its nodes. */
typedef struct keys {
    bool frozen;
    ik_strings outputs;
} keys;

static ik_status read_keys(ik__model *m, const ik__network *net, keys *out, ik_error *err) {
    static const char *const names[] = {"frozen", "outputs", "inputs", "nodes", "weights", NULL};
    static const ik_option rows[] = {
        {"frozen", "keeps its weights", IK_OPT_BOOL, offsetof(keys, frozen), "false", 0, 0, NULL},
        {"outputs", "its results, nodes by id; empty: the last node", IK_OPT_STRINGS,
         offsetof(keys, outputs), "[]", 0, 0, NULL},
        {0}};
    for (int i = 0; i < net->conf->n; i++) {
        const char *key = net->conf->keys[i];
        int k = 0;
        while (names[k] && strcmp(names[k], key)) k++;
        if (!names[k])
            return ik__conf_fail(net->conf->items[i], err,
                                 "unknown key '%s' of network '%s'; it has inputs, nodes, "
                                 "outputs, weights and frozen",
                                 key, net->name);
    }
    return ik__options_fill(rows, net->conf, names + 2, net->name, out, m->pool, err);
}

ik_status ik__network_read(ik__model *m, ik__network *net, ik_error *err) {
    const ik__conf *nodes = ik__conf_get(net->conf, "nodes");
    keys k = {0};
    ik_status status = read_keys(m, net, &k, err);
    if (status) return status;
    net->frozen = k.frozen;
    if (!nodes || nodes->kind != IK_CONF_LIST || !nodes->n)
        return ik__conf_fail(net->conf, err, "network '%s' needs `plugin:` or a list `nodes:`",
                             net->name);
    net->n_nodes = nodes->n;
    net->nodes = ik__pool_alloc(m->pool, sizeof *net->nodes * (size_t)nodes->n);
    memset(net->nodes, 0, sizeof *net->nodes * (size_t)nodes->n);
    status = read_inputs(m, net, err);
    for (int i = 0; i < nodes->n && !status; i++) {
        net->nodes[i].conf = nodes->items[i];
        status = read_node(m, net, i, err);
    }
    if (!status) status = find_outputs(m, net, &k.outputs, err);
    if (status || !net->frozen || net->weights.at || m->weights.at) return status;
    return ik__conf_fail(net->conf, err,
                         "network '%s' is frozen, so its weights have to come from somewhere: "
                         "write `weights: FILE` or, to keep what it starts with, `weights: random`",
                         net->name);
}

/* --- recording */

typedef struct frame {
    const ik__network *net;
    ik_tensor **out; /* by node */
    int done, n;
    const char *const *names;
    ik_tensor *const *values;
} frame;

/* Random values of [K,...], K the most instances, are drawn instance by instance when pictures are
 * painted, which plugins ask for by that shape. A file's numbers may only happen to be so. */
static ik_tensor *latent(ik__graph *g, const char *name, ik_shape shape) {
    if (shape.rank < 2 || shape.d[0] != g->pub.info.max_instances)
        return ik__scene_latent(&g->pub, name, shape);
    char text[64];
    ik__shape_text(shape, text, sizeof text);
    ik__graph_fail(
        g,
        "its input '%s' has the shape %s, whose first number is dataset.max_instances: it "
        "would be taken for one that is drawn for each instance; choose another shape, or "
        "another max_instances",
        name, text);
    return NULL;
}

static ik_tensor *resolve(ik__graph *g, const frame *f, const char *name) {
    int at = find_node(f->net, name);
    if (at >= 0 && at < f->done) return f->out[at];
    for (int i = 0; i < f->n; i++)
        if (!strcmp(f->names[i], name)) return f->values[i];
    for (int i = 0; i < f->net->n_inputs; i++)
        if (!strcmp(f->net->input[i], name)) return latent(g, name, f->net->input_shape[i]);
    if (ik__scene_pictures(&g->pub, name)) return ik__scene_value(&g->pub, name);
    const char *known[300] = {NULL};
    int k = 0;
    for (int i = 0; i < f->net->n_nodes && k < 256; i++) {
        known[k++] = f->net->nodes[i].id;
        if (i >= f->done && !strcmp(f->net->nodes[i].id, name)) {
            ik__graph_fail(
                g,
                "its input '%s' is made %s: the nodes form a cycle or stand in the wrong "
                "order",
                name, i == f->done ? "by itself" : "later");
            return NULL;
        }
    }
    for (int i = 0; i < f->net->n_inputs && k < 290; i++) known[k++] = f->net->input[i];
    const char *near = ik__nearest(name, known);
    ik__graph_fail(g, "its input '%s' does not exist%s%s%s", name, near ? "; did you mean '" : "",
                   near ? near : "", near ? "'?" : "");
    return NULL;
}

static ik_tensor *record_node(ik__graph *g, frame *f, const ik__step_of *node) {
    ik_tensor *in[IK_MAX_INPUTS] = {NULL};
    int n = 0;
    for (; n < node->n_in; n++)
        if (!(in[n] = resolve(g, f, node->in[n]))) return NULL;
    if (!n && f->done) in[n++] = f->out[f->done - 1];
    if (!n && (node->block || !node->layer->source)) {
        ik__graph_fail(g, "the first node has no node before it; name its input with `in:`, as "
                          "`in: z` or `in: image`");
        return NULL;
    }
    if (node->block) {
        const ik_block_iface *iface = node->block->plugin->iface;
        ik__blame b;
        ik__blame_begin(&b, node->block->plugin, "recording");
        ik_tensor *y = iface->record(node->block->self, &g->pub, node->norm, n, in);
        ik__blame_end(&b);
        return y;
    }
    return node->layer->record(node->options, &g->pub, node->norm, n, in);
}

bool ik__network_record(ik__graph *g, const ik__network *net, int n, const char *const *names,
                        ik_tensor *const *values, ik_tensor **out) {
    frame f = {net,   ik__pool_alloc(g->pool, sizeof *f.out * (size_t)net->n_nodes), 0, n, names,
               values};
    const ik__conf *at = g->at;
    for (; f.done < net->n_nodes; f.done++) {
        const ik__step_of *node = &net->nodes[f.done];
        g->at = node->conf;
        g->pub.api->push(&g->pub, node->id);
        ik_tensor *y = record_node(g, &f, node);
        f.out[f.done] = y;
        g->pub.api->pop(&g->pub);
        if (!y && !g->failed) ik__graph_fail(g, "%s: made nothing", node->id);
        if (g->failed) break;
    }
    g->at = at;
    for (int i = 0; i < net->n_outputs && !g->failed; i++) out[i] = f.out[net->outputs[i]];
    return !g->failed;
}
