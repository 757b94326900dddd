#include "analysis/inventory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/store_row.h"

static int read_config(const struct store *store, sqlite3_stmt *row, struct store_config *config, struct error *error)
{
    *config = (struct store_config){
        .id = sqlite3_column_int64(row, 0),
        .per_token = sqlite3_column_int(row, 5) != 0,
        .cells = sqlite3_column_int64(row, 7),
        .samples = sqlite3_column_int64(row, 8),
        .first = (uint64_t)sqlite3_column_int64(row, 9),
        .last = (uint64_t)sqlite3_column_int64(row, 10),
    };
    int code = store_row_text(store, row, 1, &config->key, error);
    if (code == ERROR_NONE)
        code = store_row_document(store, row, 2, &config->config, error);
    if (code == ERROR_NONE)
        code = store_row_text(store, row, 3, &config->engine, error);
    if (code == ERROR_NONE)
        code = store_row_number(store, row, 4, &config->seed, error);
    return code == ERROR_NONE ? store_row_text(store, row, 6, &config->law, error) : code;
}

static int add_row(struct store *store, sqlite3_stmt *row, struct inventory *inventory, struct error *error)
{
    struct store_config *grown = realloc(inventory->configs, ((size_t)inventory->count + 1) * sizeof *grown);
    if (!grown)
        return store_no_memory(store, error);
    inventory->configs = grown;
    return read_config(store, row, &grown[inventory->count++], error);
}

int inventory_read(struct store *store, struct inventory *inventory, struct error *error)
{
    static const char text[] = "SELECT id, key, config, engine, seed, per_token, law, cells,"
                               " (SELECT count(*) FROM samples WHERE config = configs.id),"
                               " (SELECT min(sample) FROM samples WHERE config = configs.id),"
                               " (SELECT max(sample) FROM samples WHERE config = configs.id)"
                               " FROM configs ORDER BY id";
    sqlite3_stmt *statement = NULL;
    *inventory = (struct inventory){0};
    if (sqlite3_prepare_v2(store->db, text, -1, &statement, NULL) != SQLITE_OK)
        return store_failed(store, error);
    int code = ERROR_NONE, step = SQLITE_ROW;
    while (code == ERROR_NONE && (step = sqlite3_step(statement)) == SQLITE_ROW)
        code = add_row(store, statement, inventory, error);
    if (code == ERROR_NONE && step != SQLITE_DONE)
        code = store_failed(store, error);
    sqlite3_finalize(statement);
    if (code != ERROR_NONE)
        inventory_free(inventory);
    return code;
}

void inventory_free(struct inventory *inventory)
{
    for (int i = 0; i < inventory->count; i++)
        store_config_free(&inventory->configs[i]);
    free(inventory->configs);
    *inventory = (struct inventory){0};
}

int inventory_remove(struct store *store, int64_t config, struct error *error)
{
    char text[256];
    snprintf(text, sizeof text,
             "BEGIN IMMEDIATE; DELETE FROM samples WHERE config = %" PRId64 "; DELETE FROM configs WHERE id = %" PRId64
             "; COMMIT;",
             config, config);
    return store_execute(store, text, error);
}

int inventory_compact(struct store *store, struct error *error)
{
    return store_execute(store, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE);", error);
}

static int drop_sample(struct store *store, int64_t config, int64_t sample, struct error *error)
{
    char text[128];
    snprintf(text, sizeof text, "DELETE FROM samples WHERE config = %" PRId64 " AND sample = %" PRId64, config, sample);
    return store_execute(store, text, error);
}

/* Of what the check found: before it stands the name of the database. */
static const char *last_line(sqlite3_stmt *row)
{
    const char *text = (const char *)sqlite3_column_text(row, 0), *line = strrchr(text, '\n');
    return line ? line + 1 : text;
}

static int check_file(struct store *store, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = ERROR_NONE;
    if (sqlite3_prepare_v2(store->db, "PRAGMA integrity_check(1)", -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW)
        code = store_failed(store, error);
    else if (strcmp((const char *)sqlite3_column_text(statement, 0), "ok") != 0)
        code = error_set(error, ERROR_RESOURCE, "store '%s' is damaged: %s", store->path, last_line(statement));
    sqlite3_finalize(statement);
    return code;
}

int inventory_check(struct store *store, bool drop, int64_t *damaged, struct error *error)
{
    static const char text[] = "SELECT sample, sum, data, config, (SELECT cells FROM configs WHERE id = samples.config)"
                               " FROM samples";
    *damaged = 0;
    sqlite3_stmt *statement = NULL;
    int code = check_file(store, error), step = SQLITE_ROW;
    if (code == ERROR_NONE && sqlite3_prepare_v2(store->db, text, -1, &statement, NULL) != SQLITE_OK)
        code = store_failed(store, error);
    while (code == ERROR_NONE && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        if (store_is_whole(statement, (size_t)sqlite3_column_int64(statement, 4)))
            continue;
        ++*damaged;
        if (drop)
            code = drop_sample(store, sqlite3_column_int64(statement, 3), sqlite3_column_int64(statement, 0), error);
    }
    if (code == ERROR_NONE && step != SQLITE_DONE)
        code = store_failed(store, error);
    sqlite3_finalize(statement);
    return code;
}
