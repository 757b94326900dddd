/* A formula as a picture of its blocks: what the author wrote as boxes and lines, for text and for Graphviz.
 *
 * A box is a call, an operator or a name of what a block is handed; what a call is made of (the maps and the softmax of
 * attn()) is shown where it is asked for. Only what a block's outputs depend on is drawn.
 */
#ifndef SPANSCOPE_PLOTS_DIAGRAM_H
#define SPANSCOPE_PLOTS_DIAGRAM_H

#include <stdbool.h>
#include <stdio.h>

#include "sim/formula.h"

enum { DIAGRAM_OPERANDS = 16, DIAGRAM_TEXT = 240 };

enum diagram_kind {
    DIAGRAM_INPUT,
    DIAGRAM_OUTPUT,
    DIAGRAM_OPERATOR, /* sums, products and scales */
    DIAGRAM_NORM,
    DIAGRAM_ATTENTION,
    DIAGRAM_BRANCH, /* what owns matrices, but attention */
    DIAGRAM_CALL,   /* any other call */
    DIAGRAM_KINDS
};

/* The kind in one word, for style sheets: "norm". */
extern const char *const diagram_kinds[DIAGRAM_KINDS];

struct diagram_box {
    enum diagram_kind kind;
    int operands[DIAGRAM_OPERANDS]; /* boxes before this one */
    int operand_count;
    char word[GRAPH_LABEL_MAX]; /* "attn2", "+" */
    char detail[DIAGRAM_TEXT];  /* "heads=4, mask=causal"; "c/sqrt(L)" of a scale */
    char name[GRAPH_LABEL_MAX]; /* what the author calls it, "" where he does not */
    char summary[DIAGRAM_TEXT]; /* what it does, "" where that is plain */
};

struct diagram_section {
    char title[DIAGRAM_TEXT]; /* "block if l <= L/2"; "" of a formula without sections */
    struct diagram_box *boxes;
    int box_count;
};

struct diagram {
    struct diagram_section *sections;
    int section_count;
};

/* expands: calls are drawn as what they are made of. */
int diagram_init(struct diagram *diagram, const struct formula *formula, bool expands, struct error *error);
void diagram_free(struct diagram *diagram);

#endif
