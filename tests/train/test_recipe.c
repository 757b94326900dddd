#include <check.h>
#include <string.h>

#include "tests/support.h"
#include "train/recipe.h"

static void make(struct recipe *recipe, const char *name, const char *text)
{
    struct error error = {0};
    recipe_defaults(recipe);
    if (name)
        ck_assert_msg(recipe_set(recipe, name, text, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_msg(recipe_finish(recipe, &error) == ERROR_NONE, "%s", error.text);
}

static const struct {
    const char *name, *text;
} words[] = {
    {"task", "copy:5"},       {"batch", "3"},      {"steps", "7"},     {"optimiser", "sgd"},       {"lr", "1e-3,2e-3"},
    {"warmup", "2"},          {"decay", "linear"}, {"clip", "0.5"},    {"beta1", "0.8"},           {"beta2", "0.9"},
    {"weight-decay", "0.25"}, {"epsilon", "1e-6"}, {"measure", "0,1"}, {"parametrisation", "mup"},
};

/* Every word is read, and makes another training. */
START_TEST(every_word_counts)
{
    struct recipe plain, other, same;
    make(&plain, NULL, NULL);
    make(&other, words[_i].name, words[_i].text);
    make(&same, words[_i].name, words[_i].text);
    ck_assert(recipe_has(words[_i].name));
    ck_assert_msg(!recipe_same(&plain, &other), "%s", words[_i].name);
    ck_assert(recipe_same(&same, &other));
    recipe_free(&plain);
    recipe_free(&other);
    recipe_free(&same);
}
END_TEST

START_TEST(what_is_left_open_has_its_usual_value)
{
    struct recipe recipe;
    make(&recipe, "steps", "12");
    struct training training = recipe_training(&recipe, 3e-3, 9);
    ck_assert_str_eq(training.task->text, "icl:4:0.1");
    ck_assert(training.steps == 12 && training.batch == 8 && training.rate == 3e-3 && training.seed == 9);
    ck_assert(recipe.rates.count == 1 && recipe.rates.value[0] == 1e-3);
    ck_assert_ptr_null(training.measured);
    recipe_free(&recipe);
}
END_TEST

START_TEST(words_that_do_not_go_together_are_mistakes)
{
    static const char *const cases[][2] = {{"base-width", "8"}, {"momentum", "0.5"}, {"measure", "151"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct recipe recipe;
        struct error error = {0};
        recipe_defaults(&recipe);
        ck_assert_int_eq(recipe_set(&recipe, cases[i][0], cases[i][1], &error), ERROR_NONE);
        ck_assert_int_eq(recipe_finish(&recipe, &error), ERROR_INPUT);
        ck_assert_ptr_nonnull(strstr(error.text, cases[i][0]));
        recipe_free(&recipe);
    }
    ck_assert(!recipe_has("layers") && !recipe_has("lrs"));
}
END_TEST

/* A training has a loss of its own; the readout of another would lie where its own does. */
START_TEST(another_loss_is_refused)
{
    struct recipe recipe;
    struct model model;
    struct error error = {0};
    make(&recipe, "steps", "12");
    support_model(&model, "mask=causal cotangent=pooled");
    ck_assert_int_eq(recipe_check(&recipe, &model, &error), ERROR_NONE);
    model_free(&model);
    support_model(&model, "mask=causal cotangent=cross-entropy");
    ck_assert_int_eq(recipe_check(&recipe, &model, &error), ERROR_INPUT);
    ck_assert_msg(strstr(error.text, "a loss of its own"), "%s", error.text);
    model_free(&model);
    recipe_free(&recipe);
}
END_TEST

/* What a call of the formula says of its mask wins, in any section; a window of 1 shows nothing but the token itself. */
static const struct {
    const char *settings, *error; /* NULL: there is something to predict */
} sights[] = {
    {"mask=causal", NULL},
    {"mask=none", "--mask causal"},
    {"mask=causal placement='x = x + attn(x, mask=none)'", "line 1, column 9: mask=none"},
    {"mask=causal placement='x = wo(attend(x, x, x, mask=none))'", "line 1, column 8: mask=none"},
    {"mask=causal placement='x = x + attn(x, mask=none, window=2)'", "line 1, column 9: mask=none"},
    {"mask=causal placement='x = x + attn(x, mask=none, window=1)'", NULL},
    {"mask=causal placement='def f(u) = attn(u, mask=none); x = x + f(x)'", "line 1, column 40: mask=none"},
    {"mask=causal placement='x = x + attn(x); final: x = attn(x, mask=none)'", "line 1, column 29: mask=none"},
    {"mask=causal layers=4 placement='block if l == 3: x = attn(x, mask=none); block: x = attn(x)'", "mask=none"},
    {"mask=causal placement='state x, u; u = u + attn(x, mask=none); x = x + ffn(u)'", "mask=none"},
    {"mask=causal placement='y = attn(x, mask=none); x = x + attn(x)'", NULL}, // which nothing reads
    {"mask=none placement='x = x + attn(x, mask=causal)'", NULL},
};

START_TEST(no_token_sees_what_it_is_to_predict)
{
    struct recipe recipe;
    struct model model;
    struct error error = {0};
    make(&recipe, "steps", "12");
    support_model(&model, sights[_i].settings);
    int code = recipe_check(&recipe, &model, &error);
    ck_assert_int_eq(code, sights[_i].error ? ERROR_INPUT : ERROR_NONE);
    if (sights[_i].error)
        ck_assert_msg(strstr(error.text, sights[_i].error), "%s", error.text);
    model_free(&model);
    recipe_free(&recipe);
}
END_TEST

Suite *recipe_suite(void)
{
    Suite *suite = suite_create("recipe");
    TCase *tests = tcase_create("words");
    tcase_add_loop_test(tests, every_word_counts, 0, sizeof words / sizeof *words);
    tcase_add_test(tests, what_is_left_open_has_its_usual_value);
    tcase_add_test(tests, words_that_do_not_go_together_are_mistakes);
    tcase_add_test(tests, another_loss_is_refused);
    tcase_add_loop_test(tests, no_token_sees_what_it_is_to_predict, 0, sizeof sights / sizeof *sights);
    suite_add_tcase(suite, tests);
    return suite;
}
