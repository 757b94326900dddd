/* spanscope completion: what a shell completes, made from the tables as the help is: commands, options, and the names that
 * they take. The scripts hold it all: nothing is run while a line is typed. */
#ifndef SPANSCOPE_CLI_COMPLETION_H
#define SPANSCOPE_CLI_COMPLETION_H

#include "cli/options.h"

extern const struct options_command completion_options;

int completion_command(int argc, char **argv);

#endif
