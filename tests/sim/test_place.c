/* Which files go together: the file counts, whatever it is called. */
#include "sim/place.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/folder.h"
#include <check.h>

static struct error error;

static void link_to(const char *target, const char *name)
{
    ck_assert_int_eq(symlink(target, folder_path(name)), 0);
}

/* The same file under names of all kinds, with one that is there and one that is not. */
static void make_names(void)
{
    char first[PATH_MAX];
    folder_write("file", "");
    ck_assert_int_eq(mkdir(folder_path("sub"), 0777), 0);
    link_to("..", "sub/up");
    link_to("file", "link");
    link_to("new", "new link");
    snprintf(first, sizeof first, "%s", folder_path("file"));
    ck_assert_int_eq(link(first, folder_path("second")), 0);
}

static const char *const same[][2] = {
    {"file", "file"},        {"file", "./file"},    {"file", "link"},
    {"file", "sub/up/file"}, {"file", "second"},    {"link", "sub/up/./second"},
    {"new", "new"},          {"new", "sub/../new"}, {"new link", "sub/up/new"},
};
static const char *const apart[][2] = {
    {"file", "new"}, {"file", "sub/file"}, {"new", "sub/new"}, {"new", "new2"}, {"no/folder", "no/folder"},
};

/* Whichever comes first, the second is refused and leaves nothing. */
static void check_pair(const char *const names[2], bool goes)
{
    char one[PATH_MAX];
    snprintf(one, sizeof one, "%s", folder_path(names[0]));
    const char *other = folder_path(names[1]);
    ck_assert_int_eq(place_keep(one, "store", &error), ERROR_NONE);
    ck_assert_msg(place_write(other, "--output", &error) == (goes ? ERROR_NONE : ERROR_INPUT), "%s %s", one, other);
    if (goes)
        place_leave(other, "--output");
    place_leave(one, "store");
    ck_assert_int_eq(place_write(other, "--output", &error), ERROR_NONE);
    ck_assert_int_eq(place_keep(one, "store", &error), goes ? ERROR_NONE : ERROR_INPUT);
    place_leave(other, "--output");
    place_leave(one, "store");
}

START_TEST(files_are_compared_not_names)
{
    make_names();
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        check_pair(same[i], false);
    for (size_t i = 0; i < sizeof apart / sizeof *apart; i++)
        check_pair(apart[i], true);
}
END_TEST

static void check_says(int code, const char *words, const char *name)
{
    char expected[PATH_MAX + 100];
    snprintf(expected, sizeof expected, words, name);
    ck_assert_int_eq(code, ERROR_INPUT);
    ck_assert_str_eq(error.text, expected);
}

START_TEST(messages_say_what_it_is)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", folder_path("file"));
    folder_write("file", "");
    ck_assert_int_eq(place_keep(path, "store", &error), ERROR_NONE);
    ck_assert_int_eq(place_keep(path, "store", &error), ERROR_NONE); // several may share it,
    check_says(place_write(path, "--output", &error), "--output is the store '%s'", path);
    place_leave(path, "store"); // and it is kept until the last leaves
    check_says(place_write(path, "--output", &error), "--output is the store '%s'", path);
    place_leave(path, "store");
    ck_assert_int_eq(place_write(path, "--output", &error), ERROR_NONE);
    check_says(place_write(path, "the checkpoint", &error), "the checkpoint and --output are one file, '%s'", path);
    check_says(place_read(path, &error), "--output would replace '%s', which is read by this command", path);
    place_leave(path, "--output");
    ck_assert_int_eq(place_read(path, &error), ERROR_NONE);
    check_says(place_write(path, "--output", &error), "--output would replace '%s', which is read by this command",
               path);
}
END_TEST

/* A store that is made after the output has been named, and the other way round. */
START_TEST(what_comes_to_be_is_known)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", folder_path("new"));
    ck_assert_int_eq(place_keep(path, "store", &error), ERROR_NONE);
    folder_write("new", "");
    ck_assert_int_eq(place_write(path, "--output", &error), ERROR_INPUT);
    place_leave(path, "store");
    unlink(path);
    ck_assert_int_eq(place_write(path, "--output", &error), ERROR_NONE);
    folder_write("new", "");
    ck_assert_int_eq(place_read(path, &error), ERROR_INPUT);
}
END_TEST

START_TEST(devices_and_pipes_are_never_refused)
{
    char pipe_path[PATH_MAX];
    snprintf(pipe_path, sizeof pipe_path, "%s", folder_path("pipe"));
    ck_assert_int_eq(mkfifo(pipe_path, 0666), 0);
    const char *const paths[] = {"/dev/null", "/dev/tty", pipe_path};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        ck_assert_int_eq(place_read(paths[i], &error), ERROR_NONE);
        ck_assert_int_eq(place_write(paths[i], "--output", &error), ERROR_NONE);
    }
}
END_TEST

/* What a killed process left is emptied; nothing else of the name is touched. */
START_TEST(drafts_are_regular_files)
{
    static const char *const ways[] = {"pipe", "folder", "link", "to file"};
    size_t length;
    folder_write("left", "half of someth");
    folder_write("file", "whole");
    ck_assert_int_eq(mkfifo(folder_path("pipe"), 0600), 0);
    ck_assert_int_eq(mkdir(folder_path("folder"), 0700), 0);
    link_to("none", "link");
    link_to("file", "to file");
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        ck_assert_int_eq(place_vacant(folder_path(ways[i]), &error), ERROR_RESOURCE);
        error.text[0] = '\0';
        ck_assert_ptr_null(place_draft(folder_path(ways[i]), &error));
        ck_assert_ptr_nonnull(strstr(error.text, "' is in the way of what is written: it is no regular file"));
    }
    FILE *stream = place_draft(folder_path("left"), &error), *fresh = place_draft(folder_path("new"), &error);
    ck_assert(stream && fresh && fputs("new", stream) >= 0 && fclose(stream) == 0 && fclose(fresh) == 0);
    char *left = folder_read("left", &length), *file = folder_read("file", &length);
    ck_assert_int_eq(strncmp(left, "new", 4), 0);
    ck_assert_int_eq(strncmp(file, "whole", 5), 0);
    free(left), free(file);
    ck_assert_ptr_null(place_draft(folder_path("none/new"), &error));
    ck_assert_ptr_nonnull(strstr(error.text, "No such file or directory"));
}
END_TEST

Suite *place_suite(void)
{
    Suite *suite = suite_create("place");
    TCase *tests = folder_case(suite, "place");
    tcase_add_test(tests, files_are_compared_not_names);
    tcase_add_test(tests, messages_say_what_it_is);
    tcase_add_test(tests, what_comes_to_be_is_known);
    tcase_add_test(tests, devices_and_pipes_are_never_refused);
    tcase_add_test(tests, drafts_are_regular_files);
    return suite;
}
