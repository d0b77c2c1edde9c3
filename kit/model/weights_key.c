/* The key `weights:`; see weights_key.h. */
#include "weights_key.h"

#include "config/options.h"

static const ik_option rows[] = {{"file",
                                  "safetensors, a .pth of PyTorch, or a checkpoint's folder",
                                  IK_OPT_STRING, offsetof(ik__weights_key, file), NULL, 0, 0, NULL},
                                 {"map", "renames the file's entries: a name or a path",
                                  IK_OPT_STRING, offsetof(ik__weights_key, map), "", 0, 0, NULL},
                                 {"from", "where the file is to be had, for who lacks it",
                                  IK_OPT_STRING, offsetof(ik__weights_key, from), "", 0, 0, NULL},
                                 {0}};

ik_status ik__weights_key_read(const ik__conf *of, ik__pool *pool, ik__weights_key *out,
                               ik_error *err) {
    const ik__conf *at = ik__conf_get(of, "weights");
    *out = (ik__weights_key){.at = at};
    if (!at) return IK_OK;
    if (at->kind == IK_CONF_MAP) return ik__options_fill(rows, at, NULL, "weights", out, pool, err);
    if (at->kind != IK_CONF_SCALAR || !*at->text)
        return ik__conf_fail(at, err,
                             "weights: a file is wanted, or {file: FILE, map: MAP}, or random");
    out->random = !at->quoted && !strcmp(at->text, "random");
    if (!out->random) out->file = at->text;
    return IK_OK;
}
