/* What a run was trained with so far; see former.h. */
#include "former.h"

#include "base/watch.h"
#include "config/differences.h"

#include <stdlib.h>

/* What training does not depend on. */
static const char *const apart[] = {"name",     "out",        "stages",  "threads",
                                    "evaluate", "synthesize", "compare", NULL};

static ik__conf *load(const char *folder, ik_error *err) {
    ik__conf *conf = NULL;
    ik__conf_load(ik__folder_file(folder, IK__PIPELINE_FILE).text, 0, NULL, &conf, err);
    return conf;
}

void ik__former_tell(const ik__session *s, const char *folder) {
    ik_error why = {""};
    ik__conf *then = load(folder, &why);
    if (!then) {
        ik__tell(IK__NOTED, "%s: what it was trained with is not known: %s", folder, why.text);
        return;
    }
    char *text = ik__conf_differences(then, s->conf, apart);
    if (text && *text) ik__tell(IK__NOTED, "other settings than those of %s:%s", folder, text);
    free(text);
    ik__conf_free(then);
}

int64_t ik__former_batch(const ik__session *s, const char *folder) {
    ik_error ignored;
    ik__settings then;
    ik__pool *pool = ik__pool_new();
    ik__conf *conf = load(folder, &ignored);
    const struct ik__train *t = &s->set.train;
    if (conf && !ik__settings_read(conf, pool, &then, &ignored)) t = &then.train;
    int64_t batch = t->batch * t->accumulate;
    ik__conf_free(conf);
    ik__pool_free(pool);
    return batch;
}
