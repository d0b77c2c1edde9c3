/* Is it there, what is in it, and making folders. */
#include "files.h"

#include "open.h"
#include "path.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

/* Of what is there only the last has to be a folder: a file before it fails by itself. */
static ik_status make(const char *path, bool last, ik_error *err) {
    struct stat st;
    if (!mkdir(path, 0777)) return IK_OK;
    int why = errno;
    if (why == EEXIST && (!last || (!stat(path, &st) && S_ISDIR(st.st_mode)))) return IK_OK;
    return ik_errorf(err, IK_FAILED, "cannot make the folder %s: %s", path, ik__why(why));
}

ik_status ik__make_folder(const char *path, ik_error *err) {
    ik__path whole = ik__path_of("%s", path);
    char *part = whole.text;
    for (char *p = part + 1;; p++) {
        if (*p && *p != '/') continue;
        char was = *p;
        *p = 0;
        ik_status status = make(part, !was, err);
        if (status || !was) return status;
        *p = was;
    }
}

ik_status ik__look(const char *path, bool *there, ik_error *err) {
    struct stat st;
    *there = !stat(path, &st);
    if (*there || errno == ENOENT || errno == ENOTDIR) return IK_OK;
    return ik_errorf(err, IK_FAILED, "%s: cannot be looked at: %s", path, ik__why(errno));
}

bool ik__exists(const char *path) {
    bool there;
    return ik__look(path, &there, NULL) || there;
}

bool ik__same_file(const char *a, const char *b) {
    struct stat x, y;
    return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

ik_status ik__apart(const char *to, const char *from, ik_error *err) {
    if (!from || !ik__same_file(to, from)) return IK_OK;
    if (!strcmp(to, from))
        return ik_errorf(err, IK_USAGE,
                         "%s is read here and would be lost; choose another name to write to", to);
    return ik_errorf(err, IK_USAGE,
                     "%s is %s, which is read here and would be lost; choose another name to "
                     "write to",
                     to, from);
}

ik_status ik__each_in(const char *folder,
                      ik_status (*each)(void *user, const char *name, ik_error *err), void *user,
                      ik_error *err) {
    DIR *d = opendir(folder);
    if (!d && errno == ENOENT) return IK_OK;
    if (!d)
        return ik_errorf(err, IK_FAILED, "%s: the folder cannot be listed: %s", folder,
                         ik__why(errno));
    ik_status status = IK_OK;
    const struct dirent *e;
    while (!status && (errno = 0, e = readdir(d))) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            status = each(user, e->d_name, err);
    }
    if (!status && errno)
        status = ik_errorf(err, IK_FAILED, "%s: the folder cannot be listed: %s", folder,
                           ik__why(errno));
    closedir(d);
    return status;
}
