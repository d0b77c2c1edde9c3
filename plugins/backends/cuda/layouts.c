/* Weights laid out once for the convolutions that read them, where they do not change: the layouts
 * asked for, numbered, and the op that makes them. */
#include "instance.h"

#include <stdlib.h>

static bool same(const layout *a, const layout *b) {
    return a->o == b->o && a->i == b->i && a->taps == b->taps && a->po == b->po && a->pi == b->pi &&
           a->type == b->type;
}

int cuda_layout(cuda *c, const layout *l) {
    for (int i = 0; i < c->n_layouts; i++)
        if (same(&c->layouts[i], l)) return CUDA_LAID_OUT + i;
    if (c->n_layouts == c->layout_room) {
        int room = c->layout_room ? 2 * c->layout_room : 64;
        layout *more = realloc(c->layouts, (size_t)room * sizeof *more);
        if (!more) return 0;
        c->layouts = more;
        c->layout_room = room;
    }
    c->layouts[c->n_layouts++] = *l;
    return CUDA_LAID_OUT + c->n_layouts - 1;
}

size_t cuda_layout_bytes(const cuda *c, int storage) {
    const layout *l = &c->layouts[storage - CUDA_LAID_OUT];
    return (size_t)(l->po * l->taps * l->pi) * (l->type == CUDA_BF16 ? 2 : 4);
}

void cuda_layouts_close(cuda *c) {
    free(c->layouts);
    c->layouts = NULL;
    c->n_layouts = c->layout_room = 0;
}

static ik_status launch(ik_kernel *k, cudaStream_t stream, const ik_step *step, ik_error *err) {
    (void)step;
    const cuda *c = k->state;
    const layout *l = &c->layouts[k->node.out->storage - CUDA_LAID_OUT];
    return cuda_pack_weights(stream, k->in[0], l->o, l->i, l->taps, l->type, k->out, l->po, l->pi,
                             err);
}

const cuda_row cuda_layout_ops[] = {
    {IK_RELAYOUT, {.launch = launch, .plain = 1u << 0}},
    {IK_OP_COUNT, {0}},
};
