/* The optimiser's steps: a network's parameters in one go, and how many steps it has made. */
#include "training.h"

static bool updated(const ik__session *s, const ik__block *b, ik__role role) {
    return b->trained && b->learned && ik__plays(s->model, b->name, role);
}

void ik__adam_step(ik__session *s, ik__role role, double lr) {
    ik__store *store = s->engine->store;
    const struct ik__train *set = &s->set.train;
    ik__store_changed(store);
    for (int i = 0; i < store->n_blocks; i++) {
        ik__block *b = &store->blocks[i];
        if (!updated(s, b, role)) continue;
        ik_adam a = {lr, set->betas.v[0], set->betas.v[1], set->eps, ++b->t};
        const void *grad = b->sum ? b->sum : b->grad;
        s->engine->backend->adam(s->engine->self, b->learned, &a, b->value, grad, b->m, b->v);
    }
}

void ik__adam_take_back(ik__session *s, ik__role role, int64_t steps) {
    ik__store *store = s->engine->store;
    for (int i = 0; i < store->n_blocks; i++)
        if (updated(s, &store->blocks[i], role)) store->blocks[i].t -= steps;
}
