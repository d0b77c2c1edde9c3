/* Parts that nobody will ever finish; see aside.h. */
#define _GNU_SOURCE
#include "aside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { DEPTH = 4 };

/* NAME.PID.part, to which libzip adds .XXXXXX while it writes: is it one, is NAME among those that
 * are looked for, and is the process gone? */
static bool left_behind(const char *entry, const char *const *endings) {
    const char *part = strstr(entry, ".part");
    while (part && strstr(part + 1, ".part")) part = strstr(part + 1, ".part");
    if (!part || (part[5] && (part[5] != '.' || strlen(part + 5) != 7))) return false;
    const char *digits = part;
    while (digits > entry && digits[-1] >= '0' && digits[-1] <= '9') digits--;
    if (digits == part || digits - 1 <= entry || digits[-1] != '.') return false;
    size_t name = (size_t)(digits - 1 - entry);
    bool ours = false;
    for (int i = 0; endings[i] && !ours; i++) {
        size_t n = strlen(endings[i]);
        ours = name >= n && !memcmp(entry + name - n, endings[i], n);
    }
    long pid = strtol(digits, NULL, 10);
    return ours && pid > 0 && pid != (long)getpid() && kill((pid_t)pid, 0) && errno == ESRCH;
}

static void sweep(int at, const char *folder, const char *const *endings, int depth) {
    int fd = openat(at, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0) close(fd);
        return;
    }
    for (struct dirent *e; (e = readdir(dir));)
        if (e->d_type == DT_DIR && *e->d_name != '.' && depth < DEPTH)
            sweep(fd, e->d_name, endings, depth + 1);
        else if (left_behind(e->d_name, endings))
            unlinkat(fd, e->d_name, 0);
    closedir(dir);
}

void ik__aside_sweep(const char *folder, const char *const *endings) {
    sweep(AT_FDCWD, folder, endings, 0);
}

void ik__aside_sweep_file(const char *path) {
    const char *slash = strrchr(path, '/');
    ik__path folder = ik__path_of("%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    const char *const only[] = {slash ? slash + 1 : path, NULL};
    sweep(AT_FDCWD, folder.text, only, DEPTH);
}
