#include <string.h>

#include "analysis/bounds/hypothesis.h"
#include "sim/setting.h"
#include <check.h>

#define OWN_INIT "init=wq=0;wk=0;wv=1/sqrt(d);wo=wv;w1=wv;wg=wv;w2=1/sqrt(F);wr=wv"

static struct model model_of(const char *words)
{
    struct error error = {0};
    struct model model;
    model_defaults(&model);
    ck_assert_msg(setting_apply_all(&model, words, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_int_eq(model_check(&model, &error), ERROR_NONE);
    return model;
}

static const struct {
    const char *words, *text;
    const char *failed; /* NULL where the text holds */
} cases[] = {
    {"placement=prenorm init=unit", "", NULL},
    {"placement=prenorm init=unit", "placement=prenorm init=unit", NULL},
    {"placement=prenorm init=unit", "placement=spannorm|prenorm", NULL},
    {"placement=prenorm init=unit", "init=unit placement=spannorm|postnorm", "placement=spannorm|postnorm"},
    /* A formula is known by what it says, under any name; so is an initialisation. */
    {"placement=y=x+attn(norm(x));x=y+ffn(norm(y)) init=unit", "placement=prenorm", NULL},
    {"placement=y=x+attn(norm(x));x=y+ffn(y) init=unit", "placement=prenorm", "placement=prenorm"},
    {"placement=x=x+ffn(norm(x)) init=unit", "placement=x=x+ffn(x)", "placement=x=x+ffn(x)"},
    {"placement=x=x+ffn(norm(x)) init=unit", "placement=x=x+ffn(x)|x=x+ffn(norm(x))", NULL},
    {"placement=x=x+ffn(norm(x)) init=unit", "placement='x = x + ffn(x)'|'x = x + ffn(norm(x))' init=unit", NULL},
    {"placement=x=x+ffn(norm(x)) init=unit", "placement='x = x + ffn(x)' init=unit", "placement='x = x + ffn(x)'"},
    {"placement=prenorm " OWN_INIT, OWN_INIT, NULL},
    {"placement=prenorm " OWN_INIT, "init=unit", "init=unit"},
    {"placement=prenorm init=unit", OWN_INIT, OWN_INIT},
    /* The parameter counts where it is named. */
    {"placement=prenorm init=scaleinit:2", "init=scaleinit", NULL},
    {"placement=prenorm init=scaleinit:2", "init=scaleinit:2.0", NULL},
    {"placement=prenorm init=scaleinit:2", "init=scaleinit:1", "init=scaleinit:1"},
    /* Numbers. */
    {"placement=prenorm init=unit layers=8", "layers>=8 layers<=8", NULL},
    {"placement=prenorm init=unit layers=8", "layers>=9", "layers>=9"},
    {"placement=prenorm init=unit input-scale=0.5", "input-scale<=0.25|1", NULL},
    {"placement=prenorm init=unit input-scale=0.5", "input-scale=0.50", NULL},
    {"placement=prenorm init=unit mask=causal", "mask=none", "mask=none"},
};

START_TEST(words_hold_or_are_named)
{
    struct error error = {0};
    struct model model = model_of(cases[_i].words);
    char failed[HYPOTHESIS_WORD_MAX] = "";
    bool holds = false;
    ck_assert_int_eq(hypothesis_holds(cases[_i].text, &model, &holds, failed, &error), ERROR_NONE);
    ck_assert_msg(holds == (cases[_i].failed == NULL), "%s of %s", cases[_i].text, cases[_i].words);
    ck_assert_str_eq(failed, holds ? "" : cases[_i].failed);
    model_free(&model);
}
END_TEST

START_TEST(texts_of_no_sense_are_errors)
{
    const char *const texts[] = {"placment=prenorm", "layers>=many", "mask=nine", "placement=prenrm"};
    struct model model = model_of("placement=prenorm init=unit");
    for (int i = 0; i < 4; i++) {
        struct error error = {0};
        char failed[HYPOTHESIS_WORD_MAX];
        bool holds;
        ck_assert_int_eq(hypothesis_holds(texts[i], &model, &holds, failed, &error), ERROR_INPUT);
        ck_assert_msg(strlen(error.text) > 0, "%s", texts[i]);
    }
    model_free(&model);
}
END_TEST

START_TEST(models_are_the_same_in_every_setting)
{
    const char *const texts[] = {"placement=prenorm init=unit",
                                 "placement=prenorm init=unit width=512",
                                 "placement=postnorm init=unit",
                                 "placement=prenorm init=scaleinit",
                                 "placement=prenorm init=scaleinit:2",
                                 "placement=prenorm init=unit mask=causal",
                                 "placement=prenorm init=unit input-scale=2"};
    enum { COUNT = sizeof texts / sizeof *texts };
    struct model models[COUNT];
    for (int i = 0; i < COUNT; i++)
        models[i] = model_of(texts[i]);
    struct model again = model_of("init=unit placement=y=x+attn(norm(x));x=y+ffn(norm(y))");
    ck_assert(hypothesis_same(&models[0], &again));
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < COUNT; j++)
            ck_assert_msg(hypothesis_same(&models[i], &models[j]) == (i == j), "%s and %s", texts[i], texts[j]);
    for (int i = 0; i < COUNT; i++)
        model_free(&models[i]);
    model_free(&again);
}
END_TEST

Suite *hypothesis_suite(void)
{
    Suite *suite = suite_create("hypothesis");
    TCase *tests = tcase_create("hypothesis");
    tcase_add_loop_test(tests, words_hold_or_are_named, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tests, texts_of_no_sense_are_errors);
    tcase_add_test(tests, models_are_the_same_in_every_setting);
    suite_add_tcase(suite, tests);
    return suite;
}
