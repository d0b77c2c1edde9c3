/* Taking letters apart; see normal_form.h. */
#include "normal_form.h"

#include <stdint.h>
#include <string.h>

enum { FIRST = 0xC0, LAST = 0x17F, MARKS = 0x300 };

/* U+00C0 to U+017F, two characters each: the letter, and its mark as '@' + (mark - U+0300). */
static const char latin[] = "A@AAABACAHAJ..CgE@EAEBEHI@IAIBIH..NCO@OAOBOCOH....U@UAUBUHYA...."
                            "a@aAaBaCaHaJ..cge@eAeBeHi@iAiBiH..nCo@oAoBoCoH....u@uAuBuHyA..yH"
                            "ADaDAFaFAhahCAcACBcBCGcGCLcLDLdL....EDeDEFeFEGeGEhehELeLGBgBGFgF"
                            "GGgGGgggHBhB....ICiCIDiDIFiFIhihIG......JBjBKgkg..LAlALglgLLlL.."
                            "......NAnANgngNLnL......ODoDOFoFOKoK....RArARgrgRLrLSAsASBsBSgsg"
                            "SLsLTgtgTLtL....UCuCUDuDUFuFUJuJUKuKUhuhWBwBYByBYHZAzAZGzGZLzL..";

typedef struct text {
    const char *at, *end;
    uint32_t waiting[2]; /* of what was taken apart, the last first */
    int n;
} text;

/* The next character as it stands; malformed bytes one by one. */
static uint32_t character(text *t) {
    const unsigned char *u = (const unsigned char *)t->at;
    int length = *u < 0xC0 ? 1 : *u < 0xE0 ? 2 : *u < 0xF0 ? 3 : 4;
    if (length > t->end - t->at) length = 1;
    uint32_t c = length == 1 ? *u : *u & (0xFFu >> (length + 1));
    for (int i = 1; i < length; i++) c = c << 6 | (u[i] & 0x3Fu);
    t->at += length;
    return c;
}

/* The next letter, mark or jamo; 0 at the end. */
static uint32_t next(text *t) {
    if (t->n) return t->waiting[--t->n];
    if (t->at == t->end) return 0;
    uint32_t c = character(t);
    if (c >= FIRST && c <= LAST && latin[2 * (c - FIRST)] != '.') {
        t->waiting[t->n++] = MARKS + (uint32_t)(latin[2 * (c - FIRST) + 1] - '@');
        return (uint32_t)latin[2 * (c - FIRST)];
    }
    if (c >= 0xAC00 && c <= 0xD7A3) {
        uint32_t s = c - 0xAC00;
        if (s % 28) t->waiting[t->n++] = 0x11A7 + s % 28;
        t->waiting[t->n++] = 0x1161 + s % 588 / 28;
        return 0x1100 + s / 588;
    }
    return c;
}

bool folder_same_but_form(const char *a, size_t n_a, const char *b, size_t n_b) {
    text x = {.at = a, .end = a + n_a}, y = {.at = b, .end = b + n_b};
    if (n_a == n_b && !memcmp(a, b, n_a)) return false;
    for (;;) {
        uint32_t c = next(&x);
        if (c != next(&y)) return false;
        if (!c) return true;
    }
}
