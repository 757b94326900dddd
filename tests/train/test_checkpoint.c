#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

/* Every byte but for those that name the runs, changed or cut off. */
START_TEST(damage_is_seen)
{
    struct checkpoint checkpoint;
    struct error error = {0};
    size_t length;
    write_one(folder_path("runs"), "id");
    char *bytes = folder_read("runs", &length);
    for (size_t i = 0; i < 2 * length; i++) {
        FILE *file = fopen(folder_path("damaged"), "wb");
        size_t kept = i < length ? length : i - length;
        for (size_t j = 0; j < kept; j++)
            fputc(bytes[j] ^ (j == i ? 0x10 : 0), file);
        fclose(file);
        int code = checkpoint_open(&checkpoint, folder_path("damaged"), "id", COUNT, NULL, &error);
        ck_assert_msg(code != ERROR_NONE, "byte %zu of %zu", i, length);
    }
    free(bytes);
}
END_TEST

START_TEST(failed_write_leaves_the_file_before)
{
    struct checkpoint checkpoint;
    struct error error = {0};
    char path[128];
    snprintf(path, sizeof path, "%s", folder_path("runs"));
    write_one(path, "id");
    ck_assert_int_eq(checkpoint_open(&checkpoint, path, "id", COUNT, NULL, &error), ERROR_NONE);
    ck_assert_int_eq(mkdir(folder_path("runs.new"), 0700), 0); // in the way of the temporary file
    ck_assert_int_eq(checkpoint_write(&checkpoint, &error), ERROR_RESOURCE);
    checkpoint_free(&checkpoint);
    ck_assert_int_eq(checkpoint_open(&checkpoint, path, "id", COUNT, NULL, &error), ERROR_NONE);
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
    tcase_add_test(tests, failed_write_leaves_the_file_before);
    suite_add_tcase(suite, tests);
    return suite;
}
