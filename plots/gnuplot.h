/* gnuplot: running it, and text that it shows as written. */
#ifndef SPANSCOPE_PLOTS_GNUPLOT_H
#define SPANSCOPE_PLOTS_GNUPLOT_H

#include <signal.h>
#include <stdio.h>

#include "sim/error.h"

/* Time for one figure, s: hundreds of times what the largest has taken, so that only a gnuplot that hangs needs it. */
enum { GNUPLOT_SECONDS = 120 };

/* What ends a gnuplot before it does. */
struct gnuplot_limits {
    int seconds;
    const volatile sig_atomic_t *stop; // not 0: at once; NULL: nobody asks
};

/* Runs a script, a file of directory, with directory as the working directory. No shell takes part. It dies with us, and
 * with what it has started. ERROR_RESOURCE where gnuplot is missing, fails, or has not ended in time, with its last
 * words; ERROR_INTERRUPTED where it was stopped. */
int gnuplot_run(const char *directory, const char *script, const struct gnuplot_limits *limits, struct error *error);

/* Both write for the inside of a single-quoted string of enhanced text, the one kind in which gnuplot runs no
 * `commands`. */
void gnuplot_print_plain(FILE *script, const char *text);  /* shown as it is: _ is an underscore */
void gnuplot_print_markup(FILE *script, const char *text); /* enhanced text: _ begins a subscript */

#endif
