/* A pipeline's networks, norms and losses: read from YAML once, recorded into as many programs as
 * wanted. */
#ifndef INADEKIT_MODEL_MODEL_H
#define INADEKIT_MODEL_MODEL_H

#include "graph/graph.h"
#include "players.h"
#include "plugin/plugins.h"
#include "weights_key.h"

struct ik_norm_ref {
    ik__instance *instance;
    bool *used; /* some block or layer took it */
};

struct ik__layer; /* network.c: a built-in kind of node */

typedef struct ik__step_of { /* one node of a network */
    const ik__conf *conf;
    const char *id;
    const struct ik__layer *layer; /* or a block */
    void *options;
    ik__instance *block;
    ik_norm_ref *norm;
    int n_in;
    const char **in; /* n_in 0: the node before */
} ik__step_of;

enum { IK__MAX_OUTPUTS = 64 };

typedef struct ik__network {
    const char *name;
    const ik__conf *conf;
    ik__instance *plugin; /* an encoder or a discriminator; NULL where nodes are listed */
    int n_nodes;
    ik__step_of *nodes;
    ik__index by_id;
    int n_outputs; /* its results, by position among the nodes */
    int *outputs;
    bool frozen; /* takes no gradients */
    ik__weights_key weights;
    bool filled;  /* its weights come from a file */
    int n_inputs; /* latents by name and shape */
    const char **input;
    ik_shape *input_shape;
} ik__network;

typedef struct ik__loss {
    ik__instance *instance;
    const char *name;
    double weight;
} ik__loss;

typedef struct ik__model {
    ik__pool *pool;
    ik_norm_ref *norm;
    ik__weights_key weights; /* of networks that name none themselves */
    ik__players players;
    int n_networks, n_losses, n_instances;
    ik__network networks[16];
    ik__loss losses[32];
    ik__instance *instances[512];
} ik__model;

ik_status ik__model_new(const ik__conf *root, ik__model **out, ik_error *err);
void ik__model_free(ik__model *m);
/* Names of networks, inputs and losses become parts of others, of files, streams and lines of the
 * log, and none of those is cut. */
enum { IK__NAME_BYTES = 60 };
ik_status ik__name_fits(const ik__conf *at, const char *what, const char *name, ik_error *err);
ik__network *ik__model_network(const ik__model *m, const char *name);

/* Keeps an instance until the model is freed. */
ik_status ik__model_keep(ik__model *m, ik__instance *i, ik_error *err);
ik_status ik__model_norm_of(ik__model *m, const ik__conf *conf, ik_norm_ref **out, ik_error *err);

/* network.c */
ik_status ik__network_read(ik__model *m, ik__network *net, ik_error *err);
/* Fills out[net->n_outputs]; false after a failure. */
bool ik__network_record(ik__graph *g, const ik__network *net, int n, const char *const *names,
                        ik_tensor *const *values, ik_tensor **out);

/* Parts of the recording interface. */
ik_tensor *ik__model_norm(ik_graph *g, const char *name, const ik_norm_ref *norm, ik_tensor *x);
ik_tensor *ik__norm_here(ik_graph *g, const ik_norm_ref *norm, ik_tensor *x);
ik_tensor *ik__model_call(ik_graph *g, const char *network, int n, const char *const *names,
                          ik_tensor *const *values);
int ik__model_call_all(ik_graph *g, const char *network, int n, const char *const *names,
                       ik_tensor *const *values, int most, ik_tensor **out);
const ik_judgement *ik__model_judge(ik_graph *g, int which);
/* Lets the encoder that provides this latent publish a posterior for it; nothing if there is none.
 */
void ik__model_encode(ik__graph *g, const char *latent, ik_shape shape);

/* programs.c: the programs of training and synthesis. Fills totals[u->n], the loss that each player
 * of the update minimises, NULL where it has none. Results are named after losses, and `total`; see
 * ik__result_player. */
void ik__record_update(ik__graph *g, const ik__update *u, ik_tensor **totals);
void ik__record_sample(ik__graph *g);
/* Posteriors of an encoder, without training: the outputs `mu.<latent>` and `logvar.<latent>`. */
void ik__record_encode(ik__graph *g);
void ik__name_posteriors(ik__graph *g);

#endif
