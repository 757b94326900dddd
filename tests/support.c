#include "tests/support.h"

#include <check.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/setting.h"

double *support_normals(unsigned long seed, size_t count)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    double *out = malloc((count + 1) * sizeof *out);
    ck_assert(rng && out);
    gsl_rng_set(rng, seed);
    for (size_t i = 0; i < count; i++)
        out[i] = 0.31 + gsl_ran_gaussian_ziggurat(rng, 1.37);
    gsl_rng_free(rng);
    return out;
}

double *support_copy(size_t count, const double *a)
{
    double *copy = malloc((count + 1) * sizeof *copy);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, a, count * sizeof *copy);
    return copy;
}

double *support_poison(size_t count)
{
    double *out = malloc((count + 1) * sizeof *out);
    ck_assert_ptr_nonnull(out);
    for (size_t i = 0; i < count; i++)
        out[i] = NAN;
    return out;
}

void *support_narrow(size_t count, const double *a)
{
    float *floats = calloc(count + 1, sizeof *floats);
    for (size_t i = 0; i < count; i++)
        floats[i] = (float)a[i];
    return floats;
}

void support_widen(size_t count, void *floats, double *a)
{
    const float *from = floats;
    for (size_t i = 0; i < count; i++)
        a[i] = (double)from[i];
    free(floats);
}

double support_dot(size_t count, const double *a, const double *b)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

void support_expand(int tokens, const double pair[2], double *full)
{
    size_t T = (size_t)tokens;
    for (size_t i = 0; i < T * T; i++)
        full[i] = pair[1] + (i % (T + 1) == 0 ? pair[0] : 0);
}

double support_sum_of_squares(size_t count, const double *a)
{
    return support_dot(count, a, a);
}

double support_distance(size_t count, const double *a, const double *b)
{
    double apart = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(a[i]) || !isfinite(b[i]))
            return INFINITY;
        apart = fmax(apart, fabs(a[i] - b[i]));
        size = fmax(size, fabs(b[i]));
    }
    return apart == 0 ? 0 : apart / size;
}

/* Central differences at h, 2h, 4h, extrapolated once: R(h) = (4 D(h) - D(2h)) / 3 errs by c h^4, R(2h) by 16 c h^4, so
 * |R(2h) - R(h)| is 15 times the error of R(h). Rounding: f errs by a few eps a term, taken as 200 eps of the terms'
 * magnitude for the sums inside, over h. */
struct support_slope support_differentiate(support_function *f, void *context, double magnitude)
{
    const double h = 2e-4;
    double difference[3];
    for (int i = 0; i < 3; i++) {
        double step = ldexp(h, i);
        difference[i] = (f(context, step) - f(context, -step)) / (2 * step);
    }
    double near = (4 * difference[0] - difference[1]) / 3, far = (4 * difference[1] - difference[2]) / 3;
    struct support_slope slope = {near, fabs(far - near) + 200 * 2.2e-16 * magnitude / h};
    ck_assert(isfinite(slope.value));
    ck_assert_msg(slope.tolerance < 1e-6 * magnitude, "kink within the step: tolerance %g at magnitude %g",
                  slope.tolerance, magnitude);
    return slope;
}

void support_check_slope(struct support_slope slope, double expected, const char *what)
{
    ck_assert(isfinite(expected));
    ck_assert_msg(fabs(slope.value - expected) <= slope.tolerance, "%s: %.15g, by differences %.15g +- %.2g", what,
                  expected, slope.value, slope.tolerance);
}

void support_model(struct model *model, const char *text)
{
    struct error error = {0};
    model_defaults(model);
    int code = setting_apply_all(model,
                                 "placement=prenorm init=unit layers=2 width=15 heads=3 tokens=5 ffn-width=11 "
                                 "experts=5 top-k=2",
                                 &error);
    if (code == ERROR_NONE)
        code = setting_apply_all(model, text, &error);
    if (code == ERROR_NONE)
        code = model_check(model, &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
}

struct support_hooks support_hooks;

static void hooked_fill(const struct linear_map *map, int fan_in, int first, int count, double *w, double *work)
{
    linear_engines[0].fill(map, fan_in, first, count, w, work);
    if (support_hooks.matrix)
        support_hooks.matrix(map, first, count, w);
}

static struct linear_cost hooked_cost(const struct linear *linear)
{
    return linear_engines[0].cost(linear);
}

static void hooked_forward(const struct linear_engine *self, const struct linear *linear, const double *x,
                           double *const y[], double *tape, struct arena work)
{
    linear_engines[0].forward(self, linear, x, y, tape, work);
}

static void hooked_backward(const struct linear_engine *self, const struct linear *linear, const double *x,
                            const double *const y[], const double *const dy[], double beta, double *dx,
                            double squares[], const double *tape, struct arena work)
{
    for (int i = 0; support_hooks.gradient && i < linear->count; i++)
        support_hooks.gradient(&linear->map[i], linear->rows, linear->fan_in, x, dy[i]);
    linear_engines[0].backward(self, linear, x, y, dy, beta, dx, squares, tape, work);
}

const struct linear_engine support_engine = {
    "hooked", "the dense engine, observed", false, hooked_cost, hooked_forward, hooked_backward, hooked_fill};

bool support_same_matrix(const struct stream_address *a, const struct stream_address *b)
{
    return a->block == b->block && a->site == b->site && a->matrix == b->matrix && a->expert == b->expert;
}

void support_weight_gradient(int rows, int fan_in, int fan_out, const double *x, const double *dy, double *dw)
{
    for (int i = 0; i < fan_in; i++) {
        for (int j = 0; j < fan_out; j++) {
            double sum = 0;
            for (int t = 0; t < rows; t++)
                sum += x[t * fan_in + i] * dy[t * fan_out + j];
            dw[i * fan_out + j] = sum;
        }
    }
}

void support_rig_init(struct support_rig *rig, const char *text)
{
    *rig = (struct support_rig){0};
    support_model(&rig->model, text);
    struct error error = {0};
    int code = stack_init(&rig->stack, &rig->model, &support_engine, false, (size_t)1 << 30, &error);
    if (code == ERROR_NONE)
        code = stack_workspace_init(&rig->workspace, &rig->stack, &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
    ck_assert_int_eq(rig->stack.kept, rig->stack.depth.block_count);
    rig->run = (struct block_run){&rig->model, &support_engine, 20, 3};
    size_t signal = (size_t)rig->model.tokens * (size_t)rig->model.width;
    size_t memory = (size_t)model_memory_tokens(&rig->model) * (size_t)rig->model.width;
    const struct depth *depth = &rig->stack.depth;
    rig->count = (size_t)depth->state_count * signal;
    rig->inputs = rig->count + (size_t)(depth->input_count - depth->state_count) * memory;
}

void support_rig_free(struct support_rig *rig)
{
    stack_workspace_free(&rig->workspace);
    stack_free(&rig->stack);
    model_free(&rig->model);
}

/* Where the parts of x [inputs] begin. */
static void split(const struct support_rig *rig, const double *x, const double *parts[])
{
    const struct depth *depth = &rig->stack.depth;
    size_t signal = (size_t)rig->model.tokens * (size_t)rig->model.width;
    size_t memory = (size_t)model_memory_tokens(&rig->model) * (size_t)rig->model.width;
    for (int i = 0; i < depth->input_count; i++) {
        parts[i] = x;
        x += i < depth->state_count ? signal : memory;
    }
}

const double *support_forward(struct support_rig *rig, int block, const double *x)
{
    const double *inputs[GRAPH_INPUTS_MAX], *outputs[GRAPH_INPUTS_MAX];
    size_t signal = (size_t)rig->model.tokens * (size_t)rig->model.width;
    split(rig, x, inputs);
    block_forward(&rig->run, &rig->stack.depth.blocks[block], inputs, outputs, rig->workspace.tapes[block],
                  rig->workspace.work, &rig->workspace.report);
    for (int i = 0; i < rig->stack.depth.state_count; i++)
        memcpy(rig->workspace.gradient[0] + (size_t)i * signal, outputs[i], signal * sizeof(double));
    return rig->workspace.gradient[0];
}

void support_backward(struct support_rig *rig, int block, const double *x, const double *dy, double *dx)
{
    const double *inputs[GRAPH_INPUTS_MAX], *upper[GRAPH_INPUTS_MAX], *places[GRAPH_INPUTS_MAX];
    double *to[GRAPH_INPUTS_MAX];
    split(rig, x, inputs);
    split(rig, dy, upper);
    split(rig, dx, places);
    for (int i = 0; i < rig->stack.depth.input_count; i++)
        to[i] = dx + (places[i] - dx);
    block_backward(&rig->run, &rig->stack.depth.blocks[block], inputs, upper, to, rig->workspace.tapes[block],
                   rig->workspace.work, &rig->workspace.report);
}

/* What enters block 0, 1, ... [block_count + 1] of [inputs]; the memories stay. The caller frees each. */
static double **run_forward(struct support_rig *rig, const double *x)
{
    int blocks = rig->stack.depth.block_count;
    double **inputs = calloc((size_t)blocks + 1, sizeof *inputs);
    inputs[0] = support_copy(rig->inputs, x);
    for (int b = 0; b < blocks; b++) {
        inputs[b + 1] = support_copy(rig->inputs, x);
        memcpy(inputs[b + 1], support_forward(rig, b, inputs[b]), rig->count * sizeof(double));
    }
    return inputs;
}

/* One block in reverse: g [inputs] becomes the gradient below it, to which the memories add theirs. */
static void step_backward(struct support_rig *rig, int block, const double *x, double **g)
{
    double *below = support_poison(rig->inputs);
    support_backward(rig, block, x, *g, below);
    for (size_t i = rig->count; i < rig->inputs; i++)
        below[i] += (*g)[i];
    free(*g);
    *g = below;
}

double *support_run(struct support_rig *rig, const double *x, const double *dy, double *dx)
{
    int blocks = rig->stack.depth.block_count;
    double **inputs = run_forward(rig, x);
    if (dx) {
        double *g = calloc(rig->inputs + 1, sizeof *g);
        memcpy(g, dy, rig->count * sizeof *g);
        for (int b = blocks - 1; b >= 0; b--)
            step_backward(rig, b, inputs[b], &g);
        memcpy(dx, g, rig->inputs * sizeof *dx);
        free(g);
    }
    double *out = inputs[blocks];
    for (int b = 0; b < blocks; b++)
        free(inputs[b]);
    free(inputs);
    return out;
}

void support_matrix(const struct support_rig *rig, int block, const char *label, int expert, double *w)
{
    const struct block *own = &rig->stack.depth.blocks[block];
    for (int m = 0; m < own->graph->matrix_count; m++) {
        if (strcmp(own->graph->matrices[m].label, label) != 0)
            continue;
        struct linear_map map;
        block_map(&rig->run, own, m, expert, &map);
        int fan_in = plan_matrix(own->plan, m).fan_in;
        double *work = memory_doubles(law_work(map.law, fan_in, map.fan_out));
        linear_engines[0].fill(&map, fan_in, 0, fan_in, w, work);
        free(work);
        return;
    }
    ck_abort_msg("there is no matrix %s", label);
}

/* The gradients: every map that the backward pass meets is noted with its dW, then each is checked by moving it. */

struct seen_matrix {
    struct stream_address address;
    int fan_in, fan_out;
    double *gradient;
};

enum { SEEN_MAX = 256 };
static struct seen_matrix seen[SEEN_MAX];
static int seen_count;

static void note_gradient(const struct linear_map *map, int rows, int fan_in, const double *x, const double *dy)
{
    ck_assert_int_lt(seen_count, SEEN_MAX);
    struct seen_matrix *matrix = &seen[seen_count++];
    *matrix = (struct seen_matrix){map->address, fan_in, map->fan_out, NULL};
    matrix->gradient = calloc((size_t)fan_in * (size_t)map->fan_out, sizeof(double));
    support_weight_gradient(rows, fan_in, map->fan_out, x, dy, matrix->gradient);
}

struct motion {
    struct support_rig *rig;
    const double *x, *c;
    const double *x_direction;        /* NULL while a matrix moves */
    const struct seen_matrix *matrix; /* NULL while x moves */
    const double *w_direction;
    double step;
};
static const struct motion *moving;

static void move_matrix(const struct linear_map *map, int first, int count, double *w)
{
    if (!moving || !moving->matrix || !support_same_matrix(&map->address, &moving->matrix->address))
        return;
    const double *direction = moving->w_direction + (size_t)first * (size_t)map->fan_out;
    for (size_t i = 0; i < (size_t)count * (size_t)map->fan_out; i++)
        w[i] += moving->step * direction[i];
}

static double objective(void *context, double step)
{
    struct motion *motion = context;
    size_t count = motion->rig->count, inputs = motion->rig->inputs;
    motion->step = step;
    moving = motion;
    double *x = support_copy(inputs, motion->x);
    for (size_t i = 0; motion->x_direction && i < inputs; i++)
        x[i] += step * motion->x_direction[i];
    double *y = support_run(motion->rig, x, NULL, NULL), value = support_dot(count, motion->c, y);
    moving = NULL;
    free(x);
    free(y);
    return value;
}

/* |dW|^2 of what was noted in one block against the reports of that block; 1e-12: sums of a few hundred squares. */
static void check_squares(struct support_rig *rig, int block, int first)
{
    const struct block *own = &rig->stack.depth.blocks[block];
    for (int m = 0; m < own->graph->matrix_count; m++) {
        double squares = 0;
        for (int e = 0; e < plan_copies(own->plan, m); e++) {
            struct linear_map map;
            block_map(&rig->run, own, m, e, &map);
            for (int i = first; i < seen_count; i++)
                if (support_same_matrix(&seen[i].address, &map.address))
                    squares += support_sum_of_squares((size_t)seen[i].fan_in * (size_t)seen[i].fan_out,
                                                      seen[i].gradient);
        }
        ck_assert_msg(fabs(rig->workspace.report.gradients[m] - squares) <= 1e-12 * squares, "%s: %.17g, not %.17g",
                      own->graph->matrices[m].label, rig->workspace.report.gradients[m], squares);
    }
}

/* Forward and backward through the stack by hand, so that each block's reports are looked at before the next. */
static double *noted_gradient(struct support_rig *rig, const double *x, const double *c, double *magnitude)
{
    int blocks = rig->stack.depth.block_count;
    double **inputs = run_forward(rig, x);
    *magnitude = 0;
    for (size_t i = 0; i < rig->count; i++)
        *magnitude += fabs(c[i] * inputs[blocks][i]);
    double *g = calloc(rig->inputs + 1, sizeof *g);
    memcpy(g, c, rig->count * sizeof *g);
    for (int b = blocks - 1; b >= 0; b--) {
        int first = seen_count;
        step_backward(rig, b, inputs[b], &g);
        check_squares(rig, b, first);
    }
    for (int b = 0; b <= blocks; b++)
        free(inputs[b]);
    free(inputs);
    return g;
}

static void describe(const struct stream_address *address, const char *text, char what[256])
{
    snprintf(what, 256, "%.150s: block %u, site %u, matrix %u, expert %u", text, address->block, address->site,
             address->matrix, address->expert);
}

void support_check_gradients(const char *text, unsigned long seed)
{
    struct support_rig rig;
    support_rig_init(&rig, text);
    size_t count = rig.inputs;
    double *x = support_normals(seed, count), *c = support_normals(seed + 1, count);
    double *direction = support_normals(seed + 2, count), magnitude;
    support_hooks = (struct support_hooks){move_matrix, note_gradient};
    seen_count = 0;
    double *gradient = noted_gradient(&rig, x, c, &magnitude);
    support_hooks.gradient = NULL;

    struct motion motion = {.rig = &rig, .x = x, .c = c, .x_direction = direction};
    char what[256];
    snprintf(what, sizeof what, "%s: input", text);
    support_check_slope(support_differentiate(objective, &motion, magnitude), support_dot(count, gradient, direction),
                        what);
    motion.x_direction = NULL;
    for (int i = 0; i < seen_count; i++) {
        size_t entries = (size_t)seen[i].fan_in * (size_t)seen[i].fan_out;
        double *w = support_normals(seed + 3 + (unsigned long)i, entries);
        for (size_t j = 0; j < entries; j++)
            w[j] /= sqrt(seen[i].fan_in);
        motion.matrix = &seen[i];
        motion.w_direction = w;
        describe(&seen[i].address, text, what);
        support_check_slope(support_differentiate(objective, &motion, magnitude),
                            support_dot(entries, seen[i].gradient, w), what);
        free(w);
        free(seen[i].gradient);
    }
    support_hooks = (struct support_hooks){0};
    free(x);
    free(c);
    free(direction);
    free(gradient);
    support_rig_free(&rig);
}

int support_plan(const char *text, int l, struct model *model, double values[GRAPH_NODES_MAX], struct plan *plan,
                 struct error *error)
{
    support_model(model, text);
    struct graph_scope scope = model_scope(model, l);
    const struct graph *graph;
    ck_assert_int_eq(formula_block(&model->formula, &scope, &graph, error), ERROR_NONE);
    ck_assert_int_eq(graph_evaluate(graph, &scope, values, error), ERROR_NONE);
    return plan_init(plan, model, graph, values, l, error);
}
