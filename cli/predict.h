/* spanscope predict: the infinite-width reading. */
#ifndef SPANSCOPE_CLI_PREDICT_H
#define SPANSCOPE_CLI_PREDICT_H

#include "cli/options.h"

extern const struct options_command predict_options;

int predict_command(int argc, char **argv);

#endif
