/* oneDNN 2 and 3 under one set of names, and the only place that tells them apart.
 *
 * Version 2 passes descriptors of memory by value and makes a primitive from a descriptor of an
 * operation; in 3 descriptors of memory are opaque and owned, and there is one call for each
 * primitive. Here both look like 3: an onednn_md is a pointer that onednn_free() takes back, and
 * whatever oneDNN itself takes as a pointer to one (dnnl_memory_create, dnnl_memory_desc_equal,
 * dnnl_reorder_primitive_desc_create, ...) is called by its own name. */
#ifndef ONEDNN_VERSIONS_H
#define ONEDNN_VERSIONS_H

#include <oneapi/dnnl/dnnl.h>
#include <stdbool.h>
#include <stdlib.h>

#if DNNL_VERSION_MAJOR < 3
typedef dnnl_memory_desc_t *onednn_md;
typedef const dnnl_memory_desc_t *onednn_const_md;
#else
typedef dnnl_memory_desc_t onednn_md;
typedef const_dnnl_memory_desc_t onednn_const_md;
#endif

/* A convolution's sides; `bias` may be NULL. Dilation is oneDNN's: 0 for none. */
typedef struct onednn_conv {
    onednn_md x, w, bias, y;
    dnnl_dims_t stride, dilation, before, after;
} onednn_conv;

/* --- Descriptors of memory. */

/* Of float32. */
static inline dnnl_status_t onednn_md_create(onednn_md *md, int rank, const int64_t *dims,
                                             dnnl_format_tag_t tag) {
#if DNNL_VERSION_MAJOR < 3
    *md = malloc(sizeof **md);
    if (!*md) return dnnl_out_of_memory;
    dnnl_status_t status = dnnl_memory_desc_init_by_tag(*md, rank, dims, dnnl_f32, tag);
    if (status != dnnl_success) free(*md), *md = NULL;
    return status;
#else
    return dnnl_memory_desc_create_with_tag(md, rank, dims, dnnl_f32, tag);
#endif
}

static inline dnnl_status_t onednn_md_clone(onednn_md *md, onednn_const_md from) {
#if DNNL_VERSION_MAJOR < 3
    *md = malloc(sizeof **md);
    if (!*md) return dnnl_out_of_memory;
    **md = *from;
    return dnnl_success;
#else
    return dnnl_memory_desc_clone(md, from);
#endif
}

/* NULL is fine. */
static inline void onednn_md_free(onednn_md md) {
#if DNNL_VERSION_MAJOR < 3
    free(md);
#else
    if (md) dnnl_memory_desc_destroy(md);
#endif
}

static inline int onednn_md_rank(onednn_const_md md) {
#if DNNL_VERSION_MAJOR < 3
    return md->ndims;
#else
    int rank = 0;
    dnnl_memory_desc_query(md, dnnl_query_ndims_s32, &rank);
    return rank;
#endif
}

/* As long as the descriptor. */
static inline const int64_t *onednn_md_dims(onednn_const_md md) {
#if DNNL_VERSION_MAJOR < 3
    return md->dims;
#else
    const dnnl_dims_t *dims = NULL;
    dnnl_memory_desc_query(md, dnnl_query_dims, (void *)&dims);
    return *dims;
#endif
}

/* --- Primitives. An algorithm that a version lacks (3 has no Winograd for float32 on x86) ends in
 * dnnl_unimplemented, as one does that takes no such sizes. */

static inline dnnl_status_t onednn_conv_forward(dnnl_primitive_desc_t *pd, const onednn_conv *c,
                                                dnnl_prop_kind_t kind, dnnl_alg_kind_t algorithm,
                                                dnnl_primitive_attr_t attr, dnnl_engine_t engine) {
#if DNNL_VERSION_MAJOR < 3
    dnnl_convolution_desc_t d;
    dnnl_status_t status =
        dnnl_dilated_convolution_forward_desc_init(&d, kind, algorithm, c->x, c->w, c->bias, c->y,
                                                   c->stride, c->dilation, c->before, c->after);
    return status == dnnl_success ? dnnl_primitive_desc_create(pd, &d, attr, engine, NULL) : status;
#else
    return dnnl_convolution_forward_primitive_desc_create(pd, engine, kind, algorithm, c->x, c->w,
                                                          c->bias, c->y, c->stride, c->dilation,
                                                          c->before, c->after, attr);
#endif
}

/* The gradient of the input, or of the weights. */
static inline dnnl_status_t onednn_conv_backward(dnnl_primitive_desc_t *pd, const onednn_conv *c,
                                                 bool of_weights, dnnl_alg_kind_t algorithm,
                                                 dnnl_primitive_attr_t attr, dnnl_engine_t engine) {
    dnnl_primitive_desc_t hint = NULL;
    dnnl_status_t status =
        onednn_conv_forward(&hint, c, dnnl_forward_training, algorithm, attr, engine);
    if (status != dnnl_success) return status;
#if DNNL_VERSION_MAJOR < 3
    dnnl_convolution_desc_t d;
    status =
        of_weights
            ? dnnl_dilated_convolution_backward_weights_desc_init(&d, algorithm, c->x, c->w, NULL,
                                                                  c->y, c->stride, c->dilation,
                                                                  c->before, c->after)
            : dnnl_dilated_convolution_backward_data_desc_init(
                  &d, algorithm, c->x, c->w, c->y, c->stride, c->dilation, c->before, c->after);
    if (status == dnnl_success) status = dnnl_primitive_desc_create(pd, &d, attr, engine, hint);
#else
    status = of_weights ? dnnl_convolution_backward_weights_primitive_desc_create(
                              pd, engine, algorithm, c->x, c->w, NULL, c->y, c->stride, c->dilation,
                              c->before, c->after, hint, attr)
                        : dnnl_convolution_backward_data_primitive_desc_create(
                              pd, engine, algorithm, c->x, c->w, c->y, c->stride, c->dilation,
                              c->before, c->after, hint, attr);
#endif
    dnnl_primitive_desc_destroy(hint);
    return status;
}

/* c = a b. */
static inline dnnl_status_t onednn_matmul(dnnl_primitive_desc_t *pd, onednn_const_md a,
                                          onednn_const_md b, onednn_const_md c,
                                          dnnl_primitive_attr_t attr, dnnl_engine_t engine) {
#if DNNL_VERSION_MAJOR < 3
    dnnl_matmul_desc_t d;
    dnnl_status_t status = dnnl_matmul_desc_init(&d, a, b, NULL, c);
    return status == dnnl_success ? dnnl_primitive_desc_create(pd, &d, attr, engine, NULL) : status;
#else
    return dnnl_matmul_primitive_desc_create(pd, engine, a, b, NULL, c, attr);
#endif
}

/* After the sum: what is below zero is multiplied by the slope. */
static inline dnnl_status_t onednn_append_relu(dnnl_post_ops_t ops, float slope) {
#if DNNL_VERSION_MAJOR < 3
    return dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_relu, slope, 0);
#else
    return dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_relu, slope, 0);
#endif
}

/* What oneDNN makes of the machine. */
static inline const char *onednn_isa(void) {
    switch ((int)dnnl_get_effective_cpu_isa()) {
    case dnnl_cpu_isa_sse41:
        return "SSE4.1";
    case dnnl_cpu_isa_avx:
        return "AVX";
    case dnnl_cpu_isa_avx2:
        return "AVX2";
    case dnnl_cpu_isa_avx2_vnni:
        return "AVX2 VNNI";
    case dnnl_cpu_isa_avx512_core:
        return "AVX-512";
    case dnnl_cpu_isa_avx512_core_vnni:
        return "AVX-512 VNNI";
    case dnnl_cpu_isa_avx512_core_bf16:
        return "AVX-512 BF16";
    case dnnl_cpu_isa_avx512_core_amx:
        return "AVX-512 AMX";
#if DNNL_VERSION_MAJOR >= 3
    case dnnl_cpu_isa_avx2_vnni_2:
        return "AVX2 VNNI 2";
    case dnnl_cpu_isa_avx512_core_fp16:
        return "AVX-512 FP16";
    case dnnl_cpu_isa_avx512_core_amx_fp16:
        return "AVX-512 AMX FP16";
#endif
    default:
        return "baseline";
    }
}

#endif
