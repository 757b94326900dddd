/* Files that commands read and write: what is whole stays whole, and what cannot be written is said. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/program.h"
#include <check.h>

/* A stack that takes no time. */
#define TINY "-L", "2", "-d", "12", "-H", "3", "-T", "3", "-F", "7", "-e", "dense"

enum { ARGUMENTS = 24 };

START_TEST(a_full_disk_is_an_error)
{
    static const char *const lines[][ARGUMENTS] = {
        {"list"},
        {"list", "inits"},
        {"--version"},
        {"--help"},
        {"run", "--help"},
        {"run", TINY},
        {"run", TINY, "--format", "json"},
        {"run", TINY, "--dry-run"},
        {"plot", "--list"},
        {"verify", "--list"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct program program = program_start(lines[i], "/dev/full", NULL);
        ck_assert_msg(program.status == 3, "%s %s: %d", lines[i][0], lines[i][1] ? lines[i][1] : "", program.status);
        ck_assert_msg(strstr(program.err, ": cannot write standard output: No space left on device\n") != NULL, "%s",
                      program.err);
        ck_assert_ptr_eq(strchr(program.err, '\n'), strrchr(program.err, '\n')); // one message
        program_free(&program);
    }
}
END_TEST

/* What fails, at the start or half-way, leaves an old file as it was and no other. */
/* Status and words of a line of the shell. */
static void check_shell(const char *line, int status, const char *words)
{
    struct program found = program_shell(line);
    ck_assert_msg(found.status == status && strstr(found.out, words), "%s: status %d, '%s'", line, found.status,
                  found.out);
    program_free(&found);
}

/* What a run at few descriptors leaves: a store where it has succeeded, else nothing. */
static void check_store_at(int descriptors)
{
    char line[256];
    snprintf(line, sizeof line,
             "(ulimit -n %d; exec $SPANSCOPE run -L 1 -d 8 -H 1 -T 2 -n 2 -q --store few%d.db); echo $? > status",
             descriptors, descriptors);
    struct program run = program_shell(line);
    program_free(&run);
    snprintf(line, sizeof line, "test $(cat status) = 0 -o ! -e few%d.db", descriptors);
    check_shell(line, 0, "");
    snprintf(line, sizeof line, "ls | grep few%d.db-", descriptors);
    check_shell(line, 1, "");
}

START_TEST(too_few_descriptors_are_told)
{
    check_shell("$SPANSCOPE run -L 1 -d 8 -H 1 -T 2 -n 2 -q -f json -o few.json", 0, "");
    check_shell("for n in 4 5 6 7 8; do (ulimit -n $n; $SPANSCOPE report few.json -o few.html); done; true", 0,
                "graph in /tmp: Too many open files");
    check_shell("for n in 6 7 8 9 10 11 12; do (ulimit -n $n; $SPANSCOPE plot few.json -o few); done > words 2>&1; "
                "! grep 'Bad file descriptor' words",
                0, "");
    check_shell("cat words", 0, "gnuplot cannot be started: Too many open files");
    for (int descriptors = 5; descriptors < 10; descriptors++)
        check_store_at(descriptors);
}
END_TEST

/* An exit status of 0 is not a picture. */
START_TEST(a_picture_that_is_none_is_an_error)
{
    program_script("dot", "#!/bin/sh\ncat > /dev/null\n");
    check_shell("PATH=$PWD:$PATH $SPANSCOPE diagram -o empty.svg", 3, "dot did not write the picture");
    ck_assert_ptr_null(program_read("empty.svg"));
}
END_TEST

START_TEST(nothing_half_written)
{
    program_write("old", "before");
    struct program early = PROGRAM("run", TINY, "-p", "x = nrm(x)", "-o", "old");
    ck_assert_int_eq(early.status, 2);
    /* The second of two models fails, when the first one's profile is written. */
    struct program late = PROGRAM("run", TINY, "-L", "9", "-p", "prenorm", "-p", "x = 1e100*x", "-o", "old");
    ck_assert_msg(late.status == 2, "%s", late.err);
    struct program fresh = PROGRAM("run", TINY, "-L", "9", "-p", "prenorm", "-p", "x = 1e100*x", "-o", "new");
    ck_assert_int_eq(fresh.status, 2);
    char *text = program_read("old");
    ck_assert_str_eq(text, "before");
    ck_assert_int_eq(program_files(), 1);
    free(text);
    program_free(&early), program_free(&late), program_free(&fresh);
    struct program good = PROGRAM("run", TINY, "-o", "old");
    ck_assert_int_eq(good.status, 0);
    text = program_read("old");
    ck_assert_int_eq(strncmp(text, "spannorm, scaleinit", 19), 0);
    ck_assert_int_eq(program_files(), 1);
    free(text);
    program_free(&good);
}
END_TEST

/* Every way in which a command reads a file. Each would replace it, had it a place to write to. */
static const char *const replacing[][ARGUMENTS] = {
    {"run", TINY, "-p", "./read", "-o", "read"},
    {"run", TINY, "-p", "prenorm", "-i", "./read", "-o", "read"},
    {"run", "--config", "read", "-T", "2", "-q", "-o", "read"},
    {"predict", "-L", "2", "-p", "./read", "-o", "read"},
    {"map", "--x", "c=1:2:2", "--y", "input-correlation=0:1:2", "-p", "./read", "-o", "read"},
    {"solve", "c", "gradient_ratio = 1", "-p", "./read", "-o", "read"},
    {"inspect", "-L", "2", "-p", "./read", "-o", "read"},
    {"verify", "-i", "./read", "-o", "read"},
    {"diagram", "-p", "./read", "-f", "text", "-o", "read"},
    {"train", "--steps", "1", "--task", "text:read", "-o", "link"},
    {"report", "read", "-o", "link"},
    {"plot", "gradient.txt"},
    {"plot", "gradient.txt", "-f", "gradient", "-o", "."},
};
#define CONFIG                                                                                                         \
    "{\"model_type\":\"llama\",\"num_hidden_layers\":2,\"num_attention_heads\":4,\"intermediate_size\":48,"            \
    "\"rms_norm_eps\":1e-6,\"hidden_size\":32}"
#define BLOCK "y = x + attn(x); x = y + ffn(y)"
static const char *const contents[sizeof replacing / sizeof *replacing] = {
    BLOCK, "w = 1/sqrt(n)", CONFIG, BLOCK, BLOCK, BLOCK, BLOCK, "w = 1/sqrt(n)", BLOCK,
};

START_TEST(nothing_is_written_over_what_is_read)
{
    struct program profile = PROGRAM("run", TINY, "-f", "json");
    const char *text = contents[_i] ? contents[_i] : profile.out;
    program_write("read", text);
    program_write("gradient.txt", profile.out);
    struct program link = program_shell("ln -s read link");
    program_free(&link);
    program_check_error(program_start(replacing[_i], NULL, NULL), 2, ", which is read by this command");
    char *left = program_read("read");
    ck_assert_str_eq(left, text);
    ck_assert_int_eq(program_files(), 3);
    free(left);
    program_free(&profile);
}
END_TEST

/* A file of an odd name is given with its folder; a text of that form that is no file's is told so. */
START_TEST(paths_are_told_from_formulas)
{
    static const char *const files[] = {"./a=b.f", "sub/c=d", "sub/x = y;z"};
    struct program made = program_shell("mkdir sub");
    program_free(&made);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        program_write(files[i], "x = x + 0.37*ffn(x)");
        struct program found = PROGRAM("run", "-L", "2", "-d", "12", "-T", "3", "-n", "1", "-p", files[i]);
        ck_assert_msg(found.status == 0 && strstr(found.out, "x = x + 0.37*ffn(x)") != NULL, "%s", found.err);
        program_free(&found);
    }
    program_write("a=b", "w = 1");
    program_check_error(PROGRAM("run", "-i", "./a\nb"), 3, "cannot open './a\nb': No such file or directory");
    program_check_error(PROGRAM("run", "-p", "./a=c.f"), 3, "cannot open './a=c.f': No such file or directory");
    program_check_error(PROGRAM("run", "-p", "/a=c.f"), 3, "cannot open '/a=c.f': No such file or directory");
    program_check_error(PROGRAM("run", "-p", "a=b"), 2, "'b'"); // without a folder it is a formula
}
END_TEST

/* Writes a file of the folder into its pipe, once. */
static pid_t feed(const char *from, const char *pipe)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child > 0)
        return child;
    char *text = program_read(from);
    program_write(pipe, text);
    _exit(0);
}

/* Profiles and maps alike may come from a pipe, which is read once. */
START_TEST(pipes_are_plotted)
{
    struct program made[] = {
        PROGRAM("run", TINY, "--format", "json", "-o", "profile"),
        PROGRAM("map", "--x", "layers=2:4:2", "--y", "eps=1e-6:1e-5:2", "-d", "12", "-T", "3", "-o", "map"),
    };
    static const char *const sources[] = {"profile", "map"}, *const pictures[] = {"gradient.png", "map.png"};
    program_pipe("pipe");
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(made[i].status, 0);
        program_free(&made[i]);
        pid_t writer = feed(sources[i], "pipe");
        struct program plot = PROGRAM("plot", "pipe");
        ck_assert_msg(plot.status == 0, "%s", plot.err);
        ck_assert_ptr_nonnull(strstr(plot.out, pictures[i]));
        ck_assert_int_eq(program_wait(writer), 0);
        program_free(&plot);
    }
}
END_TEST

Suite *files_suite(void)
{
    Suite *suite = suite_create("files");
    TCase *tests = tcase_create("files");
    tcase_add_checked_fixture(tests, program_setup, program_teardown);
    tcase_add_test(tests, a_full_disk_is_an_error);
    tcase_add_test(tests, too_few_descriptors_are_told);
    tcase_add_test(tests, a_picture_that_is_none_is_an_error);
    tcase_add_test(tests, nothing_half_written);
    tcase_add_loop_test(tests, nothing_is_written_over_what_is_read, 0, sizeof replacing / sizeof *replacing);
    tcase_add_test(tests, paths_are_told_from_formulas);
    tcase_add_test(tests, pipes_are_plotted);
    suite_add_tcase(suite, tests);
    return suite;
}
