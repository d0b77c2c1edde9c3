/* The contract between the core and a plugin.
 *
 * A plugin is one shared object at <dir>/<kind>/<name>.so that exports one function,
 * `inadekit_plugin`, free of side effects. It returns a NULL-terminated array of descriptors; the
 * core takes the one of the kind and name it looks for. A descriptor and everything it points to
 * lives as long as the process. Loaded code is never unloaded.
 *
 * Compatibility: a plugin runs on a core of the same major and of the same or a later minor
 * version. Structs only grow at their end; `struct_size` says how much of one the other side knows.
 * What came after 1.0 is marked `since`.
 */
#ifndef INADEKIT_PLUGIN_H
#define INADEKIT_PLUGIN_H

#include "inadekit/backend.h"
#include "inadekit/dataset.h"
#include "inadekit/graph.h"
#include "inadekit/metric.h"
#include "inadekit/option.h"

#ifdef __cplusplus
extern "C" {
#endif

#define IK_ABI_MAJOR 1
#define IK_ABI_MINOR 2

typedef enum ik_kind {                   /* folder and YAML name: */
                       IK_NORM,          /* norm */
                       IK_BLOCK,         /* blocks */
                       IK_ENCODER,       /* encoders */
                       IK_DISCRIMINATOR, /* discriminators */
                       IK_LOSS,          /* losses */
                       IK_DATASET,       /* datasets */
                       IK_METRIC,        /* metrics */
                       IK_BACKEND,       /* backends */
                       IK_COMM,          /* comm */
                       IK_KIND_COUNT,
} ik_kind;

typedef struct ik_plugin {
    uint32_t struct_size; /* sizeof(ik_plugin) */
    uint16_t abi_major, abi_minor;
    ik_kind kind;
    const char *name, *version, *summary;
    const ik_option *options; /* NULL: none */
    size_t instance_size;     /* of the struct that the options fill; zeroed first */
    /* After the options are filled: check them together, prepare. May be NULL. */
    ik_status (*init)(void *self, ik_error *err);
    void (*fini)(void *self); /* may be NULL */
    const void *iface;        /* by kind, see below */
} ik_plugin;

typedef const ik_plugin *const *(*ik_plugin_entry)(void);

#define IK_PLUGIN_ENTRY "inadekit_plugin"
#define IK_PLUGIN_HEAD(kind_, name_, version_, summary_)                                           \
    .struct_size = sizeof(ik_plugin), .abi_major = IK_ABI_MAJOR, .abi_minor = IK_ABI_MINOR,        \
    .kind = kind_, .name = name_, .version = version_, .summary = summary_

#ifdef __cplusplus
#define IK_EXTERN_C extern "C"
#else
#define IK_EXTERN_C
#endif
/* The one export: IK_EXPORT_PLUGINS(&mine) or, for several descriptors, (&one, &two). */
#define IK_EXPORT_PLUGINS(...)                                                                     \
    IK_EXTERN_C __attribute__((visibility("default"))) const ik_plugin *const *inadekit_plugin(    \
        void) {                                                                                    \
        static const ik_plugin *const list[] = {__VA_ARGS__, NULL};                                \
        return list;                                                                               \
    }

/* --- Interfaces by kind. `self` is the instance. Recording calls need no status: the graph keeps
 * it. */

/* x [B,H,W,C] -> the same shape. */
typedef struct ik_norm_iface {
    uint32_t struct_size;
    ik_tensor *(*record)(const void *self, ik_graph *g, ik_tensor *x);
} ik_norm_iface;

/* A node that holds other nodes. `norm` is the node's own or the top-level one; NULL if neither. */
typedef struct ik_block_iface {
    uint32_t struct_size;
    ik_tensor *(*record)(const void *self, ik_graph *g, const ik_norm_ref *norm, int n,
                         ik_tensor *const *in);
} ik_block_iface;

/* Publishes a posterior for a latent; recorded only when somebody asks for that latent. */
typedef struct ik_encoder_iface {
    uint32_t struct_size;
    const char *const *provides; /* names of latents, NULL-terminated */
    /* Publishes mu and logvar of shape [B, shape] for `latent`. */
    void (*record)(const void *self, ik_graph *g, const char *latent, ik_shape shape);
} ik_encoder_iface;

/* Judges pictures x [B or 2B,H,W,3] against the scene's maps (repeated when x holds two batches).
 */
typedef struct ik_discriminator_iface {
    uint32_t struct_size;
    bool samplewise; /* a picture's features depend on that picture alone: halves may be judged
                        apart */
    void (*record)(const void *self, ik_graph *g, ik_tensor *x, ik_judgement *out);
} ik_discriminator_iface;

/* Which player's loss is being recorded. */
typedef enum ik_role { IK_ROLE_GENERATOR, IK_ROLE_DISCRIMINATOR } ik_role;

/* A scalar to minimise, unweighted, or NULL where the loss has no term for the role. May name
 * parts. */
typedef struct ik_loss_iface {
    uint32_t struct_size;
    ik_tensor *(*record)(const void *self, ik_graph *g, ik_role role);
} ik_loss_iface;

#ifdef __cplusplus
}
#endif
#endif
