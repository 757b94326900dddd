/* How the Grams of exchangeable tokens vary beside the diagonal, to first order in one over the width; theory.md,
 * section 7.
 *
 * At m features a Gram's entry for two tokens varies by its square over m around the mean that the two rows of a frame
 * know (frame.h). One such entry is nothing, but a softmax and a matrix's gradient sum T of them for each on the
 * diagonal. What is needed is a ripple: the deviation of the entry of two tokens, their shared part taken off, as a
 * vector over independent sources of variance 1. Each component of a frame has one with every other and with itself,
 * which a map hands on and to which it adds its own. */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_RIPPLE_H
#define SPANSCOPE_ANALYSIS_LIMIT_RIPPLE_H

#include "analysis/limit/frame.h"

struct ripple {
    int count;
    double *at; // NULL for 0
};

struct ripple_space;

/* Of a block's spaces. */
struct ripples {
    struct pool *pool;
    int sources; /* so far */
    struct ripple_space *spaces;
};

void ripple_begin(struct ripples *ripples, int spaces, struct pool *pool);

/* The component in column `column` of a space of `width` features is fresh, of the Gram `square` beside what tokens
 * share: it deviates by `inherited` and by itself, sqrt(own/width). own is the square of square, or less where a part of
 * it is inherited from what the same features have. */
void ripple_fresh(struct ripples *ripples, int space, int column, int width, double square, double own,
                  const struct ripple *inherited);

/* Components first .. first + count - 1, handed on as entries [count (count + 1)/2][the same], by rows of a triangle. */
void ripple_receive(struct ripples *ripples, int space, int first, int count, const double *entries);
int ripple_entries(int count);

/* Of rows [count][columns], orthonormal, those entries. */
void ripple_hand_on(const struct ripples *ripples, int space, const double *rows, int count, int columns,
                    double *entries);

/* Of the Gram of a signal. */
struct ripple ripple_gram(const struct ripples *ripples, int space, const struct signal *signal);

void ripple_add(const struct ripples *ripples, double factor, const struct ripple *from, struct ripple *to);
double ripple_dot(const struct ripple *a, const struct ripple *b);

#endif
