/* run.json by one table of members. */
#define _GNU_SOURCE
#include "facts.h"

#include "base/json.h"
#include "base/textfile.h"
#include "folder.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

typedef struct member {
    const char *key;
    size_t offset, room; /* room: of a text, or 0 for a number */
} member;

#define NUMBER(field)                                                                              \
    { #field, offsetof(ik__facts, field), 0 }
#define TEXT(field)                                                                                \
    { #field, offsetof(ik__facts, field), sizeof((ik__facts *)0)->field }
static const member members[] = {NUMBER(finished),
                                 TEXT(name),
                                 TEXT(version),
                                 TEXT(device),
                                 TEXT(device_text),
                                 TEXT(processor),
                                 TEXT(system),
                                 NUMBER(processors),
                                 NUMBER(threads),
                                 NUMBER(memory_bytes),
                                 NUMBER(height),
                                 NUMBER(width),
                                 NUMBER(labels),
                                 NUMBER(train_items),
                                 NUMBER(validation_items),
                                 NUMBER(batch),
                                 NUMBER(accumulate),
                                 NUMBER(steps),
                                 NUMBER(total_steps),
                                 NUMBER(train_us),
                                 NUMBER(timed_steps),
                                 NUMBER(picture_us),
                                 NUMBER(picture_batch),
                                 NUMBER(samples),
                                 NUMBER(peak_bytes),
                                 NUMBER(counted_instances),
                                 NUMBER(counted_macs),
                                 NUMBER(value_bytes),
                                 NUMBER(state_bytes),
                                 NUMBER(arena_bytes),
                                 NUMBER(workspace_bytes),
                                 {0}};

#define OF_NETWORK(field)                                                                          \
    { #field, offsetof(struct ik__network_facts, field), 0 }
static const member network_members[] = {OF_NETWORK(pruned),
                                         OF_NETWORK(untrained),
                                         OF_NETWORK(paints),
                                         OF_NETWORK(params),
                                         OF_NETWORK(macs),
                                         OF_NETWORK(activation_bytes),
                                         {0}};

/* --- The machine. */

static void processor_name(char *to, size_t size) {
    FILE *f = fopen("/proc/cpuinfo", "re");
    char line[512];
    while (f && fgets(line, sizeof line, f)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) || !colon) continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(to, size, "%s", colon + 1 + strspn(colon + 1, " "));
        break;
    }
    if (f) fclose(f);
}

void ik__facts_machine(ik__facts *f) {
    struct utsname u;
    if (!uname(&u))
        snprintf(f->system, sizeof f->system, "%.60s %.60s %.30s", u.sysname, u.release, u.machine);
    processor_name(f->processor, sizeof f->processor);
    f->processors = sysconf(_SC_NPROCESSORS_ONLN);
    f->memory_bytes = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
}

void ik__facts_peak(ik__facts *f) {
    struct rusage u;
    if (getrusage(RUSAGE_SELF, &u)) return;
    int64_t bytes = (int64_t)u.ru_maxrss * 1024;
    if (bytes > f->peak_bytes) f->peak_bytes = bytes;
}

/* --- Writing. */

static void add_members(ik__text *t, const member *m, const void *self, const char *gap) {
    for (; m->key; m++) {
        const char *at = (const char *)self + m->offset;
        ik__text_printf(t, "%s\"%s\": ", gap, m->key);
        if (m->room)
            ik__text_quote(t, at);
        else
            ik__text_printf(t, "%" PRId64, *(const int64_t *)(const void *)at);
        ik__text_add(t, ",", 1);
    }
}

ik_status ik__facts_write(const ik__facts *f, const char *folder, ik_error *err) {
    ik__text t = {0};
    ik__text_add(&t, "{", 1);
    add_members(&t, members, f, "\n  ");
    ik__text_printf(&t, "\n  \"networks\": {");
    for (int i = 0; i < f->n_networks; i++) {
        ik__text_printf(&t, "%s\n    ", i ? "," : "");
        ik__text_quote(&t, f->networks[i].name);
        ik__text_printf(&t, ": {");
        add_members(&t, network_members, &f->networks[i], " ");
        if (!t.failed) t.data[t.n - 1] = '}'; /* in place of the last comma */
    }
    ik__text_printf(&t, "\n  }\n}\n");
    ik__path path = ik__folder_file(folder, IK__FACTS_FILE);
    ik_status status = ik__textfile_write(path.text, t.failed ? NULL : t.data, t.n, err);
    ik__text_free(&t);
    return status;
}

/* --- Reading. */

static bool read_member(ik__json *j, const member *m, const char *key, void *self) {
    while (m->key && strcmp(m->key, key)) m++;
    if (!m->key) return ik__json_skip(j);
    char *at = (char *)self + m->offset;
    if (!m->room) return ik__json_size(j, (int64_t *)(void *)at);
    const char *text;
    if (!ik__json_string(j, &text)) return false;
    snprintf(at, m->room, "%s", text);
    return true;
}

static void read_networks(ik__json *j, ik__facts *f) {
    const char *key;
    bool first = true, first_member = true;
    ik__json_enter(j, '{');
    for (; ik__json_more(j, '}', &first); first_member = true) {
        struct ik__network_facts spare, *n = &spare;
        if (f->n_networks < IK__FACTS_NETWORKS) n = &f->networks[f->n_networks++];
        if (ik__json_key(j, &key)) snprintf(n->name, sizeof n->name, "%s", key);
        ik__json_enter(j, '{');
        while (ik__json_more(j, '}', &first_member))
            if (ik__json_key(j, &key)) read_member(j, network_members, key, n);
    }
}

bool ik__facts_read(ik__facts *f, const char *folder) {
    size_t n;
    ik__path path = ik__folder_file(folder, IK__FACTS_FILE);
    *f = (ik__facts){0};
    char *text = ik__textfile_read(path.text, 1 << 20, &n);
    if (!text) return false;
    ik__json j = ik__json_on(text, n);
    const char *key;
    bool first = true;
    ik__json_enter(&j, '{');
    while (ik__json_more(&j, '}', &first)) {
        if (!ik__json_key(&j, &key)) break;
        if (!strcmp(key, "networks"))
            read_networks(&j, f);
        else
            read_member(&j, members, key, f);
    }
    bool whole = ik__json_end(&j) && !j.problem;
    free(text);
    return whole;
}

const struct ik__network_facts *ik__facts_painter(const ik__facts *f) {
    for (int i = 0; i < f->n_networks; i++)
        if (f->networks[i].paints) return &f->networks[i];
    return NULL;
}
