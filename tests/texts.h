/* Texts of formulas: what becomes of them, and what is said of those that are none. */
#ifndef SPANSCOPE_TESTS_TEXTS_H
#define SPANSCOPE_TESTS_TEXTS_H

#include "sim/formula.h"

/* The only block of a formula without sections, which must parse; the formula owns it. */
const struct graph *texts_parse(const char *text, struct formula *formula);

void texts_check_node(const struct graph *graph, int index, enum graph_kind kind, int a, int b);

/* A text that does not parse: nothing of it is left to free, and this is the first line of the error. */
struct text_message {
    const char *text, *message; /* "line 1, column 5: unknown name 'q'" */
};
void texts_check_message(const struct text_message *row);

/* count copies of part between head and tail, in memory that the caller frees. */
char *texts_repeat(const char *head, const char *part, int count, const char *tail);

/* So many copies of part parse, with as many ")" as it opens behind them; one more is the error. */
struct text_limit {
    const char *head, *part, *tail;
    int allowed;
    const char *message; /* a part of it */
};
void texts_check_limit(const struct text_limit *row);

#endif
