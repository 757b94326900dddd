#include "analysis/store_row.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/document.h"
#include "sim/text.h"

static int damaged(const struct store *store, sqlite3_stmt *row, int column, const char *expected, struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "store '%s' is damaged: %s of a row is no %s", store->path,
                     sqlite3_column_name(row, column), expected);
}

/* Neither is the input's fault but the file's. */
static int resource(int code, struct error *error)
{
    if (code != ERROR_NONE)
        error->code = ERROR_RESOURCE;
    return code == ERROR_NONE ? ERROR_NONE : ERROR_RESOURCE;
}

static void name_column(const struct store *store, sqlite3_stmt *row, int column, char *what, size_t size)
{
    snprintf(what, size, "store '%.300s': %s", store->path, sqlite3_column_name(row, column));
}

int store_row_text(const struct store *store, sqlite3_stmt *row, int column, char **text, struct error *error)
{
    char what[400];
    const char *found = (const char *)sqlite3_column_text(row, column);
    *text = NULL;
    if (!found)
        return damaged(store, row, column, "text", error);
    name_column(store, row, column, what, sizeof what);
    int code = resource(text_check(what, found, "", error), error);
    if (code == ERROR_NONE && !(*text = strdup(found)))
        code = store_no_memory(store, error);
    return code;
}

int store_row_number(const struct store *store, sqlite3_stmt *row, int column, uint64_t *number, struct error *error)
{
    const char *found = (const char *)sqlite3_column_text(row, column);
    char *end = NULL;
    errno = 0;
    *number = found && isdigit((unsigned char)*found) ? strtoull(found, &end, 10) : 0;
    return end && *end == '\0' && errno == 0 ? ERROR_NONE : damaged(store, row, column, "whole number", error);
}

int store_row_document(const struct store *store, sqlite3_stmt *row, int column, json_t **document, struct error *error)
{
    char what[400];
    const char *found = (const char *)sqlite3_column_text(row, column);
    *document = found ? json_loads(found, 0, NULL) : NULL;
    if (!*document)
        return damaged(store, row, column, "JSON", error);
    name_column(store, row, column, what, sizeof what);
    int code = resource(document_check(*document, what, error), error);
    if (code != ERROR_NONE) {
        json_decref(*document);
        *document = NULL;
    }
    return code;
}
