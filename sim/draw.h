/* Normals of a stream as numbers of a tensor: drawn in double and rounded, so that both precisions see the same ones. */
#ifndef SPANSCOPE_SIM_DRAW_H
#define SPANSCOPE_SIM_DRAW_H

#include "sim/real.h"
#include "sim/stream.h"

/* As stream_normals. */
void draw_normals(const struct stream *stream, uint64_t first, size_t count, double sigma, real *out);

#endif
