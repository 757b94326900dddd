/* Which columns are shown: those that --columns names, or what the terminal's window has room for. */
#ifndef SPANSCOPE_CLI_COLUMNS_H
#define SPANSCOPE_CLI_COLUMNS_H

#include <stdio.h>

#include "cli/options.h"

enum { COLUMNS_MAX = 64 };

struct columns {
    const char *text;        /* as it was given; NULL: nothing was */
    int chosen[COLUMNS_MAX]; /* numbers of names, in the order given */
    int count;
};

/* Reads the text: names with commas between them, each one of names and given once. ERROR_INPUT with the nearest name. */
int columns_choose(struct columns *columns, value_choice *names, struct error *error);

/* Columns of the window of the terminal that the stream leads to; 0 where it is none. */
int columns_window(FILE *stream);

/* Columns that text of length bytes takes: a character each. */
int columns_of(const char *text, size_t length);

/* Text on lines of at most width columns (0: any), broken at blanks, those behind the first of each line indented. */
void columns_fold(const char *text, int width, int indent, FILE *stream);

#endif
