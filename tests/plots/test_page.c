#include "plots/page.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

static struct page page_of(const struct style *style, const char *shown, const char *marks)
{
    struct page page;
    page_init(&page, style, "gradient", "It's a title", shown, marks);
    return page;
}

START_TEST(lengths_are_of_what_is_shown)
{
    ck_assert_uint_eq(page_text_length("plain"), 5);
    ck_assert_uint_eq(page_text_length("10^{-6}"), 4);
    ck_assert_uint_eq(page_text_length("{/:Italic f}'_{12}"), 4);
    ck_assert_uint_eq(page_text_length("é×—"), 3); // bytes are not letters
    ck_assert_uint_eq(page_text_length(""), 0);
}
END_TEST

/* Whatever the style, no word is lost, and lines end behind a comma or semicolon. */
START_TEST(words_are_broken_and_kept)
{
    static const char shown[] = "spannorm, scaleinit; L = 1000, d = 4096, H = 32, T = 2048; relu, causal mask, input "
                                "scale 2, input correlation 0.5, 1024 samples",
                      marks[] = "bands: 95 % intervals; lines without points: predictions at infinite width";
    for (size_t s = 0; s < style_count; s++) {
        const struct style *style = &styles[s];
        struct page page = page_of(style, shown, marks);
        char joined[2 * PAGE_LINE] = "";
        size_t limit = (size_t)(style->width / (PAGE_SMALL_LETTER * style->small));
        for (int i = 0; i < page.line_count; i++) {
            strcat(joined, page.words[i]);
            ck_assert_msg(strlen(page.words[i]) <= limit, "%s: '%s'", style->name, page.words[i]);
            const char *end = page.words[i] + strlen(page.words[i]) - 1;
            ck_assert(i == page.line_count - 1 || *end == ' ' || strcmp(end - 6, "samples") == 0);
        }
        ck_assert(strncmp(joined, shown, strlen(shown)) == 0);
        ck_assert_str_eq(joined + strlen(joined) - strlen(marks), marks);
    }
}
END_TEST

START_TEST(short_words_share_a_line)
{
    struct page page = page_of(&styles[0], "d = 12", "bands: intervals");
    ck_assert_int_eq(page.line_count, 1);
    ck_assert_str_eq(page.words[0], "d = 12; bands: intervals");
    page = page_of(&styles[0], "", "");
    ck_assert_int_eq(page.line_count, 0);
}
END_TEST

/* What stands below takes room from the plot, or makes the picture larger: the plot stays inside either way. */
START_TEST(frames_stay_inside)
{
    for (size_t s = 0; s < style_count; s++) {
        const struct style *style = &styles[s];
        struct page page = page_of(style, "d = 12", ""), more = page;
        double added = style->plain ? 2 : 20; // rows or points
        page_add_below(&more, added);
        ck_assert_double_eq_tol(more.bottom, page.bottom + added, 1e-9);
        ck_assert_double_eq_tol(more.height, page.height + (style->grows ? added : 0), 1e-9);
        ck_assert_double_eq_tol(more.top - more.bottom, page.top - page.bottom - (style->grows ? 0 : added), 1e-9);
        ck_assert(more.left > 0 && more.left < more.right && more.right < style->width);
        ck_assert(more.bottom > 0 && more.bottom < more.top && more.top <= more.height);
    }
}
END_TEST

/* A title of any length fits, and says what it says. */
START_TEST(titles_are_quoted_and_fit)
{
    char *script, title[400];
    size_t length;
    memset(title, 'w', sizeof title - 1);
    title[sizeof title - 1] = '\0';
    memcpy(title, "'n_1' \\", 7);
    struct page page = page_of(&styles[0], "", "");
    page.title = title;
    FILE *stream = open_memstream(&script, &length);
    page_print_texts(stream, &page);
    fclose(stream);
    ck_assert_ptr_nonnull(strstr(script, "set label '\\047n\\_1\\047 \\\\www"));
    double type = atof(strstr(script, "center font ',") + strlen("center font ',"));
    ck_assert(type > 0 && type * PAGE_LETTER * (double)strlen(title) <= page.style->width);
    free(script);
}
END_TEST

Suite *page_suite(void)
{
    Suite *suite = suite_create("page");
    TCase *tests = tcase_create("page");
    tcase_add_test(tests, lengths_are_of_what_is_shown);
    tcase_add_test(tests, words_are_broken_and_kept);
    tcase_add_test(tests, short_words_share_a_line);
    tcase_add_test(tests, frames_stay_inside);
    tcase_add_test(tests, titles_are_quoted_and_fit);
    suite_add_tcase(suite, tests);
    return suite;
}
