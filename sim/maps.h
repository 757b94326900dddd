/* Maps of a block: those of one input and site go through the engine together, at the first of them. */
#ifndef SPANSCOPE_SIM_MAPS_H
#define SPANSCOPE_SIM_MAPS_H

#include "sim/pass.h"

/* The group that begins at a node, NULL where none does. */
const struct plan_group *maps_group(const struct pass *pass, int n);

/* A map of the matrix, with the expert's number where it is an expert's. */
void maps_map(const struct pass *pass, int matrix, int fan_out, struct linear_map *map);

/* The engine's reverse pass of the maps of one input, gradients added to the report. matrices [linear->count]. */
void maps_backward(struct pass *pass, const struct linear *linear, const int matrices[], int input,
                   const real *const y[], const real *const dy[], const real *tape);

extern const struct pass_operation map_operation;

#endif
