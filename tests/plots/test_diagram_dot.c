#include "plots/diagram_dot.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "plots/graphviz.h"
#include "tests/random_formula.h"

static FILE *write_dot(const char *text)
{
    struct formula formula;
    struct diagram diagram;
    struct error error;
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    ck_assert_msg(formula_parse(text, strlen(text), "formula", &formula, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_int_eq(diagram_init(&diagram, &formula, false, &error), ERROR_NONE);
    diagram_dot_print(&diagram, file);
    diagram_free(&diagram);
    formula_free(&formula);
    return file;
}

static char *svg_of(const char *text)
{
    struct error error;
    size_t length;
    FILE *file = write_dot(text);
    char *svg = graphviz_draw(file, "svg", NULL, &length, &error);
    ck_assert_msg(svg != NULL, "%s", error.text);
    fclose(file);
    return svg;
}

static int count(const char *text, const char *word)
{
    int found = 0;
    for (; (text = strstr(text, word)); text++)
        found++;
    return found;
}

/* Names that mean something to Graphviz are only names. */
START_TEST(hostile_names)
{
    char *svg = svg_of("def node(u) = norm(u)\n"
                       "block if l < 2: graph = node(x); strict = graph + attn(x); x = strict\n"
                       "block: digraph = x*2; subgraph = ffn(digraph); x = digraph + subgraph");
    ck_assert_int_eq(count(svg, "class=\"node "), 5 + 5);
    ck_assert_int_eq(count(svg, "class=\"edge\""), 5 + 5);
    ck_assert_ptr_nonnull(strstr(svg, "block if l &lt; 2"));
    ck_assert_ptr_nonnull(strstr(svg, ">subgraph</text>"));
    free(svg);
}
END_TEST

/* No formula has these letters in a name; whatever wrote them here, they are shown. */
START_TEST(hostile_letters)
{
    struct diagram_box box = {.word = "</td>&\"\\", .detail = "<b>]", .name = "\\N&lt;", .summary = "\"];\\\" x -> y"};
    struct diagram_section section = {"\"}\\", &box, 1};
    struct diagram one = {&section, 1};
    struct error error;
    size_t length;
    FILE *file = tmpfile();
    diagram_dot_print(&one, file);
    char *svg = graphviz_draw(file, "svg", NULL, &length, &error);
    fclose(file);
    ck_assert_msg(svg != NULL, "%s", error.text);
    ck_assert_int_eq(count(svg, "class=\"node "), 1);
    ck_assert_int_eq(count(svg, "class=\"edge\""), 0);
    static const char *const shown[] = {">&lt;/td&gt;&amp;&quot;⧵</text>", ">&lt;b&gt;]</text>", ">⧵N&amp;lt;</text>",
                                        ">&quot;}\\</text>"};
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        ck_assert_msg(strstr(svg, shown[i]) != NULL, "%s is not in %s", shown[i], svg);
    free(svg);
}
END_TEST

/* dot takes whatever a formula becomes, and draws as many boxes. */
START_TEST(any_formula)
{
    char text[RANDOM_FORMULA_MAX];
    random_formula((uint64_t)_i, RANDOM_MOE | RANDOM_OPERATIONS, text);
    char *svg = svg_of(text);
    FILE *file = write_dot(text);
    char *dot = calloc(1, 1 << 20);
    rewind(file);
    ck_assert_uint_gt(fread(dot, 1, (1 << 20) - 1, file), 0);
    fclose(file);
    ck_assert_int_eq(count(svg, "class=\"node "), count(dot, "[class="));
    free(dot);
    free(svg);
}
END_TEST

START_TEST(a_png)
{
    struct error error;
    size_t length;
    FILE *file = write_dot("x = x + ffn(x)");
    char *png = graphviz_draw(file, "png", NULL, &length, &error);
    ck_assert(png && length > 500 && memcmp(png, "\x89PNG", 4) == 0);
    free(png);
    fclose(file);
}
END_TEST

START_TEST(no_dot)
{
    struct error error;
    size_t length;
    FILE *file = write_dot("x = x + ffn(x)");
    setenv("PATH", "/nonexistent", 1);
    ck_assert_ptr_null(graphviz_draw(file, "svg", NULL, &length, &error));
    ck_assert_int_eq(error.code, ERROR_RESOURCE);
    ck_assert_str_eq(error.text, "dot was not found; install graphviz");
    fclose(file);
}
END_TEST

START_TEST(a_bad_graph)
{
    struct error error;
    size_t length;
    FILE *file = tmpfile();
    fputs("digraph {", file);
    ck_assert_ptr_null(graphviz_draw(file, "svg", NULL, &length, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "dot failed"));
    fclose(file);
}
END_TEST

Suite *diagram_dot_suite(void)
{
    Suite *suite = suite_create("diagram_dot");
    TCase *tcase = tcase_create("diagram_dot");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, hostile_names);
    tcase_add_test(tcase, hostile_letters);
    tcase_add_test(tcase, a_png);
    tcase_add_test(tcase, no_dot);
    tcase_add_test(tcase, a_bad_graph);
    tcase_add_loop_test(tcase, any_formula, 0, 10);
    suite_add_tcase(suite, tcase);
    return suite;
}
