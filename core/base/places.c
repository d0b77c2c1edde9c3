/* Where installed files lie; see places.h. */
#include "places.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef INADEKIT_SHARE_DIR
#define INADEKIT_SHARE_DIR "/usr/local/share/inadekit"
#endif

bool ik__program_folder(char *path, size_t size) {
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[n > 0 ? n : 0] = 0;
    char *slash = strrchr(exe, '/');
    if (!slash) return false;
    *slash = 0;
    return snprintf(path, size, "%s", exe) < (int)size;
}

bool ik__share_path(const char *name, char *path, size_t size) {
    char folder[PATH_MAX];
    if (ik__program_folder(folder, sizeof folder)) {
        snprintf(path, size, "%s/../share/inadekit/%s", folder, name);
        if (access(path, R_OK) == 0) return true;
    }
    snprintf(path, size, "%s/%s", INADEKIT_SHARE_DIR, name);
    return access(path, R_OK) == 0;
}
