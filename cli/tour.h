/* spanscope tour: the lessons in a terminal. */
#ifndef SPANSCOPE_CLI_TOUR_H
#define SPANSCOPE_CLI_TOUR_H

#include "cli/options.h"

extern const struct options_command tour_options;

/* argv[0] is "tour". Returns the exit status: 0, 1 where --answer is wrong, 2 (usage). */
int tour_command(int argc, char **argv);

#endif
