/* spanscope solve: where a predicted quantity takes a value. */
#ifndef SPANSCOPE_CLI_SOLVE_H
#define SPANSCOPE_CLI_SOLVE_H

/* Returns the exit status; argv[0] is the command's name. */
int solve_command(int argc, char **argv);

#endif
