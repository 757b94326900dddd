/* Stores of samples from outside: whatever ends a run, what it had is there, and the numbers are those of one run. */
#include <check.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/program.h"
#include <check.h>

/* Eight configurations whose samples take no time. */
#define GRID                                                                                                           \
    "-p", "prenorm,spannorm", "-L", "2,3", "-d", "12:24:2", "-H", "3", "-T", "3", "-s", "18446744073709551615", "-f",  \
        "csv"

static char *output_of(struct program program)
{
    ck_assert_msg(program.status == 0, "status %d: %s", program.status, program.err);
    char *out = strdup(program.out);
    program_free(&program);
    return out;
}

/* The texts are too long for Check's messages. */
static void check_same(char *a, char *b)
{
    ck_assert_uint_gt(strlen(a), 1000);
    ck_assert(strcmp(a, b) == 0);
    free(a), free(b);
}

START_TEST(a_store_changes_no_bit)
{
    char *whole = output_of(PROGRAM("run", GRID, "-n", "9"));
    free(output_of(PROGRAM("run", GRID, "-n", "4", "--store", "samples", "-j", "2")));
    check_same(output_of(PROGRAM("run", GRID, "-n", "9", "--store", "samples", "-j", "1")), strdup(whole));
    check_same(output_of(PROGRAM("run", GRID, "-n", "9", "--store", "samples")), strdup(whole)); // nothing is drawn
    check_same(output_of(PROGRAM("store", "--export", "-f", "csv", "samples")), whole);
}
END_TEST

START_TEST(merged_shards_are_the_whole)
{
    static const char *const parts[] = {"3/4", "1/4", "4/4", "2/4"}, *const names[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++)
        free(output_of(PROGRAM("run", GRID, "-n", "10", "--shard", parts[i], "--store", names[i])));
    char *whole = output_of(PROGRAM("run", GRID, "-n", "10"));
    check_same(output_of(PROGRAM("merge", "a", "b", "c", "d", "-f", "csv", "--store", "all")), strdup(whole));
    check_same(output_of(PROGRAM("merge", "all", "b", "-f", "csv")), whole); // what is there twice counts once
    struct program gap = PROGRAM("merge", "a", "b", "c", "-f", "csv");       // 2/4 is missing
    ck_assert_int_eq(gap.status, 4);
    ck_assert_ptr_nonnull(strstr(gap.err, "samples 0 to 1 are there, the next is missing"));
    program_free(&gap);
}
END_TEST

/* Thousandths of a second, of a generator with a fixed seed. */
static void wait_a_moment(unsigned *state)
{
    struct timespec moment = {0, (long)(rand_r(state) % 40 + 5) * 1000000};
    nanosleep(&moment, NULL);
}

/* As many samples as make a run long beside the moments at which it is killed, so that most of them meet it at work;
 * whether they do changes nothing that is asserted. */
START_TEST(kill_9_loses_nothing_that_was_done)
{
    const char *const arguments[] = {"run", GRID, "-n", "400", "--store", "samples", "-o", "file", NULL};
    unsigned state = 7;
    for (int i = 0; i < 20; i++) {
        pid_t child = program_launch(arguments);
        wait_a_moment(&state);
        kill(child, SIGKILL);
        program_wait(child);
    }
    char *resumed = output_of(PROGRAM("run", GRID, "-n", "400", "--store", "samples"));
    check_same(resumed, output_of(PROGRAM("run", GRID, "-n", "400")));
    free(output_of(PROGRAM("store", "--check", "samples")));
}
END_TEST

START_TEST(two_processes_share_a_store)
{
    const char *const first[] = {"run", GRID, "-n", "60", "--store", "samples", "-o", "one", NULL},
                      *const second[] = {"run", GRID, "-n", "80", "--store", "samples", "-o", "two", NULL};
    pid_t children[] = {program_launch(first), program_launch(second)};
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(program_wait(children[i]), 0);
    check_same(program_read("one"), output_of(PROGRAM("run", GRID, "-n", "60")));
    check_same(program_read("two"), output_of(PROGRAM("run", GRID, "-n", "80")));
}
END_TEST

/* Writes zeros over the file from that byte on. */
static void spoil(const char *name, long from, size_t count)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", program_folder(), name);
    FILE *file = fopen(path, "r+b");
    ck_assert_ptr_nonnull(file);
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    fseek(file, from < size ? from : size - (long)count, SEEK_SET);
    for (size_t i = 0; i < count; i++)
        fputc(0x55, file);
    fclose(file);
}

START_TEST(what_is_no_store_is_refused)
{
    program_write("words", "what somebody wrote\n");
    program_write("empty", "");
    program_check_error(PROGRAM("run", GRID, "--store", "words"), 3, "'words' is no store: it is no SQLite database");
    program_check_error(PROGRAM("store", "empty"), 3, "'empty' is no store: it is empty");
    program_check_error(PROGRAM("store", "missing"), 3, "cannot open store 'missing': No such file or directory");
    program_check_error(PROGRAM("merge", "missing"), 3, "cannot open store 'missing'");
    free(output_of(PROGRAM("run", GRID, "-n", "20", "--store", "samples")));
    spoil("samples", 60, 12); // the owner's mark, bytes 68 to 71 (SQLite's file format, 1.3)
    program_check_error(PROGRAM("store", "samples"), 3, "is an SQLite database of another program");
    program_check_error(PROGRAM("run", GRID, "--store", "/dev/null"), 3, "it is no regular file");
}
END_TEST

/* What a user prints who is not the owner of the folder, wholly. A process that has become another's may not be looked
 * into, which the sanitizers' search for leaks does. */
static struct program of_a_stranger(const char *arguments)
{
    char line[512];
    snprintf(line, sizeof line, "ASAN_OPTIONS=detect_leaks=0 %s $SPANSCOPE %s",
             geteuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups" : "", arguments);
    return program_shell(line);
}

/* Of a colleague, or on a medium that takes nothing: root may write anywhere, so root steps down. */
START_TEST(a_store_that_may_only_be_read_is_read)
{
    char *whole = output_of(PROGRAM("run", GRID, "-n", "9", "--store", "samples"));
    char path[256];
    snprintf(path, sizeof path, "%s/samples", program_folder());
    ck_assert_int_eq(chmod(path, 0444), 0);
    ck_assert_int_eq(chmod(program_folder(), 0555), 0);
    struct program exported = of_a_stranger("store --export -f csv samples");
    struct program written = of_a_stranger("run -p prenorm -n 9 --store samples");
    ck_assert_int_eq(chmod(program_folder(), 0755), 0);
    check_same(output_of(exported), whole);
    ck_assert_int_eq(written.status, 3);
    ck_assert_ptr_nonnull(strstr(written.out, "store 'samples' may not be written to"));
    program_free(&written);
}
END_TEST

/* What is kept is read again. Nothing of that name is made. */
START_TEST(a_stream_keeps_nothing)
{
    static const char *const mistakes[][2] = {{"run", "--store"}, {"train", "--store"}, {"train", "--checkpoint"}};
    struct program found = program_start((const char *const[]){mistakes[_i][0], mistakes[_i][1], "-", "-n", "1", NULL},
                                         NULL, NULL);
    ck_assert_int_eq(found.status, 2);
    ck_assert_ptr_nonnull(strstr(found.err, mistakes[_i][1]));
    ck_assert_ptr_nonnull(strstr(found.err, "cannot be a stream"));
    ck_assert_int_eq(program_files(), 0);
    program_free(&found);
}
END_TEST

static int exists(const char *name)
{
    char path[256];
    struct stat status;
    snprintf(path, sizeof path, "%s/%s", program_folder(), name);
    return stat(path, &status) == 0;
}

/* Names that SQLite, left to itself, takes for no file's, or for another file's. */
START_TEST(a_store_is_a_file_of_that_name)
{
    static const char *const names[] = {":memory:", "file:zz?mode=memory", "file:yy", "a?b#c%41", "-x"};
    char option[64];
    snprintf(option, sizeof option, "--store=%s", names[_i]);
    free(output_of(PROGRAM("run", GRID, "-n", "2", option)));
    ck_assert_int_eq(program_files(), 1);
    ck_assert(exists(names[_i]));
    char *whole = output_of(PROGRAM("run", GRID, "-n", "2"));
    check_same(output_of(PROGRAM("store", "--export", "-f", "csv", "--", names[_i])), whole);
}
END_TEST

/* The same command as in the message of a store that another opens: neither is lost, and nothing new is there. */
static void check_apart(struct program program, int files)
{
    ck_assert_msg(program.status == 2, "status %d: %s", program.status, program.err);
    ck_assert_msg(strstr(program.err, "--output is the ") != NULL, "%s", program.err);
    ck_assert_str_eq(program.out, "");
    ck_assert_int_eq(program_files(), files);
    program_free(&program);
}

START_TEST(no_store_is_written_over)
{
    check_apart(PROGRAM("run", GRID, "-n", "2", "--store", "new", "-o", "./new"), 0);
    check_apart(PROGRAM("train", "--steps", "1", "--store", "new", "-o", "new"), 0);
    check_apart(PROGRAM("train", "--steps", "1", "--checkpoint", "new", "-o", "new"), 0);
    free(output_of(PROGRAM("run", GRID, "-n", "2", "--store", "kept")));
    check_apart(PROGRAM("run", GRID, "-n", "2", "--store", "kept", "-o", "kept"), 1);
    check_apart(PROGRAM("run", GRID, "-n", "2", "--store", "kept", "-o", "kept-wal"), 1);
    check_apart(PROGRAM("merge", "kept", "-o", "kept"), 1);
    check_apart(PROGRAM("merge", "kept", "-o", "new", "--store", "new"), 1);
    check_apart(PROGRAM("store", "kept", "--export", "-o", "kept"), 1);
    free(output_of(PROGRAM("store", "--check", "kept")));
}
END_TEST

START_TEST(a_store_without_room_leaves_nothing)
{
    struct program found = program_shell("ulimit -f 4; $SPANSCOPE run -L 2 -d 8 -H 1 -T 2 -n 4 --store new");
    ck_assert_int_eq(found.status, 3);
    ck_assert_msg(strstr(found.out, "store 'new': File too large") != NULL, "%s", found.out);
    ck_assert_int_eq(program_files(), 0);
    program_free(&found);
}
END_TEST

START_TEST(damage_is_found)
{
    free(output_of(PROGRAM("run", GRID, "-n", "60", "--store", "samples")));
    spoil("samples", 200000, 4000); // amid the samples
    struct program found = PROGRAM("store", "--check", "samples");
    ck_assert_int_eq(found.status, 3);
    ck_assert_ptr_nonnull(strstr(found.err, "damaged"));
    program_free(&found);
}
END_TEST

static void change(const char *name, const char *statements)
{
    char path[256], *why = NULL;
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/%s", program_folder(), name);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, statements, NULL, NULL, &why) == SQLITE_OK, "%s: %s", statements, why);
    sqlite3_close(db);
}

/* What clears a terminal, behind what a column holds, or in the JSON that it holds; and whether the list of the store
 * reads it, and so refuses. */
#define CLEARS " || char(27) || '[2J'"
static const struct {
    const char *table, *change;
    bool listed;
} hostile[] = {
    {"configs", "key = key" CLEARS, true},
    {"configs", "config = config" CLEARS, true},
    {"configs", "config = replace(config, '\"prenorm', '\"\\u001b[2J')", true},
    {"configs", "config = replace(config, '\"scaleinit', '\"\\u009b2J')", true},
    {"configs", "config = replace(config, '{', '{\"\\u001b[2J\":1,')", true},
    {"configs", "engine = engine" CLEARS, true},
    {"configs", "seed = seed" CLEARS, true},
    {"configs", "per_token = ''" CLEARS, false},
    {"configs", "law = law" CLEARS, true},
    {"configs", "cells = ''" CLEARS, false},
    {"samples", "sum = ''" CLEARS, false},
    {"trainings", "key = key" CLEARS, false},
    {"trainings", "run = run" CLEARS, true},
    {"trainings", "run = replace(run, '\"prenorm', '\"\\u001b[2J')", true},
    {"trainings", "run = replace(run, '\"adam', '\"\\u001b[2J')", true},
    {"trainings", "run = replace(run, '\"task\":\"', '\"task\":\"\\u001b[2J')", true},
    {"trainings", "law = law" CLEARS, true},
    {"trainings", "done = ''" CLEARS, false},
    {"trainings", "finished = ''" CLEARS, false},
};

/* Both streams. */
static int check_shown(const char *line)
{
    struct program found = program_shell(line);
    for (const unsigned char *c = (const unsigned char *)found.out; *c; c++)
        ck_assert_msg((*c >= ' ' && *c != 0x7f) || *c == '\n', "%s: byte %#x", line, *c);
    ck_assert_msg(!strstr(found.out, "\xc2\x9b"), "%s", line);
    int status = found.status;
    program_free(&found);
    return status;
}

#define RUN   "$SPANSCOPE run -p prenorm -L 2 -d 12 -H 3 -T 3 -n 2 --store s"
#define TRAIN "$SPANSCOPE train -p prenorm -L 1 -d 8 -H 1 -T 4 --steps 2 -q --store s"

START_TEST(texts_of_others_reach_no_terminal)
{
    static const char *const others[] = {"--export s", "--export -f csv --tidy s", "--export -f json s", "--check s"};
    char line[200], statement[200];
    ck_assert_int_eq(check_shown(RUN " && " TRAIN " && $SPANSCOPE store s"), 0);
    snprintf(statement, sizeof statement, "UPDATE %s SET %s", hostile[_i].table, hostile[_i].change);
    change("s", statement);
    ck_assert_msg(check_shown("$SPANSCOPE store s") == (hostile[_i].listed ? 3 : 0), "%s", statement);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(line, sizeof line, "$SPANSCOPE store %s", others[i]);
        check_shown(line);
    }
    check_shown("$SPANSCOPE merge s -f json --store new; $SPANSCOPE store new");
    check_shown(RUN "; " TRAIN);
}
END_TEST

Suite *kept_suite(void)
{
    Suite *suite = suite_create("kept");
    TCase *tests = tcase_create("kept");
    tcase_add_checked_fixture(tests, program_setup, program_teardown);
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, a_store_changes_no_bit);
    tcase_add_test(tests, merged_shards_are_the_whole);
    tcase_add_test(tests, kill_9_loses_nothing_that_was_done);
    tcase_add_test(tests, two_processes_share_a_store);
    tcase_add_test(tests, what_is_no_store_is_refused);
    tcase_add_test(tests, a_store_that_may_only_be_read_is_read);
    tcase_add_loop_test(tests, a_stream_keeps_nothing, 0, 3);
    tcase_add_loop_test(tests, a_store_is_a_file_of_that_name, 0, 5);
    tcase_add_test(tests, no_store_is_written_over);
    tcase_add_test(tests, a_store_without_room_leaves_nothing);
    tcase_add_test(tests, damage_is_found);
    tcase_add_loop_test(tests, texts_of_others_reach_no_terminal, 0, sizeof hostile / sizeof *hostile);
    suite_add_tcase(suite, tests);
    return suite;
}
