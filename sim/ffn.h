/* Feed-forward branches: ffn(u) = phi(u W1) W2, gated: (phi(u Wg) * (u W1)) W2; theory.md, section 1. */
#ifndef SPANSCOPE_SIM_FFN_H
#define SPANSCOPE_SIM_FFN_H

#include "sim/branch.h"

extern const struct branch ffn_branch;

/* The same for one expert of a mixture, which sees `rows` tokens of its own. The tape is taken from *tape, in the same
 * order forward and backward. */
struct linear_cost ffn_cost(const struct model *model, const struct linear_engine *engine, int rows);
void ffn_forward(const struct branch_site *site, int expert, int rows, const double *u, // [rows][d]
                 double *y,                                                             // [rows][d]
                 struct arena *tape, struct arena work);
void ffn_backward(const struct branch_site *site, int expert, int rows, const double *u, const double *y,
                  const double *dy,        // [rows][d], as u and y
                  double beta, double *du, // [rows][d]
                  struct arena *tape, struct arena work, struct branch_report *report);

/* Entries of a matrix of one FFN; 0 where it has none. */
size_t ffn_entries(const struct model *model, enum init_matrix matrix);

#endif
