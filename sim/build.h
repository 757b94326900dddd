/* Graphs as they grow: nodes, statements, calls, matrices and their sites; for the parser only.
 *
 * Functions that add return the new index, or a negative error code with the place in error. */
#ifndef SPANSCOPE_SIM_BUILD_H
#define SPANSCOPE_SIM_BUILD_H

#include "sim/graph.h"
#include "sim/lexer.h"

struct build {
    const struct lexer *lexer; /* for errors */
    struct graph *graph;
    struct lexer_token at; /* where nodes are said to stand while a def is expanded; text NULL outside of one */
    int mixture;           /* that nodes belong to, -1 outside */
};

void build_start(struct build *build, const struct lexer *lexer, struct graph *graph);

/* Room for one more element; NULL with ERROR_RESOURCE where there is none. Arrays grow at powers of two
 * from eight, so that their capacity is not stored. */
void *build_grow(const struct lexer *lexer, void *array, int count, size_t size);

/* A node without operands, index, options, to be filled in. */
struct graph_node build_node(enum graph_kind kind);

int build_add(struct build *build, const struct lexer_token *at, struct graph_node node);
int build_binary(struct build *build, const struct lexer_token *at, enum graph_kind kind, int a, int b);
int build_number(struct build *build, const struct lexer_token *at, double value);

int build_statement(struct build *build, const struct lexer_token *name, int node);
int build_argument(struct build *build, const struct graph_argument *argument);

/* Its arguments are the graph's from first_argument on. */
int build_call(struct build *build, const struct lexer_token *name, int first_argument, int first, int output);

/* A matrix of the node, without a site yet. */
int build_matrix(struct build *build, const struct lexer_token *name, int node);

/* The matrices of nodes [first, output] become a site's, that of a call of the function, or, bare, the section's unnamed
 * one. Nothing where there are none. */
int build_site(struct build *build, const struct lexer_token *function, bool bare, int input, int first, int output);

/* What can be told of a section when all of it is there. */
void build_finish(struct graph *graph);

#endif
