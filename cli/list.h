/* spanscope list: the tables that names come from. */
#ifndef SPANSCOPE_CLI_LIST_H
#define SPANSCOPE_CLI_LIST_H

#include "cli/options.h"

extern const struct options_command list_options;

/* argv[0] is the command's name; returns the exit status. */
int list_command(int argc, char **argv);

#endif
