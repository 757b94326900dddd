/* The table of initialisations: the standard deviation of every matrix as scalar expressions; theory.md, section 1. */
#ifndef SPANSCOPE_SIM_INIT_H
#define SPANSCOPE_SIM_INIT_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/error.h"
#include "sim/graph.h"

/* The matrices of the three branches; the order is that of init_matrices. */
enum init_matrix { INIT_WQ, INIT_WK, INIT_WV, INIT_WO, INIT_W1, INIT_WG, INIT_W2, INIT_WR, INIT_MATRICES };

extern const char *const init_matrix_names[INIT_MATRICES]; /* "wq", ... */

struct init_row {
    const char *name;
    const char *text; /* assignments in the scalar language: "wq = 1/sqrt(d); ..." */
    const char *source;
    const char *summary;
    char parameter; /* 'c', 's', or 0: what NAME:VALUE sets */
};

extern const struct init_row init_rows[];
extern const size_t init_count;

/* The parameters unless set. */
#define INIT_C 1.0
#define INIT_S 0.02

/* A parsed initialisation with its parameters. */
struct init {
    char label[GRAPH_NAME_MAX]; /* for output: the row's name, the file's without folder and extension, or custom */
    struct graph graph;
    double c, s;
};

/* argument is NAME, NAME:VALUE, assignments (they hold '=' or a newline), or a file of them. */
int init_resolve(const char *argument, struct init *init, struct error *error);
void init_free(struct init *init);

bool init_assigns(const struct init *init, enum init_matrix matrix);

/* Standard deviations of every matrix in the block of scope->l, 0 of those that are not assigned; scope->phi2 is the activation's E phi(z)^2, c and s are
 * taken from init. A negative or non-finite value is ERROR_INPUT. */
int init_evaluate(const struct init *init, const struct graph_scope *scope, double sd[INIT_MATRICES],
                  struct error *error);

#endif
