#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/folder.h"
#include "train/checkpoint.h"

enum { COUNT = 3 };

/* The checkpoint frees what it is given. */
static char *copy_of(const char *bytes, size_t length)
{
    char *copy = malloc(length);
    ck_assert_ptr_nonnull(copy);
    return memcpy(copy, bytes, length);
}

/* Slots of odd lengths, one of them never saved. */
static void write_one(const char *path, const char *identity)
{
    struct checkpoint checkpoint;
    struct error error = {0};
    ck_assert_int_eq(checkpoint_open(&checkpoint, path, identity, COUNT, NULL, &error), ERROR_NONE);
    checkpoint_put(&checkpoint, 0, copy_of("seven..", 7), 7);
    checkpoint_put(&checkpoint, 2, copy_of("old", 3), 3);
    checkpoint_put(&checkpoint, 2, copy_of("one\0two", 7), 7);
    ck_assert_int_eq(checkpoint_write(&checkpoint, &error), ERROR_NONE);
    checkpoint_free(&checkpoint);
}

START_TEST(what_is_written_is_read)
{
    struct checkpoint checkpoint;
    struct error error = {0};
    const char *path = folder_path("runs");
    write_one(path, "these runs");
    ck_assert_msg(checkpoint_open(&checkpoint, path, "these runs", COUNT, NULL, &error) == ERROR_NONE, "%s",
                  error.text);
    ck_assert_uint_eq(checkpoint.slots[0].length, 7);
    ck_assert_int_eq(memcmp(checkpoint.slots[0].bytes, "seven..", 7), 0);
    ck_assert_ptr_null(checkpoint.slots[1].bytes);
    ck_assert_int_eq(memcmp(checkpoint.slots[2].bytes, "one\0two", 7), 0);
    checkpoint_free(&checkpoint);
    ck_assert_int_eq(folder_entries(folder_name), 1); // nothing is left beside it
}
END_TEST

START_TEST(other_runs_are_refused)
{
    struct checkpoint checkpoint;
    struct error error = {0};
    const char *path = folder_path("runs");
    write_one(path, "these runs");
    ck_assert_int_eq(checkpoint_open(&checkpoint, path, "other runs", COUNT, NULL, &error), ERROR_INPUT);
    ck_assert_int_eq(checkpoint_open(&checkpoint, path, "these runs", COUNT + 1, NULL, &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, path));
}
END_TEST

static const char *words(const char *own, const char *found)
{
    return strcmp(own, "this text") == 0 && strcmp(found, "these runs") == 0 ? "another text" : NULL;
}

START_TEST(what_differs_may_be_said)
{
    struct checkpoint checkpoint;
    struct error error = {0};
    const char *path = folder_path("runs");
    write_one(path, "these runs");
    ck_assert_int_eq(checkpoint_open(&checkpoint, path, "this text", COUNT, words, &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "a checkpoint of another text"));
    ck_assert_int_eq(checkpoint_open(&checkpoint, path, "others", COUNT, words, &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "a checkpoint of other runs"));
}
END_TEST

/* Of another's file nobody is told to remove it. */
START_TEST(other_files_are_left_alone)
{
    static const char *const texts[] = {"", "spanscope-ckpt", "a letter to whom it may concern"};
    struct checkpoint checkpoint;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct error error = {0};
        folder_write("other", texts[i]);
        ck_assert_int_eq(checkpoint_open(&checkpoint, folder_path("other"), "id", COUNT, NULL, &error), ERROR_RESOURCE);
        ck_assert_msg(strstr(error.text, "no checkpoint; give another name"), "%s", error.text);
        ck_assert_ptr_null(strstr(error.text, "remove"));
    }
}
END_TEST

/* Nor is a pipe waited for. */
START_TEST(other_things_than_files_are_refused)
{
    struct checkpoint checkpoint;
    ck_assert_int_eq(mkfifo(folder_path("pipe"), 0600), 0);
    ck_assert_int_eq(mkdir(folder_path("folder"), 0700), 0);
    static const char *const names[] = {"pipe", "folder"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct error error = {0};
        ck_assert_int_eq(checkpoint_open(&checkpoint, folder_path(names[i]), "id", COUNT, NULL, &error),
                         ERROR_RESOURCE);
        ck_assert_msg(strstr(error.text, "is no checkpoint: it is no regular file"), "%s", error.text);
    }
}
END_TEST

static void check_refused(const char *bytes, size_t length, const char *words)
{
    struct checkpoint checkpoint;
    struct error error = {0};
    folder_write_bytes("damaged", bytes, length);
    ck_assert_int_eq(checkpoint_open(&checkpoint, folder_path("damaged"), "id", COUNT, NULL, &error), ERROR_RESOURCE);
    ck_assert_msg(strstr(error.text, words), "'%s' is not in: %s", words, error.text);
}

static const char DAMAGED[] = "a damaged checkpoint", NONE[] = "no checkpoint; give another name";
enum { STEM = 14, MAGIC = 16 }; /* bytes that name the format, without and with its version */

/* Every bit changed, the file cut at every length, and something behind its end. */
START_TEST(damage_is_seen)
{
    size_t length;
    write_one(folder_path("runs"), "id");
    char *bytes = folder_read("runs", &length), *twice = calloc(2, length);
    for (size_t i = 0; i < 8 * length; i++) {
        bytes[i / 8] ^= (char)(1 << i % 8);
        check_refused(bytes, length, i / 8 < STEM ? NONE : DAMAGED);
        bytes[i / 8] ^= (char)(1 << i % 8);
    }
    for (size_t kept = 0; kept < length; kept++)
        check_refused(bytes, kept, kept < MAGIC ? NONE : DAMAGED);
    memcpy(twice, bytes, length);
    memcpy(twice + length, bytes, length);
    for (size_t more = 1; more <= length; more++)
        check_refused(twice, length + more, DAMAGED);
    free(bytes), free(twice);
}
END_TEST

/* The sum that the file ends with, of whatever stands before. */
static void set_sum(char *bytes, size_t length)
{
    uint64_t sum = 0xcbf29ce484222325;
    for (size_t i = 0; i < length - sizeof sum; i++)
        sum = (sum ^ (unsigned char)bytes[i]) * 0x100000001b3;
    memcpy(bytes + length - sizeof sum, &sum, sizeof sum);
}

/* What nobody damaged: of another version, with more in it than the runs, with lengths that it has not. */
START_TEST(what_has_its_sum_is_checked_too)
{
    size_t length;
    write_one(folder_path("runs"), "id");
    char *bytes = folder_read("runs", &length), *other = calloc(1, length + 1);
    memcpy(other, bytes, length);
    other[STEM]++;
    set_sum(other, length);
    check_refused(other, length, "a checkpoint of another version of this program");
    memcpy(other, bytes, length);
    set_sum(other, length + 1);
    check_refused(other, length + 1, DAMAGED);
    for (size_t at = MAGIC; at < MAGIC + 8; at++) { // of the identity
        memcpy(other, bytes, length);
        other[at] = '\x7f';
        set_sum(other, length);
        check_refused(other, length, DAMAGED);
    }
    free(bytes), free(other);
}
END_TEST

/* Known before there is anything to write. */
START_TEST(what_is_in_the_way_is_refused)
{
    struct checkpoint checkpoint;
    static const char *const names[] = {"pipe", "folder", "link"};
    ck_assert_int_eq(mkfifo(folder_path("pipe.new"), 0600), 0);
    ck_assert_int_eq(mkdir(folder_path("folder.new"), 0700), 0);
    ck_assert_int_eq(symlink("elsewhere", folder_path("link.new")), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct error error = {0};
        ck_assert_int_eq(checkpoint_open(&checkpoint, folder_path(names[i]), "id", COUNT, NULL, &error),
                         ERROR_RESOURCE);
        ck_assert_msg(strstr(error.text, ".new' is in the way of what is written: it is no regular file"), "%s",
                      error.text);
    }
    ck_assert_int_eq(folder_entries(folder_name), 3);
}
END_TEST

/* As kill -9 does, at a place that is known: the process ends by the signal of its limit, in the middle of the file. */
START_TEST(a_killed_write_leaves_nothing)
{
    struct checkpoint checkpoint;
    struct error error = {0};
    char path[1024];
    snprintf(path, sizeof path, "%s", folder_path("killed"));
    int file = open(folder_path(""), O_TMPFILE | O_WRONLY, 0600), status;
    if (file < 0)
        return; // the file system has none: the next command removes it
    close(file);
    ck_assert_int_eq(checkpoint_open(&checkpoint, path, "runs", 1, NULL, &error), ERROR_NONE);
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){4096, 4096});
        signal(SIGXFSZ, SIG_DFL);
        checkpoint_put(&checkpoint, 0, calloc(1, 1 << 20), 1 << 20);
        checkpoint_write(&checkpoint, &error);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_ne(access(checkpoint.temporary, F_OK), 0);
    checkpoint_free(&checkpoint);
}
END_TEST

START_TEST(what_was_left_is_removed)
{
    struct checkpoint checkpoint;
    struct error error = {0};
    char path[1000], left[1024];
    snprintf(path, sizeof path, "%s", folder_path("left"));
    snprintf(left, sizeof left, "%s.new", path);
    FILE *file = fopen(left, "w");
    ck_assert_ptr_nonnull(file);
    fputs("half", file);
    fclose(file);
    ck_assert_int_eq(checkpoint_open(&checkpoint, path, "runs", 1, NULL, &error), ERROR_NONE);
    ck_assert_int_ne(access(left, F_OK), 0);
    checkpoint_free(&checkpoint);
}
END_TEST

/* A pipe that came since is not waited for. */
START_TEST(failed_write_leaves_the_file_before)
{
    struct checkpoint checkpoint;
    struct error error = {0};
    char path[128];
    snprintf(path, sizeof path, "%s", folder_path("runs"));
    write_one(path, "id");
    ck_assert_int_eq(checkpoint_open(&checkpoint, path, "id", COUNT, NULL, &error), ERROR_NONE);
    ck_assert_int_eq(mkfifo(folder_path("runs.new"), 0600), 0); // in the way of the temporary file
    ck_assert_int_eq(checkpoint_write(&checkpoint, &error), ERROR_RESOURCE);
    checkpoint_free(&checkpoint);
    ck_assert_int_eq(unlink(folder_path("runs.new")), 0);
    ck_assert_int_eq(checkpoint_open(&checkpoint, path, "id", COUNT, NULL, &error), ERROR_NONE);
    checkpoint_free(&checkpoint);
}
END_TEST

/* One to what is not there yet, too. */
START_TEST(a_link_stays_one)
{
    struct checkpoint checkpoint;
    struct error error = {0};
    char path[128];
    snprintf(path, sizeof path, "%s", folder_path("link"));
    ck_assert_int_eq(symlink("there", path), 0);
    for (int i = 0; i < 2; i++) {
        struct stat status;
        write_one(path, "id");
        ck_assert(lstat(path, &status) == 0 && S_ISLNK(status.st_mode));
        ck_assert(lstat(folder_path("there"), &status) == 0 && S_ISREG(status.st_mode));
        ck_assert_int_eq(folder_entries(folder_name), 2);
    }
    ck_assert_int_eq(checkpoint_open(&checkpoint, path, "id", COUNT, NULL, &error), ERROR_NONE);
    ck_assert_ptr_nonnull(checkpoint.slots[0].bytes);
    checkpoint_free(&checkpoint);
}
END_TEST

Suite *checkpoint_suite(void)
{
    Suite *suite = suite_create("checkpoint");
    TCase *tests = folder_case(suite, "files");
    tcase_add_test(tests, what_is_written_is_read);
    tcase_add_test(tests, other_runs_are_refused);
    tcase_add_test(tests, what_differs_may_be_said);
    tcase_add_test(tests, other_files_are_left_alone);
    tcase_add_test(tests, other_things_than_files_are_refused);
    tcase_add_test(tests, damage_is_seen);
    tcase_add_test(tests, what_has_its_sum_is_checked_too);
    tcase_add_test(tests, what_is_in_the_way_is_refused);
    tcase_add_test(tests, failed_write_leaves_the_file_before);
    tcase_add_test(tests, a_killed_write_leaves_nothing);
    tcase_add_test(tests, what_was_left_is_removed);
    tcase_add_test(tests, a_link_stays_one);
    suite_add_tcase(suite, tests);
    return suite;
}
