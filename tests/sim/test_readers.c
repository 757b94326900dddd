#include "sim/readers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/stack.h"
#include "tests/support.h"
#include <check.h>

/* One sample's numbers; the caller frees. */
static struct wide *sample(const char *text, const char *change, size_t *count)
{
    struct model own;
    struct stack stack;
    struct stack_workspace workspace;
    struct error why = {0};
    support_model(&own, text);
    int code = setting_apply_all(&own, change, &why);
    if (code == ERROR_NONE)
        code = model_check(&own, &why);
    if (code == ERROR_NONE)
        code = stack_init(&stack, &own, linear_engine_find("dense"), false, (size_t)1 << 30, &why);
    if (code == ERROR_NONE)
        code = stack_workspace_init(&workspace, &stack, &why);
    ck_assert_msg(code == ERROR_NONE, "%s %s: %s", text, change, why.text);
    *count = (size_t)(own.layers + 1) * (size_t)stack.depth.schema.column_count;
    struct wide *values = calloc(*count, sizeof *values);
    code = stack_sample(&stack, &workspace, 3, 1, NULL, values, &why);
    ck_assert_msg(code == ERROR_NONE, "%s %s: %s", text, change, why.text);
    stack_workspace_free(&workspace);
    stack_free(&stack);
    model_free(&own);
    return values;
}

/* Equal in every bit that a reader of the numbers sees; NaN, 0 over 0, is equal to itself. */
static bool same_values(const struct wide *a, const struct wide *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (a[i].exponent != b[i].exponent ||
            (a[i].exponent != WIDE_ABSENT && memcmp(&a[i].mantissa, &b[i].mantissa, sizeof(double)) != 0))
            return false;
    return true;
}

static const char *const read_formulas[] = {
    "placement=prenorm",
    "placement=x=norm(x)",
    "placement=x=x+attn(x)",
    "placement=x=norm(x+ffn(x))",
    "placement=x=x+moe(norm(x))",
    "placement=x=x+moe(norm(x)) activation=swiglu",
    "placement=x=x/E+ffn(x)/H",
    "placement=x=x+attn(x) rope=50",
    "placement=x=x+attn(x,rope=50)",
    "placement=x=x+attn(x) rope=50 rope-scaling=linear rope-factor=2",
    "placement=x=x+attn(x,rope=50,rope_scaling=dynamic) rope-factor=2 rope-length=2",
    "placement=x=x+attn(x) rope-scaling=yarn rope-factor=2 rope-length=2",
    "placement=x=x+attn(x) sink=1",
    "placement=x=x+attn(x,sink=1,bias=alibi)",
    "placement=x=x+attn(x) bias=t5",
    "placement=x=x+attn(x,bias=t5)",
    "placement=x=x*k+attn(x/F)",
    "placement='input m; x=norm(x+attn(x,m))' rope=10 bias=t5 window=1 mask=causal",
    "placement='input m; x=norm(x+attn(x,m,rope=10,rope_scaling=linear,rope_factor=2,bias=t5))'",
    "placement=first:x=x+ffn(x);block:x=x+attn(x)",
    "placement=x=x;final:x=norm(x+attn(x))",
    "placement=x=x+attn(x) init=wq=phi2;wk=1/F;wv=1/d;wo=1;w1=E;wg=1;w2=k;wr=H",
    "placement=x=x+ffn(x) init=scaleinit",
    "placement=x=x+wz(x) init='w=uniform(1/sqrt(n))'",
    "placement=x=x+attn(x) init='w=1/sqrt(n);wo=rows(1/sqrt(n))'",
    "placement=prenorm init=gpt2:1",
    "placement=x=x+ffn(x) init=wq=c;wk=c;wv=c;wo=c;w1=1/d;wg=c;w2=1/d;wr=s",
    "placement=x=norm(x+ffn(x)) cotangent=cross-entropy",
    "placement=x=x+ffn(x) init=wq=k;wk=H;wv=E;wo=1;w1=1/F;wg=1;w2=1/d;wr=k",
};

/* The other value of each setting; the default is the one of tests/support.h. */
static const char *const changes[] = {
    "heads=5",
    "ffn-width=13",
    "activation=gelu",
    "norm=layernorm",
    "mask=causal",
    "experts=6",
    "top-k=1",
    "router=switch",
    "init=gpt2:0.3",
    "width=30",
    "tokens=4",
    "input-scale=0.7",
    "input-correlation=0.3",
    "cotangent=pooled",
    "eps=0.3",
    "c=0.7",
    "s=0.3",
    "vocabulary=7",
    "zipf=1.5",
    "rotary=0.5",
    "rope-factor=3",
    "rope-length=2.5",
    "rope-gain=1.3",
    "bias-sd=0.7",
    "sink-sd=0.7",
    "window=2",
    "bias=alibi",
    "rope=7",
    "memory-tokens=4",
    "memory-correlation=0.5",
};

/* The rule is held against the stack itself: a sample changes with a setting exactly where the setting is read. */
START_TEST(what_is_not_read_changes_nothing)
{
    const char *text = read_formulas[_i];
    size_t count, other;
    struct wide *before = sample(text, "", &count);
    for (size_t c = 0; c < sizeof changes / sizeof *changes; c++) {
        char name[32];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(changes[c], "="), changes[c]);
        struct model own;
        support_model(&own, text);
        struct error error = {0};
        bool read = readers_exist(setting_find(name, &error), &own);
        struct wide *after = sample(text, changes[c], &other);
        bool same = count == other && same_values(before, after, count);
        ck_assert_msg(same == !read, "%s: %s is%s read, and the sample %s", text, name, read ? "" : " not",
                      same ? "stays" : "changes");
        model_free(&own);
        free(after);
    }
    free(before);
}
END_TEST

START_TEST(readers_are_printed)
{
    char text[64];
    struct error error = {0};
    readers_print(setting_find("ffn-width", &error), text, sizeof text);
    ck_assert_str_eq(text, "ffn(), glu() or the name F");
    readers_print(setting_find("heads", &error), text, sizeof text);
    ck_assert_str_eq(text, "attend(), attn() without heads= or the name H");
    readers_print(setting_find("head-width", &error), text, sizeof text);
    ck_assert_str_eq(text, "attn() or the name head_width");
    readers_print(setting_find("c", &error), text, sizeof text);
    ck_assert_str_eq(text, "an initialisation with the name c");
    readers_print(setting_find("router", &error), text, sizeof text);
    ck_assert_str_eq(text, "moe() without router=");
    readers_print(setting_find("init", &error), text, sizeof text);
    ck_assert_str_eq(text, "a matrix");
    readers_print(setting_find("zipf", &error), text, sizeof text);
    ck_assert_str_eq(text, "a loss as --cotangent");
}
END_TEST

Suite *readers_suite(void)
{
    Suite *suite = suite_create("readers");
    TCase *tests = tcase_create("readers");
    tcase_add_loop_test(tests, what_is_not_read_changes_nothing, 0, sizeof read_formulas / sizeof *read_formulas);
    tcase_add_test(tests, readers_are_printed);
    suite_add_tcase(suite, tests);
    return suite;
}
