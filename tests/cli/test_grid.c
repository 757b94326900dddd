/* A table's line is never wider than its window, and says what is missing. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/grid.h"

enum { COUNT = 5 };

static const struct grid_column columns[COUNT] = {
    {"name", 7, true, true, 0}, {"width", 2, false, true, 2}, {"g\u2080", 8, false, true, 1},
    {"hidden", 9, true, false}, {"last", 3, false, true, 2},
};

static void cell(const void *row, int column, char text[GRID_CELL])
{
    const char *const *texts = row;
    strcpy(text, texts[column]);
}

static char *table_of(const char *const texts[COUNT], const struct columns *asked, int window)
{
    char *text;
    size_t length;
    FILE *stream = open_memstream(&text, &length);
    struct grid grid = {.count = COUNT};
    memcpy(grid.columns, columns, sizeof columns);
    grid_fit(&grid, asked, window);
    grid_print_head(&grid, stream);
    int used = grid_print_row(&grid, cell, texts, stream);
    fclose(stream);
    ck_assert_int_eq(used, columns_of(strrchr(text, '\n') + 1, strlen(strrchr(text, '\n') + 1)));
    return text;
}

static const char *const texts[COUNT] = {"äöüäöüäöü", "1.5", "±2", "h", "3"};

static const struct {
    int window;
    const char *lines;
} windows[] = {
    {0, "name     width        g\u2080  last\näöüäöüä    1.5        ±2     3"},
    {30, "name     width        g\u2080  last\näöüäöüä    1.5        ±2     3"},
    {29, "(no room for last; --columns\n  chooses)\nname     width        g\u2080\näöüäöüä    1.5        ±2"},
    {20, "(no room for width,\n  last; --columns\n  chooses)\nname           g\u2080\näöüäöüä        ±2"},
    {9, "(no room\n    for\n    width,\n    g\u2080,\n    last;\n    --columns\n    chooses)\nname\näöüäöüä"},
};

START_TEST(lines_have_room)
{
    static const struct columns none;
    char *text = table_of(texts, &none, windows[_i].window);
    const char *rest = strstr(text, "name"), *wanted = strstr(windows[_i].lines, "name");
    ck_assert_str_eq(rest, wanted); // what is missing is folded by columns_fold, which has its own test
    ck_assert_int_eq(strstr(text, "no room") != NULL, strstr(windows[_i].lines, "no room") != NULL);
    for (int i = 0; i < COUNT; i++) {
        bool shown = strstr(wanted, columns[i].name) != NULL;
        ck_assert(!columns[i].usual || shown || strstr(text, columns[i].name));
    }
    free(text);
}
END_TEST

START_TEST(columns_asked_for_are_shown_whatever_the_window)
{
    const struct columns asked = {.chosen = {4, 3, 0}, .count = 3};
    char *text = table_of(texts, &asked, 6);
    ck_assert_str_eq(text, "last  hidden     name\n   3  h          äöüäöüä");
    free(text);
}
END_TEST

Suite *grid_suite(void)
{
    Suite *suite = suite_create("grid");
    TCase *grid = tcase_create("grid");
    tcase_add_loop_test(grid, lines_have_room, 0, sizeof windows / sizeof *windows);
    tcase_add_test(grid, columns_asked_for_are_shown_whatever_the_window);
    suite_add_tcase(suite, grid);
    return suite;
}
