#include <check.h>
#include <string.h>

#include "docs/coverage.h"
#include "tests/folder.h"

static const char TABLE[] = "docs/coverage.tsv";

static int count(const struct coverage_row *row, void *context, struct error *error)
{
    int *counts = context; // exact, approximate, none
    counts[*row->now == 'e' ? 0 : *row->now == 'a' ? 1 : 2]++;
    return coverage_check(row, error);
}

/* Each is parsed and a stack of it sampled; the 64 are what the language is for. */
START_TEST(every_row_of_the_table_holds)
{
    struct error error = {0};
    int counts[3] = {0};
    ck_assert_msg(coverage_each(TABLE, count, counts, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_int_eq(counts[0] + counts[1] + counts[2], 68);
    ck_assert_int_ge(counts[0] + counts[1], 64);
}
END_TEST

static const struct {
    const char *line, *error;
} wrong[] = {
    {"a\tE\texact\t\ty = norm(x)\t\t", "assigns"},
    {"a\tE\texact\t\tx = 0*x\t\t", "activation variance 0"},
    {"a\tE\texact\t\t\t\t", "with formula ''"},
    {"a\tE\tnone\t\tx = norm(x)\tit\t", "with formula"},
    {"a\tE\tapproximate\t\tx = norm(x)\t\t", "'' left out"},
    {"a\tE\texactly\t\tx = norm(x)\t\t", "did you mean 'exact'"},
    {"a\tE\texact\tlayers=none\tx = norm(x)\t\t", "layers"},
    {"a\tE\texact\t\tx = norm(x)\t", "7 fields"},
    {"a\tE\texact\t\tx = norm(x)\t\t\t", "7 fields"},
};

START_TEST(a_row_that_does_not_hold_is_told)
{
    struct error error = {0};
    int counts[3] = {0};
    char text[256];
    snprintf(text, sizeof text, "# comment\n\n%s\n", wrong[_i].line);
    folder_write("wrong.tsv", text);
    ck_assert_int_eq(coverage_each(folder_path("wrong.tsv"), count, counts, &error), ERROR_INPUT);
    ck_assert_msg(strstr(error.text, "line 3") && strstr(error.text, wrong[_i].error), "%s", error.text);
}
END_TEST

Suite *coverage_suite(void);
Suite *coverage_suite(void)
{
    Suite *suite = suite_create("coverage");
    TCase *table = tcase_create("table");
    tcase_set_timeout(table, 60);
    tcase_add_test(table, every_row_of_the_table_holds);
    suite_add_tcase(suite, table);
    TCase *rows = folder_case(suite, "rows");
    tcase_add_loop_test(rows, a_row_that_does_not_hold_is_told, 0, sizeof wrong / sizeof *wrong);
    return suite;
}
