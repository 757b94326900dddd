/* The table of initialisations: the standard deviation of every matrix as scalar expressions; theory.md, section 1.
 *
 * An assignment to attn2.wo is of one matrix of a formula, to wo of all of that name, to w of all that are not named;
 * other names are helpers. n and m are the matrix's fan-in and fan-out. "wo = uniform(s)" gives the matrix a law (sim/law)
 * of its own. */
#ifndef SPANSCOPE_SIM_INIT_H
#define SPANSCOPE_SIM_INIT_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/error.h"
#include "sim/formula.h"
#include "sim/graph.h"
#include "sim/law.h"
#include "sim/owners.h"

/* The matrices of the prelude and of mixtures have numbers of their own (their address, sim/stream). */
enum { INIT_MATRICES = 8 };

extern const char *const init_matrix_names[INIT_MATRICES]; /* "wq", ... */

struct init_row {
    const char *name;
    const char *text; /* assignments in the scalar language: "wq = 1/sqrt(d); ..." */
    const char *source;
    const char *summary;
    char parameter; /* 'c', 's', or 0: what NAME:VALUE sets */
    bool required;  /* NAME alone does not do */
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
    owners *owners; /* of the graph */
};

struct init_size {
    int fan_in, fan_out;
};

/* The assignment that says what the matrix is, index in init->graph.statements, or -1. */
int init_find(const struct init *init, const struct graph_matrix *matrix);

/* The law that it says besides, or NULL: the model's. */
const struct law *init_law(const struct init *init, const struct graph_matrix *matrix);

/* ERROR_INPUT where a matrix of the formula has none, and for an assignment that says nothing: of no matrix of the formula
 * or the prelude, and read by no other. */
int init_check(const struct init *init, const struct formula *formula, struct error *error);

/* argument is NAME, NAME:VALUE, assignments (they hold '=' or a newline), or a file of them. */
int init_resolve(const char *argument, struct init *init, struct error *error);
void init_free(struct init *init);

/* The parameter that such an argument has a value of, 'c' of scaleinit:2; else 0. */
char init_given(const char *argument);

/* Another owner of the same graph, which never changes; any thread may, and each is freed for itself. */
void init_share(const struct init *from, struct init *to);

/* Standard deviations of the graph's matrices in the block of scope->l, given their sizes; scope->phi2 is the
 * activation's E phi(z)^2, c and s are taken from init. The graph is checked; a negative or non-finite value is
 * ERROR_INPUT. */
int init_evaluate(const struct init *init, const struct graph_scope *scope, const struct graph *graph,
                  const struct init_size sizes[], // [matrix_count]
                  double sd[],                    // [matrix_count]
                  struct error *error);

#endif
