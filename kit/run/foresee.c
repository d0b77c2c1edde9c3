/* See foresee.h: the run folder, and the room that there is for it. */
#include "foresee.h"

#include "base/numbers.h"
#include "base/watch.h"
#include "folder/checkpoints.h"
#include "stages/needs.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* --- the folder */

/* The run folder, or the nearest of the folders above it that is there. */
static ik__path standing(const char *run) {
    ik__path p = ik__path_of("%s", run);
    struct stat st;
    while (stat(p.text, &st)) {
        char *slash = strrchr(p.text, '/');
        if (!slash) return ik__path_of(".");
        slash[slash == p.text] = 0; /* of "/a" the "/" stays */
        if (!strcmp(p.text, "/")) break;
    }
    return p;
}

/* Names and paths have a longest in the system; the longest here is a checkpoint's. */
static ik_status short_enough(const char *run, ik_error *err) {
    static const char below[] = "/checkpoints/" IK__WRITING_PREFIX "0000000000/"
                                "optimizer.safetensors.12345678.part";
    size_t longest = strlen(run) + sizeof below - 1;
    if (longest >= PATH_MAX)
        return ik_errorf(err, IK_USAGE,
                         "the path of the run folder is too long by %zu bytes: %.200s...; choose a "
                         "shorter one with --out",
                         longest - PATH_MAX + 1, run);
    for (const char *name = run; *name;) {
        size_t n = strcspn(name, "/");
        if (n > NAME_MAX)
            return ik_errorf(err, IK_USAGE,
                             "the run folder: a name of %zu bytes is longer than the %d of the "
                             "system: %.200s...; choose a shorter one with --out",
                             n, NAME_MAX, name);
        name += n + (name[n] == '/');
    }
    return IK_OK;
}

ik_status ik__run_folder_usable(const char *run, ik_error *err) {
    ik_status status = short_enough(run, err);
    if (status) return status;
    /* The first folder that is made in it. */
    ik__path images = ik__folder_file(run, IK__IMAGES_FOLDER), at = standing(images.text);
    struct stat st;
    const char *why = NULL;
    if (stat(at.text, &st))
        why = strerror(errno);
    else if (!S_ISDIR(st.st_mode))
        why = "it is no folder";
    else if (access(at.text, W_OK | X_OK))
        why = strerror(errno);
    if (!why) return IK_OK;
    return ik_errorf(err, IK_FAILED,
                     "cannot make the folder %s: %s: %s; choose another place with --out",
                     images.text, at.text, why);
}

/* --- the disk */

/* Weights and the optimiser's state as they are written, in 32 bits. */
static int64_t checkpoint_bytes(const ik__session *s) {
    const ik__store *st = s->engine->store;
    int64_t n = 0;
    for (int i = 0; i < st->n_blocks; i++) {
        const ik__block *b = &st->blocks[i];
        n += b->learned + b->kept + (b->trained ? 2 * b->learned : 0);
        n += b->trained && b->averaged && s->set.train.ema > 0 ? b->learned : 0;
    }
    return n * (int64_t)sizeof(float);
}

static int64_t times(int64_t steps, int64_t every) {
    return every ? (steps + every - 1) / every : 0;
}

/* Grids of `synthesize`, each with its pictures beside it. */
static int64_t painted_bytes(const ik__session *s) {
    const struct ik__synthesize *y = &s->set.synthesize;
    const ik__data_info *d = s->info;
    int64_t picture = d->height * d->width * 3, validation = d->count[IK_VALIDATION];
    int64_t items = y->items < validation ? y->items : validation;
    return items * picture * (2 * y->samples + 3) * (1 + y->vary + (y->n_styles > 0));
}

ik__disk ik__run_disk(const ik__session *s, const ik__run_options *o) {
    const struct ik__train *t = &s->set.train;
    ik__path run = ik__run_folder(&s->set, o);
    ik__disk disk = {.free = -1};
    struct statvfs v;
    if (!statvfs(standing(run.text).text, &v) && v.f_blocks) /* 0: a system's own, as /proc */
        disk.free = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
    if (ik__settings_stage(&s->set, "synthesize")) disk.pictures += painted_bytes(s);
    if (!ik__settings_stage(&s->set, "train")) return disk;
    int64_t steps = ik__settings_steps(&s->set, s->info->count[IK_TRAIN]);
    int64_t saves = t->checkpoint_every ? times(steps, t->checkpoint_every) : 1;
    disk.checkpoint = checkpoint_bytes(s);
    disk.n = saves < t->keep ? saves : t->keep + 1;
    /* A grid of 4 layouts, 2 samples of each, and one of the batch. */
    disk.pictures += times(steps, t->picture_every) * (4 * 4 + 3 * t->batch) * s->info->height *
                     s->info->width * 3;
    return disk;
}

/* Those that a resumed run finds there make room for its own. */
static ik_status fits(const ik__session *s, const ik__run_options *o, ik_error *err) {
    ik__disk disk = ik__run_disk(s, o);
    char need[IK__WORDS], free[IK__WORDS];
    ik__path run = ik__run_folder(&s->set, o);
    int64_t newest;
    ik_status status = ik__checkpoints_newest(run.text, &newest, err);
    if (status) return status;
    bool resumes = o->resume && newest >= 0;
    int64_t kept = resumes ? disk.checkpoint : disk.n * disk.checkpoint;
    if (disk.free < 0) return IK_OK;
    ik__byte_words(free, disk.free);
    if (kept > disk.free)
        return ik_errorf(
            err, IK_FAILED,
            "%s: the disk is too full for the checkpoints: %s are wanted (%lld of %s), "
            "%s are free; lower train.keep, or choose another folder with --out",
            run.text, ik__byte_words(need, kept), (long long)(resumes ? 1 : disk.n),
            ik__byte_words((char[IK__WORDS]){""}, disk.checkpoint), free);
    if (kept + disk.pictures > disk.free)
        ik__tell(IK__NOTED,
                 "%s: the disk may become full: %s are free, checkpoints and pictures may take %s",
                 run.text, free, ik__byte_words(need, kept + disk.pictures));
    return IK_OK;
}

ik_status ik__run_foresee(ik__session *s, const ik__run_options *o, ik_error *err) {
    ik_status status = ik__stages_need(s, o->dry_run, err);
    return status ? status : fits(s, o, err);
}
