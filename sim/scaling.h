/* How rotary positions are stretched to sequences longer than those that a model began with; names and rules are those of
 * transformers' modeling_rope_utils. */
#ifndef SPANSCOPE_SIM_SCALING_H
#define SPANSCOPE_SIM_SCALING_H

#include <stdbool.h>
#include <stddef.h>

/* What an angle depends on. */
struct scaling_of {
    double base;
    int planes; /* rotated ones of a head */
    int tokens; /* of the sequence */
    double factor, length;
};

struct scaling {
    const char *name;
    const char *summary;
    bool by_factor, by_length;                               /* what it needs */
    double (*angle)(const struct scaling_of *of, int plane); /* between neighbours, radians; plane from 0 */
    double (*gain)(double factor); /* what rotated queries and keys are multiplied by, unless it is given */
};

extern const struct scaling scalings[];
extern const size_t scaling_count;

#endif
