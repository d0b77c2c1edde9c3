/* Conversion of stored numbers; see raw.h. */
#include "raw.h"

#include <math.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "stored numbers are read as they lie");

const ik__raw_type ik__raw_types[IK__RAW_COUNT] = {
    [IK__F32] = {"F32", 4, IK_F32}, [IK__F64] = {"F64", 8, IK_F32},
    [IK__F16] = {"F16", 2, IK_F32}, [IK__BF16] = {"BF16", 2, IK_F32},
    [IK__I32] = {"I32", 4, IK_I32}, [IK__I64] = {"I64", 8, IK_I32},
    [IK__I16] = {"I16", 2, IK_I32}, [IK__I8] = {"I8", 1, IK_I32},
    [IK__U8] = {"U8", 1, IK_I32},   [IK__BOOL] = {"BOOL", 1, IK_I32},
};

static float from_bits(uint32_t bits) {
    float f;
    memcpy(&f, &bits, 4);
    return f;
}

static float from_half(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023;
    if (exponent == 31) return from_bits(sign | 0x7F800000 | fraction << 13);
    if (exponent) return from_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float tiny = ldexpf((float)fraction, -24); /* zero and subnormals */
    return sign ? -tiny : tiny;
}

static float real_at(const unsigned char *p, ik__raw type) {
    double d;
    uint16_t h;
    if (type == IK__F64) {
        memcpy(&d, p, 8);
        return (float)d;
    }
    memcpy(&h, p, 2);
    return type == IK__F16 ? from_half(h) : from_bits((uint32_t)h << 16);
}

static int64_t whole_at(const unsigned char *p, ik__raw type) {
    int64_t wide;
    int16_t narrow;
    if (type == IK__I64) {
        memcpy(&wide, p, 8);
        return wide;
    }
    if (type == IK__I16) {
        memcpy(&narrow, p, 2);
        return narrow;
    }
    return type == IK__I8 ? (int8_t)*p : *p;
}

bool ik__raw_read(ik__raw type, size_t n, const void *from, void *to, int64_t *misfit) {
    const unsigned char *p = from;
    size_t size = (size_t)ik__raw_types[type].bytes;
    if (type == IK__F32 || type == IK__I32) {
        if (n) memcpy(to, from, n * size);
    } else if (ik__raw_types[type].as == IK_F32) {
        for (size_t i = 0; i < n; i++) ((float *)to)[i] = real_at(p + i * size, type);
    } else {
        for (size_t i = 0; i < n; i++) {
            int64_t v = whole_at(p + i * size, type);
            if (v < INT32_MIN || v > INT32_MAX) {
                *misfit = v;
                return false;
            }
            ((int32_t *)to)[i] = (int32_t)v;
        }
    }
    return true;
}

/* The innermost axis is walked fastest. */
bool ik__raw_gather(ik__raw type, const ik_shape *shape, const int64_t *stride, const void *from,
                    void *to, int64_t *misfit) {
    const int64_t size = ik__raw_types[type].bytes, n = ik_count(*shape);
    int64_t at[IK_MAX_RANK] = {0}, place = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!ik__raw_read(type, 1, (const char *)from + place * size, (char *)to + i * 4, misfit))
            return false;
        for (int k = shape->rank; k-- > 0;) {
            place += stride[k];
            if (++at[k] < shape->d[k]) break;
            place -= at[k] * stride[k];
            at[k] = 0;
        }
    }
    return true;
}

bool ik__raw_bytes(ik__raw type, const ik_shape *shape, int64_t *bytes) {
    bool empty = false, overflow = false;
    *bytes = ik__raw_types[type].bytes;
    for (int i = 0; i < shape->rank; i++) {
        empty |= shape->d[i] == 0;
        overflow |= __builtin_mul_overflow(*bytes, shape->d[i], bytes);
    }
    if (empty) *bytes = 0;
    return empty || !overflow;
}
