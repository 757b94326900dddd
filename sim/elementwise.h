/* What a block does entry by entry: constants, sums, scales, products, functions. */
#ifndef SPANSCOPE_SIM_ELEMENTWISE_H
#define SPANSCOPE_SIM_ELEMENTWISE_H

#include "sim/pass.h"

extern const struct pass_operation ones_operation, sum_operation, scale_operation, product_operation,
    function_operation;

#endif
