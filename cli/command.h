/* What all commands do before and behind their own work. */
#ifndef SPANSCOPE_CLI_COMMAND_H
#define SPANSCOPE_CLI_COMMAND_H

#include "cli/options.h"

/* A command's work on its parsed options; target begins with a struct options. Where it returns ERROR_NONE, the exit
 * status is options.status. */
typedef int command_action(void *target, struct error *error);

/* Parses the options into target, which holds the defaults; prints the help, or acts; tells the error. Returns the exit
 * status. argv[0] is the command's name. */
int command_run(const struct options_command *command, int argc, char **argv, void *target, command_action *act);

#endif
