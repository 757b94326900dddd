/* spanscope diagram: a formula as a picture of its blocks. */
#ifndef SPANSCOPE_CLI_DIAGRAM_H
#define SPANSCOPE_CLI_DIAGRAM_H

int diagram_command(int argc, char **argv);

#endif
