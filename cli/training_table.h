/* Runs of `train` as a table, a line a run. */
#ifndef SPANSCOPE_CLI_TRAINING_TABLE_H
#define SPANSCOPE_CLI_TRAINING_TABLE_H

#include "cli/training.h"

/* A format's head, writer and columns (cli/training). What ended a run before its time stands behind its line, or below it
 * where the window has no room. */
int training_table_head(const struct train_run *run, const struct training_page *page, FILE *stream,
                        struct error *error);
int training_table_write(const struct train_run *run, const struct training_page *page, FILE *stream,
                         struct error *error);
value_choice training_table_column;

#endif
