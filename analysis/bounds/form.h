/* What the interval reading of a block knows of its signals, and the algebra of it.
 *
 * A signal is sum_b diag(c_b) B_b over components B_b (survey.h): ones, the block's inputs, and one of each map,
 * attention, function, product and mixture. Kept of a signal: an interval for each coefficient c_b(t), common to all
 * tokens t; one for the diagonal entries of its Gram and one for the others; one for its cosine with each state that the
 * block is handed, at a token. Kept of components: their Grams with each other, 0 but where said below. Two skips from
 * one source add coefficients, so they stay coherent.
 */
#ifndef SPANSCOPE_ANALYSIS_BOUNDS_FORM_H
#define SPANSCOPE_ANALYSIS_BOUNDS_FORM_H

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

/* Over the mean square of x at the block's input. */
struct reading_branch {
    struct interval ratio, contribution;
};

/* Of operations, what they read of signals. */
enum { FORM_PORTS = 3 };

struct form {
    struct interval *coefficients; /* [components] */
    struct interval *cosines;      /* [states], with each at the block's input */
    struct gain_gram gram;
    struct interval mean; /* over features */
    struct interval head; /* mean square over the features of one head of an attention */
    double fourth;        /* E x^4, from above */
    bool gaussian;        /* its features are, with a mean of 0 */
    bool mixed;           /* features of different heads have different laws */
    bool memory;
};

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
    struct form *forms;        /* [nodes_max] */
    struct interval *storage;  /* behind the forms' arrays */
    struct gain_gram *grams;   /* [components][components] */
    bool *linked;              /* [components]: its Gram with another is not 0 */
    struct interval *returned; /* [components][FORM_PORTS]: what comes back to its operands, mean square over tokens */
    bool *coherent;            /* [components][FORM_PORTS]: that may be correlated with what comes back elsewhere */
    bool unbounded;            /* something that comes back has no bound */
    struct reading_branch *branches; /* [sites_max], of all pieces */
};

/* ---- a block ---- */

const struct graph_node *form_node(const struct reading *self, int n);
int form_states(const struct reading *self);

/* Before another reading: no component is linked. The second links what the block is handed. */
void form_clear(struct reading *self);
void form_link_inputs(struct reading *self, const struct reading_joint *in);

/* Of node n, whose arrays start at `place` signals: nothing is known yet. */
void form_begin(struct reading *self, int n, size_t place, struct form *form);

/* What follows for a form whose coefficients and Gram are there. */
void form_finish(const struct reading *self, struct form *form);

/* ---- Grams ---- */

/* Of two components; of one with itself. */
struct gain_gram *form_gram(const struct reading *self, int a, int b);
const struct gain_gram *form_own_gram(const struct reading *self, int component);

/* Two components have this Gram, or any that Cauchy and Schwarz allow. */
void form_link(struct reading *self, int a, int b, struct gain_gram gram);
void form_link_unknown(struct reading *self, int a, int b);

/* Of a component with a signal, of two signals, of a signal from its components. */
struct gain_gram form_with_component(const struct reading *self, int component, const struct form *form);
struct gain_gram form_cross(const struct reading *self, const struct form *a, const struct form *b);
struct gain_gram form_whole(const struct reading *self, const struct form *form);

/* Without what no Gram can be: it is positive semidefinite, over the memory's tokens or the sequence's. */
struct gain_gram form_tidied(const struct reading *self, struct gain_gram gram, bool memory);

/* ---- operations ---- */

/* The moments of node n's function, and the attention of node n. */
struct range *form_range(const struct reading *self, int n);
struct gain_attend form_attend(struct reading *self, int n);

/* Whether a mixture's body hands on what its experts are given, beside what it makes of it. */
bool form_is_bare(const struct reading *self, int n);

/* The mixture of a GRAPH_EXPERT or GRAPH_MOE. */
const struct plan_mixture *form_mixture(const struct reading *self, int n);

/* 1 / sqrt(q + eps). */
struct interval form_norm_factor(struct interval q, double eps);

#endif
