/* Layouts that oneDNN chose for weights, numbered: what ik_tensor.storage says of a tensor here. */
#include <stdlib.h>

#include "cpu.h"

struct cpu_layouts {
    int n, room;
    onednn_md *md;
};

int cpu_layout(cpu *c, onednn_const_md md) {
    if (!c->layouts) c->layouts = calloc(1, sizeof *c->layouts);
    cpu_layouts *l = c->layouts;
    if (!l) return 0;
    for (int i = 0; i < l->n; i++)
        if (dnnl_memory_desc_equal(l->md[i], md)) return i + 1;
    if (l->n == l->room) {
        int room = l->room ? 2 * l->room : 32;
        onednn_md *more = realloc(l->md, (size_t)room * sizeof *more);
        if (!more) return 0;
        l->md = more;
        l->room = room;
    }
    if (onednn_md_clone(&l->md[l->n], md) != dnnl_success) return 0;
    return ++l->n;
}

onednn_const_md cpu_layout_of(const cpu *c, const ik_tensor *t) {
    return t->storage ? c->layouts->md[t->storage - 1] : NULL;
}

size_t cpu_tensor_bytes(void *self, const ik_tensor *t) {
    onednn_const_md md = cpu_layout_of(self, t);
    return md ? dnnl_memory_desc_get_size(md) : (size_t)ik_count(t->shape) * 4;
}

void cpu_layouts_free(cpu *c) {
    cpu_layouts *l = c->layouts;
    for (int i = 0; l && i < l->n; i++) onednn_md_free(l->md[i]);
    if (l) free(l->md);
    free(l);
    c->layouts = NULL;
}
