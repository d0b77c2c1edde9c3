/* The sizes of storage, block by block and program by program. */
#include "memory.h"

static void add_block(const ik__block *b, int64_t unit, bool accumulate, bool ema, ik__memory *m) {
    m->values += (b->learned + b->kept) * unit;
    if (!b->trained) return;
    m->gradients += b->learned * unit * (accumulate ? 2 : 1);
    m->moments += 2 * b->learned * unit;
    if (ema && b->averaged) m->averages += b->learned * unit;
}

ik__memory ik__memory_of(const ik__engine *e, bool accumulate, bool ema) {
    ik__memory m = {0};
    int64_t unit = (int64_t)e->backend->element_bytes(e->self, IK_F32);
    for (int i = 0; i < e->store->n_blocks; i++)
        add_block(&e->store->blocks[i], unit, accumulate, ema, &m);
    for (int i = 0; i < e->n_programs; i++) {
        int64_t arena = (int64_t)e->programs[i]->arena_bytes;
        int64_t workspace = (int64_t)e->programs[i]->workspace_bytes;
        if (arena > m.arena) m.arena = arena;
        if (workspace > m.workspace) m.workspace = workspace;
    }
    for (int i = 0; i < e->n_inputs; i++) m.inputs += (int64_t)ik__input_bytes(e, &e->inputs[i]);
    return m;
}
