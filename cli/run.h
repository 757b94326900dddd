/* spanscope run: samples models and writes their profiles. */
#ifndef SPANSCOPE_CLI_RUN_H
#define SPANSCOPE_CLI_RUN_H

#include "cli/options.h"

extern const struct options_command run_options;

/* argv[0] is the command's name; returns the exit status. */
int run_command(int argc, char **argv);

#endif
