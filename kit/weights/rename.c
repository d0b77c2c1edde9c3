/* Rename maps; see rename.h. */
#define _GNU_SOURCE
#include "rename.h"
#include "base/files.h"

#include "config/options.h"
#include "plugin/search.h"

#include <stdlib.h>
#include <unistd.h>

enum { MAX_WILD = 8 };

typedef struct rule {
    const char *theirs, *ours, *beside; /* of the latter two one is NULL */
    ik_ints permute;
} rule;

struct ik__wmap {
    ik__conf *conf;
    ik__pool *pool;
    const char *summary, *network;
    ik_strings spare, known_by;
    int n;
    rule *rules;
};

/* --- patterns */

typedef struct part {
    const char *from;
    size_t n;
} part;

/* 0 where `p` is no wildcard, else its length. */
static int wild(const char *p) {
    return *p != '*' ? 0 : p[1] == '*' ? 2 : 1;
}

/* A pattern being tried on a name, and where its rest was seen not to fit: by wildcards behind it,
 * and by position in the name. What was seen once is not tried again, so that a pattern of many
 * wildcards takes no longer than one looks at it. */
typedef struct attempt {
    const char *name;
    size_t length;
    int wilds;
    bool in_vain[MAX_WILD][IK__WMAP_NAME_BYTES];
} attempt;

/* What each wildcard stands for goes to `parts`; the shortest that fits, from the left. */
static bool match_rest(attempt *a, const char *pattern, const char *at, int k, part *parts) {
    for (; !wild(pattern); pattern++, at++) {
        if (*pattern != *at) return false;
        if (!*pattern) return true;
    }
    bool *vain = &a->in_vain[k][at - a->name];
    if (k >= a->wilds) memset(a->in_vain[a->wilds++], 0, a->length + 1);
    if (*vain) return false;
    int w = wild(pattern);
    for (size_t n = 1; at[n - 1] && (w == 2 || at[n - 1] != '.'); n++) {
        parts[k] = (part){at, n};
        if (match_rest(a, pattern + w, at + n, k + 1, parts)) return true;
    }
    *vain = true;
    return false;
}

static bool match(const char *pattern, const char *name, part *parts) {
    attempt a;
    a.name = name, a.length = strlen(name), a.wilds = 0;
    return a.length < IK__WMAP_NAME_BYTES && match_rest(&a, pattern, name, 0, parts);
}

static bool fill(const char *pattern, const part *parts, char *name) {
    size_t used = 0;
    while (*pattern) {
        int w = wild(pattern);
        part next = w ? *parts++ : (part){pattern, 1};
        pattern += w ? w : 1;
        if (used + next.n >= IK__WMAP_NAME_BYTES) return false;
        memcpy(name + used, next.from, next.n);
        used += next.n;
    }
    name[used] = 0;
    return true;
}

static bool rename_by(const char *from, const char *to, const char *name, char *out) {
    part parts[MAX_WILD];
    return match(from, name, parts) && fill(to, parts, out);
}

/* The wildcards of a pattern, as "1" and "2" in their order. */
static int list_wild(const char *pattern, char out[MAX_WILD + 1]) {
    int n = 0;
    for (int w; *pattern; pattern += w ? w : 1) {
        w = wild(pattern);
        if (w && n < MAX_WILD) out[n] = (char)('0' + w);
        n += w > 0;
    }
    out[n < MAX_WILD ? n : MAX_WILD] = 0;
    return n;
}

/* --- reading */

static ik_status check_rule(const ik__conf *at, const rule *r, ik_error *err) {
    char theirs[MAX_WILD + 1], ours[MAX_WILD + 1];
    if (!r->ours == !r->beside)
        return ik__conf_fail(at, err, "a rule has `theirs` and either `ours` or `beside`");
    int n = list_wild(r->theirs, theirs), k = list_wild(r->ours ? r->ours : r->beside, ours);
    if (n > MAX_WILD)
        return ik__conf_fail(at, err, "more than %d wildcards in a pattern", MAX_WILD);
    if (n != k || strcmp(theirs, ours) != 0)
        return ik__conf_fail(at, err,
                             "'%s' and '%s' need the same wildcards, * and **, in the same order",
                             r->theirs, r->ours ? r->ours : r->beside);
    bool seen[IK_MAX_RANK] = {false};
    for (int i = 0; i < r->permute.n; i++) {
        int64_t axis = r->permute.v[i];
        if (r->permute.n > IK_MAX_RANK || axis >= r->permute.n || seen[axis])
            return ik__conf_fail(at, err, "permute: every axis once, from 0, as [1, 0, 2, 3]");
        seen[axis] = true;
    }
    return IK_OK;
}

static const ik_option rule_rows[] = {
    {"theirs", "a pattern of their names", IK_OPT_STRING, offsetof(rule, theirs), NULL, 0, 0, NULL},
    {"ours", "what they are here", IK_OPT_STRING, offsetof(rule, ours), "", 0, 0, NULL},
    {"beside", "ours that it belongs to, where it is not kept here", IK_OPT_STRING,
     offsetof(rule, beside), "", 0, 0, NULL},
    {"permute", "per axis of ours, the axis of theirs", IK_OPT_INTS, offsetof(rule, permute), "[]",
     0, IK_MAX_RANK - 1, NULL},
    {0}};

#define TOP(field) offsetof(ik__wmap, field)
static const ik_option top_rows[] = {
    {"summary", "what it is for", IK_OPT_STRING, TOP(summary), "", 0, 0, NULL},
    {"network", "the network's name", IK_OPT_STRING, TOP(network), NULL, 0, 0, NULL},
    {"spare", "patterns of theirs that nobody here needs", IK_OPT_STRINGS, TOP(spare), "[]", 0, 0,
     NULL},
    {"known_by", "patterns of theirs that tell a file of theirs", IK_OPT_STRINGS, TOP(known_by),
     "[]", 0, 0, NULL},
    {0}};

/* Not too many wildcards in the patterns of a list. */
static ik_status check_patterns(const ik_strings *list, const ik__conf *at, ik_error *err) {
    char ignored[MAX_WILD + 1];
    for (int i = 0; i < list->n; i++)
        if (list_wild(list->v[i], ignored) > MAX_WILD)
            return ik__conf_fail(at, err, "more than %d wildcards in a pattern", MAX_WILD);
    return IK_OK;
}

static ik_status read_map(ik__wmap *m, const char *path, ik_error *err) {
    static const char *const also[] = {"rules", NULL};
    ik_status status = ik__conf_load(path, 0, NULL, &m->conf, err);
    if (!status) status = ik__options_fill(top_rows, m->conf, also, "a map", m, m->pool, err);
    if (status) return status;
    const ik__conf *rules = ik__conf_get(m->conf, "rules");
    if (!rules || rules->kind != IK_CONF_LIST || !rules->n)
        return ik__conf_fail(rules ? rules : m->conf, err,
                             "rules: a list is wanted, as [{theirs: \"**\", ours: \"**\"}]");
    m->n = rules->n;
    m->rules = ik__pool_alloc(m->pool, sizeof *m->rules * (size_t)m->n);
    for (int i = 0; i < m->n && !status; i++) {
        status = ik__options_fill(rule_rows, rules->items[i], NULL, "a rule", &m->rules[i], m->pool,
                                  err);
        if (!status) status = check_rule(rules->items[i], &m->rules[i], err);
    }
    if (!status) status = check_patterns(&m->spare, ik__conf_get(m->conf, "spare"), err);
    if (!status) status = check_patterns(&m->known_by, ik__conf_get(m->conf, "known_by"), err);
    return status;
}

/* --- finding */

ik__words ik__wmap_names(void) {
    ik__words dirs = ik__plugin_dirs(), names = {0};
    for (int i = 0; i < dirs.n; i++) ik__files_in(dirs.v[i], "maps", ".yaml", &names);
    ik__words_free(&dirs);
    return names;
}

static ik_status not_found(const char *name, const ik__conf *at, ik_error *err) {
    ik__words names = ik__wmap_names();
    char known[600] = "";
    for (int i = 0; i < names.n; i++) {
        size_t n = strlen(known);
        snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "; there are ", names.v[i]);
    }
    ik_status status = ik__conf_fail(at, err,
                                     "there is no map '%s'%s; a map of your own is named by its "
                                     "path, as ./%s.yaml",
                                     name, known, name);
    ik__words_free(&names);
    return status;
}

static ik_status find(const char *name, const ik__conf *at, char **path, ik_error *err) {
    size_t n = strlen(name);
    *path = NULL;
    if (strchr(name, '/') || (n > 5 && !strcmp(name + n - 5, ".yaml"))) {
        *path = strdup(name);
        return *path ? IK_OK : ik_errorf(err, IK_FAILED, "out of memory");
    }
    ik__words dirs = ik__plugin_dirs();
    for (int i = 0; i < dirs.n && !*path; i++) {
        if (asprintf(path, "%s/maps/%s.yaml", dirs.v[i], name) < 0) *path = NULL;
        if (*path && !ik__exists(*path)) {
            free(*path);
            *path = NULL;
        }
    }
    ik_status status = *path ? IK_OK : not_found(name, at, err);
    ik__words_free(&dirs);
    return status;
}

ik_status ik__wmap_open(const char *name, const ik__conf *at, ik__wmap **out, ik_error *err) {
    char *path;
    *out = NULL;
    ik_status status = find(name, at, &path, err);
    if (status) return status;
    ik__wmap *m = calloc(1, sizeof *m);
    if (!m) {
        free(path);
        return ik_errorf(err, IK_FAILED, "out of memory");
    }
    m->pool = ik__pool_new();
    status = read_map(m, path, err);
    free(path);
    if (status)
        ik__wmap_close(m);
    else
        *out = m;
    return status;
}

void ik__wmap_close(ik__wmap *m) {
    if (!m) return;
    ik__conf_free(m->conf);
    ik__pool_free(m->pool);
    free(m);
}

const char *ik__wmap_network(const ik__wmap *m) {
    return m->network;
}

const char *ik__wmap_summary(const ik__wmap *m) {
    return m->summary;
}

/* --- applying */

bool ik__wmap_ours(const ik__wmap *m, const char *theirs, char name[IK__WMAP_NAME_BYTES],
                   ik__wmap_axes *axes) {
    *axes = (ik__wmap_axes){0};
    for (int i = 0; i < m->n; i++) {
        const rule *r = &m->rules[i];
        if (!rename_by(r->theirs, r->beside ? r->beside : r->ours, theirs, name)) continue;
        axes->n = r->permute.n;
        for (int k = 0; k < axes->n; k++) axes->of[k] = (int)r->permute.v[k];
        return !r->beside;
    }
    return false;
}

bool ik__wmap_theirs(const ik__wmap *m, const char *ours, char name[IK__WMAP_NAME_BYTES],
                     ik__wmap_axes *axes) {
    *axes = (ik__wmap_axes){0};
    for (int i = 0; i < m->n; i++) {
        const rule *r = &m->rules[i];
        if (r->beside || !rename_by(r->ours, r->theirs, ours, name)) continue;
        axes->n = r->permute.n;
        for (int k = 0; k < axes->n; k++) axes->of[r->permute.v[k]] = k;
        return true;
    }
    return false;
}

bool ik__wmap_marked(const ik__wmap *m, int i, const char *theirs) {
    part ignored[MAX_WILD];
    return match(m->known_by.v[i], theirs, ignored);
}

int ik__wmap_marks(const ik__wmap *m) {
    return m->known_by.n;
}

bool ik__wmap_spare(const ik__wmap *m, const char *theirs) {
    part ignored[MAX_WILD];
    for (int i = 0; i < m->n; i++)
        if (m->rules[i].beside && match(m->rules[i].theirs, theirs, ignored)) return true;
    for (int i = 0; i < m->spare.n; i++)
        if (match(m->spare.v[i], theirs, ignored)) return true;
    return false;
}

bool ik__wmap_beside(const ik__wmap *m, int i, const char *ours, char name[IK__WMAP_NAME_BYTES]) {
    for (int k = 0; k < m->n; k++) {
        if (!m->rules[k].beside || i--) continue;
        if (!rename_by(m->rules[k].beside, m->rules[k].theirs, ours, name)) *name = 0;
        return true;
    }
    return false;
}
