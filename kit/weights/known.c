/* A file's names against all maps there are; see known.h. */
#include "known.h"

#include <stdio.h>

static bool has_mark(const ik__wfile *f, const ik__wmap *map, int mark) {
    for (int i = 0; i < ik__wfile_count(f); i++)
        if (ik__wmap_marked(map, mark, ik__wfile_entry_at(f, i)->origin)) return true;
    return false;
}

bool ik__known_by(const ik__wfile *f, const ik__wmap *map) {
    for (int i = 0; i < ik__wmap_marks(map); i++)
        if (!has_mark(f, map, i)) return false;
    return ik__wmap_marks(map) > 0;
}

static void advise(const ik__wfile *f, const char *name, const ik__wmap *map, char *text,
                   size_t size) {
    const char *network = ik__wmap_network(map), *summary = ik__wmap_summary(map);
    snprintf(
        text, size,
        "its names are those of %.120s: say so, as `networks: {%.40s: {weights: {file: %.200s, "
        "map: %.60s}}}`, or turn it into a file of this kit, `inadekit import %.200s -o "
        "%.40s.safetensors --map %.60s`",
        summary ? summary : name, network, ik__wfile_path(f), name, ik__wfile_path(f), network,
        name);
}

bool ik__known_advice(const ik__wfile *f, char *text, size_t size) {
    ik__words names = ik__wmap_names();
    bool found = false;
    for (int i = 0; i < names.n && !found; i++) {
        ik__wmap *map;
        ik_error ignored; /* a map that is broken is told to who names it */
        if (ik__wmap_open(names.v[i], NULL, &map, &ignored)) continue;
        found = ik__known_by(f, map);
        if (found) advise(f, names.v[i], map, text, size);
        ik__wmap_close(map);
    }
    ik__words_free(&names);
    return found;
}
