/* What the branches do to Grams, forward and in reverse, in the limit of infinite width; theory.md, section 3. */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_RULE_H
#define SPANSCOPE_ANALYSIS_LIMIT_RULE_H

#include "analysis/limit/gram.h"
#include "sim/branch.h"

struct rule_site {
    const struct model *model;
    struct gram_space space;
    const double *sd;              // [INIT_MATRICES] of this block
    struct stream_address address; /* of the draws: seed, replica as sample, block, site */
    int heads;                     /* attention matrices drawn in this replica */
    bool *drawn;                   /* set where random numbers are used */
};

struct rule_report {
    double entropy, relative_entropy; /* attention only */
    double weight[INIT_MATRICES];     /* weight_gradient_variance: mean over entries of E (d/dW)^2 */
};

struct rule {
    size_t (*work)(const struct model *model); /* doubles of scratch */
    /* out = Gram of the branch's output on input of Gram in. */
    void (*forward)(const struct rule_site *site, const double *in, double *out, struct arena work,
                    struct rule_report *report);
    /* out = Gram of the gradient at the branch's input for a gradient of Gram gradient at its output. */
    void (*backward)(const struct rule_site *site, const double *in, const double *gradient, double *out,
                     struct arena work, struct rule_report *report);
};

extern const struct rule attention_rule, ffn_rule, moe_rule;

/* Of a graph node that is a branch. */
const struct rule *rule_of(enum graph_kind kind);

#endif
