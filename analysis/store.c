#include "analysis/store.h"

#include <cblas.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/config.h"
#include "analysis/document.h"
#include "analysis/store_tables.h"
#include "build_version.h"
#include "sim/memory.h"
#include "sim/place.h"
#include "sim/setting.h"
#include "sim/text.h"

/* What it is to others that want its file. */
static const char KEPT[] = "store";

static const char *const texts[STORE_STATEMENTS] = {
    [STORE_FIND] = "SELECT id FROM configs WHERE key = ?1",
    [STORE_INSERT] = "INSERT OR IGNORE INTO configs (key, config, engine, seed, per_token, law, cells)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [STORE_NEXT] = "SELECT sample, sum, data FROM samples WHERE config = ?1 AND sample >= ?2 AND sample < ?3"
                   " ORDER BY sample LIMIT 1",
    [STORE_PUT] = "INSERT OR IGNORE INTO samples (config, sample, sum, data) VALUES (?1, ?2, ?3, ?4)",
};

/* ---- opening ---- */

/* The errno of what failed, or 0. What is undone afterwards may leave no other trace of it than with the file or its log. */
static int reason_of(sqlite3 *db)
{
    sqlite3_file *log = NULL;
    int reason = sqlite3_system_errno(db);
    if (reason == 0)
        sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &reason);
    if (reason == 0 && sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK && log &&
        log->pMethods)
        log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &reason);
    return reason;
}

/* What SQLite met, in words of ours where it is the file's fault. */
int store_failed(const struct store *store, struct error *error)
{
    int code = store->db ? sqlite3_extended_errcode(store->db) : SQLITE_NOMEM;
    int cause = store->db ? reason_of(store->db) : 0;
    switch (code & 0xff) {
    case SQLITE_NOTADB:
        return error_set(error, ERROR_RESOURCE, "'%s' is no store: it is no SQLite database", store->path);
    case SQLITE_CORRUPT:
        return error_set(error, ERROR_RESOURCE, "store '%s' is damaged: %s", store->path, sqlite3_errmsg(store->db));
    case SQLITE_FULL:
        return error_set(error, ERROR_RESOURCE, "store '%s': the disk is full", store->path);
    case SQLITE_INTERRUPT:
        return error_set(error, ERROR_INTERRUPTED, "interrupted while store '%s' was read", store->path);
    case SQLITE_BUSY:
        if (store->stop && *store->stop)
            return error_set(error, ERROR_INTERRUPTED, "interrupted while another process held store '%s'",
                             store->path);
        return error_set(error, ERROR_RESOURCE, "store '%s': another process holds it for minutes", store->path);
    case SQLITE_READONLY:
        return error_set(error, ERROR_RESOURCE, "store '%s' may not be written to", store->path);
    case SQLITE_NOMEM:
        return error_set(error, ERROR_RESOURCE, "store '%s': out of memory", store->path);
    case SQLITE_CANTOPEN:
        return error_set(error, ERROR_RESOURCE, "cannot open store '%s': %s", store->path,
                         cause ? strerror(cause) : sqlite3_errmsg(store->db));
    default:
        return error_set(error, ERROR_RESOURCE, "store '%s': %s", store->path,
                         cause ? strerror(cause) : sqlite3_errmsg(store->db));
    }
}

int store_execute(struct store *store, const char *text, struct error *error)
{
    return sqlite3_exec(store->db, text, NULL, NULL, NULL) == SQLITE_OK ? ERROR_NONE : store_failed(store, error);
}

/* A log beside the file holds samples that are not in it yet. */
static bool has_log(const char *path)
{
    struct stat status;
    char log[PATH_MAX];
    int length = snprintf(log, sizeof log, "%s-wal", path);
    return length < 0 || (size_t)length >= sizeof log || (stat(log, &status) == 0 && status.st_size > 0);
}

/* To read a file that one may not write to, SQLite must be told that nobody else does: else it wants to make a log. */
static int open_unwritable(struct store *store)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
    size_t room = 3 * strlen(store->file) + 32;
    char *uri = malloc(room);
    if (!uri)
        return SQLITE_NOMEM;
    struct text text = {uri, room, 0};
    text_print(&text, "file:%s", store->file[0] == '/' ? "//" : "");
    for (const char *c = store->file; *c; c++)
        text_print(&text, strchr(plain, *c) ? "%c" : "%%%02X", (unsigned char)*c);
    text_print(&text, "?immutable=1");
    int code = sqlite3_open_v2(uri, &store->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
    free(uri);
    return code;
}

/* Called while a statement goes on for long. What is being written is finished: it is what an interruption leaves. */
static int is_stopped(void *context)
{
    const struct store *store = context;
    return store->stop && *store->stop && sqlite3_get_autocommit(store->db);
}

/* Another process may be writing; it is done within moments, but a machine may be slow. Whoever interrupts waits less. */
static int wait_again(void *context, int turns)
{
    enum { TURN = 10, PATIENCE = 600000, PATIENCE_STOPPED = 1000 }; // ms
    const struct store *store = context;
    if ((int64_t)turns * TURN >= (store->stop && *store->stop ? PATIENCE_STOPPED : PATIENCE))
        return 0;
    sqlite3_sleep(TURN);
    return 1;
}

static void attend(struct store *store)
{
    enum { LONG = 100000 }; // steps of SQLite's machine, far more than to write a row takes
    sqlite3_progress_handler(store->db, LONG, is_stopped, store);
    sqlite3_busy_handler(store->db, wait_again, store);
}

/* Opens, and says whose it is. */
static int open_and_check(struct store *store, enum store_use use, bool *empty, struct error *error)
{
    if (sqlite3_open_v2(store->file, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return store_failed(store, error);
    attend(store);
    int code = store_tables_check(store, empty, error);
    if (code == ERROR_NONE || use != STORE_READ || (sqlite3_errcode(store->db) & 0xff) != SQLITE_READONLY ||
        has_log(store->file))
        return code;
    sqlite3_close(store->db);
    store->db = NULL;
    if (open_unwritable(store) != SQLITE_OK)
        return store_failed(store, error);
    attend(store);
    return store_tables_check(store, empty, error);
}

/* SQLite's names beside the file too. */
static int take_places(const struct store *store, struct error *error)
{
    char path[PATH_MAX];
    int code = ERROR_NONE;
    for (int i = 0; code == ERROR_NONE && i < STORE_TABLES_FILES; i++)
        if (snprintf(path, sizeof path, "%s%s", store->path, store_tables_suffixes[i]) < PATH_MAX)
            code = place_keep(path, KEPT, error);
    return code;
}

static void leave_places(const struct store *store)
{
    char path[PATH_MAX];
    for (int i = 0; store->path && i < STORE_TABLES_FILES; i++)
        if (snprintf(path, sizeof path, "%s%s", store->path, store_tables_suffixes[i]) < PATH_MAX)
            place_leave(path, KEPT);
}

/* SQLite would wait for a pipe of one of its names. */
static int check_beside(const struct store *store, struct error *error)
{
    struct stat status;
    char path[PATH_MAX];
    for (int i = 1; i < STORE_TABLES_FILES; i++)
        if (snprintf(path, sizeof path, "%s%s", store->path, store_tables_suffixes[i]) < PATH_MAX &&
            stat(path, &status) == 0 && !S_ISREG(status.st_mode))
            return error_set(error, ERROR_RESOURCE, "cannot open store '%s': '%s' beside it is no regular file",
                             store->path, path);
    return ERROR_NONE;
}

/* A store is not made, and left behind empty, where SQLite could not open it with its log and index. */
static int check_descriptors(const struct store *store, struct error *error)
{
    enum { HELD = 4 };
    int files[HELD], count = 0, why = 0;
    while (count < HELD && why == 0) {
        files[count] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (files[count] < 0)
            why = errno;
        else
            count++;
    }
    while (count > 0)
        close(files[--count]);
    return why == EMFILE || why == ENFILE
               ? error_set(error, ERROR_RESOURCE, "cannot make store '%s': %s", store->path, strerror(why))
               : ERROR_NONE;
}

/* SQLite takes a file of a few bytes for an empty one, and would write over it. */
static int open_file(struct store *store, enum store_use use, struct error *error)
{
    enum { HEADER = 100 }; // bytes that every database begins with
    bool empty = false;
    struct stat status;
    int code = check_beside(store, error), missing = stat(store->path, &status);
    if (code != ERROR_NONE)
        return code;
    if (missing == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
        return error_set(error, ERROR_RESOURCE, "'%s' is no store: it is no regular file", store->path);
    if (missing == 0 && S_ISREG(status.st_mode) && status.st_size > 0 && status.st_size < HEADER)
        return error_set(error, ERROR_RESOURCE, "'%s' is no store: it is no SQLite database", store->path);
    if (missing && errno == ENOENT && use == STORE_WRITE && store->path[strlen(store->path) - 1] != '/') {
        code = check_descriptors(store, error);
        if (code == ERROR_NONE)
            code = store_tables_new(store->path, error);
    }
    if (code == ERROR_NONE)
        code = open_and_check(store, use, &empty, error);
    if (code == ERROR_NONE && empty && use == STORE_READ)
        code = error_set(error, ERROR_RESOURCE, "'%s' is no store: it is empty", store->path);
    if (code == ERROR_NONE && empty)
        code = store_tables_make(store, error);
    if (code == ERROR_NONE && use == STORE_WRITE)
        code = store_execute(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;", error);
    return code;
}

int store_open(struct store *store, const char *path, enum store_use use, const volatile sig_atomic_t *stop,
               struct error *error)
{
    *store = (struct store){.path = path, .stop = stop};
    int code = take_places(store, error);
    if (code == ERROR_NONE && asprintf(&store->file, "%s%s", path[0] == '/' ? "" : "./", path) < 0) {
        store->file = NULL;
        code = store_no_memory(store, error);
    }
    if (code == ERROR_NONE)
        code = open_file(store, use, error);
    if (code != ERROR_NONE)
        store_close(store);
    return code;
}

static void drop_waiting(struct store *store)
{
    for (int i = 0; i < store->waiting_count; i++)
        free(store->waiting[i].bytes);
    store->waiting_count = 0;
}

void store_close(struct store *store)
{
    drop_waiting(store);
    free(store->waiting);
    for (int i = 0; i < STORE_STATEMENTS; i++)
        sqlite3_finalize(store->statements[i]);
    sqlite3_close(store->db);
    leave_places(store);
    free(store->file);
    *store = (struct store){0};
}

/* A statement to be bound anew; NULL where it cannot be prepared. */
static sqlite3_stmt *prepare(struct store *store, enum store_statement which)
{
    sqlite3_stmt **statement = &store->statements[which];
    if (!*statement)
        sqlite3_prepare_v3(store->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
    return *statement;
}

/* ---- configurations ---- */

uint64_t store_hash(uint64_t sum, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ byte[i]) * 0x100000001b3;
    return sum;
}

/* Order of summation, and so the last bits, are decided by the compiler, its flags and the kernels of BLAS. */
char *store_law(void)
{
    char *text = NULL;
    int length = asprintf(&text, "%d; %s; OpenBLAS %s", STREAM_LAW, BUILD_FLAGS, openblas_get_corename());
    return length >= 0 ? text : NULL;
}

static json_t *settings_object(bool *ok, const struct model *model)
{
    json_t *object = json_object();
    for (size_t i = 0; i < setting_count; i++) {
        char *text = setting_value(&settings[i], model);
        document_put(ok, object, settings[i].key, text ? json_string(text) : NULL);
        free(text);
    }
    return object;
}

static json_t *columns_value(const struct observe_schema *schema)
{
    uint64_t sum = STORE_HASH;
    for (int c = 0; c < schema->column_count; c++)
        sum = store_hash(sum, schema->columns[c].name, strlen(schema->columns[c].name) + 1);
    return json_sprintf("%d:%016" PRIx64, schema->column_count, sum);
}

static bool has_tokens(const struct observe_schema *schema)
{
    bool has = false;
    for (int id = 0; id < OBSERVABLES; id++)
        has |= schema->token_column[id] >= 0;
    return has;
}

static char *make_key(const struct store_config *config, const struct sampler *sampler)
{
    bool ok = true;
    char seed[24];
    json_t *key = json_object();
    snprintf(seed, sizeof seed, "%" PRIu64, config->seed);
    document_put(&ok, key, "law", json_string(config->law ? config->law : ""));
    document_put(&ok, key, "engine", json_string(config->engine));
    document_put(&ok, key, "seed", json_string(seed));
    document_put(&ok, key, "columns", columns_value(&sampler->stack.depth.schema));
    document_put(&ok, key, "settings", settings_object(&ok, sampler->stack.depth.model));
    char *text = ok && config->law ? json_dumps(key, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(key);
    return text;
}

void store_config_free(struct store_config *config)
{
    free(config->engine), free(config->law), free(config->key);
    json_decref(config->config);
}

int store_no_memory(const struct store *store, struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "store '%s': out of memory", store->path);
}

static int describe(struct store *store, const struct sampler *sampler, uint64_t seed, struct store_config *config,
                    struct error *error)
{
    bool ok = true;
    *config = (struct store_config){.seed = seed,
                                    .engine = strdup(sampler->stack.engine->name),
                                    .law = store_law(),
                                    .config = config_object(&ok, sampler->stack.depth.model),
                                    .per_token = has_tokens(&sampler->stack.depth.schema),
                                    .cells = (int64_t)sampler->cells};
    config->key = config->engine && ok ? make_key(config, sampler) : NULL;
    if (config->key)
        return ERROR_NONE;
    store_config_free(config);
    return store_no_memory(store, error);
}

static int find(struct store *store, const char *key, int64_t *id, struct error *error)
{
    sqlite3_stmt *statement = prepare(store, STORE_FIND);
    if (!statement)
        return store_failed(store, error);
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    int step = sqlite3_step(statement);
    *id = step == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    int code = step == SQLITE_ROW || step == SQLITE_DONE ? ERROR_NONE : store_failed(store, error);
    sqlite3_reset(statement);
    return code;
}

static int insert(struct store *store, const struct store_config *config, struct error *error)
{
    sqlite3_stmt *statement = prepare(store, STORE_INSERT);
    char seed[24], *text = json_dumps(config->config, JSON_COMPACT | JSON_REAL_PRECISION(17));
    if (!statement || !text) {
        free(text);
        return statement ? store_no_memory(store, error) : store_failed(store, error);
    }
    snprintf(seed, sizeof seed, "%" PRIu64, config->seed);
    sqlite3_bind_text(statement, 1, config->key, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, text, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, config->engine, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 4, seed, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int(statement, 5, config->per_token);
    sqlite3_bind_text(statement, 6, config->law, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 7, config->cells);
    int code = sqlite3_step(statement) == SQLITE_DONE ? ERROR_NONE : store_failed(store, error);
    sqlite3_reset(statement);
    free(text);
    return code;
}

int store_adopt(struct store *store, const struct store_config *config, int64_t *id, struct error *error)
{
    int code = find(store, config->key, id, error);
    if (code != ERROR_NONE || *id >= 0)
        return code;
    code = insert(store, config, error);
    return code == ERROR_NONE ? find(store, config->key, id, error) : code;
}

int store_enter(struct store *store, const struct sampler *sampler, uint64_t seed, int64_t *id, struct error *error)
{
    struct store_config config;
    int code = describe(store, sampler, seed, &config, error);
    if (code != ERROR_NONE)
        return code;
    code = store_adopt(store, &config, id, error);
    store_config_free(&config);
    return code;
}

bool store_fits(const struct store_config *config, const struct sampler *sampler)
{
    json_t *key = json_loads(config->key, 0, NULL), *columns = columns_value(&sampler->stack.depth.schema);
    bool fits = key && columns && json_equal(json_object_get(key, "columns"), columns) &&
                (size_t)config->cells == sampler->cells;
    json_decref(key);
    json_decref(columns);
    return fits;
}

/* ---- samples ---- */

/* A value is its mantissa and its exponent, 12 bytes in the order of the machine. */
enum { VALUE_BYTES = sizeof(double) + sizeof(int32_t) };

static void encode(size_t cells, const struct wide *values, unsigned char *bytes)
{
    for (size_t i = 0; i < cells; i++, bytes += VALUE_BYTES) {
        int32_t exponent = values[i].exponent;
        memcpy(bytes, &values[i].mantissa, sizeof(double));
        memcpy(bytes + sizeof(double), &exponent, sizeof exponent);
    }
}

static void decode(size_t cells, const unsigned char *bytes, struct wide *values)
{
    for (size_t i = 0; i < cells; i++, bytes += VALUE_BYTES) {
        int32_t exponent;
        memcpy(&values[i].mantissa, bytes, sizeof(double));
        memcpy(&exponent, bytes + sizeof(double), sizeof exponent);
        values[i].exponent = exponent;
    }
}

/* Bound to its place too: a row that was moved is damaged. */
static int64_t sum_of(uint64_t sample, const void *bytes, size_t size)
{
    uint64_t sum = store_hash(store_hash(STORE_HASH, &sample, sizeof sample), bytes, size);
    int64_t value;
    memcpy(&value, &sum, sizeof value);
    return value;
}

bool store_is_whole(sqlite3_stmt *row, size_t cells)
{
    uint64_t sample = (uint64_t)sqlite3_column_int64(row, 0);
    const void *bytes = sqlite3_column_blob(row, 2);
    size_t size = (size_t)sqlite3_column_bytes(row, 2);
    return size == cells * VALUE_BYTES && bytes && sum_of(sample, bytes, size) == sqlite3_column_int64(row, 1);
}

int store_next(struct store *store, int64_t config, uint64_t first, uint64_t end, uint64_t *sample, size_t cells,
               struct wide *values, struct error *error)
{
    sqlite3_stmt *statement = prepare(store, STORE_NEXT);
    if (!statement)
        return store_failed(store, error);
    sqlite3_bind_int64(statement, 1, config);
    sqlite3_bind_int64(statement, 2, (int64_t)first);
    sqlite3_bind_int64(statement, 3, (int64_t)end);
    int step = sqlite3_step(statement), code = ERROR_NONE;
    *sample = step == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(statement, 0) : end;
    if (step == SQLITE_ROW && !store_is_whole(statement, cells))
        code = error_set(error, ERROR_RESOURCE,
                         "store '%s': sample %" PRIu64 " of configuration %" PRId64
                         " is damaged; spanscope store --check --drop takes it out",
                         store->path, *sample, config);
    else if (step == SQLITE_ROW)
        decode(cells, sqlite3_column_blob(statement, 2), values);
    else if (step != SQLITE_DONE)
        code = store_failed(store, error);
    sqlite3_reset(statement);
    return code;
}

int store_put(struct store *store, int64_t config, uint64_t sample, size_t cells, const struct wide *values,
              struct error *error)
{
    if (store->waiting_count == store->waiting_room) {
        int room = 2 * store->waiting_room + 8;
        struct store_sample *grown = realloc(store->waiting, (size_t)room * sizeof *grown);
        if (!grown)
            return store_no_memory(store, error);
        store->waiting = grown;
        store->waiting_room = room;
    }
    struct store_sample *next = &store->waiting[store->waiting_count];
    *next = (struct store_sample){config, sample, malloc(cells * VALUE_BYTES + 1), cells * VALUE_BYTES};
    if (!next->bytes)
        return store_no_memory(store, error);
    encode(cells, values, next->bytes);
    store->waiting_count++;
    return ERROR_NONE;
}

static int insert_waiting(struct store *store, struct error *error)
{
    sqlite3_stmt *statement = prepare(store, STORE_PUT);
    if (!statement)
        return store_failed(store, error);
    int code = ERROR_NONE;
    for (int i = 0; code == ERROR_NONE && i < store->waiting_count; i++) {
        const struct store_sample *next = &store->waiting[i];
        sqlite3_bind_int64(statement, 1, next->config);
        sqlite3_bind_int64(statement, 2, (int64_t)next->sample);
        sqlite3_bind_int64(statement, 3, sum_of(next->sample, next->bytes, next->size));
        sqlite3_bind_blob64(statement, 4, next->bytes, next->size, SQLITE_STATIC);
        code = sqlite3_step(statement) == SQLITE_DONE ? ERROR_NONE : store_failed(store, error);
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
    }
    return code;
}

int store_flush(struct store *store, struct error *error)
{
    if (store->waiting_count == 0)
        return ERROR_NONE;
    struct error rolled;
    int code = store_execute(store, "BEGIN IMMEDIATE", error);
    if (code == ERROR_NONE) {
        code = insert_waiting(store, error);
        if (code == ERROR_NONE)
            code = store_execute(store, "COMMIT", error);
        if (code != ERROR_NONE)
            store_execute(store, "ROLLBACK", &rolled);
    }
    drop_waiting(store);
    return code;
}
