/* spanscope train */
#ifndef SPANSCOPE_CLI_TRAIN_H
#define SPANSCOPE_CLI_TRAIN_H

int train_command(int argc, char **argv);

#endif
