/* spanscope inspect: one sample from within, its entries and its attentions. */
#ifndef SPANSCOPE_CLI_INSPECT_H
#define SPANSCOPE_CLI_INSPECT_H

/* argv[0] is the command's name; returns the exit status. */
#include "cli/options.h"

extern const struct options_command inspect_options;

int inspect_command(int argc, char **argv);

#endif
