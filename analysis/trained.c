#include "analysis/trained.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/schema.h"
#include "analysis/store_row.h"
#include "sim/setting.h"

/* Names of formulas do not count: their texts do. NULL without memory. */
static char *make_key(const char *law, const json_t *run)
{
    json_t *nameless = json_deep_copy(run), *config = json_object_get(nameless, SCHEMA_CONFIG);
    for (size_t i = 0; i < setting_count; i++)
        if (settings[i].type == SETTING_TEXT)
            json_object_del(config, settings[i].key);
    json_t *key = json_pack("{s:s, s:o}", "law", law, "run", nameless);
    char *text = key ? json_dumps(key, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(key);
    return text;
}

/* The step of a statement that is used once; SQLITE_ERROR where it could not be prepared. */
static int step(sqlite3_stmt *statement)
{
    return statement ? sqlite3_step(statement) : SQLITE_ERROR;
}

static sqlite3_stmt *prepare(struct store *store, const char *text)
{
    sqlite3_stmt *statement = NULL;
    sqlite3_prepare_v2(store->db, text, -1, &statement, NULL);
    return statement;
}

static int64_t sum_of(const void *bytes, size_t length)
{
    return (int64_t)store_hash(STORE_HASH, bytes, length);
}

/* Columns of a row that ends with sum, data. */
static bool is_whole(sqlite3_stmt *row, int sum)
{
    const void *bytes = sqlite3_column_blob(row, sum + 1);
    size_t length = (size_t)sqlite3_column_bytes(row, sum + 1);
    return bytes && sum_of(bytes, length) == sqlite3_column_int64(row, sum);
}

static int take(const struct store *store, sqlite3_stmt *row, char **bytes, size_t *length, struct error *error)
{
    if (!is_whole(row, 0))
        return error_set(error, ERROR_RESOURCE,
                         "store '%s': a training run is damaged; spanscope store --check --drop takes it out",
                         store->path);
    *length = (size_t)sqlite3_column_bytes(row, 1);
    *bytes = malloc(*length + 1);
    if (!*bytes)
        return store_no_memory(store, error);
    memcpy(*bytes, sqlite3_column_blob(row, 1), *length);
    return ERROR_NONE;
}

int trained_find(struct store *store, const char *law, const json_t *run, char **bytes, size_t *length,
                 struct error *error)
{
    char *key = make_key(law, run);
    *bytes = NULL;
    if (!key)
        return store_no_memory(store, error);
    sqlite3_stmt *statement = prepare(store, "SELECT sum, data FROM trainings WHERE key = ?1");
    if (statement)
        sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    int found = step(statement), code = ERROR_NONE;
    if (found == SQLITE_ROW)
        code = take(store, statement, bytes, length, error);
    else if (found != SQLITE_DONE)
        code = store_failed(store, error);
    sqlite3_finalize(statement);
    free(key);
    return code;
}

/* Of two processes that train the same, the one that is ahead. */
static const char put[] = "INSERT INTO trainings (key, run, law, done, finished, sum, data)"
                          " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (key) DO UPDATE SET"
                          " done = ?4, finished = ?5, sum = ?6, data = ?7 WHERE finished < ?5 OR (finished = ?5 AND"
                          " done < ?4)";

int trained_keep(struct store *store, const struct trained_run *run, const char *bytes, size_t length,
                 struct error *error)
{
    char *key = make_key(run->law, run->run);
    char *text = key ? json_dumps(run->run, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    int code = ERROR_NONE;
    if (text) {
        sqlite3_stmt *statement = prepare(store, put);
        sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 2, text, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 3, run->law, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 4, run->done);
        sqlite3_bind_int(statement, 5, run->finished);
        sqlite3_bind_int64(statement, 6, sum_of(bytes, length));
        sqlite3_bind_blob64(statement, 7, bytes, length, SQLITE_STATIC);
        if (step(statement) != SQLITE_DONE)
            code = store_failed(store, error);
        sqlite3_finalize(statement);
    } else {
        code = store_no_memory(store, error);
    }
    free(key);
    free(text);
    return code;
}

/* ---- the whole file ---- */

static int add_row(struct store *store, sqlite3_stmt *row, struct trained_list *list, struct error *error)
{
    struct trained_run *grown = realloc(list->runs, ((size_t)list->count + 1) * sizeof *grown);
    if (!grown)
        return store_no_memory(store, error);
    list->runs = grown;
    struct trained_run *next = &grown[list->count++];
    *next = (struct trained_run){.id = sqlite3_column_int64(row, 0),
                                 .done = sqlite3_column_int64(row, 3),
                                 .finished = sqlite3_column_int(row, 4) != 0};
    int code = store_row_document(store, row, 1, &next->run, error);
    return code == ERROR_NONE ? store_row_text(store, row, 2, &next->law, error) : code;
}

int trained_list(struct store *store, struct trained_list *list, struct error *error)
{
    *list = (struct trained_list){0};
    sqlite3_stmt *statement = prepare(store, "SELECT id, run, law, done, finished FROM trainings ORDER BY id");
    int code = ERROR_NONE, found = SQLITE_ROW;
    while (code == ERROR_NONE && (found = step(statement)) == SQLITE_ROW)
        code = add_row(store, statement, list, error);
    if (code == ERROR_NONE && found != SQLITE_DONE)
        code = store_failed(store, error);
    sqlite3_finalize(statement);
    if (code != ERROR_NONE)
        trained_list_free(list);
    return code;
}

void trained_list_free(struct trained_list *list)
{
    for (int i = 0; i < list->count; i++) {
        json_decref(list->runs[i].run);
        free(list->runs[i].law);
    }
    free(list->runs);
    *list = (struct trained_list){0};
}

int trained_remove(struct store *store, int64_t id, struct error *error)
{
    char text[80];
    snprintf(text, sizeof text, "DELETE FROM trainings WHERE id = %" PRId64, id);
    return store_execute(store, text, error);
}

int trained_copy(struct store *from, const struct trained_run *run, struct store *to, struct error *error)
{
    char *bytes;
    size_t length;
    int code = trained_find(from, run->law, run->run, &bytes, &length, error);
    if (code == ERROR_NONE && bytes)
        code = trained_keep(to, run, bytes, length, error);
    free(bytes);
    return code;
}

int trained_check(struct store *store, bool drop, int64_t *damaged, struct error *error)
{
    sqlite3_stmt *statement = prepare(store, "SELECT id, sum, data FROM trainings");
    int code = ERROR_NONE, found = SQLITE_ROW;
    while (code == ERROR_NONE && (found = step(statement)) == SQLITE_ROW) {
        if (is_whole(statement, 1))
            continue;
        ++*damaged;
        if (drop)
            code = trained_remove(store, sqlite3_column_int64(statement, 0), error);
    }
    if (code == ERROR_NONE && found != SQLITE_DONE)
        code = store_failed(store, error);
    sqlite3_finalize(statement);
    return code;
}
