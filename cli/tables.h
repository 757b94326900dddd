/* The tables as one JSON document, from which the explorer makes its sliders and selects. */
#ifndef SPANSCOPE_CLI_TABLES_H
#define SPANSCOPE_CLI_TABLES_H

#include <stdio.h>

#include "sim/error.h"

int tables_print(FILE *stream, struct error *error);

#endif
