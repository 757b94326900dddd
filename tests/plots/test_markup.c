#include "plots/markup.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

static char *text;
static size_t length;

static FILE *open_text(void)
{
    free(text);
    text = NULL;
    return open_memstream(&text, &length);
}

START_TEST(text_shows_as_written)
{
    FILE *stream = open_text();
    markup_print(stream, "<b title=\"a\" class='c'>&amp; \xff\xc3 é");
    fclose(stream);
    ck_assert_str_eq(text, "&#60;b title=&#34;a&#34; class=&#39;c&#39;&#62;&#38;amp; ?? é");
}
END_TEST

START_TEST(elements_hold_text)
{
    FILE *stream = open_text();
    markup_print_element(stream, "h1 class=\"a\"", "1 < 2");
    markup_print_cell(stream, "&");
    markup_print_number(stream, 12345.678);
    markup_print_number(stream, NAN);
    fclose(stream);
    ck_assert_str_eq(text, "<h1 class=\"a\">1 &#60; 2</h1>\n<td>&#38;</td><td>1.235e+04</td><td>-</td>");
}
END_TEST

START_TEST(words_for_a_shell)
{
    static const char *const rows[][2] = {
        {"prenorm", "prenorm"},
        {"-1.5e-3", "-1.5e-3"},
        {"", "&#39;&#39;"},
        {"x = x", "&#39;x = x&#39;"},
        {"é<'", "&#39;é&#60;&#39;\\&#39;&#39;&#39;"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        FILE *stream = open_text();
        markup_print_quoted(stream, rows[i][0]);
        fclose(stream);
        ck_assert_str_eq(text, rows[i][1]);
    }
}
END_TEST

/* Identifiers and references get the prefix, colours do not, and what stands before the picture is left out. */
START_TEST(pictures_keep_apart)
{
    FILE *stream = open_text();
    markup_print_svg(stream,
                     "<?xml version=\"1.0\"?><!DOCTYPE svg><svg><g id=\"a\"/><path id='b' fill=\"#fff\" stroke='#000'/>"
                     "<use xlink:href='#b'/><use href=\"#a\"/><g clip-path=\"url(#a)\"/></svg>",
                     7);
    fclose(stream);
    ck_assert_str_eq(text, "<svg><g id=\"p7-a\"/><path id='p7-b' fill=\"#fff\" stroke='#000'/><use xlink:href='#p7-b'/>"
                           "<use href=\"#p7-a\"/><g clip-path=\"url(#p7-a)\"/></svg>");
    stream = open_text();
    markup_print_svg(stream, "no picture", 1);
    fclose(stream);
    ck_assert_str_eq(text, "");
}
END_TEST

/* Ends of the scale lie on the margins, 2 of 34 and of 160; what is no number is left out. */
START_TEST(sparks)
{
    const double loss[] = {3, NAN, 1}, least[] = {1, 1, 1};
    FILE *stream = open_text();
    markup_print_spark(stream, loss, least, 3);
    fclose(stream);
    ck_assert_ptr_nonnull(strstr(text, "class=\"first\" points=\"2,2 158,32 \""));
    ck_assert_ptr_nonnull(strstr(text, "class=\"second\" points=\"2,32 80,32 158,32 \""));
    stream = open_text();
    markup_print_spark(stream, least, NULL, 3); // all one: no scale
    fclose(stream);
    ck_assert_str_eq(text, "");
}
END_TEST

Suite *markup_suite(void)
{
    Suite *suite = suite_create("markup");
    TCase *tcase = tcase_create("markup");
    tcase_add_test(tcase, text_shows_as_written);
    tcase_add_test(tcase, elements_hold_text);
    tcase_add_test(tcase, words_for_a_shell);
    tcase_add_test(tcase, pictures_keep_apart);
    tcase_add_test(tcase, sparks);
    suite_add_tcase(suite, tcase);
    return suite;
}
