/* The ops: what a recorded graph is made of.
 *
 * Every row: IK_OP(CODE, name, fewest inputs, most inputs). The comment above it is the contract
 * that its shape and its gradient (core/graph/ops) and every backend's kernel follow.
 * Notation: B batch, H W size, C channels, primes for the output. Maps are i32, all else f32.
 * An index outside its table (padding is -1) selects a row of zeros and receives no gradient.
 * All kernels must be deterministic: the same bytes for the same inputs and thread count. */
#ifndef INADEKIT_OPS_H
#define INADEKIT_OPS_H

#include "inadekit/types.h"

/* clang-format off */
#define IK_OPS(IK_OP)                                                                                 \
    /* Leaves: no kernel; the core keeps their storage. */                                            \
    IK_OP(INPUT, input, 0, 0)                                                                         \
    IK_OP(PARAM, param, 0, 0)                                                                         \
    IK_OP(BUFFER, buffer, 0, 0)                                                                       \
    /* Views: no kernel; the output lies in the input's storage. */                                   \
    /* reshape(x) to attrs.shape; stop(x): identity without a gradient; rows(x): batch rows           \
     * start .. start+length of axis 0. */                                                            \
    IK_OP(RESHAPE, reshape, 1, 1)                                                                     \
    IK_OP(STOP, stop_gradient, 1, 1)                                                                  \
    IK_OP(ROWS, rows, 1, 1)                                                                           \
    /* fill() -> attrs.shape, every element alpha. */                                                 \
    IK_OP(FILL, fill, 0, 0)                                                                           \
    /* randn() -> attrs.shape: standard normals. Element e of sample b (axis 0) is                    \
     * ik_philox_normal(step->seed, stream, step->step, step->sample + b, e), inadekit/philox.h. */   \
    IK_OP(RANDN, randn, 0, 0)                                                                         \
    /* Elementwise, one input. affine: alpha x + beta. leaky_relu: x > 0 ? x : slope x.               \
     * leaky_relu_grad(dy, x): x > 0 ? dy : slope dy. sign: -1, 0, 1. */                              \
    IK_OP(AFFINE, affine, 1, 1)                                                                       \
    IK_OP(LEAKY_RELU, leaky_relu, 1, 1)                                                               \
    IK_OP(LEAKY_RELU_GRAD, leaky_relu_grad, 2, 2)                                                     \
    IK_OP(TANH, tanh, 1, 1)                                                                           \
    IK_OP(SIGMOID, sigmoid, 1, 1)                                                                     \
    IK_OP(EXP, exp, 1, 1)                                                                             \
    IK_OP(LOG, log, 1, 1)                                                                             \
    IK_OP(SQRT, sqrt, 1, 1)                                                                           \
    IK_OP(ABS, abs, 1, 1)                                                                             \
    IK_OP(SIGN, sign, 1, 1)                                                                           \
    /* Elementwise, two inputs of equal rank; a dimension of 1 is broadcast, on either side. */       \
    IK_OP(ADD, add, 2, 2)                                                                             \
    IK_OP(SUB, sub, 2, 2)                                                                             \
    IK_OP(MUL, mul, 2, 2)                                                                             \
    IK_OP(DIV, div, 2, 2)                                                                             \
    /* sum(x) over the axes set in attrs.axes (bit i: axis i), which stay as dimensions of 1;         \
     * broadcast(x) to attrs.shape, the reverse. */                                                   \
    IK_OP(SUM, sum, 1, 1)                                                                             \
    IK_OP(BROADCAST, broadcast, 1, 1)                                                                 \
    /* concat(x...) along axis; slice(x): start .. start+length of axis; pad_slice(x): the reverse    \
     * of slice, x placed at start in zeros, axis made `length` long. permute: out.d[i] =             \
     * in.d[perm[i]], perm in attrs.shape.d. */                                                       \
    IK_OP(CONCAT, concat, 1, 16)                                                                      \
    IK_OP(SLICE, slice, 1, 1)                                                                         \
    IK_OP(PAD_SLICE, pad_slice, 1, 1)                                                                 \
    IK_OP(PERMUTE, permute, 1, 1)                                                                     \
    /* matmul(a, b) = op(a) op(b), both rank 2; transpose_a, transpose_b. Since 1.2 also both rank 3: \
     * a product for each index of the first axis. */                                                 \
    IK_OP(MATMUL, matmul, 2, 2)                                                                       \
    /* conv2d(x [B,H,W,I], w [O,I/groups,kh,kw], bias [O]?) -> [B,H',W',O]; kernel, stride, padding   \
     * (symmetric), dilation, groups; H' = (H + 2p - d(k-1) - 1)/s + 1.                               \
     * conv2d_dx(dy, w, bias [I]?) -> [B,size,I] is its adjoint in x, also the transposed             \
     * convolution; conv2d_dw(x, dy) -> [O,I/groups,kh,kw] its adjoint in w. */                       \
    IK_OP(CONV2D, conv2d, 2, 3)                                                                       \
    IK_OP(CONV2D_DX, conv2d_dx, 2, 3)                                                                 \
    IK_OP(CONV2D_DW, conv2d_dw, 2, 2)                                                                 \
    /* upsample: nearest by the whole number attrs.factor; upsample_grad sums factor x factor.        \
     * bilinear(x) to attrs.size, align_corners false, no antialiasing; bilinear_grad(dy) back to     \
     * attrs.size. */                                                                                 \
    IK_OP(UPSAMPLE, upsample, 1, 1)                                                                   \
    IK_OP(UPSAMPLE_GRAD, upsample_grad, 1, 1)                                                         \
    IK_OP(BILINEAR, bilinear, 1, 1)                                                                   \
    IK_OP(BILINEAR_GRAD, bilinear_grad, 1, 1)                                                         \
    /* kernel, stride, padding; avg_pool leaves padding out of its count. avg_pool_grad(dy) to        \
     * attrs.size. max_pool_grad(dy, x): to the first largest in row order. Since 1.2 pools may say   \
     * their attrs.size: one more window that begins in the picture, as PyTorch's ceil_mode. */       \
    IK_OP(AVG_POOL, avg_pool, 1, 1)                                                                   \
    IK_OP(AVG_POOL_GRAD, avg_pool_grad, 1, 1)                                                         \
    IK_OP(MAX_POOL, max_pool, 1, 1)                                                                   \
    IK_OP(MAX_POOL_GRAD, max_pool_grad, 2, 2)                                                         \
    /* moments(x [B,H,W,C]) -> [G,2,C]: mean, biased variance; G = B when attrs.per_sample, else 1.   \
     * moments_dx(x, stats, dstats): (dmean + 2 (x - mean) dvar) / N, N elements per mean. */         \
    IK_OP(MOMENTS, moments, 1, 1)                                                                     \
    IK_OP(MOMENTS_DX, moments_dx, 3, 3)                                                               \
    /* normalize(x, stats; eps): (x - mean) r, r = 1/sqrt(var + eps). normalize_dstats(dy, x, stats)  \
     * -> [G,2,C]: -r sum dy; -r^3/2 sum dy (x - mean). normalize_dx(dy, x, stats, dstats?):          \
     * dy r, and with dstats also the moments_dx term, in one pass. */                                \
    IK_OP(NORMALIZE, normalize, 2, 2)                                                                 \
    IK_OP(NORMALIZE_DSTATS, normalize_dstats, 3, 3)                                                   \
    IK_OP(NORMALIZE_DX, normalize_dx, 3, 4)                                                           \
    /* lookup(table [T,N,C], map [B,...]) -> [B,...,C]: a row per index; T = 1 or B.                  \
     * segment_sum(x [B,...,C], map [B,...]) -> [T,N,C], its adjoint: attrs.length = N,               \
     * attrs.per_sample: T = B, else 1. segment_count(map) -> [B,N]: elements equal to n. */          \
    IK_OP(LOOKUP, lookup, 2, 2)                                                                       \
    IK_OP(SEGMENT_SUM, segment_sum, 2, 2)                                                             \
    IK_OP(SEGMENT_COUNT, segment_count, 1, 1)                                                         \
    /* modulate(x, stats, scale [T,S,C], shift [T,S,C], map [B,H,W]; eps, slope) =                    \
     * leaky_relu(normalize(x, stats) lookup(scale, map) + lookup(shift, map)); slope 1: none.        \
     * Made by the fusion pass. With p = dy, or slope dy where the pre-activation is <= 0:            \
     * modulate_dtables(dy, x, stats, scale, shift, map) -> [2,T,S,C]: segment sums of p xhat, of p.  \
     * modulate_dstats(dtables, scale, stats; eps) -> [G,2,C] from these alone (scale's gradient      \
     * holds sum dxhat xhat). modulate_dx(dy, x, stats, scale, shift, map, dstats?): dx. */           \
    IK_OP(MODULATE, modulate, 5, 5)                                                                   \
    IK_OP(MODULATE_DTABLES, modulate_dtables, 6, 6)                                                   \
    IK_OP(MODULATE_DSTATS, modulate_dstats, 3, 3)                                                     \
    IK_OP(MODULATE_DX, modulate_dx, 6, 7)                                                             \
    /* label_conv(map [B,H,W], w [O,L,kh,kw]; kernel, stride, padding, attrs.pooled) -> [B,H',W',O]:  \
     * conv2d of the one-hot map; with pooled = 1 of avg_pool(one-hot, 3, 2, 1). The map stays        \
     * integer. label_conv_dw(dy, map; length = L) -> [O,L,kh,kw]. one_hot(map; length) -> [...,L]. */ \
    IK_OP(LABEL_CONV, label_conv, 2, 2)                                                               \
    IK_OP(LABEL_CONV_DW, label_conv_dw, 2, 2)                                                         \
    IK_OP(ONE_HOT, one_hot, 1, 1)                                                                     \
    /* patches(x [B,H,W,C], map [B,H,W]; kernel, stride, padding) -> [B,H',W',kh kw C]: taps of the   \
     * window, zero outside the picture and where the tap's id differs from the centre's, the centre  \
     * being (i stride, j stride) (kernel odd, padding kernel/2). patches_grad(dy, map) to            \
     * attrs.size. segment_patches(x, map; length = N) -> [B,N,kh kw C]: stride-1 patches summed over \
     * each id's pixels; segment_patches_grad(dy, map) to attrs.size. */                              \
    IK_OP(PATCHES, patches, 2, 2)                                                                     \
    IK_OP(PATCHES_GRAD, patches_grad, 2, 2)                                                           \
    IK_OP(SEGMENT_PATCHES, segment_patches, 2, 2)                                                     \
    IK_OP(SEGMENT_PATCHES_GRAD, segment_patches_grad, 2, 2)                                           \
    /* resize_map(map) to attrs.size, nearest: source = floor(destination in / out).                  \
     * edge_map(map) -> [B,H,W,1]: 1 where any 4-neighbour inside the picture differs, else 0. */     \
    IK_OP(RESIZE_MAP, resize_map, 1, 1)                                                               \
    IK_OP(EDGE_MAP, edge_map, 1, 1)                                                                   \
    /* Spectral normalisation (as torch.nn.utils.spectral_norm). W = w viewed as [O, K].              \
     * spectral_uv(w, u [O], v [K]; iterate, eps) -> [O+K+1]: u', v', sigma = u'.W v'; when iterate   \
     * v' = unit(W^T u), u' = unit(W v'), else u, v as given; unit(a) = a / max(|a|, eps).            \
     * spectral_scale(w, uvs) -> w / sigma; spectral_grad(dy, w, uvs): its adjoint in w with u, v     \
     * constant, dy/sigma - (sum dy w / sigma^2) u v^T. */                                            \
    IK_OP(SPECTRAL_UV, spectral_uv, 3, 3)                                                             \
    IK_OP(SPECTRAL_SCALE, spectral_scale, 2, 2)                                                       \
    IK_OP(SPECTRAL_GRAD, spectral_grad, 3, 3)                                                         \
    /* Since 1.1. custom(...): an op that a plugin brings, recorded by api->custom; custom.h. */      \
    IK_OP(CUSTOM, custom, 0, 16)                                                                      \
    /* relayout(x): x, laid out as a backend `wanted` it. Made by the core alone. */                  \
    IK_OP(RELAYOUT, relayout, 1, 1)                                                                   \
    /* lookup_affine(a, b [T,N,C], of, n [T,K,R,C] or [T,K,C], by; start) -> [of's shape, C]:         \
     * lookup(a, of) lookup(n[:,:,start], by) + lookup(b, of). Made by the fusion pass. */            \
    IK_OP(LOOKUP_AFFINE, lookup_affine, 5, 5)                                                         \
    /* linear(x [M,K], w [N,K], bias of N) -> [M,N]: x w^T + bias. Made by the fusion pass. */        \
    IK_OP(LINEAR, linear, 3, 3)                                                                       \
    /* axpby(x, y) -> alpha x + beta y, both of one shape. Made by the fusion pass. */                \
    IK_OP(AXPBY, axpby, 2, 2)                                                                         \
    /* conv2d_act(x, w, bias [O]?, residual [B,H',W',O]?; as conv2d, slope >= 0) =                    \
     * leaky_relu(conv2d(x, w) + bias + residual); slope 1: none. What comes third is a bias if its   \
     * rank is 1, else the residual. Made by the fusion pass. */                                      \
    IK_OP(CONV2D_ACT, conv2d_act, 2, 4)                                                               \
    /* Since 1.2. dropout(x; alpha = p, 0 <= p < 1, stream): x / (1 - p) where the element's uniform  \
     * number is p or more, else 0. Element e of sample b (axis 0) has word e % 4 of                  \
     * ik_philox_block(step->seed, stream, step->step, step->sample + b, e / 4). Its own adjoint. */  \
    IK_OP(DROPOUT, dropout, 1, 1)                                                                     \
    /* reflect(x [B,H,W,C]; padding p, q) -> [B,H+2p,W+2q,C]: mirrored at its border rows and         \
     * columns, which are not repeated; p < H, q < W. reflect_grad(dy; padding): its adjoint. */      \
    IK_OP(REFLECT, reflect, 1, 1)                                                                     \
    IK_OP(REFLECT_GRAD, reflect_grad, 1, 1)                                                           \
    /* softmax(x): exp(x) / sum exp(x) along the last axis. softmax_grad(dy, y): y (dy - sum dy y). */ \
    IK_OP(SOFTMAX, softmax, 1, 1)                                                                     \
    IK_OP(SOFTMAX_GRAD, softmax_grad, 2, 2)                                                           \
    /* ramp() -> attrs.shape: alpha i + beta, i the index along attrs.axis. */                        \
    IK_OP(RAMP, ramp, 0, 0)

/* A row's number is part of the interface: compiled plugins hold it. New rows come last. */
typedef enum ik_opcode {
    IK_INPUT = 0, IK_PARAM = 1, IK_BUFFER = 2, IK_RESHAPE = 3, IK_STOP = 4, IK_ROWS = 5,
    IK_FILL = 6, IK_RANDN = 7, IK_AFFINE = 8, IK_LEAKY_RELU = 9, IK_LEAKY_RELU_GRAD = 10,
    IK_TANH = 11, IK_SIGMOID = 12, IK_EXP = 13, IK_LOG = 14, IK_SQRT = 15, IK_ABS = 16,
    IK_SIGN = 17, IK_ADD = 18, IK_SUB = 19, IK_MUL = 20, IK_DIV = 21, IK_SUM = 22,
    IK_BROADCAST = 23, IK_CONCAT = 24, IK_SLICE = 25, IK_PAD_SLICE = 26, IK_PERMUTE = 27,
    IK_MATMUL = 28, IK_CONV2D = 29, IK_CONV2D_DX = 30, IK_CONV2D_DW = 31, IK_UPSAMPLE = 32,
    IK_UPSAMPLE_GRAD = 33, IK_BILINEAR = 34, IK_BILINEAR_GRAD = 35, IK_AVG_POOL = 36,
    IK_AVG_POOL_GRAD = 37, IK_MAX_POOL = 38, IK_MAX_POOL_GRAD = 39, IK_MOMENTS = 40,
    IK_MOMENTS_DX = 41, IK_NORMALIZE = 42, IK_NORMALIZE_DSTATS = 43, IK_NORMALIZE_DX = 44,
    IK_LOOKUP = 45, IK_SEGMENT_SUM = 46, IK_SEGMENT_COUNT = 47, IK_MODULATE = 48,
    IK_MODULATE_DTABLES = 49, IK_MODULATE_DSTATS = 50, IK_MODULATE_DX = 51, IK_LABEL_CONV = 52,
    IK_LABEL_CONV_DW = 53, IK_ONE_HOT = 54, IK_PATCHES = 55, IK_PATCHES_GRAD = 56,
    IK_SEGMENT_PATCHES = 57, IK_SEGMENT_PATCHES_GRAD = 58, IK_RESIZE_MAP = 59, IK_EDGE_MAP = 60,
    IK_SPECTRAL_UV = 61, IK_SPECTRAL_SCALE = 62, IK_SPECTRAL_GRAD = 63, IK_CUSTOM = 64,
    IK_RELAYOUT = 65, IK_LOOKUP_AFFINE = 66, IK_LINEAR = 67, IK_AXPBY = 68, IK_CONV2D_ACT = 69,
    IK_DROPOUT = 70, IK_REFLECT = 71, IK_REFLECT_GRAD = 72, IK_SOFTMAX = 73,
    IK_SOFTMAX_GRAD = 74, IK_RAMP = 75,
    IK_OP_COUNT
} ik_opcode;
/* clang-format on */

enum { IK_MAX_INPUTS = 16 };

/* What an op needs besides its inputs; fields it does not name are zero. */
typedef struct ik_attrs {
    int kernel[2], stride[2], padding[2], dilation[2]; /* height, width */
    int groups;
    int64_t size[2]; /* height, width of the output, where inputs do not tell */
    ik_shape shape;
    int axis;
    uint32_t axes;
    int64_t start, length;
    int factor;
    int per_sample, pooled, iterate, transpose_a, transpose_b;
    double alpha, beta, eps, slope;
    uint64_t stream; /* randn, dropout: hash of the stream's path */
} ik_attrs;

/* The name of an op, for messages. */
static inline const char *ik_op_text(ik_opcode op) {
    static const char *const names[] = {
#define IK_OP(code, name, least, most) #name,
        IK_OPS(IK_OP)
#undef IK_OP
    };
    return (unsigned)op < IK_OP_COUNT ? names[op] : "unknown";
}

#endif
