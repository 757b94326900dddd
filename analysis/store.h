/* A file that keeps samples: every value of every sample, as it is finished, for whoever asks for the same one again.
 *
 * SQLite with a write-ahead log: a process that is killed leaves what it had committed, and several processes of one
 * machine may write at once. A configuration is known by all that decides the bits of its samples: the settings, formulas
 * in full, engine, seed, columns, the law of sampling (sim/stream) and the build. Names of formulas do not count.
 */
#ifndef SPANSCOPE_ANALYSIS_STORE_H
#define SPANSCOPE_ANALYSIS_STORE_H

#include <jansson.h>
#include <signal.h>
#include <sqlite3.h>

#include "sim/sampler.h"

enum store_use {
    STORE_READ,  /* what is there */
    STORE_WRITE, /* made where it is not there */
};

enum store_statement { STORE_FIND, STORE_INSERT, STORE_NEXT, STORE_PUT, STORE_STATEMENTS };

/* A sample that waits to be committed with others. */
struct store_sample {
    int64_t config;
    uint64_t sample;
    unsigned char *bytes; /* [size] */
    size_t size;
};

struct store {
    const char *path; /* as the user wrote it */
    char *file;       /* the same as SQLite takes it for nothing but a file's name */
    const volatile sig_atomic_t *stop;
    sqlite3 *db;
    sqlite3_stmt *statements[STORE_STATEMENTS]; /* prepared at first use */
    struct store_sample *waiting;
    int waiting_count, waiting_room;
};

/* A store is a file of exactly that name. ERROR_RESOURCE says in words what is wrong with one that is missing, damaged,
 * foreign or of a newer program; ERROR_INPUT where it is written otherwise (sim/place). When *stop (or NULL) becomes other
 * than 0, reading and waiting for another process end with ERROR_INTERRUPTED; writing does not. The store must stay where
 * it is, and path must outlive it. */
int store_open(struct store *store, const char *path, enum store_use use, const volatile sig_atomic_t *stop,
               struct error *error);

/* What SQLite met last, as ERROR_RESOURCE in words of ours where it is the file's fault; likewise no memory. */
int store_failed(const struct store *store, struct error *error);
int store_no_memory(const struct store *store, struct error *error);

/* Statements without parameters or rows. */
int store_execute(struct store *store, const char *text, struct error *error);

/* FNV-1a, 64 bits; the sum of nothing is STORE_HASH. */
#define STORE_HASH 0xcbf29ce484222325
uint64_t store_hash(uint64_t sum, const void *bytes, size_t size);

/* Drops what waits: store_flush before it. */
void store_close(struct store *store);

/* A configuration whose samples are kept. */
struct store_config {
    int64_t id;
    uint64_t seed;
    char *engine, *law;
    char *key;      /* all that decides the bits, as JSON */
    json_t *config; /* members of settings (analysis/config) */
    bool per_token;
    int64_t cells;   /* of a sample */
    int64_t samples; /* that are there, */
    uint64_t first, last;
};

/* The law of this build, which a sample must have been drawn by to be of use. The caller frees; NULL without memory. */
char *store_law(void);

/* The id of a sampler's configuration, which is added where it is not there. */
int store_enter(struct store *store, const struct sampler *sampler, uint64_t seed, int64_t *id, struct error *error);

/* The same of a configuration of another store. */
int store_adopt(struct store *store, const struct store_config *config, int64_t *id, struct error *error);

/* Whether a sampler's samples have the configuration's columns: else another version of the program kept them. */
bool store_fits(const struct store_config *config, const struct sampler *sampler);

void store_config_free(struct store_config *config);

/* The first kept sample of first .. end - 1, with its values[cells]; *sample is end where there is none.
 * ERROR_RESOURCE where it is damaged. */
int store_next(struct store *store, int64_t config, uint64_t first, uint64_t end, uint64_t *sample, size_t cells,
               struct wide *values, struct error *error);

/* Whether a row of sample, sum and data is of so many cells and as it was written. */
bool store_is_whole(sqlite3_stmt *row, size_t cells);

/* Keeps a sample with the next store_flush. One that is there stays as it is. */
int store_put(struct store *store, int64_t config, uint64_t sample, size_t cells, const struct wide *values,
              struct error *error);
int store_flush(struct store *store, struct error *error);

#endif
