/* Players and updates; see players.h. */
#include "players.h"

#include "model.h"

ik_role ik__network_role(const char *network) {
    return strcmp(network, "discriminator") ? IK_ROLE_GENERATOR : IK_ROLE_DISCRIMINATOR;
}

void ik__players_default(const ik__model *m, ik__players *out) {
    *out = (ik__players){
        .n = 2,
        .v = {{.name = "generator", .letter = "G", .role = IK_ROLE_GENERATOR, .rest = true},
              {.name = "discriminator", .letter = "D", .role = IK_ROLE_DISCRIMINATOR}},
        .n_updates = 2,
        .updates = {{"g_step", 1, {0}}, {"d_step", 1, {1}}}};
    ik__player *judges = &out->v[1];
    for (int i = 0; i < m->n_networks; i++)
        if (ik__network_role(m->networks[i].name) == IK_ROLE_DISCRIMINATOR)
            judges->networks[judges->n_networks++] = m->networks[i].name;
}

int ik__player_of(const ik__model *m, const char *network) {
    const ik__network *net = ik__model_network(m, network);
    if (net && net->frozen) return -1;
    int rest = -1;
    for (int p = 0; p < m->players.n; p++) {
        const ik__player *one = &m->players.v[p];
        for (int i = 0; i < one->n_networks; i++)
            if (!strcmp(one->networks[i], network)) return p;
        if (one->rest) rest = p;
    }
    return rest;
}

bool ik__update_plays(const ik__players *p, const ik__update *u, ik_role role) {
    for (int i = 0; i < u->n; i++)
        if (p->v[u->players[i]].role == role) return true;
    return false;
}

int ik__update_find(const ik__players *p, const char *name) {
    for (int i = 0; i < p->n_updates; i++)
        if (!strcmp(p->updates[i].name, name)) return i;
    return -1;
}

void ik__update_players(const ik__players *p, const ik__update *u, char *text, size_t size) {
    size_t at = 0;
    *text = 0;
    for (int i = 0; i < u->n && at < size; i++)
        at +=
            (size_t)snprintf(text + at, size - at, "%s%s", i ? ", " : "", p->v[u->players[i]].name);
}

const ik__player *ik__result_player(const ik__players *p, const ik__update *u, const char *result,
                                    const char **loss) {
    *loss = result;
    for (int i = 0; i < u->n && u->n > 1; i++) {
        const ik__player *one = &p->v[u->players[i]];
        size_t n = strlen(one->name);
        if (strncmp(result, one->name, n) || result[n] != '.') continue;
        *loss = result + n + 1;
        return one;
    }
    return &p->v[u->players[0]];
}
