#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/activation.h"
#include "sim/placement.h"
#include "tests/formula_trip.h"
#include <check.h>

/* The formulas are checked against theory.md, section 1, written a second time in C: a signal is a number here, and the
 * four functions are arbitrary smooth maps that no rewriting other than a correct one keeps. */
static double norm(double u)
{
    return u / sqrt(u * u + 0.31);
}

static double attn(double u)
{
    return 0.7 * sin(1.3 * u) + 0.11;
}

static double ffn(double u)
{
    return 0.4 * u * u - 0.23 * u + 0.05;
}

static double prenorm(double x, double L, double l)
{
    (void)L, (void)l;
    double y = x + attn(norm(x));
    return y + ffn(norm(y));
}

static double postnorm(double x, double L, double l)
{
    (void)L, (void)l;
    double y = norm(x + attn(x));
    return norm(y + ffn(y));
}

static double spannorm(double x, double L, double l)
{
    (void)L;
    double y = l == 1 ? norm(x + attn(norm(x))) : norm(x + attn(x));
    return norm(x + ffn(y));
}

static double b2t(double x, double L, double l)
{
    (void)L, (void)l;
    double y = norm(x + attn(x));
    return norm(x + y + ffn(y));
}

static double deepnorm(double x, double L, double l)
{
    (void)l;
    double a = sqrt(sqrt(2 * L)), y = norm(a * x + attn(x));
    return norm(a * y + ffn(y));
}

static double perinorm(double x, double L, double l)
{
    (void)L, (void)l;
    double y = x + norm(attn(norm(x)));
    return y + norm(ffn(norm(y)));
}

static double lns(double x, double L, double l)
{
    (void)L;
    double y = x + attn(norm(x) / sqrt(l));
    return y + ffn(norm(y) / sqrt(l));
}

static double mixln(double x, double L, double l)
{
    return l <= L / 4 ? postnorm(x, L, l) : prenorm(x, L, l);
}

static double parallel(double x, double L, double l)
{
    (void)L, (void)l;
    return x + attn(norm(x)) + ffn(norm(x));
}

static double nonorm(double x, double L, double l)
{
    (void)L, (void)l;
    double y = x + attn(x);
    return y + ffn(y);
}

static double rezero(double x, double L, double l)
{
    (void)L, (void)l;
    return x;
}

static double keel(double x, double L, double l)
{
    (void)l;
    double y = norm(2 * L * x + attn(norm(x)));
    return norm(2 * L * y + ffn(norm(y)));
}

static double behind(double x, double L, double l)
{
    (void)L, (void)l;
    double y = x + norm(attn(x));
    return y + norm(ffn(y));
}

static double layerscale(double x, double L, double l)
{
    (void)L, (void)l;
    double y = x + 1e-4 * attn(norm(x));
    return y + 1e-4 * ffn(norm(y));
}

static double hybrid(double x, double L, double l)
{
    (void)L, (void)l;
    double y = norm(x + attn(x));
    return y + ffn(y);
}

static double normformer(double x, double L, double l)
{
    (void)L, (void)l;
    double y = x + norm(attn(norm(x)));
    return y + ffn(norm(y));
}

static double dyt(double x, double L, double l)
{
    (void)L, (void)l;
    double y = x + attn(tanh(0.5 * x));
    return y + ffn(tanh(0.5 * y));
}

/* What attention to the memory adds; the memory is a number too. */
static const double MEMORY = 0.57;

static double cross(double u)
{
    return attn(u) + 0.2 * MEMORY;
}

static double crossdecoder(double x, double L, double l)
{
    (void)L, (void)l;
    double y = norm(x + attn(x)), z = norm(y + cross(y));
    return norm(z + ffn(z));
}

/* Two states, of which u is the other; x_out is what the section final: makes of both. */
static double residual2(double *x, double *u)
{
    double a = attn(*x), y = norm(*x + a), b = ffn(y);
    *x = norm(y + b), *u += a + b;
    return *x + norm(*u);
}

static double siamese(double *x, double *u)
{
    double a = attn(*x + norm(*u));
    *x = norm(*x + a), *u += a;
    double b = ffn(*x + norm(*u));
    *x = norm(*x + b), *u += b;
    return *x + norm(*u);
}

static double hyperconnections(double *x, double *u)
{
    double y = prenorm(*x, 0, 0); // which both streams are
    *x = y, *u = y;
    return 2 * y;
}

static const struct {
    const char *name;
    double (*block)(double x, double L, double l); /* NULL: two states */
    double (*states)(double *x, double *u);
} references[] = {{"prenorm", prenorm, NULL},
                  {"postnorm", postnorm, NULL},
                  {"spannorm", spannorm, NULL},
                  {"b2t", b2t, NULL},
                  {"deepnorm", deepnorm, NULL},
                  {"perinorm", perinorm, NULL},
                  {"lns", lns, NULL},
                  {"mixln", mixln, NULL},
                  {"parallel", parallel, NULL},
                  {"nonorm", nonorm, NULL},
                  {"gemma2", perinorm, NULL},
                  {"cogview", perinorm, NULL},
                  {"olmo2", behind, NULL},
                  {"hybridnorm", hybrid, NULL},
                  {"subln", prenorm, NULL},
                  {"normformer", normformer, NULL},
                  {"swin2", behind, NULL},
                  {"layerscale", layerscale, NULL},
                  {"rezero", rezero, NULL},
                  {"keel", keel, NULL},
                  {"dyt", dyt, NULL},
                  {"gated", prenorm, NULL},
                  {"residual2", NULL, residual2},
                  {"siamese", NULL, siamese},
                  {"hyperconnections", NULL, hyperconnections},
                  {"crossdecoder", crossdecoder, NULL}};

enum { REFERENCES = sizeof references / sizeof *references };

/* A branch as one of the arbitrary maps, by what it attends. */
static double branch(const struct graph *graph, int s, double u)
{
    bool memory = false;
    for (int n = 0; n < graph->node_count; n++)
        memory |= graph->nodes[n].site == s && graph->nodes[n].memory;
    return memory ? cross(u) : graph->sites[s].attends ? attn(u) : ffn(u);
}

/* The graph read with numbers for signals: nodes of a branch are passed over but for its output. */
static void read_graph(const struct graph *graph, const struct graph_scope *scope, double states[2])
{
    double values[GRAPH_NODES_MAX];
    struct error error;
    ck_assert_int_eq(graph_evaluate(graph, scope, values, &error), ERROR_NONE);
    for (int i = 0; i < graph->node_count; i++) {
        const struct graph_node *node = &graph->nodes[i];
        double a = node->a >= 0 ? values[node->a] : 0, b = node->b >= 0 ? values[node->b] : 0;
        if (!graph_is_signal(node->kind))
            continue;
        if (node->site >= 0)
            values[i] = branch(graph, node->site, values[graph->sites[node->site].input]);
        else if (node->kind == GRAPH_INPUT)
            values[i] = node->memory ? MEMORY : states[node->index];
        else if (node->kind == GRAPH_SUM)
            values[i] = a + b;
        else if (node->kind == GRAPH_SCALE)
            values[i] = a * b;
        else if (node->kind == GRAPH_NORM)
            values[i] = norm(a);
        else if (node->kind == GRAPH_POINTWISE)
            activations[node->index].value(1, &a, &values[i]);
    }
    for (int s = 0; s < graph->state_count; s++)
        states[s] = values[graph->outputs[s]];
}

static void resolve(const char *argument, struct formula *formula, char label[GRAPH_NAME_MAX])
{
    struct error error;
    ck_assert_msg(placement_resolve(argument, formula, label, &error) == ERROR_NONE, "%s", error.text);
}

/* Rounding: a dozen operations on numbers near 1, hence 1e-14; any other formula is off by more than 1e-3. */
START_TEST(row_is_its_formula)
{
    char label[GRAPH_NAME_MAX];
    struct formula formula;
    struct error error;
    resolve(references[_i].name, &formula, label);
    ck_assert_str_eq(label, references[_i].name);
    double states[2] = {0.83, 0.41}, x = 0.83, u = 0.41;
    for (int l = 1; l <= 9; l++) {
        struct graph_scope scope = {.L = 9, .l = l, .d = 60, .H = 3, .heads = 3, .kv_heads = 3, .head_width = 20};
        const struct graph *block;
        ck_assert_int_eq(formula_block(&formula, &scope, &block, &error), ERROR_NONE);
        if (references[_i].block) {
            states[0] = 0.83;
            read_graph(block, &scope, states);
            ck_assert(isfinite(states[0]));
            ck_assert_double_eq_tol(states[0], references[_i].block(0.83, 9, l), 1e-14);
        } else {
            if (references[_i].states == hyperconnections)
                states[1] = u = x; // its streams are equal at first, and stay so
            double ends[2], wanted = references[_i].states(&x, &u);
            read_graph(block, &scope, states);
            memcpy(ends, states, sizeof ends);
            read_graph(&formula.last, &scope, ends);
            ck_assert_double_eq_tol(states[0], x, 1e-13);
            ck_assert_double_eq_tol(states[1], u, 1e-13);
            ck_assert_double_eq_tol(ends[0], wanted, 1e-13);
        }
    }
    formula_free(&formula);
}
END_TEST

START_TEST(row_is_complete_and_round_trips)
{
    const struct placement *row = &placements[_i];
    int parsed;
    const char *wrong = formula_trip(row->formula, strlen(row->formula), &parsed);
    ck_assert_msg(wrong == NULL && parsed, "%s: %s", row->name, wrong);
    ck_assert_ptr_eq(placement_find(row->name), row);
    ck_assert_str_ne(row->source, "");
    ck_assert_str_ne(row->summary, "");
}
END_TEST

/* The table is printed as the author wrote it, so what `list` shows and what a profile records agree. */
START_TEST(row_prints_as_written)
{
    char label[GRAPH_NAME_MAX], printed[1024];
    struct formula formula;
    resolve(placements[_i].name, &formula, label);
    formula_print(&formula, "; ", printed, sizeof printed);
    formula_free(&formula);
    ck_assert_str_eq(printed, placements[_i].formula);
}
END_TEST

START_TEST(every_row_has_a_reference)
{
    ck_assert_uint_eq(placement_count, REFERENCES);
    ck_assert_ptr_null(placement_find("spannrm"));
}
END_TEST

START_TEST(formula_is_custom)
{
    char label[GRAPH_NAME_MAX];
    struct formula formula;
    resolve("x = x + attn(x)", &formula, label);
    ck_assert_str_eq(label, "custom");
    ck_assert_int_eq(formula.rules[0].block.site_count, 1);
    formula_free(&formula);
}
END_TEST

START_TEST(file_is_read_and_names_itself)
{
    char folder[] = "/tmp/spanscope-XXXXXX", path[64], label[GRAPH_NAME_MAX];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/mine.v2.txt", folder);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("# mine\r\ny = x + attn(x)\r\nx = norm(y)\r\n", file);
    fclose(file);
    struct formula formula;
    resolve(path, &formula, label);
    ck_assert_str_eq(label, "mine.v2");
    ck_assert_int_eq(formula.rules[0].block.site_count, 1);
    formula_free(&formula);
    unlink(path);
    rmdir(folder);
}
END_TEST

static const struct {
    const char *argument;
    int code;
    const char *message;
} failures[] = {
    {"spannrm", ERROR_INPUT, "unknown placement 'spannrm'; did you mean 'spannorm'?"},
    {"sandwich", ERROR_INPUT,
     "unknown placement 'sandwich'; known are prenorm, postnorm, spannorm, b2t, deepnorm, perinorm, lns, mixln, "
     "parallel, nonorm, gemma2, cogview, olmo2, hybridnorm, subln, normformer, swin2, layerscale, rezero, keel, dyt, "
     "gated, residual2, siamese, hyperconnections, crossdecoder"},
    {"missing.txt", ERROR_RESOURCE, "cannot open 'missing.txt': No such file or directory"},
    {"sim/", ERROR_RESOURCE, "cannot read 'sim/': Is a directory"},
    {"x = y", ERROR_INPUT, "formula: line 1, column 5: unknown name 'y'\n  x = y\n      ^"},
    {"", ERROR_INPUT,
     "unknown placement ''; known are prenorm, postnorm, spannorm, b2t, deepnorm, perinorm, lns, mixln, parallel, "
     "nonorm, gemma2, cogview, olmo2, hybridnorm, subln, normformer, swin2, layerscale, rezero, keel, dyt, gated, "
     "residual2, siamese, hyperconnections, crossdecoder"},
};

START_TEST(failure_says_why)
{
    char label[GRAPH_NAME_MAX];
    struct formula formula;
    struct error error;
    ck_assert_int_eq(placement_resolve(failures[_i].argument, &formula, label, &error), failures[_i].code);
    ck_assert_str_eq(error.text, failures[_i].message);
    formula_free(&formula);
}
END_TEST

Suite *placement_suite(void)
{
    Suite *suite = suite_create("placement");
    TCase *tests = tcase_create("rows");
    tcase_add_test(tests, every_row_has_a_reference);
    tcase_add_loop_test(tests, row_is_its_formula, 0, REFERENCES);
    tcase_add_loop_test(tests, row_is_complete_and_round_trips, 0, REFERENCES);
    tcase_add_loop_test(tests, row_prints_as_written, 0, REFERENCES);
    suite_add_tcase(suite, tests);
    tests = tcase_create("resolve");
    tcase_add_test(tests, formula_is_custom);
    tcase_add_test(tests, file_is_read_and_names_itself);
    tcase_add_loop_test(tests, failure_says_why, 0, sizeof failures / sizeof *failures);
    suite_add_tcase(suite, tests);
    return suite;
}
