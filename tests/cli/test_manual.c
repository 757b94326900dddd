/* Pages of the manual: one for every command, with every option of its help, which groff sets without a warning. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/program.h"

/* The page as text, without troff's marks: letters, digits and punctuation as a reader sees them. */
static char *read_page(const char *name)
{
    struct program page = name ? PROGRAM("manual", name) : PROGRAM("manual");
    ck_assert_msg(page.status == 0, "%s", page.err);
    char *text = page.out, *to = text;
    static const struct {
        const char *roff;
        char is;
    } marks[] = {{"\\-", '-'}, {"\\(aq", '\''}, {"\\:", 0}, {"\\fB", 0}, {"\\fR", 0}, {"\\fI", 0}};
    for (const char *from = text; *from;) {
        size_t i = 0, count = sizeof marks / sizeof *marks;
        while (i < count && strncmp(from, marks[i].roff, strlen(marks[i].roff)) != 0)
            i++;
        if (i < count && marks[i].is)
            *to++ = marks[i].is;
        else if (i == count)
            *to++ = *from;
        from += i < count ? strlen(marks[i].roff) : 1;
    }
    *to = '\0';
    free(page.err);
    return text;
}

/* Every "  -n, --samples N" of the help stands in the page as it is. */
START_TEST(every_option_has_its_place)
{
    char names[PROGRAM_COMMANDS][PROGRAM_COMMAND_MAX];
    program_commands(names);
    for (int c = 0; names[c][0]; c++) {
        char *page = read_page(names[c]);
        struct program help = PROGRAM("help", names[c]);
        int options = 0;
        for (char *line = strtok(help.out, "\n"); line; line = strtok(NULL, "\n")) {
            char option[256];
            const char *start = line + strspn(line, " ");
            if (strncmp(start, "--", 2) != 0 && !(start[0] == '-' && start[2] == ','))
                continue;
            const char *gap = strstr(start, "  ");
            snprintf(option, sizeof option, "\n%.*s\n", gap ? (int)(gap - start) : (int)strlen(start), start);
            ck_assert_msg(strstr(page, option) != NULL, "%s: no%s", names[c], option);
            options++;
        }
        ck_assert_int_ge(options, 1);
        program_free(&help);
        free(page);
    }
}
END_TEST

START_TEST(the_first_page_names_the_others)
{
    char names[PROGRAM_COMMANDS][PROGRAM_COMMAND_MAX];
    char *page = read_page(NULL);
    program_commands(names);
    for (int c = 0; names[c][0]; c++) {
        char line[64];
        snprintf(line, sizeof line, "\n.BR spanscope-%.31s (1)\n", names[c]);
        ck_assert_msg(strstr(page, line) != NULL, "no %s", line);
    }
    static const char *const statuses[] = {"\n.B 0\n", "\n.B 2\n", "\n.B 130\n"};
    for (int i = 0; i < 3; i++)
        ck_assert_ptr_nonnull(strstr(page, statuses[i]));
    free(page);
}
END_TEST

/* Nothing is said by groff with all its warnings, and by man where it is there. */
START_TEST(pages_are_set_without_a_warning)
{
    struct program there = program_shell("command -v groff");
    if (there.status != 0) {
        program_free(&there);
        return;
    }
    program_free(&there);
    struct program set = program_shell(
        "for page in '' $($SPANSCOPE --help | sed -n 's/^  \\([a-z]*\\)  .*/\\1/p'); do\n"
        "$SPANSCOPE manual $page > page.1 || echo no page\n"
        "[ $(groff -man -ww -Tutf8 page.1 | wc -l) -gt 20 ] || echo \"$page is empty\"\n"
        "! command -v man > man.log || LC_ALL=C.UTF-8 man --warnings -l page.1 2>&1 > page.txt\n"
        "done");
    ck_assert_str_eq(set.out, "");
    program_free(&set);
}
END_TEST

START_TEST(mistakes_are_named)
{
    struct program unknown = PROGRAM("manual", "rnu"), two = PROGRAM("manual", "run", "map");
    ck_assert_int_eq(unknown.status, 2);
    ck_assert_ptr_nonnull(strstr(unknown.err, "unknown command 'rnu'; did you mean 'run'?"));
    ck_assert_int_eq(two.status, 2);
    ck_assert_ptr_nonnull(strstr(two.err, "'map': one page at a time"));
    program_free(&unknown);
    program_free(&two);
}
END_TEST

Suite *manual_suite(void)
{
    Suite *suite = suite_create("manual");
    TCase *pages = tcase_create("pages");
    tcase_add_checked_fixture(pages, program_setup, program_teardown);
    tcase_set_timeout(pages, 120);
    tcase_add_test(pages, every_option_has_its_place);
    tcase_add_test(pages, the_first_page_names_the_others);
    tcase_add_test(pages, mistakes_are_named);
    suite_add_tcase(suite, pages);
    TCase *set = tcase_create("set");
    tcase_add_checked_fixture(set, program_setup, program_teardown);
    tcase_set_timeout(set, 120);
    tcase_set_tags(set, "slow"); // groff's is the work
    tcase_add_test(set, pages_are_set_without_a_warning);
    suite_add_tcase(suite, set);
    return suite;
}
