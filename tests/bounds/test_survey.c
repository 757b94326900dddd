#include "analysis/bounds/survey.h"

#include <check.h>

#include "tests/enclosure.h"

static int product_of(const struct enclosure *enclosure)
{
    const struct graph *graph = enclosure->block->graph;
    int n = graph->node_count - 1;
    while (graph->nodes[n].kind != GRAPH_PRODUCT)
        n--;
    return n;
}

/* Ones, x, two maps, a function, a product: six. A map forgets what it is made of. */
START_TEST(what_makes_a_component)
{
    struct enclosure enclosure;
    enclosure_init(&enclosure, "x = x + relu(w1(x))*w2(norm(x))");
    const struct survey *survey = &enclosure.reading.survey;
    int w1 = enclosure_map(&enclosure, "w1"), w2 = enclosure_map(&enclosure, "w2"), product = product_of(&enclosure);
    ck_assert_int_eq(survey->components, 6);
    ck_assert(!survey_related(survey, w1, w2) && survey_related(survey, product, w1) &&
              survey_related(survey, product, w2));
    ck_assert(survey_has(survey, w1, survey->component[w1]) && !survey_has(survey, w1, 1));
    ck_assert(survey_has(survey, enclosure.block->graph->outputs[0], 1) && !survey_has(survey, product, 1));
    enclosure_free(&enclosure);
}
END_TEST

/* x has three readers, each map one. */
START_TEST(who_is_alone)
{
    struct enclosure enclosure;
    enclosure_init(&enclosure, "x = x + relu(w1(x))*w2(norm(x))");
    const struct survey *survey = &enclosure.reading.survey;
    const struct graph *graph = enclosure.block->graph;
    ck_assert(survey->alone[enclosure_map(&enclosure, "w1")] && survey->alone[enclosure_map(&enclosure, "w2")]);
    ck_assert(survey->alone[product_of(&enclosure)]);
    for (int n = 0; n < graph->node_count; n++)
        ck_assert(graph->nodes[n].kind != GRAPH_INPUT || !survey->alone[n]);
    enclosure_free(&enclosure);
    enclosure_init(&enclosure, "y = w1(x); x = x + y*sigmoid(w2(y))"); // y has two
    ck_assert(!survey->alone[enclosure_map(&enclosure, "w1")] && survey->alone[enclosure_map(&enclosure, "w2")]);
    enclosure_free(&enclosure);
}
END_TEST

/* A signal times a function of itself sways that function, and the input where it is made of it; an independent gate
 * sways nothing. */
START_TEST(what_gradients_depend_on)
{
    static const struct {
        const char *formula;
        bool sways, entangles;
    } rows[] = {{"y = w1(x); x = x + y*sigmoid(y)", true, false},
                {"x = 0.5*x + x*sigmoid(x)", true, true},
                {"y = w1(x); x = x + y*sigmoid(w2(x))", false, false}};
    struct enclosure enclosure;
    enclosure_init(&enclosure, rows[_i].formula);
    const struct survey *survey = &enclosure.reading.survey;
    const struct graph *graph = enclosure.block->graph;
    bool sways = false;
    for (int n = 0; n < graph->node_count; n++)
        sways |= graph->nodes[n].kind == GRAPH_POINTWISE && survey->swayed[n];
    ck_assert(sways == rows[_i].sways && survey->entangled == rows[_i].entangles);
    enclosure_free(&enclosure);
}
END_TEST

Suite *survey_suite(void)
{
    Suite *suite = suite_create("survey");
    TCase *tests = tcase_create("survey");
    tcase_add_test(tests, what_makes_a_component);
    tcase_add_test(tests, who_is_alone);
    tcase_add_loop_test(tests, what_gradients_depend_on, 0, 3);
    suite_add_tcase(suite, tests);
    return suite;
}
