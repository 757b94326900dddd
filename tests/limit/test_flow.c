/* A block read as Grams against the same block on explicit tensors: every component has feature columns of its own, so
 * that sums, scales and norms are what they are on signals, and a Gram is taken at the end. */
#include "analysis/limit/flow.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/depth.h"
#include "sim/setting.h"
#include "tests/random_formula.h"
#include <check.h>
#include "tests/support.h"

enum { T = 4, OWN = T + 1, GRAM = T * T, HEADS = 3 };
static const struct gram_space full = {T, false}, pair = {T, true};

/* A model's blocks and what reading one takes. */
struct reading {
    struct model model;
    struct depth depth;
    struct flow_run run;
    double *memory; /* [size] */
    size_t size;
    double *outputs; // [sites][gram_size]
    struct rule_report *reports;
    bool drawn;
};

static void reading_init(struct reading *reading, const char *text, const char *formula, struct gram_space space)
{
    struct error error = {0};
    *reading = (struct reading){0};
    support_model(&reading->model, text);
    int code = setting_apply(&reading->model, "placement", formula, &error);
    if (code == ERROR_NONE)
        code = model_check(&reading->model, &error);
    if (code == ERROR_NONE)
        code = depth_init(&reading->depth, &reading->model, false, &error);
    ck_assert_msg(code == ERROR_NONE, "%s: %s", formula, error.text);
    ck_assert_int_eq(reading->model.tokens, T);
    reading->run = (struct flow_run){&reading->model, space, 7, 2, HEADS, &reading->drawn};
    for (int b = 0; b < reading->depth.block_count; b++) {
        size_t own = flow_work(&reading->model, space, reading->depth.blocks[b].graph);
        reading->size = own > reading->size ? own : reading->size;
    }
    size_t sites = (size_t)reading->depth.sites_max + 1;
    reading->memory = memory_doubles(reading->size);
    reading->outputs = calloc(sites * GRAM, sizeof(double));
    reading->reports = calloc(sites, sizeof *reading->reports);
    ck_assert(reading->memory && reading->outputs && reading->reports);
}

static void reading_free(struct reading *reading)
{
    free(reading->memory), free(reading->outputs), free(reading->reports);
    depth_free(&reading->depth);
    model_free(&reading->model);
}

static struct arena arena_of(const struct reading *reading)
{
    for (size_t i = 0; i < reading->size; i++)
        reading->memory[i] = NAN; // old content must not matter
    return (struct arena){reading->memory, reading->size, 0};
}

static double forward(struct reading *reading, int block, const double *in, double *out)
{
    return flow_forward(&reading->run, &reading->depth.blocks[block], in, out, reading->outputs, arena_of(reading),
                        reading->reports);
}

static void backward(struct reading *reading, int block, const double *in, const double *dy, double *dx)
{
    flow_backward(&reading->run, &reading->depth.blocks[block], in, reading->outputs, dy, dx, arena_of(reading),
                  reading->reports);
}

static void gram_of(int width, const double *x, double gram[GRAM])
{
    for (int i = 0; i < T; i++)
        for (int j = 0; j < T; j++)
            gram[i * T + j] = support_dot((size_t)width, x + i * width, x + j * width);
}

static void check_grams(size_t count, const double *got, const double *expected, double tolerance, const char *what)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(expected[i]));
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(isfinite(got[i]) && fabs(got[i] - expected[i]) <= tolerance * largest,
                      "%s: number %zu is %.17g, not %.17g", what, i, got[i], expected[i]);
}

/* ---- explicit tensors ---- */

/* Signals of a block and gradients at them, [node][T][width]: OWN columns of what comes from outside, then T columns
 * for each branch. */
struct tensors {
    const struct reading *reading;
    const struct block *block;
    int width;
    double *signal, *gradient;
    double *memory; /* scratch of the rules */
    size_t size;
};

static double *at_node(const struct tensors *tensors, double *all, int node)
{
    return all + (size_t)node * T * (size_t)tensors->width;
}

/* Adds a factor of the Gram in the branch's own columns. */
static void add_component(const struct tensors *tensors, int site, const double gram[GRAM], double *signal)
{
    double factor[GRAM];
    gram_factor(T, gram, factor);
    for (int t = 0; t < T; t++)
        for (int c = 0; c < T; c++)
            signal[t * tensors->width + OWN + site * T + c] += factor[t * T + c];
}

static void call_rule(const struct tensors *tensors, const struct graph_node *node, const double in[GRAM],
                      const double *gradient, double out[GRAM], struct rule_report *report)
{
    bool drawn;
    const struct flow_run *run = &tensors->reading->run;
    struct rule_site site = {
        run->model,
        full,
        tensors->block->sd,
        {run->seed, run->replica, tensors->block->number, (uint32_t)node->site, 0, 0, STREAM_REPLICA},
        run->heads,
        &drawn};
    struct arena work = {tensors->memory, tensors->size, 0};
    *report = (struct rule_report){0};
    if (gradient)
        rule_of(node->kind)->backward(&site, in, gradient, out, work, report);
    else
        rule_of(node->kind)->forward(&site, in, out, work, report);
}

/* y += factor(t) x by rows. */
static void add_rows(const struct tensors *tensors, const double *x, const double *factor, double *y)
{
    for (int t = 0; t < T; t++)
        for (int c = 0; c < tensors->width; c++)
            y[t * tensors->width + c] += factor[t] * x[t * tensors->width + c];
}

/* What a node of one argument multiplies its rows by; gradients are multiplied by the same. */
static void row_factors(const struct tensors *tensors, const struct graph_node *node, double factor[T])
{
    const double *a = at_node(tensors, tensors->signal, node->a);
    for (int t = 0; t < T; t++) {
        const double *row = a + t * tensors->width;
        factor[t] = node->kind == GRAPH_SCALE  ? tensors->block->scalars[node->b]
                    : node->kind == GRAPH_NORM ? 1 / sqrt(support_dot((size_t)tensors->width, row, row) + NORM_EPSILON)
                                               : 1;
    }
}

static void tensors_forward(const struct tensors *tensors, const double *x, struct rule_report reports[])
{
    const struct graph *graph = tensors->block->graph;
    for (int n = 0; n < graph->node_count; n++) {
        const struct graph_node *node = &graph->nodes[n];
        double *own = at_node(tensors, tensors->signal, n), factor[T], in[GRAM], out[GRAM];
        if (node->kind == GRAPH_INPUT) {
            for (int t = 0; t < T; t++)
                memcpy(own + t * tensors->width, x + t * OWN, OWN * sizeof *own);
        } else if (graph_is_branch(node->kind)) {
            gram_of(tensors->width, at_node(tensors, tensors->signal, node->a), in);
            call_rule(tensors, node, in, NULL, out, &reports[node->site]);
            add_component(tensors, node->site, out, own);
        } else if (graph_is_signal(node->kind)) {
            row_factors(tensors, node, factor);
            add_rows(tensors, at_node(tensors, tensors->signal, node->a), factor, own);
            if (node->kind == GRAPH_SUM)
                add_rows(tensors, at_node(tensors, tensors->signal, node->b), factor, own);
        }
    }
}

static void tensors_backward(const struct tensors *tensors, const double *dy, struct rule_report reports[])
{
    const struct graph *graph = tensors->block->graph;
    double *top = at_node(tensors, tensors->gradient, graph->output);
    for (int t = 0; t < T; t++)
        memcpy(top + t * tensors->width, dy + t * OWN, OWN * sizeof *top);
    for (int n = graph->node_count - 1; n >= 0; n--) {
        const struct graph_node *node = &graph->nodes[n];
        double *own = at_node(tensors, tensors->gradient, n), factor[T], in[GRAM], gradient[GRAM], out[GRAM];
        if (!graph_is_signal(node->kind) || node->kind == GRAPH_INPUT)
            continue;
        double *a = at_node(tensors, tensors->gradient, node->a);
        if (graph_is_branch(node->kind)) {
            gram_of(tensors->width, at_node(tensors, tensors->signal, node->a), in);
            gram_of(tensors->width, own, gradient);
            call_rule(tensors, node, in, gradient, out, &reports[node->site]);
            add_component(tensors, node->site, out, a);
            continue;
        }
        row_factors(tensors, node, factor);
        add_rows(tensors, own, factor, a);
        if (node->kind == GRAPH_SUM)
            add_rows(tensors, own, factor, at_node(tensors, tensors->gradient, node->b));
    }
}

static int input_node(const struct graph *graph)
{
    for (int n = 0; n < graph->node_count; n++)
        if (graph->nodes[n].kind == GRAPH_INPUT)
            return n;
    return -1;
}

static void check_reports(const struct graph *graph, const struct rule_report *got, const struct rule_report *expected,
                          bool reverse, const char *what)
{
    for (int s = 0; s < graph->site_count; s++) {
        if (!reverse)
            ck_assert(isfinite(got[s].entropy) && fabs(got[s].entropy - expected[s].entropy) <= 1e-8);
        for (int m = 0; reverse && m < INIT_MATRICES; m++)
            ck_assert_msg(isfinite(got[s].weight[m]) &&
                              fabs(got[s].weight[m] - expected[s].weight[m]) <= 1e-8 * fabs(expected[s].weight[m]),
                          "%s: gradient of %s.%s", what, graph->sites[s].name, init_matrix_names[m]);
    }
}

/* One block, both ways. 1e-8: Grams of the two readings differ by rounding, which the root in ReLU's K' and the factors
 * of nearly singular Grams magnify to its root at worst. */
static void check_block(struct reading *reading, int b, const double *x, const double *dy, const char *what)
{
    const struct block *block = &reading->depth.blocks[b];
    const struct graph *graph = block->graph;
    struct tensors tensors = {.reading = reading, .block = block, .width = OWN + graph->site_count * T};
    size_t count = (size_t)graph->node_count * T * (size_t)tensors.width;
    tensors.signal = calloc(count, sizeof(double));
    tensors.gradient = calloc(count, sizeof(double));
    tensors.memory = memory_doubles(reading->size);
    tensors.size = reading->size;
    struct rule_report *reports = calloc((size_t)graph->site_count + 1, sizeof *reports);
    ck_assert(tensors.signal && tensors.gradient && tensors.memory && reports);
    double in[GRAM], above[GRAM], got[GRAM], expected[GRAM], covariance = 0, size = 0;
    gram_of(OWN, x, in);
    gram_of(OWN, dy, above);
    double returned = forward(reading, b, in, got);
    tensors_forward(&tensors, x, reports);
    const double *y = at_node(&tensors, tensors.signal, graph->output);
    gram_of(tensors.width, y, expected);
    check_grams(GRAM, got, expected, 1e-8, what);
    check_reports(graph, reading->reports, reports, false, what);
    for (int t = 0; t < T; t++) {
        covariance += support_dot(OWN, x + t * OWN, y + t * tensors.width);
        size += sqrt(in[t * T + t] * expected[t * T + t]);
    }
    ck_assert(isfinite(returned) && fabs(returned - covariance) <= 1e-8 * size);
    backward(reading, b, in, above, got);
    tensors_backward(&tensors, dy, reports);
    int input = input_node(graph);
    memset(expected, 0, sizeof expected);
    if (input >= 0)
        gram_of(tensors.width, at_node(&tensors, tensors.gradient, input), expected);
    check_grams(GRAM, got, expected, 1e-8, what);
    check_reports(graph, reading->reports, reports, true, what);
    free(tensors.signal), free(tensors.gradient), free(tensors.memory), free(reports);
}

enum { FORMULAS = 60 };

START_TEST(random_blocks_are_explicit_tensors)
{
    char formula[RANDOM_FORMULA_MAX], text[200];
    random_formula(100 + (uint64_t)_i, _i % 2 == 0, formula);
    snprintf(text, sizeof text, "tokens=4 layers=3 experts=3 top-k=2 activation=%s mask=%s router=%s",
             activations[(size_t)_i % activation_count].name, masks[(size_t)_i / 2 % mask_count].name,
             routers[(size_t)_i / 3 % router_count].name);
    struct reading reading;
    reading_init(&reading, text, formula, full);
    double *x = support_normals(1, T * OWN), *dy = support_normals(2, T * OWN);
    for (int i = 0; i < T * OWN; i++)
        x[i] /= 2;
    for (int b = 0; b < reading.depth.block_count; b++)
        check_block(&reading, b, x, dy, formula);
    reading_free(&reading);
    free(x), free(dy);
}
END_TEST

/* ---- by hand ---- */

/* With the identity for phi an FFN multiplies Grams by a = v_1 v_2 d F both ways, and nothing else happens to them. */
static const struct {
    const char *formula;
    double power[3]; /* the factor of the block: sum_i power[i] a^i */
} linear[] = {
    {"x = x + x", {4, 0, 0}},
    {"x = x + 0.5*x - 2*x", {0.25, 0, 0}},
    {"y = ffn(x); x = y + y", {0, 4, 0}},
    {"x = ffn(x) + ffn(x)", {0, 2, 0}},
    {"x = ffn(x) - ffn(x)", {0, 2, 0}},
    {"x = x + ffn(x)", {1, 1, 0}},
    {"x = x - ffn(x + x)", {1, 4, 0}},
    {"y = x + ffn(x); x = y + ffn(y)", {1, 2, 1}},
    {"y = ffn(x); x = x + y + ffn(y)", {1, 1, 1}},
    {"y = ffn(x); x = 3*y - y/2 + x", {1, 6.25, 0}},
    {"y = ffn(x); x = y - y + 2*x", {4, 0, 0}},
};

START_TEST(linear_blocks_by_hand)
{
    for (int space = 0; space < 2; space++) {
        struct reading reading;
        reading_init(&reading, "tokens=4 layers=1 activation=identity init=gpt2:0.31", linear[_i].formula,
                     space ? pair : full);
        const double *sd = reading.depth.blocks[0].sd, two[2] = {0.7, 0.4};
        double a = sd[INIT_W1] * sd[INIT_W1] * sd[INIT_W2] * sd[INIT_W2] * reading.model.width *
                   reading.model.ffn_width;
        double factor = linear[_i].power[0] + a * (linear[_i].power[1] + a * linear[_i].power[2]);
        double *x = support_normals(3, T * OWN), in[GRAM], out[GRAM], dx[GRAM], expected[GRAM];
        size_t size = space ? 2 : GRAM;
        gram_of(OWN, x, in);
        memcpy(in, space ? two : in, size * sizeof *in);
        for (size_t i = 0; i < size; i++)
            expected[i] = factor * in[i];
        forward(&reading, 0, in, out);
        check_grams(size, out, expected, 1e-14, linear[_i].formula);
        backward(&reading, 0, in, in, dx);
        check_grams(size, dx, expected, 1e-14, linear[_i].formula);
        reading_free(&reading);
        free(x);
    }
}
END_TEST

/* A norm and a skip from the same signal add coherently: rows are multiplied by 1 + s_t, forward and in reverse. */
START_TEST(norm_and_skip_by_hand)
{
    struct reading reading;
    reading_init(&reading, "tokens=4 layers=1", "x = norm(x) + x", full);
    double *x = support_normals(3, T * OWN), *g = support_normals(4, T * OWN), in[GRAM], above[GRAM], got[GRAM];
    double forwards[GRAM], backwards[GRAM];
    gram_of(OWN, x, in);
    gram_of(OWN, g, above);
    for (int i = 0; i < T; i++)
        for (int j = 0; j < T; j++) {
            double factor = (1 + 1 / sqrt(in[i * T + i] + 1e-6)) * (1 + 1 / sqrt(in[j * T + j] + 1e-6));
            forwards[i * T + j] = factor * in[i * T + j];
            backwards[i * T + j] = factor * above[i * T + j];
        }
    forward(&reading, 0, in, got);
    check_grams(GRAM, got, forwards, 1e-14, "forward");
    backward(&reading, 0, in, above, got);
    check_grams(GRAM, got, backwards, 1e-14, "backward");
    reading_free(&reading);
    free(x), free(g);
}
END_TEST

/* ---- adjointness, and the two spaces ---- */

static const char *const deterministic[] = {
    "x = norm(x + ffn(x))",
    "y = norm(x + ffn(norm(x))); x = norm(x + y/2 + ffn(y))",
    "y = ffn(x); x = norm(2*x - y) + ffn(norm(y) + x)",
    "x = x + norm(ffn(norm(x)))",
};
enum { DETERMINISTIC = sizeof deterministic / sizeof *deterministic };

/* Where branches are linear, both passes are the same linear map of Grams and its transpose, given the norms' scales:
 * <Gamma, forward(Sigma)> = <backward(Gamma), Sigma>. Rounding of sums of T^2 positive and negative terms. */
START_TEST(backward_is_the_adjoint)
{
    struct reading reading;
    reading_init(&reading, "tokens=4 layers=1 activation=identity init=gpt2:0.31", deterministic[_i], full);
    double *x = support_normals(8, T * OWN), *g = support_normals(9, T * OWN), in[GRAM], above[GRAM], out[GRAM];
    double dx[GRAM], size = 0;
    gram_of(OWN, x, in);
    gram_of(OWN, g, above);
    forward(&reading, 0, in, out);
    backward(&reading, 0, in, above, dx);
    for (int i = 0; i < GRAM; i++)
        size += fabs(above[i] * out[i]);
    double left = gram_dot(full, above, out), right = gram_dot(full, dx, in);
    ck_assert(isfinite(left) && isfinite(right));
    ck_assert_msg(fabs(left - right) <= 1e-13 * size, "%.17g and %.17g", left, right);
    reading_free(&reading);
    free(x), free(g);
}
END_TEST

/* Two numbers and the whole matrix say the same of exchangeable tokens; 1e-9: the kernels' 1e-10, twice. */
START_TEST(both_spaces_agree)
{
    for (size_t a = 0; a < activation_count; a++) {
        char text[100];
        snprintf(text, sizeof text, "tokens=4 layers=1 init=gpt2:0.31 activation=%s", activations[a].name);
        struct reading whole, two;
        reading_init(&whole, text, deterministic[_i], full);
        reading_init(&two, text, deterministic[_i], pair);
        const double in[2] = {0.7, 0.4}, above[2] = {0.9, 0.2};
        double out[2], dx[2], all_in[GRAM], all_above[GRAM], all_out[GRAM], all_dx[GRAM], expected[GRAM];
        gram_expand(pair, in, all_in);
        gram_expand(pair, above, all_above);
        double returned = forward(&two, 0, in, out), all_returned = forward(&whole, 0, all_in, all_out);
        ck_assert(isfinite(returned) && fabs(returned - all_returned) <= 1e-9 * T);
        gram_expand(pair, out, expected);
        check_grams(GRAM, all_out, expected, 1e-9, text);
        backward(&two, 0, in, above, dx);
        backward(&whole, 0, all_in, all_above, all_dx);
        gram_expand(pair, dx, expected);
        check_grams(GRAM, all_dx, expected, 1e-9, text);
        ck_assert(!two.drawn && !whole.drawn);
        reading_free(&whole), reading_free(&two);
    }
}
END_TEST

Suite *flow_suite(void)
{
    Suite *suite = suite_create("flow");
    TCase *tests = tcase_create("flow");
    tcase_add_loop_test(tests, random_blocks_are_explicit_tensors, 0, FORMULAS);
    tcase_add_loop_test(tests, linear_blocks_by_hand, 0, sizeof linear / sizeof *linear);
    tcase_add_test(tests, norm_and_skip_by_hand);
    tcase_add_loop_test(tests, backward_is_the_adjoint, 0, DETERMINISTIC);
    tcase_add_loop_test(tests, both_spaces_agree, 0, DETERMINISTIC);
    suite_add_tcase(suite, tests);
    return suite;
}
