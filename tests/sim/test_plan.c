#include <check.h>

#include "sim/plan.h"
#include "sim/setting.h"
#include "tests/support.h"

/* Maps of one input and site are one group, by their addresses; of another input or site another. */
START_TEST(maps_are_grouped)
{
    struct model model;
    struct plan plan;
    struct error error;
    double values[GRAPH_NODES_MAX];
    ck_assert_int_eq(
        support_plan("placement='u=norm(x);y=wv(u)+wq(u)+wz(u)+wa(x)+wk(u);x=y+attn(u)' init='w=1/sqrt(n)'", 1, &model,
                     values, &plan, &error),
        ERROR_NONE);
    static const char *const expected[][4] = {
        {"wq", "wk", "wv", "wz"}, {"wa"}, {"attn.wq", "attn.wk", "attn.wv"}, {"attn.wo"}};
    static const int counts[] = {4, 1, 3, 1};
    ck_assert_int_eq(plan.group_count, 4);
    for (int g = 0; g < 4; g++) {
        const struct plan_group *group = &plan.groups[g];
        ck_assert_int_eq(group->count, counts[g]);
        for (int i = 0; i < group->count; i++) {
            int n = group->nodes[i];
            ck_assert_str_eq(plan.graph->matrices[plan.graph->nodes[n].index].label, expected[g][i]);
            ck_assert_int_eq(plan.nodes[n].group, g);
            ck_assert(n >= group->first && plan.graph->nodes[n].a == group->input);
        }
    }
    plan_free(&plan);
    model_free(&model);
}
END_TEST

/* Two cotangents that are wanted at one time never lie in one slot: from the highest reader of a signal down to the last
 * use of its cotangent. The intervals once more from the graph. */
START_TEST(slots_do_not_overlap)
{
    static const char *const formulas[] = {
        "placement=prenorm",
        "placement='u=norm(x);x=x+wo(sigmoid(wz(u))*attend(wq(u),wk(u),wv(u)))' init='w=1/sqrt(n)'",
        "placement='y=x+moe(norm(x));z=attn(y)+moe(y,top=1);x=norm(y+z)'", "placement='y=ffn(x);z=attn(x);x=x+z'"};
    for (size_t f = 0; f < sizeof formulas / sizeof *formulas; f++) {
        struct model model;
        struct plan plan;
        struct error error;
        double values[GRAPH_NODES_MAX];
        ck_assert_int_eq(support_plan(formulas[f], 1, &model, values, &plan, &error), ERROR_NONE);
        const struct graph *graph = plan.graph;
        int begins[graph->node_count], ends[graph->node_count];
        for (int n = 0; n < graph->node_count; n++) {
            begins[n] = n, ends[n] = n;
            for (int r = n + 1; r < graph->node_count; r++)
                if (graph_is_signal(graph->nodes[r].kind) && plan.nodes[r].live &&
                    (graph->nodes[r].a == n || graph->nodes[r].b == n || graph->nodes[r].c == n))
                    begins[n] = r;
            if (graph->outputs[0] == n)
                begins[n] = graph->node_count;
            if (graph->nodes[n].kind == GRAPH_MAP)
                ends[n] = plan.groups[plan.nodes[n].group].first;
            if (graph->nodes[n].kind == GRAPH_MOE)
                ends[n] = plan.nodes[n].mixture.expert;
        }
        for (int n = 0; n < graph->node_count; n++)
            for (int m = 0; m < n; m++)
                if (plan.nodes[n].slot >= 0 && plan.nodes[n].slot == plan.nodes[m].slot &&
                    graph_is_signal(graph->nodes[n].kind) && graph_is_signal(graph->nodes[m].kind) &&
                    plan.nodes[n].live && plan.nodes[m].live)
                    ck_assert_msg(ends[n] > begins[m] || ends[m] > begins[n], "%s: nodes %d and %d", formulas[f], m, n);
        for (int n = 0; n < graph->node_count; n++)
            if (graph_is_signal(graph->nodes[n].kind) && plan.nodes[n].live && graph->nodes[n].kind != GRAPH_INPUT)
                ck_assert(plan.nodes[n].slot >= 0 && plan.slot_sizes[plan.nodes[n].slot] >= plan_entries(&plan, n));
        plan_free(&plan);
        model_free(&model);
    }
}
END_TEST

/* Plans agree where all that they resolve does. */
START_TEST(plans_are_compared)
{
    struct model model, other;
    struct plan a, b, c;
    struct error error;
    double values[3][GRAPH_NODES_MAX];
    const char *text = "placement='x=x/l+attn(norm(x),window=4*mod(l,2))'";
    ck_assert_int_eq(support_plan(text, 1, &model, values[0], &a, &error), ERROR_NONE);
    struct graph_scope scope = model_scope(&model, 3);
    ck_assert_int_eq(graph_evaluate(a.graph, &scope, values[1], &error), ERROR_NONE);
    ck_assert_int_eq(plan_init(&b, &model, a.graph, values[1], 3, &error), ERROR_NONE);
    scope = model_scope(&model, 2);
    ck_assert_int_eq(graph_evaluate(a.graph, &scope, values[2], &error), ERROR_NONE);
    ck_assert_int_eq(plan_init(&c, &model, a.graph, values[2], 2, &error), ERROR_NONE);
    ck_assert(plan_same(&a, &b) && !plan_same(&a, &c));
    plan_free(&b), plan_free(&c);
    ck_assert_int_eq(support_plan(text, 1, &other, values[1], &b, &error), ERROR_NONE);
    ck_assert(!plan_same(&a, &b)); // another graph
    plan_free(&a), plan_free(&b);
    model_free(&model), model_free(&other);
}
END_TEST

Suite *plan_suite(void)
{
    Suite *suite = suite_create("plan");
    TCase *tests = tcase_create("plan");
    tcase_add_test(tests, maps_are_grouped);
    tcase_add_test(tests, slots_do_not_overlap);
    tcase_add_test(tests, plans_are_compared);
    suite_add_tcase(suite, tests);
    return suite;
}
