#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/config.h"
#include "sim/setting.h"
#include <check.h>
#include "tests/support.h"

static const char *const texts[] = {
    "",
    ("placement='first: x = x + ffn(x); block if l <= L/3: x = norm(x + attn(x)/3); block: x = x - 0.1*moe(x); "
     "final: x = norm(x)' init=gpt2:0.037 layers=5"),
    "init=scaleinit:0.1 layers=7 width=24 heads=3 tokens=1 ffn-width=13 experts=3 top-k=3 router=switch eps=1e-5",
    "init=wq=c/7;wk=s;wv=1/3^l;wo=0;w1=phi2;wg=E;w2=k*1e-17;wr=0.1 c=0.3 s=1.7e-9 activation=swiglu norm=layernorm",
    "mask=causal cotangent=last input-correlation=0.30000000000000004 input-scale=3.3333333333333331e-77",
};

/* Through the text that is written, and back. */
static json_t *written(const struct model *model)
{
    bool ok = true;
    json_t *object = config_object(&ok, model);
    ck_assert(ok);
    char *text = json_dumps(object, JSON_REAL_PRECISION(17));
    json_t *again = json_loads(text, 0, NULL);
    json_decref(object);
    free(text);
    return again;
}

/* Every setting comes back to the bit, names included: the numbers of the model are then the same. */
START_TEST(a_model_is_made_again)
{
    struct model model, again;
    struct error error = {0};
    support_model(&model, texts[_i]);
    json_t *config = written(&model);
    ck_assert_msg(config_read(config, &again, &error) == ERROR_NONE, "%s", error.text);
    for (size_t i = 0; i < setting_count; i++)
        ck_assert_msg(setting_same(&settings[i], &model, &again), "%s of %s", settings[i].name, texts[_i]);
    ck_assert_str_eq(again.placement, model.placement);
    ck_assert_str_eq(again.init.label, model.init.label);
    ck_assert_double_eq(again.phi2, model.phi2);
    json_decref(config);
    model_free(&again);
    model_free(&model);
}
END_TEST

/* Two models that differ in a setting are written differently. */
START_TEST(all_that_differs_is_written)
{
    static const char *const changes[] = {
        "placement=x=x+ffn(x)",
        "init=unit",
        "init=wq=1;wk=1;wv=1;wo=1;w1=1;wg=1;w2=1;wr=1",
        "c=2",
        "s=2",
        "layers=3",
        "width=30",
        "heads=5",
        "tokens=4",
        "ffn-width=13",
        "experts=6",
        "top-k=1",
        "router=switch",
        "norm=layernorm",
        "eps=1e-5",
        "mask=causal",
        "kv-heads=1",
        "head-width=4",
        "window=3",
        "scale=0.3",
        "rope=1e4",
        "rotary=0.5",
        "bias=alibi",
        "cap=30",
        "sink=1",
        "bias-sd=0.1",
        "sink-sd=0.02",
        "rope-scaling=yarn",
        "rope-factor=8",
        "rope-length=4096",
        "rope-gain=1.2",
        "law=uniform",
        "memory-tokens=7",
        "memory-correlation=0.2",
        "activation=gelu",
        "input-correlation=0.3",
        "input-scale=0.7",
        "cotangent=pooled",
        "vocabulary=7",
        "zipf=1.2",
        "single=1",
    };
    ck_assert_uint_ge(sizeof changes / sizeof *changes, setting_count);
    struct model model;
    struct error error = {0};
    support_model(&model, "init=scaleinit");
    json_t *config = written(&model);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct model other;
        support_model(&other, "init=scaleinit");
        ck_assert_int_eq(setting_apply_all(&other, changes[i], &error), ERROR_NONE);
        json_t *changed = written(&other);
        ck_assert_msg(!json_equal(config, changed), "%s", changes[i]);
        json_decref(changed);
        model_free(&other);
    }
    json_decref(config);
    model_free(&model);
}
END_TEST

START_TEST(absent_members_are_defaults)
{
    struct model model, defaults;
    struct error error = {0};
    json_t *config = json_pack("{ss ss si ss}", "placement", "b2t", "init", "unit", "layers", 3, "colour", "red");
    model_defaults(&defaults);
    ck_assert_msg(config_read(config, &model, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_int_eq(model.layers, 3);
    ck_assert_str_eq(model.placement, "b2t");
    ck_assert_double_eq(model.eps, defaults.eps);
    ck_assert_int_eq(model.width, defaults.width);
    json_decref(config);
    model_free(&model);
}
END_TEST

START_TEST(wrong_members_are_named)
{
    static const char *const rows[][2] = {
        {"{}", "\"placement\" of \"config\": expected a name"},
        {"{\"placement\":\"b2t\",\"init\":1}", "\"init\" of \"config\": expected a name"},
        {"{\"placement\":\"custom\",\"init\":\"unit\"}", "unknown placement 'custom'"},
        {"{\"placement\":\"/dev/stdin\",\"init\":\"unit\"}", "'/dev/stdin' names a file; a name or a text is expected"},
        {"{\"placement\":\"a\",\"formula\":\"/dev/stdin\",\"init\":\"unit\"}", "\"formula\" of \"config\": '/dev"},
        {"{\"placement\":\"a\",\"formula\":\"./x = x\",\"init\":\"unit\"}", "'./x = x' names a file"},
        {"{\"placement\":\"a\",\"formula\":\"x = nrm(x)\",\"init\":\"unit\"}", "did you mean 'norm'?"},
        {"{\"placement\":\"b2t\",\"init\":\"unit\",\"layers\":\"3\"}", "\"layers\" of \"config\": expected a number"},
        {"{\"placement\":\"b2t\",\"init\":\"unit\",\"layers\":2.5}", "layers: '2.5' is not a whole number"},
        {"{\"placement\":\"b2t\",\"init\":\"unit\",\"layers\":2147483648}", "layers: 2147483648 is not between"},
        {"{\"placement\":\"b2t\",\"init\":\"unit\",\"eps\":0}", "eps: 0 is not between"},
        {"{\"placement\":\"b2t\",\"init\":\"unit\",\"mask\":\"triangle\"}", "unknown mask 'triangle'"},
        {"{\"placement\":\"b2t\",\"init\":\"unit\",\"mask\":null}", "\"mask\" of \"config\": expected a name"},
        {"{\"placement\":\"b2t\",\"init\":\"unit\",\"heads\":3}", "3 heads do not divide width"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct model model;
        struct error error = {0};
        json_t *config = json_loads(rows[i][0], 0, NULL);
        ck_assert_msg(config_read(config, &model, &error) == ERROR_INPUT, "%s", rows[i][0]);
        ck_assert_msg(strstr(error.text, rows[i][1]) != NULL, "%s: %s", rows[i][0], error.text);
        json_decref(config);
    }
}
END_TEST

Suite *config_suite(void)
{
    Suite *suite = suite_create("config");
    TCase *tests = tcase_create("config");
    tcase_add_loop_test(tests, a_model_is_made_again, 0, sizeof texts / sizeof *texts);
    tcase_add_test(tests, all_that_differs_is_written);
    tcase_add_test(tests, absent_members_are_defaults);
    tcase_add_test(tests, wrong_members_are_named);
    suite_add_tcase(suite, tests);
    return suite;
}
