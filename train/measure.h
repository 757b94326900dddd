/* Profiles of a model on its way: every observable of `run`, and what only training has.
 *
 * A sample is one sequence of the step's batch. Beside the columns of `run`, whose gradients are those of the model's
 * cotangent, there are by layer
 *   training_gradient_variance, training_weight_gradient_variance.attn.wq, ...   of the sequence's mean loss
 *   update_over_weight.attn.wq, ...   |dW|_F/|W|_F of the update that follows
 *   activation_change   mean square of what that update changes x_l by, on the step's own batch
 *   ablated_loss    on sequences never trained on, with that block replaced by the identity; at layer 0 with none
 */
#ifndef SPANSCOPE_TRAIN_MEASURE_H
#define SPANSCOPE_TRAIN_MEASURE_H

#include "sim/estimate.h"
#include "sim/stack.h"
#include "train/network.h"

/* The loss without a block, and what an update changes. */
#define MEASURE_ABLATED "ablated_loss"
#define MEASURE_CHANGED "activation_change"

struct measure {
    struct model model; /* the network's, of one sequence */
    struct stack stack; /* with the network's engine */
    struct stack_workspace workspace;
    struct observe_schema schema; /* all columns */
    int *training; /* [columns of the stack]: the column of the same under the training gradient, or -1 */
    int *update;   /* [columns of the stack]: that of update_over_weight, or -1 */
    int ablated, changed;
    real *logits;         // [T][V]
    real *activations;    // [L + 1][B T][d], before the update
    struct wide *values;  // [L + 1][columns of the stack]
    struct wide *weights; // the same
};

/* The columns of a profile of a stack that has those of base, with room for `extra` more; the caller frees them, and
 * branches and matrices stay the stack's. training and update [base->column_count] become the columns that a column of
 * the stack has beside itself, or -1. */
int measure_schema(struct observe_schema *schema, const struct observe_schema *base, int extra, int *training,
                   int *update, struct error *error);

/* The network must stay where it is. budget: bytes. */
int measure_init(struct measure *measure, struct network *network, size_t budget, struct error *error);
void measure_free(struct measure *measure);

/* Estimates of a profile: (L + 1) schema.column_count. */
size_t measure_cells(const struct measure *measure);

/* The observables of one sequence are added to cells. */
void measure_sequence(struct measure *measure, struct network *network, uint64_t seed, uint64_t sample, const int *x,
                      const int *y, // [T]
                      struct estimate *cells);

/* Losses of a batch that is not trained on, whole and without each block. */
void measure_ablation(struct measure *measure, struct network *network, const struct network_batch *batch,
                      struct estimate *cells);

/* Keeps the activations of the network's last pass, and measures how far another pass on the same batch lies from them.
 */
void measure_keep(struct measure *measure, const struct network *network);
void measure_moved(struct measure *measure, struct network *network, const struct network_batch *batch,
                   struct estimate *cells);

/* The last update against the weights before it, of the matrices that the sequence meets; delta becomes the update. */
void measure_update(struct measure *measure, struct network *network, const real *before, real *delta, // [entries]
                    const int *x, const int *y, struct estimate *cells);

#endif
