/* Block formulas: text to graphs. The language is described in README.md.
 *
 *     y = norm(x + attn(x)); x = norm(x + ffn(y))
 *
 * The parser is total: every byte string gives graphs or an error with line, column and a caret; never a crash.
 */
#ifndef SPANSCOPE_SIM_FORMULA_H
#define SPANSCOPE_SIM_FORMULA_H

#include "sim/error.h"
#include "sim/graph.h"
#include "sim/owners.h"

enum {
    FORMULA_TEXT_MAX = 65536,  /* bytes */
    FORMULA_NESTING_MAX = 100, /* parentheses, calls and exponents within each other */
    FORMULA_RULES_MAX = 64,
    FORMULA_SHARED_MAX = 32,
};

struct formula_rule {
    struct graph condition; /* its output is the condition; empty (node_count 0) where the section has none */
    struct graph block;
};

/* What stands before the sections. */
struct formula_head {
    char **definitions; /* [definition_count] "def f(u) = ...", as written */
    int definition_count;
    struct graph_input inputs[GRAPH_INPUTS_MAX]; /* states first, x the first of them, then memories */
    int input_count, state_count;
    char shared[FORMULA_SHARED_MAX][GRAPH_LABEL_MAX]; /* matrices, sites' matrices, or w for all */
    int shared_count;
};

struct formula {
    struct formula_head head;
    struct graph first;         /* block 1 only; node_count 0 where absent */
    struct formula_rule *rules; /* tried in the order of the text */
    int rule_count;
    struct graph last; /* the section final:, after block L; node_count 0 where absent */
    char *text;        // [length], what it was parsed from
    size_t length;
    bool gated;     /* it was parsed with the ffn of gated activations */
    owners *owners; /* of all that is behind the pointers */
};

/* text has length bytes and may hold any of them. what names it in messages ("formula", a file's name). ffn is that of
 * plain activations. */
int formula_parse(const char *text, size_t length, const char *what, struct formula *formula, struct error *error);
void formula_free(struct formula *formula);

/* Another owner of the same graphs, which never change; any thread may, and each is freed for itself. */
void formula_share(const struct formula *from, struct formula *to);

/* Parses the formula's text again where its ffn is not the one wanted. */
int formula_set_gated(struct formula *formula, bool gated, struct error *error);

/* The graph of block l (scope->l): first: for l = 1, else the first rule whose condition holds; NULL and ERROR_INPUT
 * where none does. */
int formula_block(const struct formula *formula, const struct graph_scope *scope, const struct graph **block,
                  struct error *error);

/* The section number i of those that have nodes, first, rules, final; NULL behind the last. */
const struct graph *formula_section(const struct formula *formula, int i);

/* The whole formula as text that parses to the same graphs (where it fits FORMULA_TEXT_MAX); like snprintf. */
size_t formula_print(const struct formula *formula, const char *separator, char *buffer, size_t size);

/* Assignments of scalars only, for initialisations: names of matrices, sites' matrices or any other; phi2, c, s, n and m
 * are known beside the model's names. graph->statements holds them. */
int formula_parse_scalars(const char *text, size_t length, const char *what, struct graph *graph, struct error *error);

/* The value under scope of a text that is one scalar expression, such as "1 + 2*l". ERROR_INPUT where it has none. */
int formula_scalar(const char *text, const char *what, const struct graph_scope *scope, double *value,
                   struct error *error);

#endif
