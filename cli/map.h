#ifndef SPANSCOPE_CLI_MAP_H
#define SPANSCOPE_CLI_MAP_H

int map_command(int argc, char **argv);

#endif
