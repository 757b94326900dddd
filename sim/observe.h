/* The observables of one sample, layer by layer; theory.md, section 2.
 *
 * A schema lays them out as the columns of one row per layer: most observables are one column, some one per branch, per
 * matrix or per token. A layer that does not have an observable (layer_cosine at 0, a cosine of zero vectors) holds
 * wide_absent() there.
 */
#ifndef SPANSCOPE_SIM_OBSERVE_H
#define SPANSCOPE_SIM_OBSERVE_H

#include <stdbool.h>

#include "sim/block.h"
#include "sim/wide.h"

enum observe_id {
    OBSERVE_ACTIVATION_VARIANCE,
    OBSERVE_TOKEN_COSINE,
    OBSERVE_LAYER_COSINE,
    OBSERVE_GRADIENT_VARIANCE,
    OBSERVE_GRADIENT_TOKEN_COSINE,
    OBSERVE_GRADIENT_SPECIFIC,
    OBSERVE_ATTENTION_ENTROPY,
    OBSERVE_ATTENTION_ENTROPY_RELATIVE,
    OBSERVE_BRANCH_RATIO,
    OBSERVE_WEIGHT_GRADIENT_VARIANCE,
    OBSERVABLES
};

/* How many columns an observable has. */
enum observe_span { OBSERVE_PER_LAYER, OBSERVE_PER_BRANCH, OBSERVE_PER_MATRIX };

struct observable {
    const char *name;
    const char *symbol; /* short, for the head of a table */
    const char *summary;
    enum observe_span span;
    bool by_token; /* --per-token adds a column per position */
    bool pairs;    /* needs two tokens */
    bool cosine;   /* in [-1, 1], may be zero: its precision is absolute */
};

extern const struct observable observables[OBSERVABLES];

enum { OBSERVE_NAME_MAX = 80 };

struct observe_column {
    char name[OBSERVE_NAME_MAX]; /* gradient_variance, branch_ratio.attn, weight_gradient_variance.ffn.w1,
                                    activation_variance.token3 */
    enum observe_id observable;
};

/* A branch that occurs in some block, under the name of its site. */
struct observe_branch {
    char name[GRAPH_NAME_MAX];
    enum graph_kind kind;
    int ratio;                 /* column */
    int weight[INIT_MATRICES]; /* columns, -1 for matrices it does not have */
};

struct observe_schema {
    int tokens, width;
    struct observe_column *columns;
    int column_count;
    struct observe_branch *branches;
    int branch_count;
    int layer_column[OBSERVABLES]; /* of the observables with one column per layer, -1 where the model has none */
    int token_column[OBSERVABLES]; /* the first of T, -1 without --per-token */
};

int observe_schema_init(struct observe_schema *schema, const struct model *model, const struct block blocks[],
                        int block_count, bool per_token, struct error *error);
void observe_schema_free(struct observe_schema *schema);

/* Index in schema->branches of the site of that name, which must exist. */
int observe_branch_index(const struct observe_schema *schema, const char *name);

/* Index of the column of that name, or -1. */
int observe_find(const struct observe_schema *schema, const char *name);

/* Fills the columns of x, the output of a layer; previous is the layer below's, NULL at layer 0. work has d entries. */
void observe_activation(const struct observe_schema *schema, const double *previous, const double *x, // [T][d]
                        struct wide *row, double *work);

/* Fills the columns of the gradient g 2^exponent at a layer. */
void observe_gradient(const struct observe_schema *schema, const double *g, int exponent, // [T][d]
                      struct wide *row, double *work);

#endif
