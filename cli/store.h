/* The command `store`. */
#ifndef SPANSCOPE_CLI_STORE_H
#define SPANSCOPE_CLI_STORE_H

#include "cli/options.h"

extern const struct options_command store_options;

/* Takes argv[0] as the command's name; returns the exit status. */
int store_command(int argc, char **argv);

#endif
