/* The command `store`. */
#ifndef SPANSCOPE_CLI_STORE_H
#define SPANSCOPE_CLI_STORE_H

/* Takes argv[0] as the command's name; returns the exit status. */
int store_command(int argc, char **argv);

#endif
