#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sim/text.h"
#include "tests/folder.h"
#include <check.h>

START_TEST(one_is_no_plural)
{
    char words[TEXT_COUNT];
    ck_assert_str_eq(text_count(1, "threads", words), "1 thread");
    ck_assert_str_eq(text_count(0, "threads", words), "0 threads");
    ck_assert_str_eq(text_count(INT64_MAX, "configurations", words), "9223372036854775807 configurations");
}
END_TEST

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
    /* The last two are cut between characters: a dash of three bytes from the sixth on does not fit seven. */
    static const char *const cases[][2] = {{"a/b/mine.txt", "mine"},       {"mine", "mine"},
                                           {"/mine.v2.txt", "mine.v2"},    {".hidden", ".hidden"},
                                           {"a.b/plain", "plain"},         {"/dev/fd/63", "custom"},
                                           {"abcdefghijk", "abcdefg"},     {"\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9"},
                                           {"abcde\xe2\x88\x92g", "abcde"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char label[8];
        struct error error;
        ck_assert_int_eq(text_label(cases[i][0], label, sizeof label, &error), ERROR_NONE);
        ck_assert_str_eq(label, cases[i][1]);
    }
}
END_TEST

START_TEST(label_is_text)
{
    static const char *const cases[][2] = {
        {"a/m\xfcin.txt", "the file name 'm\\xfcin.txt' is not UTF-8, and cannot stand in output"},
        {"m\nn", "the file name 'm\\x0an' has a control character, and cannot stand in output"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char label[32];
        struct error error;
        ck_assert_int_eq(text_label(cases[i][0], label, sizeof label, &error), ERROR_INPUT);
        ck_assert_str_eq(error.text, cases[i][1]);
    }
}
END_TEST

/* C0, DEL, C1 and changes of direction are escaped, as are bytes that begin no character; those asked for stay. */
START_TEST(only_what_can_be_shown_is)
{
    static const char *const cases[][2] = {{"a\nb\tc\r", "a\nb\\x09c\\x0d"},
                                           {"\x1b[31m", "\\x1b[31m"},
                                           {"\x7f\xc2\x85\xc2\xa0", "\\x7f\\xc2\\x85\xc2\xa0"},
                                           {"m\xfc\xc3\xbc", "m\\xfc\xc3\xbc"},
                                           {"\u202a\u202e\u2069", "\\xe2\\x80\\xaa\\xe2\\x80\\xae\\xe2\\x81\\xa9"},
                                           {"\u2029\u202f\u2065\u206a", "\u2029\u202f\u2065\u206a"},
                                           {"", ""}};
    char shown[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_str_eq(text_show(cases[i][0], "\n", shown, sizeof shown), cases[i][1]);
    ck_assert_str_eq(text_show("ab\xc3\xbc", "", shown, 4), "ab"); // three bytes and their end would be five
    ck_assert_str_eq(text_show("\x1b", "", shown, 4), "");
}
END_TEST

/* From the table of the Unicode Standard, 3.9: the ends of each length, and what stands just outside. */
START_TEST(characters)
{
    static const struct {
        const char *text;
        size_t length;
        uint32_t number;
    } cases[] = {
        {"A", 1, 'A'},
        {"\xc2\x80", 2, 0x80},
        {"\xdf\xbf", 2, 0x7ff},
        {"\xe0\xa0\x80", 3, 0x800},
        {"\xe2\x88\x92", 3, 0x2212},
        {"\xef\xbf\xbf", 3, 0xffff},
        {"\xf0\x90\x80\x80", 4, 0x10000},
        {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
        {"", 0, 0},         /* nothing */
        {"\x80", 0, 0},     /* a middle */
        {"\xc1\xbf", 0, 0}, /* longer than need be, as are the next two */
        {"\xe0\x9f\xbf", 0, 0},
        {"\xf0\x8f\xbf\xbf", 0, 0},
        {"\xed\xa0\x80", 0, 0},     /* a surrogate */
        {"\xf4\x90\x80\x80", 0, 0}, /* beyond the last */
        {"\xf5\x80\x80\x80", 0, 0},
        {"\xe2\x88", 0, 0}, /* cut */
        {"\xe2\x88x", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t number = 0;
        ck_assert_uint_eq(text_character(cases[i].text, strlen(cases[i].text), &number), cases[i].length);
        ck_assert(cases[i].length == 0 || number == cases[i].number);
    }
}
END_TEST

START_TEST(letters_are_of_all_alphabets)
{
    static const uint32_t letters[] = {0xf6, 0xdf, 0x3c3, 0x416, 0x6f22, 0x301, 0x1d465};
    static const uint32_t others[] = {'a', 0x80, 0xa0, 0xb7, 0xd7, 0x2009, 0x2212, 0x2218, 0x2264, 0xfeff, 0x1f600};
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        ck_assert_msg(text_is_letter(letters[i]), "U+%04X", letters[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert_msg(!text_is_letter(others[i]), "U+%04X", others[i]);
}
END_TEST

static int read_text(const char *text, size_t length, size_t limit, char **bytes, struct error *error)
{
    folder_write_bytes("file", text, length);
    size_t got;
    int code = text_read(folder_path("file"), limit, bytes, &got, error);
    ck_assert(code != ERROR_NONE || (strlen(*bytes) == got));
    return code;
}

START_TEST(files_are_read_whole)
{
    struct error error;
    char *bytes, expected[300], large[9001];
    ck_assert_int_eq(read_text("\xef\xbb\xbfx = y", 8, 8, &bytes, &error), ERROR_NONE);
    ck_assert_str_eq(bytes, "x = y");
    free(bytes);
    ck_assert_int_eq(read_text("", 0, 8, &bytes, &error), ERROR_NONE);
    ck_assert_str_eq(bytes, "");
    free(bytes);
    ck_assert_int_eq(read_text("\xff\xfex\0", 4, 8, &bytes, &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "file' is in UTF-16; expected UTF-8"));
    memset(large, 'x', 9000);
    large[9000] = '\0';
    ck_assert_int_eq(read_text(large, 9000, 9000, &bytes, &error), ERROR_NONE);
    ck_assert_str_eq(bytes, large);
    free(bytes);
    ck_assert_int_eq(read_text(large, 9000, 8999, &bytes, &error), ERROR_INPUT);
    snprintf(expected, sizeof expected, "'%s' has 9000 bytes; at most 8999 are allowed", folder_path("file"));
    ck_assert_str_eq(error.text, expected);
    ck_assert_int_eq(text_read("/dev/zero", 70000, &bytes, &(size_t){0}, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "'/dev/zero' has more than the 70000 bytes that are allowed");
    ck_assert_ptr_null(bytes);
    ck_assert_int_eq(text_read(folder_name, 9, &bytes, &(size_t){0}, &error), ERROR_RESOURCE);
    ck_assert_ptr_nonnull(strstr(error.text, ": Is a directory"));
}
END_TEST

/* A stream that does not end is left when the limit is passed, not when the room for twice as much is full. */
START_TEST(no_more_is_read_than_is_allowed)
{
    enum { LIMIT = 9000, MORE = 20000, BUFFER = 4096 /* of a stream */ };
    struct error error;
    char *bytes, path[64], written[MORE];
    int ends[2], left = 0;
    memset(written, 'x', sizeof written);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], written, MORE), MORE); // a pipe has room for 65536
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    ck_assert_int_eq(text_read(path, LIMIT, &bytes, &(size_t){0}, &error), ERROR_INPUT);
    ck_assert_int_eq(ioctl(ends[0], FIONREAD, &left), 0);
    ck_assert_int_ge(left, MORE - LIMIT - 1 - BUFFER);
    close(ends[0]), close(ends[1]);
}
END_TEST

START_TEST(paths_are_told_from_texts)
{
    folder_write("a=b", "");
    folder_write("plain", "");
    ck_assert_int_eq(chdir(folder_name), 0);
    static const char *const files[] = {"./a=b", "./none", "/none=", "../x\ny", "plain", "x.txt", "a/b"};
    static const char *const texts[] = {"a=b", "x = y/2", "prenorm", "scaleinit:2", "x\n", "", "x = ./a=b"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        ck_assert_msg(text_is_file(files[i]), "%s", files[i]);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_msg(!text_is_file(texts[i]), "%s", texts[i]);
}
END_TEST

START_TEST(files_are_read_once)
{
    struct error error;
    const char *first, *second;
    size_t length;
    folder_write("file", "before");
    ck_assert_int_eq(text_once(folder_path("file"), 99, &first, &length, &error), ERROR_NONE);
    folder_write("file", "behind it");
    ck_assert_int_eq(text_once(folder_path("file"), 99, &second, &length, &error), ERROR_NONE);
    ck_assert_str_eq(second, "before");
    ck_assert_ptr_eq(first, second);
    ck_assert_uint_eq(length, 6);
    /* What could not be read is tried again. */
    ck_assert_int_eq(text_once(folder_path("new"), 99, &second, &length, &error), ERROR_RESOURCE);
    folder_write("new", "now");
    ck_assert_int_eq(text_once(folder_path("new"), 99, &second, &length, &error), ERROR_NONE);
}
END_TEST

Suite *text_suite(void)
{
    Suite *suite = suite_create("text");
    TCase *tests = tcase_create("text");
    tcase_add_test(tests, prints_add_up);
    tcase_add_test(tests, one_is_no_plural);
    tcase_add_test(tests, label_drops_folder_and_extension);
    tcase_add_test(tests, label_is_text);
    tcase_add_test(tests, only_what_can_be_shown_is);
    tcase_add_test(tests, characters);
    tcase_add_test(tests, letters_are_of_all_alphabets);
    TCase *files = folder_case(suite, "files");
    tcase_add_test(files, files_are_read_whole);
    tcase_add_test(files, no_more_is_read_than_is_allowed);
    tcase_add_test(files, paths_are_told_from_texts);
    tcase_add_test(files, files_are_read_once);
    suite_add_tcase(suite, tests);
    return suite;
}
