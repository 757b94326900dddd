/* Attention of long sequences, head by head and by strips of queries: what sim/attention does to all of them, while no
 * more than a strip is held, and one head's attention in floats as long as its stable rank is read. In reverse a strip
 * is made again. Keys that no row of a strip sees are passed over, so that a causal mask costs half as much, and a
 * window its own width a row. */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_STRIP_H
#define SPANSCOPE_ANALYSIS_LIMIT_STRIP_H

#include "analysis/limit/pool.h"
#include "sim/attention.h"

/* Queries of a strip; 0 where the attention is small enough to be held whole. */
int strip_rows(const struct attention *attention);

/* Entries of a head's attention that are read, in strips or whole. */
double strip_keys(const struct attention *attention);

/* As attention_forward and attention_backward of one sequence; what is drawn is the whole's. The report has no stable
 * rank, NaN, where a head is too long for it: of more than 2^26 numbers. In reverse the attention is made again, of the
 * queries that asked in the forward pass; q, from which keys have their gradient, may be others of the same Gram. */
void strip_forward(const struct attention *attention, int rows, const double *drawn, const double *q, const double *k,
                   const double *v, double *y, struct pool *work, struct attention_report *report);
void strip_backward(const struct attention *attention, int rows, const double *drawn, const double *asked,
                    const double *q, const double *k, const double *v, const double *dy, double *dq, double *dk,
                    double *dv, struct pool *work);

#endif
