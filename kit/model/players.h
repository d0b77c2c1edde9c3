/* Who trains what, and when: players and updates.
 *
 * A player is networks that are updated together; its role says which term of a loss it minimises.
 * An update is one program: a forward pass, a gradient for each of its players, then their steps of
 * the optimiser. A step of training is all updates in order. Without a word in the YAML there are
 * two of each: what paints, and what judges. */
#ifndef INADEKIT_MODEL_PLAYERS_H
#define INADEKIT_MODEL_PLAYERS_H

#include "inadekit/backend.h"
#include "inadekit/plugin.h"

enum { IK__MOST_PLAYERS = 8, IK__MOST_UPDATES = 8 };

/* The network that makes what is called `fake`, and the pictures of synthesis. */
#define IK__PAINTER "generator"

typedef struct ik__player {
    const char *name;   /* in the log and in messages; also its key of train.lr */
    const char *letter; /* where room is short */
    ik_role role;       /* the term of a loss that it minimises */
    ik_adam adam;       /* its rate and betas; `t` is each network's own */
    int n_networks;     /* by name; */
    const char *networks[16];
    bool rest; /* and all that no other player has */
} ik__player;

typedef struct ik__update {
    const char *name; /* of its program */
    int n, players[IK__MOST_PLAYERS];
} ik__update;

typedef struct ik__players {
    int n, n_updates;
    ik__player v[IK__MOST_PLAYERS];
    ik__update updates[IK__MOST_UPDATES];
} ik__players;

struct ik__model;

/* The two of a pipeline that says nothing: the painter with all that is neither frozen nor judges,
 * then what judges. */
void ik__players_default(const struct ik__model *m, ik__players *out);
/* What a network is by its name: a discriminator, or none. */
ik_role ik__network_role(const char *network);

/* The player that trains a network, which is a block of the store; -1: it is frozen. */
int ik__player_of(const struct ik__model *m, const char *network);
/* Has the update a player of that role? */
bool ik__update_plays(const ik__players *p, const ik__update *u, ik_role role);
/* The update of that name, -1 if there is none. */
int ik__update_find(const ik__players *p, const char *name);
/* The update's players as a person reads them: "generator", "painter, critics". */
void ik__update_players(const ik__players *p, const ik__update *u, char *text, size_t size);
/* Whose a result of an update is, and which: results are called LOSS, or PLAYER.LOSS where the
 * update has several players. */
const ik__player *ik__result_player(const ik__players *p, const ik__update *u, const char *result,
                                    const char **loss);

#endif
