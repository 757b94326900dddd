#include <check.h>
#include <string.h>

#include "explore/request.h"

static struct request request;
static struct error error;

static void setup(void)
{
    ck_assert_int_eq(request_init(&request, request_find("/predict"), &error), ERROR_NONE);
}

static void teardown(void)
{
    request_free(&request);
}

START_TEST(settings_become_words)
{
    ck_assert_int_eq(request_add(&request, "layers", "64", &error), ERROR_NONE);
    ck_assert_int_eq(request_add(&request, "placement", "x = norm(x + attn(x))", &error), ERROR_NONE);
    ck_assert_str_eq(request.words[0], "predict");
    ck_assert_str_eq(request.words[request.word_count - 2], "--layers=64");
    ck_assert_str_eq(request.words[request.word_count - 1], "--placement=x = norm(x + attn(x))");
    ck_assert_ptr_null(request.words[request.word_count]);
}
END_TEST

/* A value is never an option, and an option of the command that is not in the list does not pass. */
START_TEST(nothing_else_passes)
{
    static const char *const names[] = {"output", "o",        "threads",  "help", "",
                                        "-",      "--layers", "layers=3", "x",    "samples"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert_msg(request_add(&request, names[i], "1", &error) == ERROR_INPUT, "%s", names[i]);
    ck_assert_int_eq(request_add(&request, "layers", "", &error), ERROR_INPUT);
    ck_assert_int_eq(request_add(&request, "layers", NULL, &error), ERROR_INPUT);
    ck_assert_int_eq(request_add(&request, "lyers", "3", &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "'layers'"));
}
END_TEST

START_TEST(once_each)
{
    ck_assert_int_eq(request_add(&request, "layers", "3", &error), ERROR_NONE);
    ck_assert_int_eq(request_add(&request, "layers", "4", &error), ERROR_INPUT);
}
END_TEST

START_TEST(one_model)
{
    ck_assert_int_eq(request_add(&request, "layers", "8,16", &error), ERROR_INPUT);
    ck_assert_int_eq(request_add(&request, "layers", "8:16", &error), ERROR_INPUT);
    ck_assert_int_eq(request_add(&request, "norm", "rmsnorm,layernorm", &error), ERROR_INPUT);
}
END_TEST

START_TEST(no_text_names_a_file)
{
    static const char *const files[] = {"/etc/passwd", "../x", "a.formula", "./x",   "~/x",   "scaleinit:2/../x", "x:y",
                                        "x:1x",        ":1",   "a b",       "./a=b", "/x\ny", "x = x,/etc/passwd"};
    static const char *const texts[] = {"spannorm", "scaleinit:2.5", "gpt2:1e-2", "x = x", "attn\n", "x=/etc/passwd"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        ck_assert_msg(request_add(&request, "init", files[i], &error) == ERROR_INPUT, "%s", files[i]);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ck_assert_msg(request_add(&request, "init", texts[i], &error) == ERROR_NONE, "%s", texts[i]);
        teardown();
        setup();
    }
}
END_TEST

START_TEST(sizes_are_bounded)
{
    static char text[REQUEST_TEXT + 1];
    memset(text, '=', REQUEST_TEXT);
    ck_assert_int_eq(request_add(&request, "placement", text, &error), ERROR_INPUT);
    text[REQUEST_TEXT / 2] = '\0';
    ck_assert_int_eq(request_add(&request, "placement", text, &error), ERROR_NONE);
    ck_assert_int_eq(request_add(&request, "init", text, &error), ERROR_INPUT);
}
END_TEST

START_TEST(only_our_own_page_asks)
{
    ck_assert(request_is_ours("127.0.0.1:80", NULL, NULL, 80) && request_is_ours("localhost", NULL, NULL, 80));
    ck_assert(request_is_ours("[::1]:8000", "http://127.0.0.1:8000", "same-origin", 8000));
    ck_assert(request_is_ours("localhost:8000", NULL, "none", 8000));
    ck_assert(!request_is_ours(NULL, NULL, NULL, 8000));
    ck_assert(!request_is_ours("localhost:8001", NULL, NULL, 8000));
    ck_assert(!request_is_ours("localhost", NULL, NULL, 8000));
    ck_assert(!request_is_ours("localhost:8000.example.org", NULL, NULL, 8000));
    ck_assert(!request_is_ours("example.org:8000", NULL, NULL, 8000));
    ck_assert(!request_is_ours("localhost:8000", "http://example.org", NULL, 8000));
    ck_assert(!request_is_ours("localhost:8000", "null", NULL, 8000));
    ck_assert(!request_is_ours("localhost:8000", "https://localhost:8000", NULL, 8000));
    ck_assert(!request_is_ours("localhost:8000", "http://localhost:8001", NULL, 8000));
    ck_assert(!request_is_ours("localhost:8000", NULL, "cross-site", 8000));
    ck_assert(!request_is_ours("localhost:8000", NULL, "same-site", 8000));
}
END_TEST

Suite *request_suite(void)
{
    Suite *suite = suite_create("request");
    TCase *tcase = tcase_create("requests");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, settings_become_words);
    tcase_add_test(tcase, nothing_else_passes);
    tcase_add_test(tcase, once_each);
    tcase_add_test(tcase, one_model);
    tcase_add_test(tcase, no_text_names_a_file);
    tcase_add_test(tcase, sizes_are_bounded);
    tcase_add_test(tcase, only_our_own_page_asks);
    suite_add_tcase(suite, tcase);
    return suite;
}
