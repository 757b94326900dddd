/* gnuplot: running it, and text that it shows as written. */
#ifndef SPANSCOPE_PLOTS_GNUPLOT_H
#define SPANSCOPE_PLOTS_GNUPLOT_H

#include <stdio.h>

#include "sim/error.h"

/* Runs a script, a file of directory, with directory as the working directory. No shell takes part.
 * ERROR_RESOURCE where gnuplot is missing, or fails, with its last words. */
int gnuplot_run(const char *directory, const char *script, struct error *error);

/* Both write for the inside of a single-quoted string of enhanced text, the one kind in which gnuplot runs no
 * `commands`. */
void gnuplot_print_plain(FILE *script, const char *text);  /* shown as it is: _ is an underscore */
void gnuplot_print_markup(FILE *script, const char *text); /* enhanced text: _ begins a subscript */

#endif
