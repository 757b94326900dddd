/* spanscope predict: the infinite-width reading. */
#ifndef SPANSCOPE_CLI_PREDICT_H
#define SPANSCOPE_CLI_PREDICT_H

int predict_command(int argc, char **argv);

#endif
