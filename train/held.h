/* The engine of training: it keeps the matrices of a whole model and adds up their gradients.
 *
 * A linear map finds its matrix by its stream's address (block, site, matrix, expert), so that the blocks run as they do
 * in any other engine, and a matrix that several blocks name is one. Matrices start as the dense engine draws them.
 */
#ifndef SPANSCOPE_TRAIN_HELD_H
#define SPANSCOPE_TRAIN_HELD_H

#include <stdbool.h>

#include "sim/depth.h"
#include "train/parametrisation.h"
#include "sim/real.h"

struct held_matrix {
    struct linear_map map; /* the address' seed and sample are not part of its name */
    int fan_in;
    enum parametrisation_class class;
    size_t first;   /* of its entries in the arrays of all, a cache line's start */
    size_t entries; /* fan_in fan_out */
    bool fresh;     /* nothing has been added to its gradient yet */
};

struct held {
    struct linear_engine engine;  /* the first member: what the blocks call is cast back */
    struct held_matrix *matrices; /* [count], by address */
    int count, room;
    size_t entries;            /* of all, padding included, which stays 0 */
    real *weights, *gradients; // [entries]
    bool measured;             /* backward passes report squares */
    const real *reported;      // [entries], whose squares; NULL: the gradients
    bool failed;               /* memory ran out while matrices were being found */
};

/* Finds the matrices of every block; add more with held_add, then draw. */
int held_init(struct held *held, const struct depth *depth, struct error *error);
void held_free(struct held *held);

/* A matrix beside those of the blocks. */
int held_add(struct held *held, int fan_in, const struct linear_map *map, enum parametrisation_class class,
             struct error *error);

/* Gives every matrix its place, and so says how many entries there are; allocates nothing. */
void held_place(struct held *held);

/* Places, allocates, and draws all weights from the streams of the seed's sample 0. */
int held_draw(struct held *held, uint64_t seed, struct error *error);

/* The matrix of that address, which must exist. */
struct held_matrix *held_find(const struct held *held, const struct stream_address *address);

/* Forgets all gradients: the next backward pass starts at 0. */
void held_clear(struct held *held);

/* Behind the backward passes: gradients that none has touched become 0. */
void held_finish(struct held *held);

#endif
