/* Texts of a store's rows, which somebody else may have written: none of them would write over a terminal. */
#ifndef SPANSCOPE_ANALYSIS_STORE_ROW_H
#define SPANSCOPE_ANALYSIS_STORE_ROW_H

#include "analysis/store.h"

/* A column's text, which the caller frees. ERROR_RESOURCE, and *text NULL, where there is none, or one that cannot stand in
 * output (text_check). */
int store_row_text(const struct store *store, sqlite3_stmt *row, int column, char **text, struct error *error);

/* The same of a whole number. */
int store_row_number(const struct store *store, sqlite3_stmt *row, int column, uint64_t *number, struct error *error);

/* The same of JSON (document_check). */
int store_row_document(const struct store *store, sqlite3_stmt *row, int column, json_t **document,
                       struct error *error);

#endif
