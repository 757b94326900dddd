#include "sim/planner.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/setting.h"
#include "tests/rows.h"
#include "tests/support.h"

/* The first node of that kind. */
static const struct plan_node *first(const struct plan *plan, enum graph_kind kind)
{
    int n = 0;
    while (plan->graph->nodes[n].kind != kind)
        ck_assert_int_lt(++n, plan->graph->node_count);
    return &plan->nodes[n];
}

/* What a call says, what the settings say where it does not, and what neither says. */
START_TEST(options_are_resolved)
{
    struct model model;
    struct plan plan;
    struct error error;
    double values[GRAPH_NODES_MAX];
    ck_assert_int_eq(
        support_plan("placement='x=x+wo(attend(wq(x,12),wk(x,4),wv(x,6),heads=6,kv_heads=2,window=l+1,cap=3,"
                     "mask=none,sink=1))' mask=causal rope=50 rotary=0.5 bias=alibi cap=7",
                     2, &model, values, &plan, &error),
        ERROR_NONE);
    const struct attention *at = &first(&plan, GRAPH_ATTEND)->attend;
    ck_assert(at->sequences == 1 && at->queries == 5 && at->keys == 5 && at->heads == 6 && at->kv_heads == 2);
    ck_assert(at->head_width == 2 && at->value_width == 3 && at->window == 3 && at->cap == 3 && at->sink);
    ck_assert(at->mask == mask_find("none") && at->bias == bias_find("alibi") && at->rope == 50 && at->rotary == 0.5);
    ck_assert_double_eq(at->scale, 1 / sqrt(2));
    ck_assert_int_eq(first(&plan, GRAPH_ATTEND)->width, 18);
    plan_free(&plan);
    model_free(&model);

    ck_assert_int_eq(
        support_plan("placement='x=x+norm(attn(x),groups=3)' norm=layernorm eps=0.2 kv-heads=1 head-width=4 "
                     "scale=0.3 window=2",
                     1, &model, values, &plan, &error),
        ERROR_NONE);
    at = &first(&plan, GRAPH_ATTEND)->attend;
    ck_assert(at->heads == 3 && at->kv_heads == 1 && at->head_width == 4 && at->value_width == 4 && at->window == 2);
    ck_assert(at->scale == 0.3 && at->rope == 0 && at->cap == 0 && !at->sink && at->bias == bias_find("none"));
    ck_assert(at->bias_sd == 0 && at->sink_sd == 0 && at->scaling == scalings && at->gain == 1 && at->number == 0);
    const struct plan_norm *norm = &first(&plan, GRAPH_NORM)->norm;
    ck_assert(norm->norm == norm_find("layernorm") && norm->groups == 3 && norm->eps == 0.2);
    plan_free(&plan);
    model_free(&model);
}
END_TEST

/* What is drawn, and the rotation's stretching: of the call, of the settings, of the tables. */
START_TEST(draws_and_scalings_are_resolved)
{
    struct model model;
    struct plan plan;
    struct error error;
    double values[GRAPH_NODES_MAX];
    ck_assert_int_eq(
        support_plan("placement='x=x+attn(x,bias_sd=0.5*l,rope_gain=3)+attn(x,sink=0,rope_scaling=linear)' bias=t5 "
                     "sink=1 sink-sd=0.2 rope=50 rope-scaling=yarn rope-factor=4 rope-length=9",
                     2, &model, values, &plan, &error),
        ERROR_NONE);
    int n = 0;
    while (plan.graph->nodes[n].kind != GRAPH_ATTEND)
        n++;
    const struct attention *at = &plan.nodes[n].attend;
    ck_assert(at->bias_sd == 1 && at->sink && at->sink_sd == 0.2 && at->scaling == scaling_find("yarn"));
    ck_assert(at->factor == 4 && at->length == 9 && at->gain == 3 && at->number == 0);
    do
        n++;
    while (plan.graph->nodes[n].kind != GRAPH_ATTEND);
    at = &plan.nodes[n].attend;
    ck_assert(at->bias_sd == 1 / sqrt(15) && !at->sink && at->sink_sd == 0 && at->scaling == scaling_find("linear"));
    ck_assert(at->gain == 1 && at->number == 1);
    plan_free(&plan);
    model_free(&model);
}
END_TEST

/* Positions compare tokens of one sequence: a memory's keys have none unless the call says so. */
START_TEST(a_memory_has_no_positions)
{
    struct model model;
    struct plan plan;
    struct error error;
    double values[GRAPH_NODES_MAX];
    ck_assert_int_eq(support_plan("placement='input m;x=x+attn(x,m)' mask=causal window=2 rope=9 bias=alibi cap=4 "
                                  "memory-tokens=7",
                                  1, &model, values, &plan, &error),
                     ERROR_NONE);
    const struct attention *at = &first(&plan, GRAPH_ATTEND)->attend;
    ck_assert(at->queries == 5 && at->keys == 7 && at->mask == mask_find("none") && at->window == 0 && at->rope == 0);
    ck_assert(at->bias == bias_find("none") && at->cap == 4);
    plan_free(&plan);
    model_free(&model);
    ck_assert_int_eq(
        support_plan("placement='input m;x=x+attn(x,m,mask=causal,rope=5)'", 1, &model, values, &plan, &error),
        ERROR_NONE);
    at = &first(&plan, GRAPH_ATTEND)->attend;
    ck_assert(at->mask == mask_find("causal") && at->rope == 5);
    plan_free(&plan);
    model_free(&model);
}
END_TEST

/* What does not fit is located. */
static const struct {
    const char *text, *message;
} mistakes[] = {
    {"placement='x=x+wz(x,7)'", "line 1, column 4: '+' of signals of widths 15 and 7 in block 2"},
    {"placement='x=x*wz(x,7)'", "line 1, column 4: '*' of signals of widths 15 and 7 in block 2"},
    {"placement='x=wz(x,7)'", "line 1, column 3: x ends with width 7, not d = 15 in block 2"},
    {"placement='x=wz(x,l/4)'", "column 3: fan_out is 0.5, not a whole number between 1 and 16777216 in block 2"},
    {"placement='x=norm(x,groups=4)'", "line 1, column 3: 4 groups do not divide width 15 in block 2"},
    {"placement='x=norm(x,eps=-1)'", "line 1, column 3: eps is -1, not between 0 and inf in block 2"},
    {"placement='x=attend(x,x,x,heads=2)'", "column 3: 2 heads do not divide the queries' width 15 in block 2"},
    {"placement='x=attend(x,x,x,kv_heads=2)'", "column 3: 2 key heads do not divide 3 heads in block 2"},
    {"placement='x=attend(x,x,x,head_width=4)'", "head_width is 4, but the queries are 15 wide in 3 heads in block 2"},
    {"placement='x=attend(x,wk(x,7),x)'", "the keys are 7 wide, not kv_heads*head_width = 3*5 in block 2"},
    {"placement='x=x+attn(x,heads=1)'",
     "the keys are 15 wide, not kv_heads*head_width = 1*5; heads= is of the queries, kv_heads= of keys and values, in"},
    {"placement='x=attend(x,x,wv(x,7))'", "3 key heads do not divide the values' width 7 in block 2"},
    {"placement='x=attend(x,x,x,window=-1)'", "window is -1, not a whole number between 0 and"},
    {"placement='x=attend(x,x,x,rotary=2)'", "rotary is 2, not between 0 and 1 in block 2"},
    {"placement='x=attend(x,x,x,sink=2)'", "sink is 2, not a whole number between 0 and 1 in block 2"},
    {"placement='x=attend(x,x,x,cap=-1)'", "cap is -1, not between 0 and 1e+100 in block 2"},
    {"placement='x=attend(x,x,x,bias_sd=1)'", "bias_sd is 1, but bias=none is not drawn in block 2"},
    {"placement='x=attend(x,x,x,sink_sd=1)'", "sink_sd is 1, but there is no sink in block 2"},
    {"placement='x=attend(x,x,x,bias=swin2)'",
     "bias=swin2 is of one square of tokens, which queries and keys, 5 and 5, are not in"},
    {"placement='x=attend(x,x,x,rope_scaling=linear)'", "rope_scaling=linear wants a rope_factor in block 2"},
    {"placement='x=attend(x,x,x,rope_scaling=yarn,rope_factor=2)'", "rope_scaling=yarn wants a rope_length in block 2"},
    {"placement='x=attend(x,x,x,rope_gain=2)'", "rotary positions are spoken of, but rope is 0 in block 2"},
    {"placement='x=attend(x,x,x,rope=0,rotary=0.5)' rope=50", "are spoken of, but rope is 0 in block 2"},
    {"placement='x=wo(join(x,x,parts=2))'", "2 and 2 groups do not divide widths 15 and 15 in block 2"},
    {"placement='x=wo(join(x,x,parts=5,repeat=3))'", "repeat is 3, which does not divide 5 groups in block 2"},
    {"placement='x=join(x,x)'", "x ends with width 30, not d = 15 in block 2"},
    {"placement='x=moe(x,top=6)'", "top is 6, not a whole number between 1 and 5 in block 2"},
    {"placement='x=moe(x,top_groups=1)'", "top_groups chooses among groups, but expert_groups is not given in block 2"},
    {"placement='x=moe(x,experts=0)'", "experts is 0, not a whole number between 1 and 4096 in block 2"},
    {"placement='x=x+attn(x)' kv-heads=3 head-width=0 heads=5", NULL},
};

START_TEST(what_does_not_fit_is_located)
{
    struct model model;
    struct plan plan;
    struct error error = {0};
    double values[GRAPH_NODES_MAX];
    char text[200];
    if (!mistakes[_i].message) { // refused before there is a plan
        model_defaults(&model);
        snprintf(text, sizeof text, "init=unit width=15 %s", mistakes[_i].text);
        ck_assert_int_eq(setting_apply_all(&model, text, &error), ERROR_NONE);
        ck_assert_int_eq(model_check(&model, &error), ERROR_INPUT);
        ck_assert_ptr_nonnull(strstr(error.text, "kv-heads: 3 do not divide 5 heads"));
        model_free(&model);
        return;
    }
    snprintf(text, sizeof text, "init='w=1/sqrt(n)' %s", mistakes[_i].text);
    ck_assert_int_eq(support_plan(text, 2, &model, values, &plan, &error), ERROR_INPUT);
    ck_assert_msg(strstr(error.text, mistakes[_i].message) != NULL, "'%s' is not in: %s", mistakes[_i].message,
                  error.text);
    plan_free(&plan); // safe after a failed init
    model_free(&model);
}
END_TEST

Suite *planner_suite(void)
{
    Suite *suite = suite_create("planner");
    TCase *tests = tcase_create("planner");
    tcase_add_test(tests, options_are_resolved);
    tcase_add_test(tests, draws_and_scalings_are_resolved);
    tcase_add_test(tests, a_memory_has_no_positions);
    tcase_add_loop_test(tests, what_does_not_fit_is_located, 0, sizeof mistakes / sizeof *mistakes);
    suite_add_tcase(suite, tests);
    return suite;
}
