/* spanscope list: the tables that names come from. */
#ifndef SPANSCOPE_CLI_LIST_H
#define SPANSCOPE_CLI_LIST_H

/* argv[0] is the command's name; returns the exit status. */
int list_command(int argc, char **argv);

#endif
