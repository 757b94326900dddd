/* What the operations of the language do to signals that are known by their Grams, forward and in reverse; theory.md,
 * sections 3 and 7. Each is a short function of the frame's coordinates (frame.h) and knows no other operation. */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_RULE_H
#define SPANSCOPE_ANALYSIS_LIMIT_RULE_H

#include "analysis/limit/layout.h"
#include "analysis/limit/ripple.h"
#include "sim/block.h"
#include "sim/mixture.h"

/* Moments of a function f of a Gaussian signal. */
struct rule_law {
    double *mean, *slope; // [gram_rows] E f, E f' of every token
    double *value, *both; // [gram_size] E f f, E f' f'
};

/* What is known of a node. */
struct rule_node {
    struct signal out, gradient;
    double *gram;         /* of out, where maps have needed it */
    struct factor factor; /* of the Gram that maps read; rows NULL before the first */
    /* [rank] at the model's width: the rows that the factor multiplies, NULL where these are the signal */
    struct signal basis;
    struct signal unit;          /* [rank] of a map or a router: what the factor was multiplied by */
    struct frame_part *arriving; /* what maps send back, each times what it was mapped by */
    double *along;               // [T][rank] and its coordinates along the basis that are given
    struct rule_law law;         /* of a function: NULL before it is known */
    double *attention;           // [heads][T][T_m] of an attend that is held whole (strip.h)
    struct ripple echo;          /* first order: of the gradient's Gram, to those of signals */
    double normed;               /* features over which a norm has fixed its square; 0: it has not */
    double spread;               /* first order: relative variance of a token's square, by attentions of few heads */
    double uneven;               /* first order: the same of what tokens have by themselves */
    double
        *gates; // [RULE_GATES_PARTS][T][E] of a mixture: the router's weights, the same at the chosen, 1 there, logits
    struct rule_expert *experts; // [E] of a mixture at a width
};

/* Parts of a mixture's gates. */
enum rule_gates { RULE_GATES_ALL, RULE_GATES_CHOSEN, RULE_GATES_MASK, RULE_GATES_LOGITS, RULE_GATES_PARTS };

/* A block of a replica while it is read. */
struct rule_run {
    const struct layout *layout;
    const struct block *block;
    struct space *spaces;
    struct rule_node *nodes;
    struct ripples ripples;              /* first order */
    struct stream_address address;       /* seed, replica and block */
    struct pool *work;                   /* of the block's signals, as long as its reverse pass may need them */
    struct pool *scratch;                /* of one rule; in reverse that of signals too */
    double *weights;                     // [matrix_count] mean square of a matrix's gradient entries
    struct attention_report *attentions; // [node_count]
    struct mixture_report *mixtures;     // [node_count]
    bool *drawn;                         /* set where random numbers are used */
    double *uneven;                      /* first order: the largest of what attention reads */
    bool *too_sharp; /* set where exchangeable tokens have no closed form: logits are too large, or a sum cancels */
};

enum rule_draw { RULE_FORWARD, RULE_REVERSE, RULE_GATES };

/* Of the random numbers of a node with a matrix, or that matrices read; and of those between blocks. */
struct stream_address rule_address(const struct rule_run *run, int node, enum rule_draw draw);
struct stream_address rule_states_address(const struct rule_run *run, int number);

/* The node as the formula has it, and its space. */
const struct graph_node *rule_graph_node(const struct rule_run *run, int node);
struct space *rule_space(const struct rule_run *run, int node);

/* Whether the run is one at the model's width, with frames that are drawn; else in the limit. */
bool rule_has_width(const struct rule_run *run);

/* A Gram's numbers for as long as a rule needs them. */
double *rule_take(const struct rule_run *run, struct gram_space grams);

/* First order: the node's component in `column` is fresh (ripple_fresh); what its Gram deviates by; and a node's echo is
 * factor times another's, too. Nothing elsewhere. */
void rule_ripple(struct rule_run *run, int node, int column, double square, double own, const struct ripple *inherited);
struct ripple rule_ripple_of(struct rule_run *run, int node);
void rule_echo(struct rule_run *run, int node, double factor, const struct ripple *echo);

/* The gradient of a node so far, as one signal. */
const struct signal *rule_gradient(struct rule_run *run, int node);

/* Makes the signal of `node`, the factor times something of that of `of`, infinite where it is 0 though neither is. */
void rule_keep(struct rule_run *run, int node, double factor, int of);

/* Adds to it a signal that no one else holds. */
void rule_give(struct rule_run *run, int node, struct signal signal);

struct rule {
    void (*forward)(struct rule_run *run, int node);
    void (*backward)(struct rule_run *run, int node); /* from the node's gradient to those of its operands */
};

extern const struct rule rules[GRAPH_KINDS];

/* The signals of maps that read `node` have all been sent back: their sum becomes part of its gradient. */
void rule_collect(struct rule_run *run, int node);

/* The factor that maps read `node` by. */
const struct factor *rule_factor(struct rule_run *run, int node);

/* Adds factor times the signal `rows`, of node `of`'s space, to what maps send back to `node`; rows stay where they are.
 * Returns the mean square of the map's gradient entries, the sum over tokens s, t of the products of the two Grams. */
double rule_send_back(struct rule_run *run, int node, double factor, int of, const struct signal *rows);

/* Adds scale times `gradient` times the transpose of a map's `unit` to the coordinates of what is sent back to `node`
 * along the signal there. */
void rule_send_along(struct rule_run *run, int node, double scale, const struct signal *gradient,
                     const struct signal *unit);

/* One part of a mixture's gates, [T][E]. */
double *rule_gates(const struct rule_run *run, int node, enum rule_gates part);

/* A mixture's experts at a width, once its gates are known; in reverse u [T][E] becomes the chosen gates' gradients. */
void rule_experts_forward(struct rule_run *run, int node);
void rule_experts_backward(struct rule_run *run, int node, double *u);

/* rule_map.c, rule_element.c, rule_attend.c, rule_mixture.c */
void rule_map_forward(struct rule_run *run, int node);
void rule_map_backward(struct rule_run *run, int node);
void rule_norm_forward(struct rule_run *run, int node);
void rule_norm_backward(struct rule_run *run, int node);
void rule_pointwise_forward(struct rule_run *run, int node);
void rule_pointwise_backward(struct rule_run *run, int node);
void rule_product_forward(struct rule_run *run, int node);
void rule_product_backward(struct rule_run *run, int node);
void rule_attend_forward(struct rule_run *run, int node);
void rule_attend_backward(struct rule_run *run, int node);
void rule_join_forward(struct rule_run *run, int node);
void rule_join_backward(struct rule_run *run, int node);
void rule_mixture_forward(struct rule_run *run, int node);
void rule_mixture_backward(struct rule_run *run, int node);

#endif
