/* What a store is, and what only looks like one. Its file is whole or not there. */
#include "analysis/store_tables.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/folder.h"
#include <check.h>

static struct error error;

static void change(const char *statements)
{
    sqlite3 *db;
    char *why = NULL;
    ck_assert_int_eq(sqlite3_open(folder_path("kept"), &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, statements, NULL, NULL, &why) == SQLITE_OK, "%s", why);
    sqlite3_close(db);
}

/* Each of these would run what somebody else wrote, or is not there to be read. The view has no end. */
static const char *const strange[] = {
    ("DROP TABLE samples; CREATE VIEW samples AS WITH RECURSIVE t(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM t)"
     " SELECT 1 config, n sample, 0 sum, x'00' data FROM t"),
    "CREATE VIEW more AS SELECT 1",
    "CREATE TRIGGER first AFTER INSERT ON samples BEGIN DELETE FROM samples; END",
    "CREATE INDEX more ON samples (abs(sum))",
    "CREATE TABLE more (a)",
    "CREATE VIRTUAL TABLE more USING fts5(a)",
    "ALTER TABLE samples ADD COLUMN more INTEGER AS (sum + 1)",
    "DROP TABLE trainings",
    "DROP TABLE samples; CREATE TABLE samples (config INTEGER, sample INTEGER, sum INTEGER, data BLOB)",
};

START_TEST(what_is_more_or_less_is_no_store)
{
    struct store store;
    ck_assert_int_eq(store_tables_new(folder_path("kept"), &error), ERROR_NONE);
    change(strange[_i]);
    for (int use = STORE_READ; use <= STORE_WRITE; use++) {
        ck_assert_int_eq(store_open(&store, folder_path("kept"), (enum store_use)use, NULL, &error), ERROR_RESOURCE);
        ck_assert_ptr_nonnull(strstr(error.text, "is no store: it holds other things than a store's tables"));
    }
}
END_TEST

/* SQLite takes a file of less than eight bytes for an empty one. */
START_TEST(another_file_is_left_as_it_is)
{
    struct store store;
    static const char *const texts[] = {"x", "seven..", "a letter to whom it may concern"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t length;
        folder_write("letter", texts[i]);
        for (int use = STORE_READ; use <= STORE_WRITE; use++) {
            ck_assert_int_eq(store_open(&store, folder_path("letter"), (enum store_use)use, NULL, &error),
                             ERROR_RESOURCE);
            ck_assert_msg(strstr(error.text, "is no store: it is no SQLite database") != NULL, "%s", error.text);
        }
        char *left = folder_read("letter", &length);
        ck_assert(length == strlen(texts[i]) && memcmp(left, texts[i], length) == 0);
        free(left);
    }
}
END_TEST

/* SQLite would wait for the pipe. */
START_TEST(what_is_beside_a_store_is_a_file)
{
    struct store store;
    static const char *const names[] = {"kept", "new"};
    static const char *const suffixes[] = {"-journal", "-wal", "-shm"};
    ck_assert_int_eq(store_tables_new(folder_path("kept"), &error), ERROR_NONE);
    for (int i = 0; i < 6; i++) {
        char beside[32];
        snprintf(beside, sizeof beside, "%s%s", names[i % 2], suffixes[i / 2]);
        ck_assert_int_eq(mkfifo(folder_path(beside), 0600), 0);
        for (int use = STORE_READ; use <= STORE_WRITE; use++) {
            ck_assert_int_eq(store_open(&store, folder_path(names[i % 2]), (enum store_use)use, NULL, &error),
                             ERROR_RESOURCE);
            ck_assert_msg(strstr(error.text, "' beside it is no regular file"), "%s", error.text);
        }
        ck_assert_int_eq(unlink(folder_path(beside)), 0);
    }
}
END_TEST

START_TEST(what_is_made_is_known)
{
    struct store store;
    folder_write("empty", "");
    ck_assert_int_eq(store_tables_new(folder_path("kept"), &error), ERROR_NONE);
    change("INSERT INTO configs (key, config, engine, seed, per_token, law, cells) VALUES (1, 2, 3, 4, 5, 6, 7)");
    ck_assert_int_eq(store_tables_new(folder_path("kept"), &error), ERROR_NONE); // another's is left as it is
    change("INSERT INTO trainings (key, run, law, done, finished, sum, data)"
           " SELECT key, config, law, 1, 1, 0, x'00' FROM configs; VACUUM");
    static const char *const names[] = {"kept", "empty", "new"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        ck_assert_msg(store_open(&store, folder_path(names[i]), STORE_WRITE, NULL, &error) == ERROR_NONE, "%s",
                      error.text);
        store_close(&store);
        ck_assert_int_eq(store_open(&store, folder_path(names[i]), STORE_READ, NULL, &error), ERROR_NONE);
        store_close(&store);
    }
    ck_assert_int_eq(folder_entries(folder_name), 3);
}
END_TEST

/* 4096 bytes are one page of the database, of eight. */
START_TEST(a_store_that_cannot_be_made_is_not_there)
{
    struct store store;
    static const char *const names[] = {"new", "empty"};
    folder_write("empty", "");
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){4096, RLIM_INFINITY}), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(store_open(&store, folder_path(names[i]), STORE_WRITE, NULL, &error), ERROR_RESOURCE);
        ck_assert_msg(strstr(error.text, ": File too large") != NULL, "%s", error.text);
    }
    ck_assert_int_eq(folder_entries(folder_name), 1);
    size_t length;
    char *empty = folder_read("empty", &length);
    ck_assert_uint_eq(length, 0);
    free(empty);
    ck_assert_int_eq(store_open(&store, folder_path("none/new"), STORE_WRITE, NULL, &error), ERROR_RESOURCE);
    ck_assert_ptr_nonnull(strstr(error.text, "none/new': No such file or directory"));
}
END_TEST

/* Statements that go on for long: one without end, and one of a million steps. */
#define COUNT(limit) "WITH RECURSIVE t(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM t" limit ") SELECT count(*) FROM t"

START_TEST(reading_is_stopped_and_writing_is_not)
{
    struct store store;
    volatile sig_atomic_t stop = 0;
    ck_assert_int_eq(store_open(&store, folder_path("kept"), STORE_WRITE, &stop, &error), ERROR_NONE);
    ck_assert_int_eq(store_execute(&store, COUNT(" LIMIT 1000000"), &error), ERROR_NONE);
    stop = 1;
    ck_assert_int_eq(store_execute(&store, COUNT(""), &error), ERROR_INTERRUPTED);
    ck_assert_int_eq(store_execute(&store, "BEGIN; " COUNT(" LIMIT 1000000") "; COMMIT", &error), ERROR_NONE);
    store_close(&store);
}
END_TEST

/* Another holds the store for longer than anybody who has asked for the end would wait. */
START_TEST(waiting_is_stopped)
{
    struct store store, other;
    volatile sig_atomic_t stop = 1;
    ck_assert_int_eq(store_open(&other, folder_path("kept"), STORE_WRITE, NULL, &error), ERROR_NONE);
    ck_assert_int_eq(store_execute(&other, "BEGIN IMMEDIATE", &error), ERROR_NONE);
    ck_assert_int_eq(store_open(&store, folder_path("kept"), STORE_WRITE, &stop, &error), ERROR_NONE);
    ck_assert_int_eq(store_execute(&store, "BEGIN IMMEDIATE", &error), ERROR_INTERRUPTED);
    ck_assert_ptr_nonnull(strstr(error.text, "interrupted while another process held store '"));
    store_close(&store);
    store_close(&other);
}
END_TEST

Suite *store_tables_suite(void)
{
    Suite *suite = suite_create("store_tables");
    TCase *tests = folder_case(suite, "tables"), *slow = folder_case(suite, "waiting");
    tcase_set_tags(slow, "slow");
    tcase_add_loop_test(tests, what_is_more_or_less_is_no_store, 0, sizeof strange / sizeof *strange);
    tcase_add_test(tests, another_file_is_left_as_it_is);
    tcase_add_test(tests, what_is_beside_a_store_is_a_file);
    tcase_add_test(tests, what_is_made_is_known);
    tcase_add_test(tests, a_store_that_cannot_be_made_is_not_there);
    tcase_add_test(tests, reading_is_stopped_and_writing_is_not);
    tcase_add_test(slow, waiting_is_stopped);
    return suite;
}
