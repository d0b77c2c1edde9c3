/* A new plugin's project. The templates are a project themselves, which compiles as it stands: of a
 * plugin called my_plugin of my_kind. */
#include "plugin_new.h"

#include "base/places.h"
#include "base/open.h"
#include "base/textfile.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

const char *const ik__template_kinds[] = {"norm",   "blocks",   "encoders", "discriminators",
                                          "losses", "datasets", "metrics",  NULL};

/* Of the kind's own folder, then of all. */
static const char *const own_files[] = {"my_plugin.c", "pipeline.yaml", NULL};
static const char *const common_files[] = {"base.yaml", "CMakeLists.txt", NULL};

typedef struct project {
    const char *kind, *name, *folder;
    char templates[PATH_MAX];
    void (*written)(const char *file);
} project;

/* The text with both words replaced; malloc'ed. */
static char *fill_in(const char *text, const char *kind, const char *name) {
    const char *const from[] = {"my_plugin", "my_kind"}, *const to[] = {name, kind};
    size_t room = strlen(text) * 16 + 1, at = 0; /* a word of 7 letters becomes one of up to 64 */
    char *out = malloc(room);
    while (out && *text) {
        int which = 0;
        while (which < 2 && strncmp(text, from[which], strlen(from[which])) != 0) which++;
        if (which == 2) {
            out[at++] = *text++;
            continue;
        }
        at += (size_t)sprintf(out + at, "%s", to[which]);
        text += strlen(from[which]);
    }
    if (out) out[at] = 0;
    return out;
}

static ik_status write_one(const project *p, const char *sub, const char *file, ik_error *err) {
    char from[PATH_MAX + 64], to[PATH_MAX + 128];
    size_t n;
    snprintf(from, sizeof from, "%s/%s%s", p->templates, sub, file);
    char *text = ik__textfile_read(from, 1 << 20, &n);
    if (!text)
        return ik_errorf(err, IK_FAILED, "the template %s cannot be read; install inadekit anew",
                         from);
    char *name = fill_in(file, p->kind, p->name), *filled = fill_in(text, p->kind, p->name);
    free(text);
    snprintf(to, sizeof to, "%s/%s", p->folder, name ? name : file);
    ik_status status = ik__textfile_write(to, filled, filled ? strlen(filled) : 0, err);
    if (!status) p->written(to);
    free(filled);
    free(name);
    return status;
}

static ik_status check_name(const char *name, ik_error *err) {
    size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
    if (n > 0 && n <= 64 && !name[n] && !(name[0] >= '0' && name[0] <= '9')) return IK_OK;
    return ik_errorf(err, IK_USAGE,
                     "'%.80s' cannot be a new plugin's name, which is a name in C, too: up "
                     "to 64 letters, digits and '_', a letter first",
                     name);
}

ik_status ik__plugin_new(const char *kind, const char *name, const char *folder,
                         void (*written)(const char *file), ik_error *err) {
    project p = {.kind = kind, .name = name, .folder = folder, .written = written};
    char sub[64];
    ik_status status = check_name(name, err);
    if (status) return status;
    if (!ik__share_path("templates", p.templates, sizeof p.templates))
        return ik_errorf(err, IK_FAILED,
                         "the templates are not where they belong, %s; install inadekit "
                         "anew",
                         p.templates);
    if (mkdir(folder, 0777))
        return ik_errorf(err, IK_FAILED, "cannot make the folder %s: %s; name another", folder,
                         ik__why(errno));
    snprintf(sub, sizeof sub, "%s/", kind);
    for (int i = 0; own_files[i] && !status; i++) status = write_one(&p, sub, own_files[i], err);
    for (int i = 0; common_files[i] && !status; i++)
        status = write_one(&p, "", common_files[i], err);
    return status;
}
