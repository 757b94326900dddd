/* spanscope verify: decides the ledger of claims. */
#ifndef SPANSCOPE_CLI_VERIFY_H
#define SPANSCOPE_CLI_VERIFY_H

#include "cli/options.h"

extern const struct options_command verify_options;

/* argv[0] is "verify". Returns the exit status. */
int verify_command(int argc, char **argv);

#endif
