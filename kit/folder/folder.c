/* Which folder a run leaves, and the names in it. */
#include "folder.h"

#include "base/aside.h"
#include "base/files.h"

ik__path ik__folder_choose(const char *given, const char *name, bool resume) {
    if (given && *given) return ik__path_of("%s", given);
    ik__path last = ik__path_of("runs/%s", name), next = last;
    for (int i = 2; ik__exists(next.text) && i < 100000; i++) {
        last = next;
        next = ik__path_of("runs/%s-%d", name, i);
    }
    return resume ? last : next;
}

ik__path ik__folder_file(const char *run, const char *file) {
    return ik__path_of("%s/%s", run, file);
}

void ik__folder_sweep(const char *run) {
    static const char *const endings[] = {".png",  ".json", ".jsonl", ".yaml",
                                          ".html", ".txt",  NULL};
    ik__aside_sweep(run, endings);
}

ik__path ik__folder_grid(const char *run, const char *name) {
    return ik__path_of("%s/" IK__IMAGES_FOLDER "/%s.png", run, name);
}

ik__path ik__folder_pictures(const char *run, const char *name) {
    return ik__path_of("%s/" IK__IMAGES_FOLDER "/%s", run, name);
}

ik__path ik__folder_step_grid(const char *run, const char *name, int64_t step) {
    return ik__path_of("%s/" IK__IMAGES_FOLDER "/%s-%08lld.png", run, name, (long long)step);
}

ik__path ik__folder_checkpoints(const char *run) {
    return ik__path_of("%s/checkpoints", run);
}

ik__path ik__folder_checkpoint(const char *run, int64_t step) {
    return ik__path_of("%s/checkpoints/" IK__CHECKPOINT_PREFIX "%08lld", run, (long long)step);
}

ik__path ik__folder_writing(const char *run, int64_t step) {
    return ik__path_of("%s/checkpoints/" IK__WRITING_PREFIX "%08lld", run, (long long)step);
}
