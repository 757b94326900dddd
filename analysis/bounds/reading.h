/* One block read over intervals: what it does to the second moments of the states that it is handed. */
#ifndef SPANSCOPE_ANALYSIS_BOUNDS_READING_H
#define SPANSCOPE_ANALYSIS_BOUNDS_READING_H

#include "analysis/bounds/gain.h"
#include "analysis/bounds/range.h"
#include "analysis/bounds/survey.h"

/* What is known of a block's inputs, or of its states when it ends. Input number 0 is the signal of ones, whose Gram with
 * another is its mean over features; states follow, then memories. */
struct reading_joint {
    struct gain_gram gram[GRAPH_INPUTS_MAX + 1][GRAPH_INPUTS_MAX + 1]; /* symmetric */
    double fourth[GRAPH_INPUTS_MAX];                                   /* E x^4 at a token, from above */
    struct interval head[GRAPH_INPUTS_MAX]; /* mean square over the features of one head of an attention */
    bool mixed[GRAPH_INPUTS_MAX];           /* heads differ */
    bool gaussian[GRAPH_INPUTS_MAX];        /* its features are, with a mean of 0 */
};

struct reading_gradient {
    struct interval square[GRAPH_INPUTS_MAX][GRAPH_INPUTS_MAX]; /* means over tokens, of all states */
};

/* Sums over the block's attentions. */
struct reading_attentions {
    struct gain_report sum;
    int count;
};

/* Over the mean square of x at the block's input. */
struct reading_branch {
    struct interval ratio, contribution;
};

struct reading_block {
    struct reading_joint joint;
    struct interval cosines[GRAPH_INPUTS_MAX]; /* of each state with itself before the block, at a token */
    struct reading_gradient gradient;          /* of the inputs */
    bool gradient_known;                       /* its upper ends are */
    struct reading_attentions attentions;
};

struct reading_form;

struct reading {
    const struct model *model;
    const struct depth *depth;
    bool alike;     /* the tokens are: no mask or logit has an order, no router parts them: a Gram has two numbers */
    bool entangled; /* some block multiplies a state by a function of itself: see the derivation */
    struct gain_context gain;
    struct range *ranges; /* [activation_count] */
    /* Of one block: */
    const struct block *block;
    const struct reading_joint *in;
    struct survey survey;
    struct reading_form *forms; /* [nodes_max] */
    struct interval *storage;   /* behind the forms' arrays */
    struct gain_gram *grams;    /* [components][components] */
    bool *linked;               /* [components]: its Gram with another is not 0 */
    struct interval *returned;  /* [components][operands]: what comes back to its operands, mean square over tokens */
    bool *coherent;             /* [components]: that may be correlated with what comes back elsewhere */
    bool unbounded;             /* something that comes back has no bound */
    struct reading_branch *branches; /* [sites_max], of all pieces */
};

/* ERROR_RESOURCE; ERROR_INPUT, in words, where the formula is beyond what bounds are known for. The depth must outlive
 * the reading, which is freed where it fails. */
int reading_init(struct reading *self, const struct depth *depth, bool skips_only, struct error *error);
void reading_free(struct reading *self);

/* gradient: of the states at the block's output. The branches' bounds are left in self. ERROR_INPUT where a bound of a
 * signal leaves the range of double. */
int reading_block(struct reading *self, const struct block *block, const struct reading_joint *in,
                  const struct reading_gradient *gradient, struct reading_block *out, struct error *error);

#endif
