/* Tables of a row a thing: the columns asked for, or those that the window has room for. */
#ifndef SPANSCOPE_CLI_GRID_H
#define SPANSCOPE_CLI_GRID_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/columns.h"

enum { GRID_COLUMNS = 128, GRID_CELL = 160, GRID_GAP = 2 };

struct grid_column {
    const char *name; /* by which it is asked for, and its head */
    int width;        /* characters, at least of its head */
    bool left;        /* a text, cut where it is too long; else a number */
    bool usual;       /* shown without being asked for */
    int spare;        /* of columns that there is no room for the most spare go first, the last of equals */
};

struct grid {
    struct grid_column columns[GRID_COLUMNS];
    int count;
    int shown[GRID_COLUMNS], shown_count; /* in their order */
    int window;
    bool asked; /* for these columns, so that others are not missed */
};

/* The text of a column's cell in a row, an empty string before the call. */
typedef void grid_cell(const void *row, int column, char text[GRID_CELL]);

/* Chooses what is shown of the columns given: those that were asked for, by their numbers, or the usual ones that a window
 * has room for (0: any), at least one. */
void grid_fit(struct grid *grid, const struct columns *asked, int window);

/* What there was no room for, where anything is missing, and the heads. */
void grid_print_head(const struct grid *grid, FILE *stream);

/* A row without its newline, so that a remark may follow it. Returns the characters it has. */
int grid_print_row(const struct grid *grid, grid_cell *cell, const void *row, FILE *stream);

#endif
