/* Curves over training steps, as inline SVG. */
#ifndef INADEKIT_REPORT_CHART_H
#define INADEKIT_REPORT_CHART_H

#include "base/text.h"
#include "folder/curves.h"

/* One panel. Every curve is drawn twice: as it is, faint, and smoothed. The y axis is logarithmic
 * where all values are positive and span more than a factor of 20. `colour[i]`, from 0, is that of
 * curve i; the page's style knows IK__CHART_COLOURS of them. NULL curves are left out. */
enum { IK__CHART_COLOURS = 8 };
void ik__chart(ik__text *to, const char *title, int n, const ik__series *const *curves,
               const int *colour);

#endif
