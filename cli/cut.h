/* Columns chosen of CSV: rows are written whole, and of each the chosen fields go on. */
#ifndef SPANSCOPE_CLI_CUT_H
#define SPANSCOPE_CLI_CUT_H

#include <stdio.h>

#include "cli/columns.h"

struct cut {
    FILE *stream; /* where rows are written */
    FILE *to;
    const struct columns *columns;
    value_choice *names;
    char *text;
    size_t length;
    int at[COLUMNS_MAX]; /* the field of each chosen column, -1 where these rows have none: it is empty */
};

/* head is the row of all columns' names, names what columns->chosen numbers; they must outlive the cut, but for the head. Where none is
 * chosen, rows go on as they are. ERROR_RESOURCE without memory. */
int cut_open(struct cut *cut, FILE *to, const struct columns *columns, value_choice *names, const char *head,
             struct error *error);

/* Writes the row of names: those chosen, or the head. */
void cut_print_names(const struct cut *cut, const char *head);

/* Hands on what was written, whole rows. */
void cut_flush(struct cut *cut);

/* The same, at the end. */
int cut_close(struct cut *cut, struct error *error);

#endif
