/* spanscope manual: pages for man(1), made from the table of commands and their options as the help is. */
#ifndef SPANSCOPE_CLI_MANUAL_H
#define SPANSCOPE_CLI_MANUAL_H

#include "cli/options.h"

extern const struct options_command manual_options;

int manual_command(int argc, char **argv);

#endif
