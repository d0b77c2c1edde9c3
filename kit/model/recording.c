/* The table of the recording calls; see recording.h. */
#include "recording.h"

#include "layers.h"
#include "model.h"
#include "scene.h"

static const ik_graph_api api = {
    .struct_size = sizeof(ik_graph_api),
    .op = ik__graph_op,
    .fail = ik__graph_refuse,
    .push = ik__graph_push,
    .pop = ik__graph_pop,
    .param = ik__graph_param,
    .buffer = ik__graph_buffer,
    .assign = ik__graph_assign,
    .value = ik__scene_value,
    .map = ik__scene_map,
    .latent = ik__scene_latent,
    .publish = ik__scene_publish,
    .posterior = ik__scene_posterior,
    .judge = ik__model_judge,
    .conv = ik__layer_conv,
    .linear = ik__layer_linear,
    .label_conv = ik__layer_label_conv,
    .batch_norm = ik__layer_batch_norm,
    .norm = ik__model_norm,
    .call = ik__model_call,
    .call_all = ik__model_call_all,
    .custom = ik__custom_record,
};

ik__graph *ik__recording_new(ik__store *store, struct ik__model *model, const ik_scene_info *info) {
    ik__graph *g = ik__graph_new(&api, sizeof(ik__recording), store, info);
    if (g) ik__recording_of(g)->model = model;
    return g;
}
