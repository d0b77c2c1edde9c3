/* The optimiser's steps: what a player trains in one go, and how many steps it has made. */
#include "adam.h"

static bool updated(const ik__block *b, int player) {
    return b->trained && b->learned && b->player == player;
}

void ik__adam_step(ik__store *s, int player, const ik_adam *how) {
    ik__store_changed(s);
    for (int i = 0; i < s->n_blocks; i++) {
        ik__block *b = &s->blocks[i];
        if (!updated(b, player)) continue;
        ik_adam a = *how;
        a.t = ++b->t;
        s->backend->adam(s->self, b->learned, &a, b->value, b->sum ? b->sum : b->grad, b->m, b->v);
    }
}

void ik__adam_take_back(ik__store *s, int player, int64_t steps) {
    for (int i = 0; i < s->n_blocks; i++)
        if (updated(&s->blocks[i], player)) s->blocks[i].t -= steps;
}
