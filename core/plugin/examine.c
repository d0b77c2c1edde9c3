/* What a plugin says of itself: refused is what this version of the interface cannot run, before
 * anything else of it is read; pointers are looked at before they are followed. */
#include "search.h"

#include "config/options.h"
#include "trust.h"

/* The interface as of 1.0: the least a descriptor holds. */
#define LEAST_SIZE (offsetof(ik_plugin, iface) + sizeof(const void *))
enum { MAX_DESCRIPTORS = 256, MAX_OPTIONS = 1024 };

/* The same of the interfaces; those of metrics as of 1.1. Every interface begins with its size. */
#define UP_TO(type, field) (offsetof(type, field) + sizeof((type *)0)->field)
static const size_t least_iface[IK_KIND_COUNT] = {
    [IK_NORM] = UP_TO(ik_norm_iface, record),
    [IK_BLOCK] = UP_TO(ik_block_iface, record),
    [IK_ENCODER] = UP_TO(ik_encoder_iface, record),
    [IK_DISCRIMINATOR] = UP_TO(ik_discriminator_iface, record),
    [IK_LOSS] = UP_TO(ik_loss_iface, record),
    [IK_DATASET] = UP_TO(ik_dataset_iface, close),
    [IK_METRIC] = UP_TO(ik_metric_iface, record),
    [IK_BACKEND] = UP_TO(ik_backend_iface, preference),
};

ik_status ik__plugin_refuse(const char *path, ik_error *err, const char *why, const char *remedy) {
    return ik_errorf(err, IK_FAILED, "%s: %s (plugin interface here: %d.%d); %s", path, why,
                     IK_ABI_MAJOR, IK_ABI_MINOR, remedy);
}

static ik_status refuse_version(const char *path, ik_error *err, const ik_plugin *p) {
    bool newer = p->abi_major > IK_ABI_MAJOR ||
                 (p->abi_major == IK_ABI_MAJOR && p->abi_minor > IK_ABI_MINOR);
    char why[128];
    snprintf(why, sizeof why, "built for plugin interface %d.%d, which is %s", p->abi_major,
             p->abi_minor, newer ? "newer" : "older");
    return ik__plugin_refuse(
        path, err, why,
        newer ? "update inadekit, or rebuild the plugin with this version's headers"
              : "rebuild the plugin with this version's headers");
}

/* Functions that are always called, by where they lie; 0 ends them. */
static const size_t called[IK_KIND_COUNT][8] = {
#define AT(type, field) offsetof(ik_##type##_iface, field)
    [IK_NORM] = {AT(norm, record)},
    [IK_BLOCK] = {AT(block, record)},
    [IK_ENCODER] = {AT(encoder, record)},
    [IK_DISCRIMINATOR] = {AT(discriminator, record)},
    [IK_LOSS] = {AT(loss, record)},
    [IK_DATASET] = {AT(dataset, open), AT(dataset, read)},
    [IK_METRIC] = {AT(metric, begin), AT(metric, add), AT(metric, end)},
    [IK_BACKEND] = {AT(backend, element_bytes), AT(backend, alloc), AT(backend, free),
                    AT(backend, upload), AT(backend, download), AT(backend, prepare),
                    AT(backend, replay)},
#undef AT
};

typedef struct question {
    ik__probe probe;
    const ik_plugin *p;
    char text[160];
} question;

static const char *wrong_interface(question *q) {
    const ik_plugin *p = q->p;
    uint32_t has;
    if (!p->iface) return "its interface is missing";
    if (!ik__probe_bytes(&q->probe, p->iface, sizeof has)) return "its interface lies nowhere";
    memcpy(&has, p->iface, sizeof has);
    if (has < least_iface[p->kind]) {
        snprintf(q->text, sizeof q->text, "its interface has %u bytes instead of %zu",
                 (unsigned)has, least_iface[p->kind]);
        return q->text;
    }
    if (!ik__probe_bytes(&q->probe, p->iface, least_iface[p->kind]))
        return "its interface lies nowhere";
    for (const size_t *at = called[p->kind]; *at; at++) {
        const void *function;
        memcpy(&function, (const char *)p->iface + *at, sizeof function);
        if (!ik__probe_bytes(&q->probe, function, 1))
            return "a function of its interface is missing or lies nowhere";
    }
    return NULL;
}

static bool has_choices(const question *q, const ik_option *o) {
    for (int i = 0; i < MAX_OPTIONS; i++) {
        if (!ik__probe_bytes(&q->probe, &o->choices[i], sizeof *o->choices)) return false;
        if (!o->choices[i]) return true;
        if (!ik__probe_text(&q->probe, o->choices[i])) return false;
    }
    return false;
}

/* Its name can be read. */
static const char *wrong_option(const question *q, const ik_option *o) {
    size_t size = ik__option_size(o->type);
    if (!size) return "an unknown type";
    if (o->offset > q->p->instance_size || size > q->p->instance_size - o->offset)
        return "a field outside of instance_size";
    if (o->type == IK_OPT_CHOICE && !o->choices) return "no choices";
    if (o->type == IK_OPT_CHOICE && !has_choices(q, o)) return "choices without an end";
    if ((o->help && !ik__probe_text(&q->probe, o->help)) ||
        (o->fallback && !ik__probe_text(&q->probe, o->fallback)))
        return "a help or a default that lies nowhere";
    return NULL;
}

static const char *wrong_options(question *q) {
    const ik_option *o = q->p->options;
    for (int i = 0; o; i++, o++) {
        if (i == MAX_OPTIONS || !ik__probe_bytes(&q->probe, o, sizeof *o))
            return "its table of options has no end; end it with a row of NULL";
        if (!o->name) return NULL;
        if (!ik__probe_text(&q->probe, o->name)) return "an option's name lies nowhere";
        const char *what = wrong_option(q, o);
        if (!what) continue;
        snprintf(q->text, sizeof q->text, "option '%.40s' has %s", o->name, what);
        return q->text;
    }
    return NULL;
}

static const char *malformed(question *q) {
    const ik_plugin *p = q->p;
    const char *const texts[] = {p->name, p->version, p->summary};
    for (int i = 0; i < 3; i++) {
        if (!texts[i] || (!i && !ik__probe_text(&q->probe, p->name)) || !*p->name)
            return "name, version or summary is missing";
        if (!ik__probe_text(&q->probe, texts[i])) return "its version or summary lies nowhere";
    }
    if ((unsigned)p->kind >= IK_KIND_COUNT) return "its kind is unknown";
    const char *what = wrong_interface(q);
    return what ? what : wrong_options(q);
}

/* In the order in which fields can be trusted: versions and size sit at the front for good. */
static ik_status examine_one(const char *path, question *q, ik_error *err) {
    const ik_plugin *p = q->p;
    char why[320];
    if (!ik__probe_bytes(&q->probe, p, offsetof(ik_plugin, kind)))
        return ik__plugin_refuse(path, err, "a descriptor lies nowhere",
                                 "list descriptors in IK_EXPORT_PLUGINS");
    if (p->abi_major != IK_ABI_MAJOR || p->abi_minor > IK_ABI_MINOR)
        return refuse_version(path, err, p);
    if (p->struct_size < LEAST_SIZE) {
        snprintf(why, sizeof why,
                 "a descriptor for plugin interface %d.%d has %u bytes instead of %zu",
                 p->abi_major, p->abi_minor, (unsigned)p->struct_size, LEAST_SIZE);
        return ik__plugin_refuse(path, err, why,
                                 "begin it with IK_PLUGIN_HEAD and rebuild the plugin");
    }
    const char *what = ik__probe_bytes(&q->probe, p, LEAST_SIZE) ? malformed(q) : "it lies nowhere";
    if (!what) return IK_OK;
    snprintf(why, sizeof why, "a descriptor for plugin interface %d.%d is wrong: %s", p->abi_major,
             p->abi_minor, what);
    return ik__plugin_refuse(path, err, why, "correct and rebuild the plugin");
}

ik_status ik__plugin_examine(const char *path, const ik_plugin *const *list, ik_error *err) {
    question q = {.probe = ik__probe_open()};
    ik_status status = IK_OK;
    int n = 0;
    for (; !status && ik__probe_bytes(&q.probe, &list[n], sizeof *list) && list[n]; n++) {
        if (n == MAX_DESCRIPTORS) break;
        q.p = list[n];
        status = examine_one(path, &q, err);
    }
    if (!status && !n)
        status = ik__plugin_refuse(path, err, "it brings no descriptors",
                                   "list them in IK_EXPORT_PLUGINS");
    else if (!status && n == MAX_DESCRIPTORS)
        status = ik__plugin_refuse(path, err, "its list of descriptors has no end",
                                   "end it with NULL, as IK_EXPORT_PLUGINS does");
    ik__probe_close(&q.probe);
    return status;
}
