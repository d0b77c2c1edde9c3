/* See numbers.h. */
#define _GNU_SOURCE
#include "numbers.h"

#include <math.h>
#include <stdio.h>

/* Three digits, and the unit of that size; whole numbers where only those can be. */
static const char *scaled(char to[IK__WORDS], double v, double base, const char *const *units,
                          int whole) {
    int u = 0;
    while (v >= base - base / 2000 && units[u + 1]) v /= base, u++;
    int digits = v >= 99.95 ? 0 : v >= 9.995 ? 1 : 2;
    snprintf(to, IK__WORDS, "%.*f%s%s", u || !whole ? digits : 0, v, *units[u] ? " " : "",
             units[u]);
    return to;
}

const char *ik__time_words(char to[IK__WORDS], double s) {
    static const char *const units[] = {"ns", "us", "ms", "s", NULL};
    if (!(s > 0)) snprintf(to, IK__WORDS, "0 s");
    if (!(s > 0)) return to;
    if (s < 59.95) return scaled(to, s * 1e9, 1000, units, 0);
    long long whole = (long long)(s + 0.5);
    if (whole < 3600)
        snprintf(to, IK__WORDS, "%lld min %lld s", whole / 60, whole % 60);
    else
        snprintf(to, IK__WORDS, "%lld h %lld min", whole / 3600, whole / 60 % 60);
    return to;
}

const char *ik__byte_words(char to[IK__WORDS], int64_t bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", NULL};
    return scaled(to, (double)bytes, 1024, units, 1);
}

const char *ik__count_words(char to[IK__WORDS], int64_t n) {
    static const char *const units[] = {"", "k", "M", "G", "T", NULL};
    return scaled(to, (double)n, 1000, units, 1);
}

locale_t ik__plain_numbers(void) {
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* the library's own, never freed */
    return uselocale(plain);
}

int64_t ik__first_odd(const float *v, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(v[i])) return i;
    return -1;
}
