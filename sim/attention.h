/* Multi-head softmax attention between given queries, keys and values; theory.md, section 1.
 *
 * Head h of the queries meets head h kv_heads / heads of the keys and values (grouped queries, arXiv 2305.13245). Its
 * logits are cap(scale <R_i q_i, R_j k_j>) + bias_h(i, j) where row i sees j: R_i turns each plane p of the rotated part
 * of a head by i base^(-2p/width of that part) (rotary positions, arXiv 2104.09864), or as its scaling says, times its
 * gain; cap(s) = c tanh(s/c), and a sink is one more logit, 0 or a normal of the head's own, whose share goes nowhere. */
#ifndef SPANSCOPE_SIM_ATTENTION_H
#define SPANSCOPE_SIM_ATTENTION_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/bias.h"
#include "sim/memory.h"
#include "sim/scaling.h"

/* Which tokens a row may look at: always a prefix of the sequence. */
struct mask {
    const char *name;
    const char *summary;
    bool causal;
    int (*visible)(int row, int tokens); /* the prefix's length, at least 1 */
};

extern const struct mask masks[];
extern const size_t mask_count;

struct attention {
    int sequences;               /* B; rows of one sequence stand together */
    int queries, keys;           /* tokens of one sequence, T each or the memory's T_m */
    int heads, kv_heads;         /* kv_heads divides heads */
    int head_width, value_width; /* columns of a head of queries and keys, and of values and outputs */
    const struct mask *mask;
    int window; /* row i sees j > i - window of those, and without a causal mask j < i + window only; 0: all */
    const struct bias *bias;
    double scale;
    double rope;   /* base; 0: no rotation */
    double rotary; /* rotated fraction of a head, in whole planes: what is left of an odd number of columns stays */
    double cap;    /* 0: none */
    bool sink;
    double bias_sd, sink_sd;       /* of what is drawn; sink_sd 0: the logit 0 */
    const struct scaling *scaling; /* of the rotation */
    double factor, length;         /* its */
    double gain;                   /* of rotated queries and keys */
    int number;                    /* among the attentions of its block: what is drawn is found by it */
    const struct attention *whole; /* NULL, or what this is a part of, without a rotation of its own: */
    int row, key, head; /* its first query, key and head; keys that no query of the part sees may be left out */
};

/* Row i sees the keys first .. end - 1, at least one of them; both are counted from the first that is given. */
void attention_visible(const struct attention *attention, int row, int *first, int *end);

/* Whether logits are more than products of queries and keys, rotated or capped as they may be. */
bool attention_is_biased(const struct attention *attention);

/* Planes of a head that are rotated, and the angle between neighbouring positions in one of them, from 0. */
int attention_planes(const struct attention *attention);
double attention_angle(const struct attention *attention, int plane);

/* Queries and keys as they meet: themselves, without a table, or rotated into work. What is sent back to them is turned
 * back in place. */
struct attention_turned {
    const real *q, *k;
    real *table;
};
size_t attention_turn_work(const struct attention *attention);
struct attention_turned attention_turn(const struct attention *attention, const real *q, const real *k,
                                       struct arena *work);
void attention_turn_back(const struct attention *attention, const real *table, real *dq, real *dk);

/* Doubles of the attentions a of all heads and sequences. */
size_t attention_entries(const struct attention *attention);

/* Doubles of scratch that either pass takes. */
size_t attention_work(const struct attention *attention);

/* Numbers that a sample draws for the attention beside its weights: sinks and biases. They are constants: nothing learns
 * them. The address needs seed, sample, block and expert. */
size_t attention_drawn(const struct attention *attention);
void attention_draw(const struct attention *attention, const struct stream_address *address, real *drawn);

/* What the observables are told of one attention, means over sequences, heads and rows. */
struct attention_report {
    double entropy;          /* -sum A log A */
    double relative_entropy; /* the same over log(keys seen), rows that see one key left out; 0 where all do */
    double square;           /* sum A^2 */
    double logit_variance;   /* of a row's logits over the keys seen */
    double stable_rank;      /* of a head's A: |A|_F^2 / |A|_2^2, from below by 1e-6 or so; NaN of a part */
};

/* Fills a, and y and the report unless they are NULL. drawn is attention_draw's, of the whole. */
void attention_forward(const struct attention *attention, const real *drawn,
                       const real *q, // [B queries][heads head_width]
                       const real *k, // [B keys][kv_heads head_width]
                       const real *v, // [B keys][kv_heads value_width]
                       real *a,       // [B][heads][queries][keys]
                       real *y,       // [B queries][heads value_width]
                       struct arena work, struct attention_report *report);

/* Exact gradients through all three paths, shaped as their arguments; a and the arguments are those of the forward
 * pass. */
void attention_backward(const struct attention *attention, const real *q, const real *k, const real *v, const real *a,
                        const real *dy, real *dq, real *dk, real *dv, struct arena work);

#endif
