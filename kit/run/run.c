/* A pipeline, or what it compares. */
#include "run.h"

#include "base/files.h"
#include "base/watch.h"
#include "compare.h"
#include "folder/folder.h"
#include "pipeline.h"

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

/* Who names a run's folder means to go on, most often. */
static ik_status no_run_folder(const char *path, ik_error *err) {
    ik__path pipeline = ik__folder_file(path, IK__PIPELINE_FILE);
    bool there = false;
    if (ik__look(pipeline.text, &there, NULL) || !there) return IK_OK;
    return ik_errorf(err, IK_USAGE,
                     "%s is a folder, and a pipeline is wanted, as %s; a run goes on with "
                     "`inadekit run PIPELINE --resume --out FOLDER`",
                     path, pipeline.text);
}

ik_status ik__run(const ik__run_options *o, ik_error *err) {
    ik__compare *c;
    ik_status status = no_run_folder(o->pipeline, err);
    if (!status) status = ik__compare_read(o, &c, err);
    if (status) return status;
    if (!c) return ik__run_one(o, err);
    status = o->dry_run ? dry_variants(c, err) : ik__compare_run(c, o, err);
    ik__compare_free(c);
    return status;
}
