/* A formula as a graph: nodes in topological order, each a T x d signal or a scalar.
 *
 * The parser (sim/formula) lowers every formula to seven kinds of signal, so that an interpretation of the language
 * (sampling, moments, bounds) is one pass over the nodes with seven cases. Subtraction is a sum with a scale of -1,
 * division by a scalar a scale by its inverse. Scalars keep their own tree and are evaluated per block.
 */
#ifndef SPANSCOPE_SIM_GRAPH_H
#define SPANSCOPE_SIM_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/error.h"

enum graph_kind {
    /* signals */
    GRAPH_INPUT, /* the block's input x */
    GRAPH_SUM,   /* signal a + signal b */
    GRAPH_SCALE, /* signal a times scalar b */
    GRAPH_NORM,  /* norm(a) */
    GRAPH_ATTN,  /* attn(a), own weights */
    GRAPH_FFN,   /* ffn(a), own weights */
    GRAPH_MOE,   /* moe(a), own weights */
    /* scalars */
    GRAPH_NUMBER,   /* value */
    GRAPH_VARIABLE, /* one of graph_variables[variable] */
    GRAPH_ADD,
    GRAPH_SUBTRACT,
    GRAPH_MULTIPLY,
    GRAPH_DIVIDE,
    GRAPH_POWER,
    GRAPH_NEGATE,
    GRAPH_SQRT,
    GRAPH_MIN,
    GRAPH_MAX,
    /* conditions: scalars of value 0 or 1, only after "if" */
    GRAPH_LESS,
    GRAPH_LESS_EQUAL,
    GRAPH_GREATER,
    GRAPH_GREATER_EQUAL,
    GRAPH_EQUAL,
    GRAPH_NOT_EQUAL,
};

/* The values behind the scalar names of the language; theory.md, section 1. */
struct graph_scope {
    double L, l, d, T, F, H, E, k; /* of the model; l is the block's number from 1 */
    double phi2, c, s;             /* only in initialisations: E phi(z)^2 and the two parameters */
};

enum { GRAPH_NAME_MAX = 32, GRAPH_NODES_MAX = 4096, GRAPH_STATEMENTS_MAX = 512 };

/* A scalar name of the language and the member of struct graph_scope behind it. */
struct graph_variable {
    const char *name;
    size_t offset;
    bool init_only; /* known in initialisations, not in block formulas */
};

extern const struct graph_variable graph_variables[];
extern const int graph_variable_count;

struct graph_node {
    enum graph_kind kind;
    int a, b;         /* operands: indices of earlier nodes, -1 where absent */
    double value;     /* GRAPH_NUMBER */
    int variable;     /* GRAPH_VARIABLE: index into the table of scalar names */
    int site;         /* branches: 0, 1, ... in the order of the text; -1 elsewhere */
    int line, column; /* where the node stands in the text, both from 1 */
};

/* A statement "name = node": kept so that a graph can be printed back in its author's words. */
struct graph_statement {
    char name[GRAPH_NAME_MAX];
    int node;
};

struct graph_site {
    char name[GRAPH_NAME_MAX]; /* attn, ffn, attn2 ...: the kind, numbered from its second use */
    int node;
};

struct graph {
    struct graph_node *nodes;
    int node_count;
    struct graph_statement *statements;
    int statement_count;
    struct graph_site *sites; /* the branches: everything that owns weights */
    int site_count;
    int output;    /* the node that is x when the block ends */
    char what[64]; /* names the text in messages: "formula", a file's name (clipped) */
};

void graph_free(struct graph *graph);

bool graph_is_signal(enum graph_kind kind);
bool graph_is_branch(enum graph_kind kind);

/* The function's name in the language ("attn") for the kinds that are written as calls, else NULL. */
const char *graph_function_name(enum graph_kind kind);

/* The kind of that function and the number of its arguments; -1 where name is none. */
int graph_function_find(const char *name, int *arguments);

/* Evaluates every scalar node under scope into values[node_count]; entries of signal nodes are left alone.
 * A non-finite value is ERROR_INPUT with line, column and the block's number. */
int graph_evaluate(const struct graph *graph, const struct graph_scope *scope, double *values, struct error *error);

/* Writes the statements as text, separator between them ("; " or "\n"), like snprintf: returns the full length.
 * Parsing the text again gives the same graph. A condition, which has no statements, is written as an expression. */
size_t graph_print(const struct graph *graph, const char *separator, char *buffer, size_t size);

#endif
