/* spanscope train */
#ifndef SPANSCOPE_CLI_TRAIN_H
#define SPANSCOPE_CLI_TRAIN_H

#include "cli/options.h"

extern const struct options_command train_options;

int train_command(int argc, char **argv);

#endif
