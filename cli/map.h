#ifndef SPANSCOPE_CLI_MAP_H
#define SPANSCOPE_CLI_MAP_H

#include "cli/options.h"

extern const struct options_command map_options;

int map_command(int argc, char **argv);

#endif
