/* Memory planning: what lives at the same time does not share space, and what does not, may. */
#include "exec/program.h"

#include "inadekit/philox.h"

#include "support/suite.h"

static uint64_t state;

static int below(int n) {
    state = ik_mix64(state);
    return (int)(state >> 33) % n;
}

static bool meet(size_t a, size_t a_end, size_t b, size_t b_end) {
    return a < b_end && b < a_end;
}

/* The most bytes alive at once: no plan can do with less. */
static size_t peak(const ik__span *s, int n) {
    size_t most = 0;
    for (int at = 0; at < 512; at++) {
        size_t sum = 0;
        for (int i = 0; i < n; i++)
            if (s[i].from <= at && at <= s[i].to) sum += s[i].bytes;
        if (sum > most) most = sum;
    }
    return most;
}

static void check(ik__span *s, int n) {
    size_t total = ik__plan(s, n);
    ck_assert_uint_eq(total % 64, 0);
    ck_assert_uint_ge(total, peak(s, n));
    for (int i = 0; i < n; i++) {
        ck_assert_uint_eq(s[i].offset % 64, 0);
        ck_assert_uint_le(s[i].offset + s[i].bytes, total);
        for (int k = 0; k < i; k++) {
            if (s[k].from > s[i].to || s[i].from > s[k].to) continue;
            if (meet(s[i].offset, s[i].offset + s[i].bytes, s[k].offset, s[k].offset + s[k].bytes))
                ck_abort_msg("%zu bytes at %zu in %d..%d meet %zu bytes at %zu in %d..%d",
                             s[i].bytes, s[i].offset, s[i].from, s[i].to, s[k].bytes, s[k].offset,
                             s[k].from, s[k].to);
        }
    }
}

START_TEST(random_spans) {
    enum { MOST = 120 };
    ik__span s[MOST], again[MOST];
    state = (uint64_t)_i + 1;
    int n = 1 + below(MOST), longest = 1 + below(40), largest = 1 + below(100000);
    for (int i = 0; i < n; i++) {
        int from = below(200);
        s[i] = (ik__span){
            .bytes = 1 + (size_t)below(largest), .from = from, .to = from + below(longest)};
        if (below(4) == 0) s[i].bytes = 64 * (1 + (size_t)below(4)); /* many alike */
        s[i].offset = (size_t)below(1000);                           /* of no meaning before */
        again[i] = s[i];
    }
    check(s, n);
    ik__plan(again, n);
    for (int i = 0; i < n; i++) ck_assert_uint_eq(s[i].offset, again[i].offset);
}
END_TEST

/* More than are packed by size: as a training step has them, made, kept until the way back, and
 * short ones between; nothing meets, and no more is taken than half as much again as has to be. */
START_TEST(very_many_spans) {
    enum { MOST = IK__FEW_SPANS + 600, BACK = 2 * MOST };
    static ik__span s[MOST];
    state = 5;
    for (int i = 0; i < MOST; i++) {
        bool kept = i % 3 == 0;
        s[i] = (ik__span){.bytes = 1 + (size_t)below(100000), .from = i};
        s[i].to = kept ? BACK - i : i + below(3);
    }
    size_t total = ik__plan(s, MOST), sum = 0, most = 0, wrong = 0;
    ck_assert_uint_eq(total % 64, 0);
    for (int at = 0; at < BACK; at += 97) {
        const ik__span *alive[MOST];
        int n = 0;
        sum = 0;
        for (int i = 0; i < MOST; i++)
            if (s[i].from <= at && at <= s[i].to) alive[n++] = &s[i], sum += s[i].bytes;
        most = sum > most ? sum : most;
        for (int i = 0; i < n && at % 970 == 0; i++) {
            size_t from = alive[i]->offset, to = from + alive[i]->bytes;
            wrong += from % 64 || to > total;
            for (int k = 0; k < i; k++)
                wrong += meet(from, to, alive[k]->offset, alive[k]->offset + alive[k]->bytes);
        }
    }
    ck_assert_uint_eq(wrong, 0);
    ck_assert_uint_ge(total, most);
    ck_assert_uint_le(total, most + most / 2);
}
END_TEST

START_TEST(known_spans) {
    ck_assert_uint_eq(ik__plan(NULL, 0), 0);
    ik__span chain[] = {{.bytes = 1000, .from = 0, .to = 1},
                        {.bytes = 1000, .from = 1, .to = 2},
                        {.bytes = 1000, .from = 2, .to = 3},
                        {.bytes = 1000, .from = 3, .to = 4}};
    check(chain, 4);
    /* Two at a time: two places of 1000 rounded up to 64. */
    ck_assert_uint_eq(ik__plan(chain, 4), 2048);
    ik__span all[] = {{.bytes = 1, .from = 0, .to = 9},
                      {.bytes = 65, .from = 0, .to = 9},
                      {.bytes = 64, .from = 9, .to = 9}};
    check(all, 3);
    ck_assert_uint_eq(ik__plan(all, 3), 256);
    /* One that ends where the next begins still overlaps it: no kernel writes over its input. */
    ik__span touching[] = {{.bytes = 64, .from = 0, .to = 5}, {.bytes = 64, .from = 5, .to = 6}};
    check(touching, 2);
    ck_assert_uint_eq(ik__plan(touching, 2), 128);
}
END_TEST

int main(void) {
    return RUN_SUITE_HERE("plan", {known_spans}, {random_spans, 300}, {very_many_spans});
}
