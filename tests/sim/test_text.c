#include <string.h>

#include "sim/text.h"
#include <check.h>

/* Behaves as one snprintf of everything, at every size. */
START_TEST(prints_add_up)
{
    static const char whole[] = "ab-12-cde";
    for (size_t size = 0; size <= sizeof whole; size++) {
        char buffer[16];
        memset(buffer, '#', sizeof buffer);
        struct text text = {buffer, size, 0};
        text_print(&text, "%s-", "ab");
        text_print(&text, "%d-", 12);
        text_print(&text, "cde");
        ck_assert_uint_eq(text.length, strlen(whole));
        ck_assert_uint_eq(text_room(&text), size > strlen(whole) ? size - strlen(whole) : 0);
        ck_assert_int_eq(buffer[size], '#');
        size_t kept = size == 0 ? 0 : size - 1 < strlen(whole) ? size - 1 : strlen(whole);
        ck_assert_int_eq(memcmp(buffer, whole, kept), 0);
        ck_assert(size == 0 || buffer[kept] == '\0');
    }
}
END_TEST

START_TEST(label_drops_folder_and_extension)
{
    static const char *const cases[][2] = {{"a/b/mine.txt", "mine"},    {"mine", "mine"},
                                           {"/mine.v2.txt", "mine.v2"}, {".hidden", ".hidden"},
                                           {"a.b/plain", "plain"},      {"abcdefghijk", "abcdefg"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char label[8];
        text_label(cases[i][0], label, sizeof label);
        ck_assert_str_eq(label, cases[i][1]);
    }
}
END_TEST

Suite *text_suite(void)
{
    Suite *suite = suite_create("text");
    TCase *tests = tcase_create("text");
    tcase_add_test(tests, prints_add_up);
    tcase_add_test(tests, label_drops_folder_and_extension);
    suite_add_tcase(suite, tests);
    return suite;
}
