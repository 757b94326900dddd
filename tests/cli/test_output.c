/* Where data go: a file that appears whole under its name, and what stands in the place already. */
#include "cli/output.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/folder.h"
#include <check.h>

/* path: as for output_open. */
static int put(const char *path, const char *text, struct error *error)
{
    struct output output;
    FILE *stream = output_open(&output, path, error);
    if (!stream)
        return error->code;
    fputs(text, stream);
    return output_close(&output, error);
}

static void check_put(const char *path, const char *text)
{
    struct error error = {0};
    ck_assert_msg(put(path, text, &error) == ERROR_NONE, "%s", error.text);
}

static void check_refused(const char *path, const char *words)
{
    struct error error = {0};
    ck_assert_int_eq(put(path, "new", &error), ERROR_RESOURCE);
    ck_assert_msg(strstr(error.text, "cannot write '") != NULL, "%s", error.text);
    ck_assert_msg(strstr(error.text, words) != NULL, "'%s' is not in: %s", words, error.text);
}

static void check_holds(const char *name, const char *text)
{
    size_t length;
    char *found = folder_read(name, &length);
    ck_assert_str_eq(found, text);
    free(found);
}

static mode_t mode_of(const char *name)
{
    struct stat status;
    ck_assert_int_eq(lstat(folder_path(name), &status), 0);
    return status.st_mode;
}

static void link_to(const char *target, const char *name)
{
    ck_assert_int_eq(symlink(target, folder_path(name)), 0);
}

/* ---- files ---- */

START_TEST(a_file_appears_when_it_is_whole)
{
    struct output output;
    struct error error;
    umask(027);
    FILE *stream = output_open(&output, folder_path("new"), &error);
    ck_assert_ptr_nonnull(stream);
    fputs("whole", stream);
    fflush(stream);
    ck_assert_int_ne(access(folder_path("new"), F_OK), 0);
    ck_assert_int_eq(output_close(&output, &error), ERROR_NONE);
    check_holds("new", "whole");
    ck_assert_int_eq(mode_of("new") & 07777, 0640);
    ck_assert_int_eq(folder_entries(folder_name), 1);
}
END_TEST

START_TEST(an_old_file_stays_until_then_and_gives_its_mode)
{
    struct output output;
    struct error error;
    folder_write("old", "before");
    ck_assert_int_eq(chmod(folder_path("old"), 0751), 0);
    for (int keeps = 0; keeps < 2; keeps++) {
        FILE *stream = output_open(&output, folder_path("old"), &error);
        ck_assert_ptr_nonnull(stream);
        fputs("after", stream);
        fflush(stream);
        check_holds("old", "before");
        if (keeps)
            ck_assert_int_eq(output_close(&output, &error), ERROR_NONE);
        else
            output_discard(&output);
        check_holds("old", keeps ? "after" : "before");
        ck_assert_int_eq(folder_entries(folder_name), 1);
    }
    ck_assert_int_eq(mode_of("old") & 07777, 0751);
}
END_TEST

/* What an error leaves is nothing; an interruption leaves what is worth it. */
START_TEST(the_end_decides_what_stays)
{
    static const struct {
        int code;
        bool holds, stays;
    } rows[] = {
        {ERROR_NONE, false, true},  {ERROR_INTERRUPTED, true, true}, {ERROR_INTERRUPTED, false, false},
        {ERROR_INPUT, true, false}, {ERROR_RESOURCE, true, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct output output;
        struct error error;
        ck_assert_ptr_nonnull(output_open(&output, folder_path("file"), &error));
        ck_assert_int_eq(output_end(&output, rows[i].code, rows[i].holds, &error), rows[i].code);
        ck_assert_int_eq(folder_entries(folder_name), rows[i].stays);
        unlink(folder_path("file"));
    }
}
END_TEST

START_TEST(read_only_files_are_refused)
{
    folder_write("closed", "before");
    ck_assert_int_eq(chmod(folder_path("closed"), 0444), 0);
    link_to("closed", "link");
    check_refused(folder_path("closed"), "it is read-only");
    check_refused(folder_path("link"), "it is read-only");
    check_holds("closed", "before");
}
END_TEST

START_TEST(places_that_take_no_file_are_named)
{
    char longest[400];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    folder_write("file", "");
    link_to("b", "a");
    link_to("a", "b");
    check_refused(folder_path("none/file"), "No such file or directory");
    check_refused(folder_path("file/file"), "Not a directory");
    check_refused(folder_path("a"), "Too many levels of symbolic links");
    check_refused(folder_path("new/"), "there is no such folder");
    check_refused(folder_name, "it is a folder");
    check_refused(longest, "File name too long");
    ck_assert_int_eq(folder_entries(folder_name), 3);
}
END_TEST

/* ---- links ---- */

START_TEST(links_are_followed_and_stay)
{
    ck_assert_int_eq(mkdir(folder_path("sub"), 0777), 0);
    link_to("sub/file", "relative");
    link_to("relative", "twice");
    ck_assert_int_eq(symlink("../relative", folder_path("sub/back")), 0);
    check_put(folder_path("relative"), "1"); // what it leads to is not there yet
    check_holds("sub/file", "1");
    check_put(folder_path("twice"), "2");
    check_holds("sub/file", "2");
    check_put(folder_path("sub/back"), "3");
    check_holds("sub/file", "3");
    ck_assert(S_ISLNK(mode_of("relative")) && S_ISLNK(mode_of("twice")) && S_ISLNK(mode_of("sub/back")));
    ck_assert_int_eq(folder_entries(folder_path("sub")), 2);
}
END_TEST

/* ---- descriptors and devices ---- */

/* The open file, from where it stands: not a new one under its name. */
START_TEST(descriptors_are_written_as_they_are)
{
    static const char *const names[] = {"/dev/fd/%d", "/proc/self/fd/%d"};
    char path[128], expected[64] = "head";
    folder_write("file", "");
    int file = open(folder_path("file"), O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, "head", 4), 4);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, names[i], file);
        check_put(path, "+");
        strcat(expected, "+");
        check_holds("file", expected);
    }
    link_to("/dev/fd", "fd");
    snprintf(path, sizeof path, "%s/fd/%d", folder_name, file);
    check_put(path, "!");
    close(file);
    check_holds("file", "head++!");
    check_refused(path, "Bad file descriptor");
    file = open(folder_path("file"), O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "/dev/fd/%d", file);
    check_refused(path, "Bad file descriptor");
    close(file);
    check_holds("file", "head++!");
}
END_TEST

START_TEST(devices_and_pipes_are_no_files)
{
    struct stat before, after;
    int ends[2];
    char path[64];
    ck_assert_int_eq(stat("/dev/null", &before), 0);
    check_put("/dev/null", "lost");
    ck_assert_int_eq(stat("/dev/null", &after), 0);
    ck_assert(before.st_ino == after.st_ino && S_ISCHR(after.st_mode));
    check_refused("/dev/full", "No space left on device");
    signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(pipe(ends), 0);
    close(ends[0]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[1]);
    check_refused(path, "Broken pipe");
    close(ends[1]);
}
END_TEST

Suite *output_suite(void)
{
    Suite *suite = suite_create("output");
    TCase *tests = folder_case(suite, "output");
    tcase_add_test(tests, a_file_appears_when_it_is_whole);
    tcase_add_test(tests, an_old_file_stays_until_then_and_gives_its_mode);
    tcase_add_test(tests, the_end_decides_what_stays);
    tcase_add_test(tests, read_only_files_are_refused);
    tcase_add_test(tests, places_that_take_no_file_are_named);
    tcase_add_test(tests, links_are_followed_and_stay);
    tcase_add_test(tests, descriptors_are_written_as_they_are);
    tcase_add_test(tests, devices_and_pipes_are_no_files);
    suite_add_tcase(suite, tests);
    return suite;
}
