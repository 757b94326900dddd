/* Multi-head softmax attention between given queries, keys and values; theory.md, section 1. */
#ifndef SPANSCOPE_SIM_ATTENTION_H
#define SPANSCOPE_SIM_ATTENTION_H

#include <stddef.h>

/* Which tokens a row may look at: always a prefix of the sequence. */
struct mask {
    const char *name;
    const char *summary;
    int (*visible)(int row, int tokens); /* the prefix's length, at least 1 */
};

extern const struct mask masks[];
extern const size_t mask_count;

const struct mask *mask_find(const char *name);

struct attention {
    int tokens, width, heads;
    const struct mask *mask;
    double scale; /* of the logits; 0 stands for 1/sqrt(d/H) */
};

/* The logits a [T][T] of one head become its attention, 0 where masked. */
void attention_softmax(const struct mask *mask, int tokens, double *a);

/* a = softmax(scale q k^T) by head and row, 0 where masked; y = concat_h(a_h v_h). */
void attention_forward(const struct attention *attention, const double *q, const double *k, const double *v, // [T][d]
                       double *a,  // [H][T][T]
                       double *y); // [T][d]

/* Exact gradients through all three paths. */
void attention_backward(const struct attention *attention, const double *q, const double *k, const double *v, // [T][d]
                        const double *a,                    // [H][T][T]
                        const double *dy,                   // [T][d]
                        double *dq, double *dk, double *dv, // [T][d]
                        double *work);                      // [2 T T]

/* Mean over heads and rows of -sum A log A, and of the same over log(row length), rows of one token left out. The
 * second is 0/0, given as 0, where every row has length 1. */
void attention_entropy(const struct attention *attention, const double *a, double *entropy, double *relative);

struct branch;
extern const struct branch attention_branch; /* attn(u) with its four matrices */

#endif
