/* A formula as a graph: nodes in topological order, each a signal (rows x width) or a scalar.
 *
 * The parser (sim/formula) lowers every section of a formula to a dozen kinds of signal, so that an interpretation of the
 * language (sampling, moments, bounds) is one pass over the nodes with a case for each. What users write every day (attn,
 * ffn, glu) is defined in prelude text in the same language and is expanded while it is parsed. Subtraction is a sum
 * with a scale of -1, division by a scalar a scale by its inverse. Scalars keep their own tree and are evaluated per
 * block.
 *
 * Sizes are scalars, so a graph has none: sim/plan resolves rows, widths and options of every node for one block of one
 * model, and says which maps share an input.
 */
#ifndef SPANSCOPE_SIM_GRAPH_H
#define SPANSCOPE_SIM_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/error.h"

enum graph_kind {
    /* signals */
    GRAPH_INPUT,   /* inputs[index]: what the block is handed, a state or a memory */
    GRAPH_ONES,    /* one column of ones: mapped, a bias. No operands: whose rows it has, `memory` and `mixture` say */
    GRAPH_SUM,     /* signal a + signal b */
    GRAPH_SCALE,   /* signal a times scalar b */
    GRAPH_PRODUCT, /* signal a times signal b, element by element */
    GRAPH_POINTWISE, /* a function of each element of a: activations[index], or the setting's where index is -1 (phi) */
    GRAPH_NORM,      /* norm of each row of a, or of each of its groups of columns; options graph_norm_option */
    GRAPH_MAP,       /* signal a through the random matrix matrices[index]; options graph_map_option */
    GRAPH_ATTEND,    /* softmax attention of queries a, keys b, values c, no matrices; options graph_attend_option */
    GRAPH_JOIN,      /* columns of signals a and b side by side; options graph_join_option */
    GRAPH_EXPERT,    /* the rows of a that one expert of a mixture is given; the input of the mixture's body */
    GRAPH_MOE,       /* routing of a by matrices[index]; b is the output of the body; options graph_moe_option */
    /* scalars */
    GRAPH_NUMBER,   /* value */
    GRAPH_VARIABLE, /* graph_variables[index] */
    GRAPH_ADD,
    GRAPH_SUBTRACT,
    GRAPH_MULTIPLY,
    GRAPH_DIVIDE,
    GRAPH_POWER,
    GRAPH_NEGATE,
    GRAPH_SQRT,
    GRAPH_EXP,
    GRAPH_LOG,
    GRAPH_FLOOR,
    GRAPH_MIN,
    GRAPH_MAX,
    GRAPH_MOD, /* a - b floor(a/b) */
    GRAPH_LAW, /* only in initialisations: a, the standard deviation of a matrix whose entries have the law laws[index] */
    /* truths: scalars of value 0 or 1, only after "if" */
    GRAPH_LESS,
    GRAPH_LESS_EQUAL,
    GRAPH_GREATER,
    GRAPH_GREATER_EQUAL,
    GRAPH_EQUAL,
    GRAPH_NOT_EQUAL,
    GRAPH_NOT,
    GRAPH_AND,
    GRAPH_OR,
    GRAPH_UNKNOWN, /* a signal or a scalar: a parameter while a definition is checked that nothing calls; in no graph else */
    GRAPH_KINDS
};

enum {
    GRAPH_NAME_MAX = 32,
    GRAPH_LABEL_MAX = 2 * GRAPH_NAME_MAX, /* site.matrix */
    GRAPH_NODES_MAX = 4096,
    GRAPH_STATEMENTS_MAX = 512,
    GRAPH_INPUTS_MAX = 12,
    GRAPH_OPTIONS_MAX = 17,
};

/* Options of a node: node->option[...] is a scalar node, or for a choice the number of its row in the option's table;
 * -1 where the call does not say, which leaves it to the setting of the same name. */
enum graph_map_option {
    GRAPH_MAP_FAN_OUT, /* d */
};

enum graph_norm_option {
    GRAPH_NORM_KIND,   /* choice: norms */
    GRAPH_NORM_GROUPS, /* 1 */
    GRAPH_NORM_EPS,
};

enum graph_join_option {
    GRAPH_JOIN_GROUPS, /* of what comes out; 1 */
    GRAPH_JOIN_REPEAT, /* groups that one of a stands in; 1 */
};

enum graph_attend_option {
    GRAPH_ATTEND_HEADS,
    GRAPH_ATTEND_KV_HEADS,
    GRAPH_ATTEND_HEAD_WIDTH, /* width of the queries / heads; one that is given is checked */
    GRAPH_ATTEND_MASK,       /* choice: masks */
    GRAPH_ATTEND_WINDOW,     /* 0: none */
    GRAPH_ATTEND_SCALE,      /* 1/sqrt(head_width) */
    GRAPH_ATTEND_ROPE,       /* base; 0: none */
    GRAPH_ATTEND_ROTARY,     /* rotated fraction of a head */
    GRAPH_ATTEND_BIAS,       /* choice: biases */
    GRAPH_ATTEND_CAP,        /* 0: none */
    GRAPH_ATTEND_SINK,       /* 0 or 1 */
    GRAPH_ATTEND_BIAS_SD,    /* of a drawn bias; the bias's own */
    GRAPH_ATTEND_SINK_SD,    /* of the sink's logit; 0 */
    GRAPH_ATTEND_SCALING,    /* choice: scalings */
    GRAPH_ATTEND_FACTOR,
    GRAPH_ATTEND_LENGTH,
    GRAPH_ATTEND_GAIN, /* of rotated queries and keys; the scaling's own */
};

enum graph_moe_option {
    GRAPH_MOE_EXPERTS,
    GRAPH_MOE_TOP,
    GRAPH_MOE_ROUTER,     /* choice: routers */
    GRAPH_MOE_WIDTH,      /* hidden features of an expert: F within the body */
    GRAPH_MOE_GROUPS,     /* 1 */
    GRAPH_MOE_TOP_GROUPS, /* all of them */
    GRAPH_MOE_WEIGH,      /* choice: router_weighs */
};

/* The values behind the scalar names of the language; theory.md, section 1. */
struct graph_scope {
    double L, l, d, T, F, H, E, k;      /* of the model; l is the block's number from 1 */
    double heads, kv_heads, head_width; /* heads is H */
    double phi2, c, s;                  /* only in initialisations: E phi(z)^2 and the two parameters */
    double n, m;                        /* only in initialisations: fan-in and fan-out of the matrix */
};

/* A scalar name of the language and the member of struct graph_scope behind it. */
struct graph_variable {
    const char *name;
    size_t offset;
    bool init_only;     /* known in initialisations, not in block formulas */
    bool soft;          /* a statement may take the name */
    const char *option; /* that sets it within a call of a def, or NULL */
};

extern const struct graph_variable graph_variables[];
extern const int graph_variable_count;

struct graph_node {
    enum graph_kind kind;
    int a, b, c;      /* operands: indices of earlier nodes, -1 where absent */
    int index;        /* into the table that the kind names; -1 for the other kinds */
    double value;     /* GRAPH_NUMBER */
    int site;         /* the site whose text the node stands in; -1 outside */
    int mixture;      /* GRAPH_EXPERT and the nodes of its body: which mixture, from 0; -1 elsewhere */
    bool memory;      /* signals: the rows are a memory's tokens, not the sequence's */
    int line, column; /* where the node stands in the text, both from 1; of an expanded def, where it is called */
    int option[GRAPH_OPTIONS_MAX];
};

/* A statement "name = node": kept so that a graph can be printed back in its author's words. In an initialisation the
 * name may be site.matrix. */
struct graph_statement {
    char name[GRAPH_LABEL_MAX];
    int node;
};

/* An argument as it is written: "node", "key=node" or "key=word". */
struct graph_argument {
    char key[GRAPH_NAME_MAX];  /* "" where there is none */
    char word[GRAPH_NAME_MAX]; /* "" where it is a node */
    int node;
};

/* A call in the text itself, not in a def: of an operation, or of a def, whose expansion is nodes [first, output]. Kept,
 * like statements, for printing. */
struct graph_call {
    char function[GRAPH_NAME_MAX];
    int first_argument, argument_count; /* in arguments */
    int first, output;
};

/* What owns matrices: a call of a def or of moe in the text (attn, ffn, attn2 ..., numbered from the second use of the
 * name), or all maps that are written outside of such calls together (the name is empty, output and added are -1). */
struct graph_site {
    char name[GRAPH_NAME_MAX];
    int input;  /* the first argument */
    int output; /* what the branch puts out */
    int added; /* what of it is added to the stream: output behind the scales, norms and products that only it enters */
    bool attends; /* has a GRAPH_ATTEND */
};

struct graph_matrix {
    char name[GRAPH_NAME_MAX];   /* wq */
    char label[GRAPH_LABEL_MAX]; /* attn2.wq; without a site's name wq; a name's second use in a site wq_2 */
    int site, node;              /* node: its GRAPH_MAP or GRAPH_MOE */
    uint32_t place;              /* site in its address: its own, of a shared one that of the first with its label */
    uint32_t matrix, expert;     /* in its address (sim/stream); of a mixture's, expert is the expert's */
    bool shared;                 /* one matrix in all blocks */
};

/* The names of what a block is handed: states first, x the first of them, then memories. */
struct graph_input {
    char name[GRAPH_NAME_MAX];
    bool memory;
};

struct graph {
    struct graph_node *nodes;
    int node_count;
    struct graph_statement *statements;
    int statement_count;
    struct graph_call *calls; /* by output */
    int call_count;
    struct graph_argument *arguments;
    int argument_count;
    struct graph_site *sites;
    int site_count;
    struct graph_matrix *matrices; /* in the order of the nodes */
    int matrix_count;
    int mixture_count;
    struct graph_input inputs[GRAPH_INPUTS_MAX];
    int input_count, state_count;
    int outputs[GRAPH_INPUTS_MAX]; /* [state_count] what each state is when the block ends, the state's own GRAPH_INPUT
                                      where it is passed on; of a condition, outputs[0] is its value */
    char what[64];                 /* names the text in messages: "formula", a file's name (clipped) */
};

void graph_free(struct graph *graph);

bool graph_is_signal(enum graph_kind kind);
bool graph_is_truth(enum graph_kind kind);

/* The kind as the language writes it: "+", "norm", "<"; NULL for numbers, names, inputs, maps and functions. */
const char *graph_word(enum graph_kind kind);

/* The newest statement of that name, or -1. */
int graph_statement(const struct graph *graph, const char *name);

/* The GRAPH_INPUT node of inputs[input], -1 where the graph does not read it. */
int graph_input_node(const struct graph *graph, int input);

/* Whether an attention's queries and keys are tokens of the same sequence, whose positions can be compared. */
bool graph_is_of_one_sequence(const struct graph *graph, const struct graph_node *attend);

/* Evaluates every scalar node under scope into values[node_count]; entries of signal nodes are left alone.
 * A non-finite value is ERROR_INPUT with line, column and the block's number. */
int graph_evaluate(const struct graph *graph, const struct graph_scope *scope, double *values, // [node_count]
                   struct error *error);

#endif
