/* spanscope report: saved results on one page of HTML. */
#ifndef SPANSCOPE_CLI_SHEET_H
#define SPANSCOPE_CLI_SHEET_H

#include "cli/options.h"

extern const struct options_command sheet_options;

/* argv[0] is the command's name; returns the exit status. */
int sheet_command(int argc, char **argv);

#endif
