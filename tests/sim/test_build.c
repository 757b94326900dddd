#include "sim/build.h"

#include <string.h>

#include "tests/texts.h"
#include <check.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A sum of n + 1 takes n + 1 nodes: x stands once. */
static const struct text_limit limits[] = {
    {"x = x", " + x", "", GRAPH_NODES_MAX - 1, "too long: a section has at most 4096 operations"},
    {"x = x", "+moe(x)", "", 585, "too long: a section has at most 4096 operations"},
    {"", "x = x;", "", GRAPH_STATEMENTS_MAX, "too long: a section has at most 512 statements"},
};

START_TEST(limit_is_an_error_not_a_crash)
{
    texts_check_limit(&limits[_i]);
}
END_TEST

START_TEST(sites_are_numbered_by_name)
{
    static const char *const names[] = {"attn", "ffn", "attn2", "moe", "attn3", "ffn2", ""};
    struct formula formula;
    const struct graph *graph = texts_parse(
        "y = ffn(attn(x)) + moe(attn(x)); u = norm(attn(x)); x = y + u + ffn(y) + wz(y) + wz(u)", &formula);
    ck_assert_int_eq(graph->site_count, COUNT(names));
    for (int i = 0; i < graph->site_count; i++) {
        const struct graph_site *site = &graph->sites[i];
        ck_assert_str_eq(site->name, names[i]);
        ck_assert_int_eq(site->attends, strncmp(names[i], "attn", 4) == 0);
        ck_assert_int_eq(site->output >= 0, names[i][0] != '\0');
        if (site->output >= 0)
            ck_assert_int_eq(graph->nodes[site->output].site, i);
    }
    formula_free(&formula);
}
END_TEST

/* Addresses within a site: those of the prelude's names are fixed, others are counted, an expert's by matrices. */
START_TEST(matrices_have_labels_and_addresses)
{
    static const struct {
        const char *label;
        unsigned place, matrix, expert;
    } expected[] = {
        {"wz", 0, 8, 0},       {"attn.wq", 1, 0, 0}, {"attn.wk", 1, 1, 0},  {"attn.wv", 1, 2, 0},
        {"attn.wo", 1, 3, 0},  {"wz_2", 0, 8, 1},    {"wq", 0, 0, 0},       {"two.w2", 2, 6, 0},
        {"two.w2_2", 2, 8, 0}, {"two.wa", 2, 8, 1},  {"two2.w2", 3, 6, 0},  {"two2.w2_2", 3, 8, 0},
        {"two2.wa", 3, 8, 1},  {"moe.w1", 4, 4, 0},  {"moe.w1_2", 4, 9, 0}, {"moe.wb", 4, 10, 0},
        {"moe.wr", 4, 7, 0},
    };
    struct formula formula;
    const struct graph *graph = texts_parse("def two(u) = w2(w2(u)) + wa(u); def e(u) = w1(w1(u)) + wb(u);"
                                            "x = wz(x) + attn(x) + wz(x) + wq(x) + two(x) + two(x) + moe(x, body=e)",
                                            &formula);
    ck_assert_int_eq(graph->matrix_count, COUNT(expected));
    for (int i = 0; i < graph->matrix_count; i++) {
        const struct graph_matrix *matrix = &graph->matrices[i];
        ck_assert_str_eq(matrix->label, expected[i].label);
        ck_assert_uint_eq(matrix->place, expected[i].place);
        ck_assert_uint_eq(matrix->matrix, expected[i].matrix);
        ck_assert_uint_eq(matrix->expert, expected[i].expert);
        ck_assert(!matrix->shared);
    }
    formula_free(&formula);
}
END_TEST

/* What is added to the stream: behind scales, norms, functions and products that nothing else reads. */
static const struct {
    const char *text;
    int kind,
        steps; /* of the node that is added, and how many nodes it stands behind the output; kind -1: the output */
} additions[] = {
    {"x = x + attn(x)", -1, 0},
    {"x = norm(x + attn(x))", -1, 0},
    {"x = x + norm(attn(norm(x)))", GRAPH_NORM, 1},
    {"x = x + 1e-6*attn(x)", GRAPH_SCALE, 1},
    {"x = x - attn(x)", GRAPH_SCALE, 2},
    {"x = x + tanh(attn(x))*sigmoid(x)", GRAPH_PRODUCT, 3},
    {"x = norm(attn(x))", GRAPH_NORM, 1},
    {"y = attn(x); x = norm(y) + y", -1, 0},
    {"y = attn(x); x = x + wz(y)", -1, 0},
};

START_TEST(added_is_what_enters_the_stream)
{
    struct formula formula;
    const struct graph *graph = texts_parse(additions[_i].text, &formula);
    const struct graph_site *site = &graph->sites[0];
    ck_assert_int_eq(site->added - site->output, additions[_i].steps);
    if (additions[_i].kind >= 0)
        ck_assert_int_eq((int)graph->nodes[site->added].kind, additions[_i].kind);
    formula_free(&formula);
}
END_TEST

START_TEST(node_knows_its_place)
{
    struct formula formula;
    const struct graph *graph = texts_parse("y = x\n\tx = norm( y )+y*2", &formula);
    ck_assert_int_eq(graph->nodes[0].line, 1);
    ck_assert_int_eq(graph->nodes[0].column, 5);
    ck_assert_int_eq(graph->nodes[1].kind, GRAPH_NORM);
    ck_assert_int_eq(graph->nodes[1].line, 2);
    ck_assert_int_eq(graph->nodes[1].column, 6);
    ck_assert_int_eq(graph->nodes[3].kind, GRAPH_SCALE);
    ck_assert_int_eq(graph->nodes[3].column, 17);
    formula_free(&formula);
}
END_TEST

Suite *build_suite(void)
{
    Suite *suite = suite_create("build");
    TCase *tests = tcase_create("build");
    tcase_add_loop_test(tests, limit_is_an_error_not_a_crash, 0, COUNT(limits));
    tcase_add_test(tests, sites_are_numbered_by_name);
    tcase_add_test(tests, matrices_have_labels_and_addresses);
    tcase_add_loop_test(tests, added_is_what_enters_the_stream, 0, COUNT(additions));
    tcase_add_test(tests, node_knows_its_place);
    suite_add_tcase(suite, tests);
    return suite;
}
