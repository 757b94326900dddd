/* spanscope diagram: a formula as a picture of its blocks. */
#ifndef SPANSCOPE_CLI_DIAGRAM_H
#define SPANSCOPE_CLI_DIAGRAM_H

#include "cli/options.h"

extern const struct options_command diagram_options;

int diagram_command(int argc, char **argv);

#endif
