/* Prints where a plugin of an older interface finds things: the places of fields, sizes of structs
 * that carry none, and values of names. Compiled with the headers of that version and with today's;
 * every line of the former has to be among the latter's. */
#include "inadekit/plugin.h"

#define FIELD(type, field) printf(#type "." #field " %zu\n", offsetof(type, field));
#define FIXED(type) printf("sizeof " #type " %zu\n", sizeof(type));
#define VALUE(name) printf(#name " %d\n", (int)(name));
#define EACH1(M, T, a) M(T, a)
#define EACH2(M, T, a, ...) M(T, a) EACH1(M, T, __VA_ARGS__)
#define EACH3(M, T, a, ...) M(T, a) EACH2(M, T, __VA_ARGS__)
#define EACH4(M, T, a, ...) M(T, a) EACH3(M, T, __VA_ARGS__)
#define EACH5(M, T, a, ...) M(T, a) EACH4(M, T, __VA_ARGS__)
#define EACH6(M, T, a, ...) M(T, a) EACH5(M, T, __VA_ARGS__)
#define EACH7(M, T, a, ...) M(T, a) EACH6(M, T, __VA_ARGS__)
#define EACH8(M, T, a, ...) M(T, a) EACH7(M, T, __VA_ARGS__)

/* clang-format off */
int main(void) {
    /* Structs that plugins make, or hold by value. */
    FIXED(ik_shape) FIXED(ik_attrs) FIXED(ik_init) FIXED(ik_conv) FIXED(ik_option) FIXED(ik_error)
    FIXED(ik_ints) FIXED(ik_doubles) FIXED(ik_strings) FIXED(ik_node_desc) FIXED(ik_judgement)
    EACH8(FIELD, ik_conv, out, kernel, stride, padding, dilation, groups, bias, spectral)
    EACH2(FIELD, ik_conv, same_segment, init)
    EACH8(FIELD, ik_option, name, help, type, offset, fallback, min, max, choices)
    EACH8(FIELD, ik_attrs, kernel, stride, padding, dilation, groups, size, shape, axis)
    EACH8(FIELD, ik_attrs, axes, start, length, factor, per_sample, pooled, iterate, transpose_a)
    EACH6(FIELD, ik_attrs, transpose_b, alpha, beta, eps, slope, stream)
    /* Structs that the core makes. */
    EACH3(FIELD, ik_tensor, shape, dtype, id)
    EACH2(FIELD, ik_graph, api, info)
    EACH7(FIELD, ik_scene_info, batch, height, width, labels, max_instances, max_segments, training)
    EACH3(FIELD, ik_judgement, scales, features, feature)
    EACH3(FIELD, ik_posterior, name, mu, logvar)
    EACH5(FIELD, ik_node_desc, op, attrs, n_in, in, out)
    EACH8(FIELD, ik_kernel, node, workspace_bytes, in, out, workspace, run, release, state)
    EACH3(FIELD, ik_step, seed, step, sample)
    EACH5(FIELD, ik_adam, lr, beta1, beta2, eps, t)
    EACH3(FIELD, ik_image_api, struct_size, read_rgb, read_map)
    EACH8(FIELD, ik_item, name, origin, height, width, image_height, image_width, image, label)
    EACH1(FIELD, ik_item, instance)
    EACH3(FIELD, ik_dataset_info, labels, count, label_names)
    EACH8(FIELD, ik_graph_api, struct_size, op, fail, push, pop, param, buffer, assign)
    EACH8(FIELD, ik_graph_api, value, map, latent, publish, posterior, judge, conv, linear)
    EACH4(FIELD, ik_graph_api, label_conv, batch_norm, norm, call)
    /* Structs that carry their size. */
    EACH8(FIELD, ik_plugin, struct_size, abi_major, abi_minor, kind, name, version, summary, options)
    EACH4(FIELD, ik_plugin, instance_size, init, fini, iface)
    EACH2(FIELD, ik_norm_iface, struct_size, record)
    EACH2(FIELD, ik_block_iface, struct_size, record)
    EACH3(FIELD, ik_encoder_iface, struct_size, provides, record)
    EACH3(FIELD, ik_discriminator_iface, struct_size, samplewise, record)
    EACH2(FIELD, ik_loss_iface, struct_size, record)
    EACH4(FIELD, ik_dataset_iface, struct_size, open, read, close)
    EACH8(FIELD, ik_backend_iface, struct_size, probe, open, close, element_bytes, alloc, free, upload)
    EACH7(FIELD, ik_backend_iface, download, prepare, replay, copy, axpby, adam, preference)
    /* Numbers. */
    VALUE(IK_OK) VALUE(IK_FAILED) VALUE(IK_USAGE) VALUE(IK_INTERRUPTED) VALUE(IK_F32) VALUE(IK_I32)
    VALUE(IK_MAX_RANK) VALUE(IK_MAX_INPUTS) VALUE(IK_MAX_FEATURES) VALUE(IK_MAX_SCALES)
    VALUE(IK_INIT_ZEROS) VALUE(IK_INIT_ONES) VALUE(IK_INIT_UNIFORM) VALUE(IK_INIT_NORMAL)
    VALUE(IK_INIT_XAVIER_NORMAL) VALUE(IK_INIT_FAN_IN_UNIFORM) VALUE(IK_INIT_UNIT_NORMAL)
    VALUE(IK_NORM) VALUE(IK_BLOCK) VALUE(IK_ENCODER) VALUE(IK_DISCRIMINATOR) VALUE(IK_LOSS)
    VALUE(IK_DATASET) VALUE(IK_METRIC) VALUE(IK_BACKEND) VALUE(IK_COMM) VALUE(IK_ROLE_GENERATOR)
    VALUE(IK_ROLE_DISCRIMINATOR) VALUE(IK_TRAIN) VALUE(IK_VALIDATION) VALUE(IK_OPT_BOOL)
    VALUE(IK_OPT_INT) VALUE(IK_OPT_DOUBLE) VALUE(IK_OPT_STRING) VALUE(IK_OPT_CHOICE)
    VALUE(IK_OPT_INTS) VALUE(IK_OPT_DOUBLES) VALUE(IK_OPT_STRINGS)
#define IK_OP(code, name, least, most) VALUE(IK_##code)
    IK_OPS(IK_OP)
#if IK_ABI_MINOR >= 1
    EACH2(FIELD, ik_graph_api, custom, call_all)
    EACH2(FIELD, ik_dataset_iface, describe, classes)
    EACH7(FIELD, ik_metric_info, struct_size, items, samples, height, width, labels, label_names)
    EACH8(FIELD, ik_sample, struct_size, name, item, sample, fake, image, label, instance)
    EACH3(FIELD, ik_sample, features, fake_features, image_features)
    EACH5(FIELD, ik_metric_iface, struct_size, begin, add, end, record)
    EACH8(FIELD, ik_custom_op, struct_size, name, least, most, shape, gradient, kernels, attrs_size)
    EACH5(FIELD, ik_custom_kernel, struct_size, memory, reals, run, workspace)
    EACH8(FIELD, ik_backend_iface, precision, storage, wanted, tensor_bytes, memory, elapsed, guard, guarded)
    EACH2(FIELD, ik_backend_iface, choices, recall)
    VALUE(IK_PRECISION_F32) VALUE(IK_PRECISION_TF32) VALUE(IK_PRECISION_BF16)
    VALUE(IK_REAL_F32) VALUE(IK_REAL_BF16)
#endif
    return 0;
}
