/* A report: profiles, maps, verdicts and trainings on one page of HTML that needs nothing else.
 *
 * It holds the models' formulas and their blocks as pictures, every figure that the profiles allow with its caption, the
 * maps, tables, and the commands that make the numbers again. Pictures are inline SVG; there is no script, and nothing is
 * loaded.
 */
#ifndef SPANSCOPE_PLOTS_SHEET_H
#define SPANSCOPE_PLOTS_SHEET_H

#include <signal.h>
#include <stdio.h>

#include "sim/error.h"

struct sheet_wish {
    const char *title;
    const char *version; // of the program that writes it: "0.1.0 (0123abcd)"
    const volatile sig_atomic_t *stop;
};

/* What is read of the files; they are told apart by their first documents. */
struct sheet;

int sheet_init(struct sheet **sheet, struct error *error);
void sheet_free(struct sheet *sheet);

/* ERROR_RESOURCE, with file and line, for a file that is none of those. */
int sheet_read(struct sheet *sheet, const char *path, struct error *error);

/* ERROR_RESOURCE where gnuplot or dot is missing or fails. */
int sheet_print(struct sheet *sheet, const struct sheet_wish *wish, FILE *stream, struct error *error);

#endif
