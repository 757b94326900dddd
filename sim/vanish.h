/* What is lost below the range: a signal of which the tensors' type leaves nothing would pass for a true 0. It is made
 * infinite instead, so that a pass that loses it ends like one that leaves the range upwards. */
#ifndef SPANSCOPE_SIM_VANISH_H
#define SPANSCOPE_SIM_VANISH_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/real.h"

bool vanish_is_zero(size_t count, const real *x); // [count]

/* Whether x, whose mean square that is, leaves a block's sums and products room; nothing but zeros does. */
bool vanish_in_range(double square, size_t count, const real *x); // [count]

void vanish_lose(size_t count, real *out); // [count]

/* Whether a factor is lost in the tensors' type, or has not all its digits there. */
bool vanish_factor(double factor);

#endif
