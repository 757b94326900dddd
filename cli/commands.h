/* The table of commands: what the program runs, its help, its manual pages and its completions go through. */
#ifndef SPANSCOPE_CLI_COMMANDS_H
#define SPANSCOPE_CLI_COMMANDS_H

#include "cli/options.h"

struct commands_row {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the name; returns the exit status */
    const struct options_command *options;
    const char *summary;
    bool spreads; /* over the ranks of a job; else rank 0 does it alone */
};

extern const struct commands_row commands[];
extern const size_t commands_count;

/* NULL where there is none of that name. */
const struct commands_row *commands_find(const char *name);

#endif
