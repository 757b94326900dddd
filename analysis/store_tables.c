#include "analysis/store_tables.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/cleanup.h"
#include "sim/place.h"

/* "span", and the version of the tables. */
enum { APPLICATION = 0x7370616e, FORMAT = 2 };

/* What stands behind CREATE TABLE, in a database too: SQLite keeps the words as they were given. */
static const char *const tables[] = {
    "configs (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE,"
    " config TEXT NOT NULL, engine TEXT NOT NULL, seed TEXT NOT NULL,"
    " per_token INTEGER NOT NULL, law TEXT NOT NULL, cells INTEGER NOT NULL)",
    "samples (config INTEGER NOT NULL, sample INTEGER NOT NULL,"
    " sum INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (config, sample))",
    "trainings (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE,"
    " run TEXT NOT NULL, law TEXT NOT NULL, done INTEGER NOT NULL, finished INTEGER NOT NULL,"
    " sum INTEGER NOT NULL, data BLOB NOT NULL)",
};
enum { TABLES = sizeof tables / sizeof *tables };

/* SQLite's own, of AUTOINCREMENT. */
static const char sequence[] = "sqlite_sequence(name,seq)";

const char *const store_tables_suffixes[STORE_TABLES_FILES] = {"", "-journal", "-wal", "-shm"};

/* ---- made ---- */

/* Two processes may do it at once: under the lock, only what is not there is made. The log makes a commit one write without
 * a wait for the disk: a killed process loses nothing, a machine that loses its power the last moments. It comes last,
 * since what fails before it is rolled back to nothing. */
int store_tables_make(struct store *store, struct error *error)
{
    struct error rolled;
    char text[256];
    int code = store_execute(store, "BEGIN IMMEDIATE", error);
    if (code != ERROR_NONE)
        return code;
    for (int i = 0; code == ERROR_NONE && i < TABLES; i++) {
        char create[1024];
        snprintf(create, sizeof create, "CREATE TABLE IF NOT EXISTS %s", tables[i]);
        code = store_execute(store, create, error);
    }
    snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT", APPLICATION, FORMAT);
    if (code == ERROR_NONE)
        code = store_execute(store, text, error);
    if (code != ERROR_NONE)
        store_execute(store, "ROLLBACK", &rolled);
    return code == ERROR_NONE ? store_execute(store, "PRAGMA journal_mode = WAL", error) : code;
}

/* In a file that nobody else knows. Messages name the one that it will be. */
static int make_apart(const char *temporary, const char *path, struct error *error)
{
    struct store store = {.path = path};
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, code;
    int file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644); // SQLite would not tell why it cannot
    if (file < 0)
        return error_set(error, ERROR_RESOURCE, "cannot make store '%s': %s", path, strerror(errno));
    close(file);
    code = sqlite3_open_v2(temporary, &store.db, flags, NULL) == SQLITE_OK ? store_tables_make(&store, error)
                                                                           : store_failed(&store, error);
    sqlite3_close(store.db);
    return code;
}

static void remove_apart(const char *temporary)
{
    char path[PATH_MAX];
    for (int i = 0; i < STORE_TABLES_FILES; i++)
        if (snprintf(path, sizeof path, "%s%s", temporary, store_tables_suffixes[i]) < PATH_MAX)
            unlink(path);
}

/* Never over another. Some file systems have no second names, others no such renaming. */
static int give_name(const char *temporary, const char *name)
{
    if (link(temporary, name) == 0 || errno == EEXIST)
        return 0;
    return renameat2(AT_FDCWD, temporary, AT_FDCWD, name, RENAME_NOREPLACE) == 0 || errno == EEXIST ? 0 : -1;
}

/* Signals wait: it takes moments, and what is made is worth nothing before it has its name. */
int store_tables_new(const char *path, struct error *error)
{
    char whole[PATH_MAX];
    int descriptor, code = ERROR_NONE;
    errno = ENAMETOOLONG;
    if (snprintf(whole, sizeof whole, "%s", path) >= PATH_MAX || place_follow(whole, &descriptor) != 0)
        return error_set(error, ERROR_RESOURCE, "cannot make store '%s': %s", path, strerror(errno));
    char *temporary = place_beside(whole);
    if (!temporary)
        return error_set(error, ERROR_RESOURCE, "store '%s': out of memory", path);
    cleanup_hold();
    code = make_apart(temporary, path, error);
    if (code == ERROR_NONE && give_name(temporary, whole) != 0)
        code = error_set(error, ERROR_RESOURCE, "cannot make store '%s': %s", path, strerror(errno));
    remove_apart(temporary);
    cleanup_release();
    free(temporary);
    return code;
}

/* ---- known ---- */

/* The number that a statement without parameters gives. */
static int ask(struct store *store, const char *text, int64_t *value, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    bool ok = sqlite3_prepare_v2(store->db, text, -1, &statement, NULL) == SQLITE_OK &&
              sqlite3_step(statement) == SQLITE_ROW;
    if (ok)
        *value = sqlite3_column_int64(statement, 0);
    int code = ok ? ERROR_NONE : store_failed(store, error);
    sqlite3_finalize(statement);
    return code;
}

/* Whether its words are those of a table of ours. */
static bool is_ours(const char *words)
{
    static const char create[] = "CREATE TABLE ";
    bool ours = false;
    if (strncmp(words, create, sizeof create - 1) != 0)
        return false;
    words += sizeof create - 1;
    for (int i = 0; i < TABLES; i++)
        ours |= strcmp(words, tables[i]) == 0;
    return ours || strcmp(words, sequence) == 0;
}

/* Indexes of UNIQUE and PRIMARY KEY have no words. */
static int check_entries(struct store *store, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int step = SQLITE_ERROR, known = 0;
    bool strange = false;
    if (sqlite3_prepare_v2(store->db, "SELECT sql, type = 'index' FROM sqlite_master", -1, &statement, NULL) ==
        SQLITE_OK)
        while (!strange && (step = sqlite3_step(statement)) == SQLITE_ROW) {
            const char *words = (const char *)sqlite3_column_text(statement, 0);
            strange = words ? !is_ours(words) : !sqlite3_column_int(statement, 1);
            known += words != NULL;
        }
    int code = strange || step == SQLITE_DONE ? ERROR_NONE : store_failed(store, error);
    sqlite3_finalize(statement);
    if (code == ERROR_NONE && (strange || known != TABLES + 1))
        code = error_set(error, ERROR_RESOURCE, "'%s' is no store: it holds other things than a store's tables",
                         store->path);
    return code;
}

int store_tables_check(struct store *store, bool *empty, struct error *error)
{
    int64_t application = 0, format = 0, entries = 0;
    int code = ask(store, "SELECT count(*) FROM sqlite_master", &entries, error);
    if (code == ERROR_NONE)
        code = ask(store, "PRAGMA application_id", &application, error);
    if (code == ERROR_NONE)
        code = ask(store, "PRAGMA user_version", &format, error);
    if (code != ERROR_NONE)
        return code;
    *empty = entries == 0 && application == 0;
    if (*empty)
        return ERROR_NONE;
    if (application != APPLICATION)
        return error_set(error, ERROR_RESOURCE, "'%s' is no store: it is an SQLite database of another program",
                         store->path);
    if (format != FORMAT)
        return error_set(error, ERROR_RESOURCE,
                         "store '%s' has format %" PRId64 ", which another version of this program wrote; this one "
                         "reads %d",
                         store->path, format, FORMAT);
    return check_entries(store, error);
}
