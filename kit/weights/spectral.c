/* See spectral.h. */
#include "spectral.h"

/* The factor between the two, by least squares: one rounded element does not decide. */
static double ratio(int64_t n, const float *orig, const float *weight) {
    double both = 0, square = 0;
    for (int64_t i = 0; i < n; i++) {
        both += (double)orig[i] * weight[i];
        square += (double)weight[i] * weight[i];
    }
    return square > 0 ? both / square : 1;
}

/* v = W'u sigma / |W'u|^2 */
void ik__old_spectral_v(int64_t rows, int64_t columns, const float *orig, const float *weight,
                        const float *u, float *v) {
    double sigma = ratio(rows * columns, orig, weight), square = 0;
    for (int64_t c = 0; c < columns; c++) {
        double sum = 0;
        for (int64_t r = 0; r < rows; r++) sum += (double)orig[r * columns + c] * u[r];
        v[c] = (float)sum;
        square += sum * sum;
    }
    double scale = square > 0 ? sigma / square : 0;
    for (int64_t c = 0; c < columns; c++) v[c] = (float)(v[c] * scale);
}
