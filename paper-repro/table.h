/* Tab-separated files of records under a line of names. */
#ifndef SPANSCOPE_PAPER_REPRO_TABLE_H
#define SPANSCOPE_PAPER_REPRO_TABLE_H

#include <stdbool.h>

#include "sim/error.h"

enum { TABLE_FIELDS_MAX = 16 };

/* Takes one record apart and keeps it in context. Returns whether it is one; *code tells a failure to keep it. */
typedef bool table_take(void *context, char *const fields[], int *code, struct error *error);

/* Every line below the first, which must be header; a line has as many fields as it. ERROR_RESOURCE with file and line
 * for a file that cannot be read, has no records or is not made of them; what names a record: "a claim". */
int table_read(const char *path, const char *header, const char *what, table_take *take, void *context,
               struct error *error);

#endif
