/* Averaged weights: ema = decay ema + (1 - decay) weights, after each step. Pictures are painted
 * with them; training goes on with the weights. */
#include "average.h"

void ik__average_step(ik__store *s, double decay) {
    for (int i = 0; i < s->n_blocks; i++) {
        ik__block *b = &s->blocks[i];
        if (b->ema) s->backend->axpby(s->self, b->learned, 1 - decay, b->value, decay, b->ema);
    }
}

void ik__average_begin(ik__store *s) {
    for (int i = 0; i < s->n_blocks; i++) {
        ik__block *b = &s->blocks[i];
        if (!b->ema) continue;
        s->backend->copy(s->self, IK_F32, b->learned, b->grad, b->value);
        s->backend->copy(s->self, IK_F32, b->learned, b->value, b->ema);
        ik__store_changed(s);
    }
}

void ik__average_end(ik__store *s) {
    for (int i = 0; i < s->n_blocks; i++) {
        ik__block *b = &s->blocks[i];
        if (!b->ema) continue;
        s->backend->copy(s->self, IK_F32, b->learned, b->value, b->grad);
        ik__store_changed(s);
    }
}
