/* spanscope solve: where a predicted quantity takes a value. */
#ifndef SPANSCOPE_CLI_SOLVE_H
#define SPANSCOPE_CLI_SOLVE_H

#include "cli/options.h"

extern const struct options_command solve_options;

/* Returns the exit status; argv[0] is the command's name. */
int solve_command(int argc, char **argv);

#endif
