/* spanscope plot: figures from saved profiles. */
#ifndef SPANSCOPE_CLI_PLOT_H
#define SPANSCOPE_CLI_PLOT_H

#include "cli/options.h"

extern const struct options_command plot_options;

/* argv[0] is "plot". Returns the exit status: 0, 2 (usage, or a figure that the data lack), 3 (file or gnuplot). */
int plot_command(int argc, char **argv);

#endif
