/* SVG panels. Coordinates are those of the view box, which the page scales to its width. */
#include "chart.h"

#include "html.h"

#include <math.h>
#include <stdlib.h>

enum { WIDTH = 360, HEIGHT = 210, LEFT = 46, RIGHT = 10, TOP = 8, BOTTOM = 24 };
enum { POINTS = 400 }; /* of a curve on paper; more of them in the log are gathered */

typedef struct axis {
    double low, high, from, to; /* values, and the coordinates they are drawn at */
    bool log;
} axis;

static double place(const axis *a, double v) {
    double low = a->log ? log10(a->low) : a->low, high = a->log ? log10(a->high) : a->high;
    if (a->log) v = log10(v > a->low ? v : a->low);
    return a->from + (a->to - a->from) * (v - low) / (high - low);
}

/* The axis holds all finite values with some room. */
static axis value_axis(int n, const ik__series *const *curves) {
    double low = INFINITY, high = -INFINITY;
    for (int i = 0; i < n; i++)
        for (int k = 0; curves[i] && k < curves[i]->n; k++) {
            double v = curves[i]->value[k];
            if (!isfinite(v)) continue;
            low = fmin(low, v);
            high = fmax(high, v);
        }
    if (!(low <= high)) low = 0, high = 1;
    axis a = {low, high, HEIGHT - BOTTOM, TOP, low > 0 && high > 20 * low};
    if (a.log) {
        a.low = low / 1.2, a.high = high * 1.2;
    } else {
        double room = high > low ? 0.05 * (high - low) : fabs(high) > 0 ? 0.1 * fabs(high) : 1;
        a.low = low >= 0 && low < 0.4 * (high - low) ? 0 : low - room;
        a.high = high + room;
    }
    return a;
}

static axis step_axis(int n, const ik__series *const *curves) {
    double high = 1;
    for (int i = 0; i < n; i++)
        if (curves[i] && curves[i]->n) high = fmax(high, curves[i]->step[curves[i]->n - 1]);
    return (axis){0, high, LEFT, WIDTH - RIGHT, false};
}

/* 1, 2 or 5 times a power of ten, so that about `wanted` of them span the range. */
static double nice(double range, int wanted) {
    double rough = range / wanted, ten = pow(10, floor(log10(rough))), part = rough / ten;
    return ten * (part < 1.5 ? 1 : part < 3.5 ? 2 : part < 7.5 ? 5 : 10);
}

static void number(char *to, size_t size, double v) {
    if (fabs(v) >= 1e6)
        snprintf(to, size, "%gM", v / 1e6);
    else if (fabs(v) >= 1e4)
        snprintf(to, size, "%gk", v / 1e3);
    else
        snprintf(to, size, "%.4g", fabs(v) < 1e-12 ? 0 : v);
}

static void value_tick(ik__text *to, const axis *y, double v) {
    char text[32];
    if (v < y->low || v > y->high) return;
    number(text, sizeof text, v);
    ik__html(to,
             "<path class=\"rule\" d=\"M%d %.1fH%d\"/><text class=\"y\" x=\"%d\" "
             "y=\"%.1f\">%s</text>\n",
             LEFT, place(y, v), WIDTH - RIGHT, LEFT - 5, place(y, v) + 3.5, text);
}

static void value_ticks(ik__text *to, const axis *y) {
    if (!y->log) {
        double step = nice(y->high - y->low, 4), first = step * ceil(y->low / step);
        for (int i = 0; first + i * step <= y->high; i++) value_tick(to, y, first + i * step);
        return;
    }
    /* Powers of ten; between them 2 and 5 where few would be left, or only every so many. */
    int first = (int)floor(log10(y->low)), last = (int)ceil(log10(y->high));
    int every = (last - first + 5) / 6;
    static const double part[] = {1, 2, 5};
    for (int e = first; e <= last; e += every)
        for (int i = 0; i < (last - first <= 2 ? 3 : 1); i++)
            value_tick(to, y, part[i] * pow(10, e));
}

static void step_ticks(ik__text *to, const axis *x) {
    double step = fmax(1, nice(x->high, 5));
    for (int i = 0; i * step <= x->high * 1.0001; i++) {
        char text[32];
        double v = i * step;
        number(text, sizeof text, v);
        bool end = place(x, v) > WIDTH - RIGHT - 14;
        ik__html(to, "<text class=\"x%s\" x=\"%.1f\" y=\"%d\">%s</text>\n", end ? " end" : "",
                 end ? (double)WIDTH - 2 : place(x, v), HEIGHT - 8, text);
    }
}

/* A path through points that are gathered to POINTS at most; numbers that are not finite leave a
 * gap. */
static void path(ik__text *to, const char *kind, int colour, const axis *x, const axis *y,
                 const double *step, const double *value, int n) {
    int every = (n + POINTS - 1) / POINTS;
    bool open = false;
    ik__html(to, "<path class=\"%s c%d\" d=\"", kind, colour);
    for (int i = 0; i < n; i += every) {
        double sum = 0, at = 0;
        int m = 0;
        for (int k = i; k < i + every && k < n; k++)
            if (isfinite(value[k])) sum += value[k], at += step[k], m++;
        if (m) ik__html(to, "%s%.1f %.1f", open ? "L" : "M", place(x, at / m), place(y, sum / m));
        open = m;
    }
    ik__html(to, "\"/>\n");
}

/* A mean that forgets over a thirtieth of the curve; without the pull of its beginning. */
static double *smoothed(const ik__series *s) {
    double *v = malloc(sizeof *v * ((size_t)s->n + 1)), sum = 0, weight = 0;
    double keep = 1 - 1 / fmax(1, (double)s->n / 30);
    for (int i = 0; v && i < s->n; i++) {
        if (isfinite(s->value[i])) {
            sum = keep * sum + s->value[i];
            weight = keep * weight + 1;
        }
        v[i] = isfinite(s->value[i]) ? sum / weight : NAN;
    }
    return v;
}

void ik__chart(ik__text *to, const char *title, int n, const ik__series *const *curves,
               const int *colour) {
    axis x = step_axis(n, curves), y = value_axis(n, curves);
    ik__html(to,
             "<figure class=\"chart\"><figcaption>%s%s</figcaption>\n<svg viewBox=\"0 0 %d %d\" "
             "role=\"img\" aria-label=\"%s over training steps\">\n",
             title, y.log ? " (logarithmic)" : "", WIDTH, HEIGHT, title);
    value_ticks(to, &y);
    step_ticks(to, &x);
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < n; i++) {
            const ik__series *s = curves[i];
            double *even = s && pass ? smoothed(s) : NULL;
            if (s && (!pass || even))
                path(to, pass ? "curve" : "raw", colour[i], &x, &y, s->step, pass ? even : s->value,
                     s->n);
            free(even);
        }
    ik__html(to, "</svg></figure>\n");
}
