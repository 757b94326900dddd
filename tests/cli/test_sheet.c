/* spanscope report and plot --style terminal, through the program. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/program.h"

#define TINY "-L", "3", "-d", "12", "-H", "3", "-T", "3", "-F", "7"

static void run(const char *const arguments[])
{
    struct program program = program_start(arguments, NULL, NULL);
    ck_assert_msg(program.status == 0, "%s", program.err);
    program_free(&program);
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static int count(const char *text, const char *word)
{
    int found = 0;
    for (; (text = strstr(text, word)); text++)
        found++;
    return found;
}

/* What is on the page, and that nothing outside of it is named: no address but the names of SVG's own language, no
 * script, and no picture of a file. */
START_TEST(one_page)
{
    RUN("run", "-p", "prenorm", "-p", "x = norm(x + 2*attn(x))", TINY, "-n", "4", "-f", "json", "-q", "-o", "p.json");
    RUN("map", "-q", "--x", "layers=1:4:3", "--y", "c=0.5:2:3", "-o", "m.json");
    RUN("train", "-L", "1", "-d", "8", "-H", "1", "--steps", "5", "--lr", "1e-3", "-q", "-f", "json", "-o", "t.json");
    program_write("v.json",
                  "{\"schema\":\"spanscope/verdict/1\",\"level\":0.01,\"claims\":[{\"id\":\"<script>\",\"verdict\":"
                  "\"OPEN\",\"expected\":\"SUPPORTED\",\"why\":\"a & b\"}]}\n");
    RUN("report", "p.json", "m.json", "t.json", "v.json", "-o", "r.html", "--title", "A <title>");
    char *page = program_read("r.html");
    ck_assert_ptr_nonnull(page);
    ck_assert_ptr_nonnull(strstr(page, "<h1>A &#60;title&#62;</h1>"));
    ck_assert_ptr_nonnull(strstr(page, "2 profiles, 1 file of maps, 1 report of verdicts, 1 training.</p>"));
    ck_assert_ptr_nonnull(strstr(page, "x = norm(x + 2*attn(x))"));
    ck_assert_ptr_nonnull(strstr(page, "Gradient variance against depth"));
    ck_assert_ptr_nonnull(strstr(page, "What is left to learn against the steps of training"));
    ck_assert_ptr_nonnull(strstr(page, "<td>&#60;script&#62;</td><td class=\"left\">OPEN, against SUPPORTED</td>"));
    ck_assert_ptr_nonnull(strstr(page,
                                 "spanscope run --placement prenorm --init scaleinit --layers 3 --width 12 --heads 3 "
                                 "--tokens 3 --ffn-width 7 --samples 4 --engine "));
    ck_assert_ptr_nonnull(strstr(page, "--placement &#39;x = norm(x + 2*attn(x))&#39;"));
    ck_assert_int_eq(count(page, "<script"), 0);
    ck_assert_int_eq(count(page, "src="), 0);
    ck_assert_int_eq(count(page, "http"), count(page, "http://www.w3.org/") + count(page, "http-equiv"));
    ck_assert_int_eq(count(page, "<svg"), count(page, "</svg>"));
    ck_assert_int_ge(count(page, "<figure>"), 5);
    ck_assert_int_eq(program_files(), 5);
    free(page);
}
END_TEST

START_TEST(nothing_half_written)
{
    program_write("bad.json", "{\"schema\":\"spanscope/profile/1\"}\n");
    struct program program = PROGRAM("report", "bad.json", "-o", "r.html");
    ck_assert_int_eq(program.status, 3);
    ck_assert_ptr_nonnull(strstr(program.err, "bad.json, line 1"));
    program_free(&program);
    RUN("run", TINY, "-n", "2", "-f", "json", "-q", "-o", "p.json");
    program = program_start((const char *const[]){"report", "p.json", "-o", "r.html", NULL}, NULL, "/nonexistent");
    ck_assert_int_eq(program.status, 3);
    ck_assert_ptr_nonnull(strstr(program.err, "dot was not found; install graphviz"));
    program_free(&program);
    ck_assert_int_eq(program_files(), 2);
    program = PROGRAM("report");
    ck_assert_int_eq(program.status, 2);
    program_free(&program);
}
END_TEST

/* The curve is drawn from end to end in characters, no line is wider than the window, and no file is left. */
START_TEST(figures_in_the_terminal)
{
    RUN("run", TINY, "-n", "4", "-f", "json", "-q", "-o", "p.json");
    struct program program = PROGRAM("plot", "--style", "terminal", "-f", "token-cosine", "p.json");
    ck_assert_msg(program.status == 0, "%s", program.err);
    ck_assert_ptr_nonnull(strstr(program.out, "Cosine between tokens against depth"));
    ck_assert_int_ge(count(program.out, "*"), 20);
    for (const char *line = program.out; *line; line += strcspn(line, "\n") + 1)
        ck_assert_uint_lt(strcspn(line, "\n"), 80);
    program_free(&program);
    program = PROGRAM("plot", "--style", "terminal", "-o", "here", "p.json");
    ck_assert_int_eq(program.status, 2);
    program_free(&program);
    RUN("map", "-q", "--x", "layers=1:4:3", "--y", "c=0.5:2:3", "-o", "m.json");
    program = PROGRAM("plot", "--style", "terminal", "m.json");
    ck_assert_msg(program.status == 0, "%s", program.err);
    ck_assert_ptr_nonnull(strstr(program.out, "token cosine"));
    program_free(&program);
    ck_assert_int_eq(program_files(), 2);
}
END_TEST

Suite *sheet_suite(void)
{
    Suite *suite = suite_create("sheet");
    TCase *tcase = tcase_create("sheet");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, program_setup, program_teardown);
    tcase_add_test(tcase, one_page);
    tcase_add_test(tcase, nothing_half_written);
    tcase_add_test(tcase, figures_in_the_terminal);
    suite_add_tcase(suite, tcase);
    return suite;
}
