/* Is it there, and making folders. */
#include "files.h"

#include "open.h"
#include "path.h"

#include <errno.h>
#include <sys/stat.h>

ik_status ik__make_folder(const char *path, ik_error *err) {
    ik__path whole = ik__path_of("%s", path);
    char *part = whole.text;
    for (char *p = part + 1;; p++) {
        if (*p && *p != '/') continue;
        char was = *p;
        *p = 0;
        if (mkdir(part, 0777) && errno != EEXIST)
            return ik_errorf(err, IK_FAILED, "cannot make the folder %s: %s", part,
                             ik__why(errno));
        *p = was;
        if (!was) break;
    }
    struct stat st;
    if (!stat(path, &st) && !S_ISDIR(st.st_mode))
        return ik_errorf(err, IK_FAILED, "cannot make the folder %s: a file has this name", path);
    return IK_OK;
}

bool ik__exists(const char *path) {
    struct stat st;
    return !stat(path, &st);
}
