/* Resizing as Pillow does it, to the last bit.
 *
 * nearest: x = 0.5 in/out, then per destination source = (int)x, x += in/out, accumulated in
 * double. bicubic: a = -0.5, the kernel widened by in/out when shrinking; weights normalised and
 * rounded to 22 fractional bits; rows first, rounded to 8 bits, then columns. An axis that keeps
 * its size is left. */
#ifndef INADEKIT_PICTURES_RESIZE_H
#define INADEKIT_PICTURES_RESIZE_H

#include "inadekit/types.h"

/* Which of `in` pixels each of `out` takes: the one that its centre lies in, stepped as Pillow
 * does. */
void ik__nearest_steps(int in, int out, int *at);

/* from [h,w] -> to [height,width]; false when memory is short. No overlap. */
bool ik__resize_nearest(const int32_t *from, int h, int w, int32_t *to, int height, int width);
/* The same for RGB, [.,.,3]. */
bool ik__resize_bicubic(const uint8_t *from, int h, int w, uint8_t *to, int height, int width);

#endif
