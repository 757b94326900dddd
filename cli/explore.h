/* spanscope explore: the explorer in the browser. */
#ifndef SPANSCOPE_CLI_EXPLORE_H
#define SPANSCOPE_CLI_EXPLORE_H

#include "cli/options.h"

extern const struct options_command explore_options;

/* argv[0] is "explore". Returns the exit status: 0 when a signal ended it. */
int explore_command(int argc, char **argv);

#endif
