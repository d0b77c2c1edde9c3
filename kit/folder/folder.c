/* Which folder a run leaves. */
#include "folder.h"

#include "base/files.h"

void ik__folder_choose(const char *given, const char *name, bool resume, char *to, size_t size) {
    if (given && *given) {
        snprintf(to, size, "%s", given);
        return;
    }
    char next[1024];
    snprintf(to, size, "runs/%s", name);
    snprintf(next, sizeof next, "%s", to);
    for (int i = 2; ik__exists(next) && i < 100000; i++) {
        snprintf(to, size, "%s", next);
        snprintf(next, sizeof next, "runs/%s-%d", name, i);
    }
    if (!resume) snprintf(to, size, "%s", next);
}
