/* Weights of others against a pipeline, before they are written; see import.h. */
#include "import.h"

#include "session/start.h"

ik_status ik__import(const ik__conversion *c, const ik__run_options *fits, ik__converted *done,
                     ik_error *err) {
    if (!fits->pipeline) return ik__weights_import(c, done, err);
    ik__session *s;
    ik__conversion with = *c;
    ik_status status = ik__session_open(fits, &s, err);
    if (status) return status;
    with.check = ik__weights_fit;
    with.user = s;
    status = ik__weights_import(&with, done, err);
    ik__session_close(s);
    return status;
}
