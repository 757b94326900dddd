#include <string.h>

#include "sim/error.h"
#include <check.h>

static const char *const names[] = {"norm", "attn", "ffn", "spannorm", "moe"};

static const char *nearest(const char *name)
{
    return error_nearest(name, names, sizeof names / sizeof *names);
}

START_TEST(nearest_finds_slips)
{
    ck_assert_str_eq(nearest("nrom"), "norm");
    ck_assert_str_eq(nearest("SpanNrm"), "spannorm");
    ck_assert_str_eq(nearest("fn"), "ffn");
    ck_assert_str_eq(nearest("n\u00f6rm"), "norm"); // one character, though two bytes
    ck_assert_ptr_null(nearest("n\u00f6\u00fcm"));
}
END_TEST

/* "input-scale" has more letters before "scale" than a slip would add. */
START_TEST(nearest_finds_a_word_in_common)
{
    static const char *const compound[] = {"init", "input-scale", "input_correlation", "top-k"};
    ck_assert_str_eq(error_nearest("scale", compound, 4), "input-scale");
    ck_assert_str_eq(error_nearest("correlation-of-tokens", compound, 4), "input_correlation");
    ck_assert_str_eq(error_nearest("int", compound, 4), "init"); // a slip goes first
    ck_assert_ptr_null(error_nearest("k-nearest", compound, 4)); // words of a letter or two say nothing
    ck_assert_ptr_null(error_nearest("scal-e", compound, 4));
}
END_TEST

START_TEST(nearest_is_silent_on_strangers)
{
    ck_assert_ptr_null(nearest("softmax"));
    ck_assert_ptr_null(nearest(""));
    char longer[200];
    memset(longer, 'n', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    ck_assert_ptr_null(nearest(longer));
}
END_TEST

/* One letter away, and no slip. */
START_TEST(nearest_respects_terms_of_their_own)
{
    static const char *const activations[] = {"relu", "gelu", "silu", "tanh", "identity", "swiglu"};
    static const char *const terms[] = {"geglu", "GEGLU", "reglu", "glu", "selu", "elu"};
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++)
        ck_assert_msg(!error_nearest(terms[i], activations, 6), "%s", terms[i]);
    ck_assert_str_eq(error_nearest("geluu", activations, 6), "gelu");
}
END_TEST

START_TEST(message_is_truncated_not_overrun)
{
    struct error error;
    char longer[3000];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    ck_assert_int_eq(error_set(&error, ERROR_INPUT, "%s", longer), ERROR_INPUT);
    ck_assert_uint_eq(strlen(error.text), sizeof error.text - 1);
}
END_TEST

Suite *error_suite(void)
{
    Suite *suite = suite_create("error");
    TCase *tests = tcase_create("nearest");
    tcase_add_test(tests, nearest_finds_slips);
    tcase_add_test(tests, nearest_finds_a_word_in_common);
    tcase_add_test(tests, nearest_respects_terms_of_their_own);
    tcase_add_test(tests, nearest_is_silent_on_strangers);
    tcase_add_test(tests, message_is_truncated_not_overrun);
    suite_add_tcase(suite, tests);
    return suite;
}
