/* What is asked of a stack in one number, as text: an observable at a layer, a ratio of two, or its logarithm; and what a
 * prediction says of it, with its error. */
#ifndef SPANSCOPE_ANALYSIS_GAUGE_H
#define SPANSCOPE_ANALYSIS_GAUGE_H

#include "analysis/limit/moments.h"

/* A column of a profile at a layer. */
struct gauge_term {
    char column[OBSERVE_NAME_MAX];
    int layer;     /* from 0, or back from L */
    bool from_end; /* layer is subtracted from L */
};

struct gauge {
    struct gauge_term over, under;
    bool ratio, log10; /* log10: of it */
    bool cosine;       /* one observable in [-1, 1], whose errors are of 1 */
};

/* Quantities that have a name of their own. */
struct gauge_name {
    const char *name, *text, *summary;
};

extern const struct gauge_name gauge_names[];
extern const size_t gauge_name_count;

/* Text of that length, without blanks, is NAME, COLUMN, COLUMN@LAYER, or two of the latter with a / between:
 * gradient_ratio, token_cosine (at layer L), gradient_variance@0/gradient_variance@L-1; log10_ before it takes its
 * logarithm. ERROR_INPUT says what was expected. */
int gauge_parse(struct gauge *quantity, const char *text, size_t length, struct error *error);

/* What is predicted. Of stacks that were drawn at a width it is their mean, as over samples; else it is made of means. */
struct gauge_value {
    struct wide mean;  /* without log10; absent where there is none */
    struct wide se;    /* standard error by the draws; 0 where nothing was drawn, absent where it is not known */
    struct error none; /* why there is none */
};

/* As the quantity is: its logarithm where that is asked for, NAN where there is none; and the standard error of that. */
double gauge_number(const struct gauge *quantity, const struct gauge_value *value);
double gauge_error(const struct gauge *quantity, const struct gauge_value *value);

/* How a model was read. */
struct gauge_reading {
    bool at_width;
    int replicas;       /* stacks that were drawn; 0 in closed form */
    double order_error; /* of a closed form to first order in T/d: what it leaves, relative or of 1 for cosines, as it
                           estimates; else 0 */
};

/* What a closed form to first order leaves of the number, as it estimates; 0 elsewhere. */
double gauge_order(const struct gauge *quantity, const struct gauge_value *value, const struct gauge_reading *reading);

/* Several quantities of one prediction, that of moments_predict. values[count] */
int gauge_predict(const struct gauge *quantities, int count, const struct model *model,
                  const struct moments_options *options, struct gauge_value *values, struct gauge_reading *reading,
                  struct error *error);

#endif
