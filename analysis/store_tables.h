/* The tables of a store (analysis/store): made, and known again. */
#ifndef SPANSCOPE_ANALYSIS_STORE_TABLES_H
#define SPANSCOPE_ANALYSIS_STORE_TABLES_H

#include "analysis/store.h"

/* What is behind its name in those of the files that SQLite makes for a database. */
enum { STORE_TABLES_FILES = 4 };
extern const char *const store_tables_suffixes[STORE_TABLES_FILES];

/* A file of that name with the tables of a store, which is there whole or not at all; path must outlive the call only.
 * One that another process has made meanwhile is left as it is. What a killed process leaves has another name,
 * .spanscope-* in the same folder. */
int store_tables_new(const char *path, struct error *error);

/* The same in a database that is open and empty. */
int store_tables_make(struct store *store, struct error *error);

/* ERROR_RESOURCE says whose the database is, where it is not a store of this version of the program, or holds anything but
 * the tables that store_tables_make makes: views, triggers and computed columns run what somebody else wrote. An empty
 * database is nobody's. */
int store_tables_check(struct store *store, bool *empty, struct error *error);

#endif
