#include "sim/cleanup.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/folder.h"
#include <check.h>

/* Paths must stay: folder_path gives one at a time. */
static char *make_file(const char *name)
{
    folder_write(name, "x");
    return strdup(folder_path(name));
}

/* A folder goes after its files, what was forgotten stays, and the child ends. */
START_TEST(what_was_named_is_removed)
{
    ck_assert_int_eq(mkdir(folder_path("shop"), 0777), 0);
    char *shop = strdup(folder_path("shop")), *file = make_file("shop/file"), *kept = make_file("kept");
    ck_assert(cleanup_path(shop) && cleanup_path(file) && cleanup_path(kept));
    cleanup_forget(kept);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        setpgid(0, 0);
        for (;;)
            pause();
    }
    setpgid(child, child);
    cleanup_child(child);
    cleanup_remove();
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    ck_assert_int_eq(folder_entries(folder_name), 1);
    ck_assert_int_eq(access(kept, F_OK), 0);
    free(shop), free(file), free(kept);
}
END_TEST

/* Ends a child by the signal, which comes between hold and release; 0 where it lived on to the step behind release. */
static int end_by(int signal, const char *path)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        cleanup_install();
        cleanup_path(path);
        cleanup_hold();
        raise(signal);
        folder_write("done", "between"); // what must not be left half done
        cleanup_release();
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

START_TEST(signals_wait_and_then_end)
{
    static const int signals[] = {SIGTERM, SIGQUIT, SIGUSR1, SIGALRM, SIGXCPU};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        char *file = make_file("file");
        signal(signals[i], SIG_DFL); // Check has handlers of its own
        ck_assert_int_eq(end_by(signals[i], file), signals[i]);
        ck_assert_int_ne(access(file, F_OK), 0);
        ck_assert_int_eq(access(folder_path("done"), F_OK), 0);
        unlink(folder_path("done"));
        free(file);
    }
}
END_TEST

/* There is room for so many and no more, and a place that was left is free again. */
START_TEST(places_are_used_again)
{
    static const char paths[CLEANUP_PATHS + 1][2];
    for (int i = 0; i < CLEANUP_PATHS; i++)
        ck_assert(cleanup_path(paths[i]));
    ck_assert(!cleanup_path(paths[CLEANUP_PATHS]));
    cleanup_forget(paths[3]);
    ck_assert(cleanup_path(paths[CLEANUP_PATHS]));
}
END_TEST

Suite *cleanup_suite(void)
{
    Suite *suite = suite_create("cleanup");
    TCase *tests = folder_case(suite, "cleanup");
    tcase_add_test(tests, what_was_named_is_removed);
    tcase_add_test(tests, signals_wait_and_then_end);
    tcase_add_test(tests, places_are_used_again);
    suite_add_tcase(suite, tests);
    return suite;
}
