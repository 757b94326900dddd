#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/setting.h"
#include <check.h>
#include "tests/support.h"

static struct model model;
static struct error error;

static void setup(void)
{
    model_defaults(&model);
    error = (struct error){0};
}

static void teardown(void)
{
    model_free(&model);
}

/* Every row changes its field and no other byte of the model; the getter and the printer see it. */
START_TEST(numbers_reach_their_fields)
{
    for (size_t i = 0; i < setting_count; i++) {
        bool integer = settings[i].type == SETTING_INTEGER;
        if (!setting_is_number(&settings[i]))
            continue;
        struct model before;
        char text[32];
        const char *number = settings[i].most >= 37 ? "37" : "1";
        memcpy(&before, &model, sizeof before);
        ck_assert_int_eq(setting_apply(&model, settings[i].name, integer ? number : "0.37", &error), ERROR_NONE);
        char *field = (char *)&model + settings[i].offset;
        size_t size = integer ? sizeof(int) : sizeof(double);
        if (integer)
            ck_assert_int_eq(*(int *)field, atoi(number));
        else
            ck_assert_double_eq(*(double *)field, 0.37);
        ck_assert_double_eq(setting_number(&settings[i], &model), integer ? atoi(number) : 0.37);
        setting_print(&settings[i], &model, text, sizeof text);
        ck_assert_str_eq(text, integer ? number : "0.37");
        ck_assert(!setting_same(&settings[i], &model, &before));
        memcpy(field, (char *)&before + settings[i].offset, size);
        ck_assert_mem_eq(&model, &before, sizeof before);
        ck_assert(setting_same(&settings[i], &model, &before));
    }
}
END_TEST

/* A number beyond its row's ends is refused as text and in the model, and the ends themselves are taken. */
START_TEST(ranges_end_where_the_table_says)
{
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &settings[i];
        if (!setting_is_number(setting))
            continue;
        double ends[4] = {setting->least, setting->most, setting->least - 1, setting->most * 2};
        for (int e = 0; e < 4; e++) {
            char text[32];
            setting_print_number(ends[e], text, sizeof text);
            if (setting->type == SETTING_INTEGER)
                snprintf(text, sizeof text, "%.0f", ends[e]);
            ck_assert_msg(setting_apply(&model, setting->name, text, &error) == (e < 2 ? ERROR_NONE : ERROR_INPUT),
                          "%s %s", setting->name, text);
            if (e >= 2)
                ck_assert_msg(strstr(error.text, "is not between") != NULL, "%s", error.text);
            if (setting->type == SETTING_INTEGER)
                *(int *)((char *)&model + setting->offset) = (int)ends[e];
            else
                *(double *)((char *)&model + setting->offset) = ends[e];
            ck_assert_int_eq(setting_check(setting, &model, &error), e < 2 ? ERROR_NONE : ERROR_INPUT);
        }
        setting_apply(&model, setting->name, setting->type == SETTING_INTEGER ? "37" : "0.37", &error);
    }
}
END_TEST

START_TEST(every_choice_is_taken)
{
    int choices = 0;
    for (size_t i = 0; i < setting_count; i++) {
        for (size_t c = 0; setting_choice(&settings[i], c); c++) {
            const char *name = setting_choice(&settings[i], c);
            ck_assert_int_eq(setting_apply(&model, settings[i].name, name, &error), ERROR_NONE);
            const void *chosen = *(void **)((char *)&model + settings[i].offset);
            /* A row begins with its name. */
            ck_assert_str_eq(*(const char *const *)chosen, name);
            ck_assert_str_eq(setting_name(&settings[i], &model), name);
            choices++;
        }
    }
    ck_assert_int_eq(choices, (int)(activation_count + norm_count + mask_count + router_count + cotangent_count +
                                    bias_count + scaling_count + law_count));
}
END_TEST

/* Keys are names that need no quotes in any language, and no two rows share a word. */
START_TEST(names_and_keys_agree)
{
    for (size_t i = 0; i < setting_count; i++) {
        char key[64];
        snprintf(key, sizeof key, "%s", settings[i].name);
        for (char *c = key; *c; c++)
            *c = *c == '-' ? '_' : *c;
        ck_assert_str_eq(settings[i].key, key);
        for (size_t j = 0; j < i; j++) {
            ck_assert_str_ne(settings[i].name, settings[j].name);
            ck_assert(settings[i].letter == 0 || settings[i].letter != settings[j].letter);
        }
    }
}
END_TEST

static const char *const odd_models[] = {
    "",
    ("placement='first:x=x+ffn(x);block if l<=L/3:x=norm(x+attn(x)/3);block:x=x-0.1*moe(x);final:x=norm(x)' "
     "init=gpt2:0.037"),
    "init=scaleinit:0.1 layers=7 width=24 heads=3 tokens=1 ffn-width=13 experts=3 top-k=3 router=switch eps=1e-5",
    "init=wq=c/7;wk=s;wv=1/3^l;wo=0;w1=phi2;wg=E;w2=k*1e-17;wr=0.1 c=0.3 s=1.7e-9 activation=swiglu norm=layernorm",
    "mask=causal cotangent=last input-correlation=0.30000000000000004 input-scale=3.3333333333333331e-77",
};

/* What is printed of a model makes it again, in the order of the table. */
START_TEST(printed_settings_make_the_model_again)
{
    struct model own, again;
    support_model(&own, odd_models[_i]);
    model_defaults(&again);
    for (size_t i = 0; i < setting_count; i++) {
        char *text = setting_value(&settings[i], &own);
        ck_assert_msg(setting_apply(&again, settings[i].name, text, &error) == ERROR_NONE, "%s: %s", text, error.text);
        free(text);
    }
    for (size_t i = 0; i < setting_count; i++)
        ck_assert_msg(setting_same(&settings[i], &own, &again), "%s of %s", settings[i].name, odd_models[_i]);
    model_free(&again);
    model_free(&own);
}
END_TEST

/* Two models that differ in one setting differ in its label; so do two that differ in an initialisation's parameter. */
START_TEST(labels_tell_values_apart)
{
    static const char *const rows[][2] = {
        {"init=scaleinit", "scaleinit"},       {"init=scaleinit:0.5", "scaleinit:0.5"},
        {"init=scaleinit:2", "scaleinit:2"},   {"init=gpt2", "gpt2"},
        {"init=gpt2:0.1", "gpt2:0.1"},         {"init=gpt2 c=3", "gpt2"},
        {"init=scaleinit c=3", "scaleinit:3"}, {"init=unit c=3", "unit"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct model own;
        char label[64];
        support_model(&own, rows[i][0]);
        setting_label(setting_find("init", &error), &own, label, sizeof label);
        ck_assert_str_eq(label, rows[i][1]);
        model_free(&own);
    }
}
END_TEST

START_TEST(values_have_words)
{
    static const struct {
        const char *name, *value, *words;
    } rows[] = {
        {"layers", "37", "L = 37"},
        {"mask", "none", "no mask"},
        {"mask", "causal", "causal mask"},
        {"mask", "", "no mask"},
        {"eps", "1e-06", ""},
        {"eps", "0.01", "eps = 0.01"},
        {"eps", "", ""},
        {"activation", "gelu", "gelu"},
        {"placement", "b2t", "b2t"},
        {"cotangent", "iid", ""},
        {"cotangent", "last", "last cotangent"},
        {"layers", "", ""},
        {"input-correlation", "0.3", "input correlation 0.3"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char words[64];
        setting_words(setting_find(rows[i].name, &error), rows[i].value, words, sizeof words);
        ck_assert_str_eq(words, rows[i].words);
    }
    char usual[32]; // what goes without saying is what a model is without a word
    for (size_t i = 0; i < setting_count; i++) {
        setting_print(&settings[i], &model, usual, sizeof usual);
        if (settings[i].usual)
            ck_assert_str_eq(settings[i].usual, usual);
    }
}
END_TEST

START_TEST(formulas_and_inits_are_replaced)
{
    ck_assert_int_eq(setting_apply_all(&model, "placement=prenorm init=scaleinit:1.37  layers=37\n", &error),
                     ERROR_NONE);
    ck_assert_str_eq(model.placement, "prenorm");
    ck_assert_double_eq(model.init.c, 1.37);
    ck_assert_int_eq(model.layers, 37);
    ck_assert_int_eq(setting_apply_all(&model, "placement=x=norm(x+ffn(x)) init=gpt2:0.5", &error), ERROR_NONE);
    ck_assert_str_eq(model.placement, "custom");
    ck_assert_double_eq(model.init.s, 0.5);
    /* What fails leaves the last good ones. */
    ck_assert_int_eq(setting_apply(&model, "placement", "x = nrm(x)", &error), ERROR_INPUT);
    ck_assert_int_eq(setting_apply(&model, "init", "unit:3", &error), ERROR_INPUT);
    ck_assert_str_eq(model.placement, "custom");
    ck_assert_str_eq(model.init.label, "gpt2");
}
END_TEST

/* Quoted or written without blanks, a formula is the same; what stands behind it is read too. */
START_TEST(quotes_keep_blanks_together)
{
    char quoted[FORMULA_TEXT_MAX], plain[FORMULA_TEXT_MAX];
    ck_assert_int_eq(setting_apply_all(&model, "placement='y = x + attn(norm(x)); x = y + ffn(y)' layers='37'", &error),
                     ERROR_NONE);
    ck_assert_int_eq(model.layers, 37);
    formula_print(&model.formula, ";", quoted, sizeof quoted);
    ck_assert_int_eq(setting_apply_all(&model, "layers=5 placement=y=x+attn(norm(x));x=y+ffn(y)", &error), ERROR_NONE);
    ck_assert_int_eq(model.layers, 5);
    formula_print(&model.formula, ";", plain, sizeof plain);
    ck_assert_str_eq(quoted, plain);
}
END_TEST

START_TEST(words_end_at_blanks_outside_quotes)
{
    static const char *const wanted[] = {"a=1", "b='c d'|'e  f'", "g=h'i j'k", "l='m n"};
    const char *text = "  a=1 b='c d'|'e  f'\ng=h'i j'k  l='m n";
    size_t length;
    for (int i = 0; i < 4; i++) {
        const char *word = setting_word(&text, &length);
        ck_assert_uint_eq(length, strlen(wanted[i]));
        ck_assert_mem_eq(word, wanted[i], length);
    }
    ck_assert_ptr_null(setting_word(&text, &length));
    ck_assert_ptr_null(setting_word(&text, &length));
    char word[] = "b='c d'|'e  f'";
    setting_unquote(word);
    ck_assert_str_eq(word, "b=c d|e  f");
}
END_TEST

START_TEST(mistakes_are_named)
{
    static const struct {
        const char *text, *words;
        enum error_code code;
    } rows[] = {
        {"layrs=3", "unknown setting 'layrs'; did you mean 'layers'?", ERROR_INPUT},
        {"colour=3", "unknown setting 'colour'", ERROR_INPUT},
        {"layers", "setting 'layers' has no '=VALUE'", ERROR_INPUT},
        {"layers=", "layers: '' is not a whole number", ERROR_INPUT},
        {"layers=3x", "layers: '3x' is not a whole number", ERROR_INPUT},
        {"layers=3.5", "layers: '3.5' is not a whole number", ERROR_INPUT},
        {"layers=0", "layers: 0 is not between 1 and", ERROR_INPUT},
        {"layers=-3", "layers: -3 is not between 1 and", ERROR_INPUT},
        {"layers=99999999999999999999", "is not between 1 and", ERROR_INPUT},
        {"width=4294967297", "is not between 1 and", ERROR_INPUT}, // 2^32 + 1 is 1 in 32 bits
        {"input-scale=nan", "input-scale: 'nan' is not a finite number", ERROR_INPUT},
        {"input-scale=inf", "is not a finite number", ERROR_INPUT},
        {"input-scale=1e999", "is not a finite number", ERROR_INPUT},
        {"input-scale=1.5.2", "is not a finite number", ERROR_INPUT},
        {"activation=rleu", "unknown activation 'rleu'; did you mean 'relu'?", ERROR_INPUT},
        {"mask=triangular", "known are none, causal", ERROR_INPUT},
        {"placement=spanorm", "did you mean 'spannorm'?", ERROR_INPUT},
        {"placement=no/such.file", "cannot open 'no/such.file'", ERROR_RESOURCE},
        {"init=scalinit", "did you mean 'scaleinit'?", ERROR_INPUT},
        {"init=scaleinit:x", "scaleinit", ERROR_INPUT},
        {"placement='x = x + ffn(x) layers=3", "setting placement: the quote in 'x = x + ffn(x) layers=3 is not closed",
         ERROR_INPUT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_msg(setting_apply_all(&model, rows[i].text, &error) == (int)rows[i].code, "%s", rows[i].text);
        ck_assert_int_eq(error.code, rows[i].code);
        ck_assert_msg(strstr(error.text, rows[i].words) != NULL, "%s: %s", rows[i].text, error.text);
    }
    char text[5000] = "placement=";
    memset(text + strlen(text), 'x', 4000);
    ck_assert_int_eq(setting_apply_all(&model, text, &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "unknown placement 'xxx"));
    strcpy(text, "placement='x = x"); // of any length
    for (int i = 0; i < 200; i++)
        strcat(text, " + ffn(x)");
    ck_assert_int_eq(setting_apply_all(&model, strcat(text, "'"), &error), ERROR_NONE);
}
END_TEST

START_TEST(numbers_are_whole_texts)
{
    long long value = 0;
    double number = 0;
    ck_assert_int_eq(setting_integer("it", "-37", -40, 40, &value, &error), ERROR_NONE);
    ck_assert_int_eq(value, -37);
    ck_assert_int_eq(setting_integer("it", " 37", -40, 40, &value, &error), ERROR_INPUT);
    ck_assert_int_eq(setting_integer("it", "41", -40, 40, &value, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "it: 41 is not between -40 and 40");
    ck_assert_int_eq(setting_real("it", "-1.5e-3", &number, &error), ERROR_NONE);
    ck_assert_double_eq(number, -1.5e-3);
    ck_assert_int_eq(setting_real("it", " 1", &number, &error), ERROR_INPUT);
    ck_assert_int_eq(setting_real("it", "", &number, &error), ERROR_INPUT);
    ck_assert_int_eq(setting_real("it", "1e-400", &number, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "it: the number 1e-400 is too small");
    ck_assert_double_eq(number, -1.5e-3); // left alone
    ck_assert_int_eq(setting_real("it", "5e-324", &number, &error), ERROR_NONE);
    ck_assert_double_gt(number, 0);
    ck_assert_int_eq(setting_real("it", "0e-400", &number, &error), ERROR_NONE);
    ck_assert_int_eq(setting_real("it", "-0.0", &number, &error), ERROR_NONE);
    ck_assert(number == 0 && !signbit(number));
}
END_TEST

Suite *setting_suite(void)
{
    Suite *suite = suite_create("setting");
    TCase *tests = tcase_create("setting");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, numbers_reach_their_fields);
    tcase_add_test(tests, ranges_end_where_the_table_says);
    tcase_add_test(tests, every_choice_is_taken);
    tcase_add_test(tests, names_and_keys_agree);
    tcase_add_loop_test(tests, printed_settings_make_the_model_again, 0, sizeof odd_models / sizeof *odd_models);
    tcase_add_test(tests, labels_tell_values_apart);
    tcase_add_test(tests, values_have_words);
    tcase_add_test(tests, formulas_and_inits_are_replaced);
    tcase_add_test(tests, quotes_keep_blanks_together);
    tcase_add_test(tests, words_end_at_blanks_outside_quotes);
    tcase_add_test(tests, mistakes_are_named);
    tcase_add_test(tests, numbers_are_whole_texts);
    suite_add_tcase(suite, tests);
    return suite;
}
