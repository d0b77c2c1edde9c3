/* What the backend chose, beside a checkpoint's weights: a text of its own, which it is given back
 * before it chooses again. It makes the same bytes come out and nothing else, so whatever is wrong
 * with it is said and left at that. */
#include "choices.h"

#include "base/files.h"
#include "base/textfile.h"
#include "base/watch.h"

#include <stdlib.h>

enum { MOST = 16 << 20 };

ik_status ik__choices_save(const ik__engine *e, const char *path, ik_error *err) {
    char *text = NULL;
    if (!IK__PROVIDES(e->backend, choices)) return IK_OK;
    ik_status status = e->backend->choices(e->self, &text, err);
    if (status) return status;
    if (*text) status = ik__textfile_write(path, text, strlen(text), err);
    free(text);
    return status;
}

void ik__choices_recall(const ik__engine *e, const char *path) {
    size_t n;
    ik_error why = {""};
    if (!IK__PROVIDES(e->backend, recall) || !ik__exists(path)) return;
    char *text = ik__textfile_read(path, MOST, &n);
    if (!text)
        ik__tell(IK__NOTED,
                 "%s cannot be read, or has more than %d MiB: what the device chose is chosen anew",
                 path, MOST >> 20);
    else if (e->backend->recall(e->self, text, &why))
        ik__tell(IK__NOTED, "%s: %s", path, why.text);
    else if (strlen(text) < n)
        ik__tell(IK__NOTED, "%s: a zero byte and what comes after it were ignored", path);
    free(text);
}
