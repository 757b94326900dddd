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
    OBSERVE_LATE_TOKEN_COSINE,
    OBSERVE_TOKEN_STABLE_RANK,
    OBSERVE_PEAK,
    OBSERVE_KURTOSIS,
    OBSERVE_ATTENTION_SQUARE,
    OBSERVE_ATTENTION_STABLE_RANK,
    OBSERVE_LOGIT_DEVIATION,
    OBSERVE_EXPERT_LOAD,
    OBSERVE_EXPERT_ENTROPY,
    OBSERVE_BRANCH_RATIO,
    OBSERVE_BRANCH_CONTRIBUTION,
    OBSERVE_WEIGHT_GRADIENT_VARIANCE,
    OBSERVABLES
};

/* How many columns an observable has: one, one of each state (u.activation_variance; those of x without its name), ... */
enum observe_span { OBSERVE_PER_LAYER, OBSERVE_PER_STATE, OBSERVE_PER_BRANCH, OBSERVE_PER_MATRIX };

/* What a formula must have for it to mean something. */
enum observe_need { OBSERVE_ANYTHING, OBSERVE_PAIRS, OBSERVE_ATTENTION, OBSERVE_MIXTURE };

struct observable {
    const char *name;
    const char *symbol; /* short, for the head of a table */
    const char *summary;
    enum observe_span span;
    enum observe_need need; /* pairs: two tokens, as attention */
    bool by_token;          /* --per-token adds a column per position */
    bool cosine;            /* in [-1, 1], may be zero: its precision is absolute */
    bool detail;            /* left out of tables for people */
};

extern const struct observable observables[OBSERVABLES];

enum { OBSERVE_NAME_MAX = 112 };

struct observe_column {
    char name[OBSERVE_NAME_MAX]; /* gradient_variance, branch_ratio.attn, weight_gradient_variance.ffn.w1,
                                    activation_variance.token3, u.activation_variance */
    enum observe_id observable;
};

/* A branch that occurs in some block, under the name of its site. */
struct observe_branch {
    char name[GRAPH_NAME_MAX];
    int ratio, contribution; /* columns */
};

/* A matrix that occurs in some block, under its label. */
struct observe_matrix {
    char label[GRAPH_LABEL_MAX];
    int column;
};

struct observe_schema {
    int tokens, width, states;
    struct observe_column *columns;
    int column_count;
    struct observe_branch *branches;
    int branch_count;
    struct observe_matrix *matrices;
    int matrix_count;
    int layer_column[OBSERVABLES]; /* of the observables with one column per layer or state: x's; -1 where the model
                                      has none */
    int token_column[OBSERVABLES]; /* the first of T, of x; -1 without --per-token */
    int state_column[GRAPH_INPUTS_MAX][OBSERVABLES]; /* of each state; [0] is layer_column */
};

int observe_schema_init(struct observe_schema *schema, const struct model *model, const struct block blocks[],
                        int block_count, bool per_token, struct error *error);
void observe_schema_free(struct observe_schema *schema);

/* Index in schema->branches of the site of that name, and in schema->matrices of that label; -1 where there is none. */
int observe_branch_index(const struct observe_schema *schema, const char *name);
int observe_matrix_index(const struct observe_schema *schema, const char *label);

/* Index of the column of that name, or -1. */
int observe_find(const struct observe_schema *schema, const char *name);

/* Doubles of scratch that the next two take. */
size_t observe_work(const struct observe_schema *schema);

/* Fills the columns of state number `state`, the output of a layer; previous is the layer below's, NULL at layer 0. */
void observe_activation(const struct observe_schema *schema, int state, const real *previous,
                        const real *x, // [T][d]
                        struct wide *row, struct arena work);

/* Fills the columns of the gradient g 2^exponent at a layer. */
void observe_gradient(const struct observe_schema *schema, int state, const real *g, int exponent, // [T][d]
                      struct wide *row, struct arena work);

/* Fills the row of a block's output with what its forward pass reports of branches, attentions and mixtures;
 * input_square is the mean square of the block's input x. index maps sites to branches. */
void observe_block(const struct observe_schema *schema, const struct graph *graph, const int index[], // [site_count]
                   const struct block_report *report, double input_square, struct wide *row);

#endif
