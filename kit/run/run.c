/* A pipeline, or what it compares. */
#include "run.h"

#include "base/watch.h"
#include "compare.h"
#include "folder/folder.h"
#include "pipeline.h"
#include "session/session.h"

/* One variant after the other, in this process: nothing is computed, so nothing is measured. */
static ik_status dry_variants(const ik__compare *c, ik_error *err) {
    ik_status status = IK_OK;
    for (int i = 0; i < c->n && !status; i++) {
        ik_error inner = {""};
        ik__tell(IK__RESULT, "%s# variant %s", i ? "\n" : "", c->variants[i].name);
        status = ik__run_one(&c->variants[i].run, &inner);
        if (status) ik_errorf(err, status, "variant '%s': %s", c->variants[i].name, inner.text);
    }
    if (!status)
        ik__tell(IK__RESULT,
                 "\n# the comparison\n\nwould be written to %s/\n  %-34s with its variants",
                 c->out.text, IK__PIPELINE_FILE);
    if (!status && c->report)
        ik__tell(IK__RESULT, "  %-34s the variants side by side", IK__REPORT_FILE);
    return status;
}

ik_status ik__run(const ik__run_options *o, ik_error *err) {
    ik__compare *c;
    ik_status status = ik__session_no_folder(o->pipeline, err);
    if (!status) status = ik__compare_read(o, &c, err);
    if (status) return status;
    if (!c) return ik__run_one(o, err);
    status = o->dry_run ? dry_variants(c, err) : ik__compare_run(c, o, err);
    ik__compare_free(c);
    return status;
}
