/* Mixtures of experts: each token goes through the k of E bodies with the largest router logits u W_r and gets
 * sum_e p_e body_e(u); theory.md, section 1. */
#ifndef SPANSCOPE_SIM_MIXTURE_H
#define SPANSCOPE_SIM_MIXTURE_H

/* What the observables are told of one. */
struct mixture_report {
    double load;    /* tokens of the expert that has most, over the mean */
    double entropy; /* of the experts' shares of the choices, over log E; 1: all alike */
};

#endif
