/* "Did you mean": the nearest of a few words by edit distance (letters added, dropped, changed, or
 * two neighbours swapped), upper and lower case being the same. */
#include "nearest.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

enum { MAX_WORD = 64 };

static int least(int a, int b) {
    return a < b ? a : b;
}

static int distance(const char *a, int na, const char *b, int nb) {
    int rows[3][MAX_WORD + 1]; /* row i is kept at i % 3 */
    for (int j = 0; j <= nb; j++) rows[0][j] = j;
    for (int i = 1; i <= na; i++) {
        int *now = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= nb; j++) {
            int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);
            now[j] = least(up[j - 1] + (ca != cb), least(up[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
                cb == tolower((unsigned char)a[i - 2]))
                now[j] = least(now[j], up2[j - 2] + 1);
        }
    }
    return rows[na % 3][nb];
}

const char *ik__nearest(const char *word, const char *const *candidates) {
    const char *best = NULL;
    int best_distance = MAX_WORD;
    size_t n = strlen(word);
    if (n > MAX_WORD) return NULL;
    for (; *candidates; candidates++) {
        size_t m = strlen(*candidates), longer = n > m ? n : m;
        if (m > MAX_WORD) continue;
        int d = distance(word, (int)n, *candidates, (int)m);
        if (d * 3 > (int)longer || d >= best_distance) continue;
        best = *candidates;
        best_distance = d;
    }
    return best;
}
