#include <cblas.h>
#include <math.h>
#include <string.h>

#include "analysis/limit/kernel.h"
#include "analysis/limit/rule.h"

/* What acts feature by feature: norms, functions, products. The frame's part of a signal is known by its law, the
 * population feature by feature (frame.h). */

static double *at_row(const struct signal *signal, int row)
{
    return signal->at + (size_t)row * (size_t)signal->columns;
}

/* Whether other signals of the space meet what the node makes of its operands (layout.h). */
static bool is_blended(const struct rule_run *run, int node)
{
    return run->layout->blended[run->layout->nodes[node].space];
}

/* Of `columns` at least. */
static struct signal copy(const struct rule_run *run, int node, const struct signal *signal, int columns,
                          struct pool *pool)
{
    struct signal out = {0};
    if (signal->columns < columns)
        out = frame_zero(rule_space(run, node), columns, pool);
    frame_add(rule_space(run, node), 1, signal, &out, pool);
    return out;
}

/* For what a rule makes of signals with `columns`, with room for a fresh part; its features are unset. */
static struct signal blank(const struct rule_run *run, int node, int columns)
{
    const struct space *space = rule_space(run, node);
    int fresh = space->grams.exchangeable ? 1 : space->grams.tokens, n = space->population, rows = frame_rows(space);
    int all = space->share < 1 ? space->columns + fresh : columns;
    struct signal out = {all, pool_take(run->work, (size_t)rows * (size_t)all)};
    for (int t = 0; t < rows && all > n; t++)
        memset(at_row(&out, t) + n, 0, (size_t)(all - n) * sizeof *out.at);
    return out;
}

/* ---- norms ---- */

/* y = x s, s = 1/sqrt(mean x^2 + eps), over `count` columns; in reverse dx = s (dy - y mean(y dy)). A column's square
 * is its share of the mean, times `weight`. */
struct range {
    int first, count;
    double weight;
};

static double range_scale(const double *x, struct range range, double eps)
{
    double scale = 1 / sqrt(range.weight * cblas_ddot(range.count, x + range.first, 1, x + range.first, 1) + eps);
    return scale == 0 ? INFINITY : scale; // of a square beyond double, of which nothing would be left
}

/* Takes the mean over features off: of the population in each of its groups, of the frame its first column. */
static void centre(const struct space *space, const struct signal *signal, int row, int groups)
{
    double *x = at_row(signal, row);
    int n = space->population <= signal->columns ? space->population : 0, count = n / groups;
    for (int g = 0; count > 0 && g < n / count; g++) {
        double sum = 0;
        for (int j = 0; j < count; j++)
            sum += x[g * count + j];
        for (int j = 0; j < count; j++)
            x[g * count + j] -= sum / count;
    }
    if (space->share < 1 && signal->columns > space->population)
        x[space->population] = 0;
}

/* Groups of a population of `population` out of `width` features: as many as their own size makes. */
static int groups_held(const struct space *space, int groups)
{
    int own = space->width / groups;
    return space->population > 0 && space->population % own == 0 ? space->population / own : 1;
}

/* The ranges that have a scale of their own: everything, or each group and then the frame. */
static int ranges_of(const struct space *space, int groups, int columns, int g, struct range *range)
{
    int n = space->population, held = groups > 1 && n > 0 ? groups_held(space, groups) : 0;
    if (held == 0) {
        *range = (struct range){0, columns, 1};
        return 1;
    }
    int count = n / held;
    *range = g < held ? (struct range){g * count, count, held / space->share}
                      : (struct range){n, columns - n, 1 / (1 - space->share)};
    return held + (columns > n);
}

/* Where the norm wants it. */
static void centre_rows(const struct rule_run *run, int node, const struct signal *x)
{
    const struct plan_norm *norm = &run->layout->plan->nodes[node].norm;
    const struct space *space = rule_space(run, node);
    int groups = norm->groups > 1 ? groups_held(space, norm->groups) : 1;
    for (int t = 0; norm->norm->centres && t < frame_rows(space); t++)
        centre(space, x, t, groups);
}

static struct signal centred(const struct rule_run *run, int node, const struct signal *x, struct pool *pool)
{
    struct signal out = copy(run, node, x, 0, pool);
    centre_rows(run, node, &out);
    return out;
}

void rule_norm_forward(struct rule_run *run, int node)
{
    int in = rule_graph_node(run, node)->a;
    const struct plan_norm *norm = &run->layout->plan->nodes[node].norm;
    const struct space *space = rule_space(run, node);
    struct signal out = centred(run, node, &run->nodes[in].out, run->work);
    run->nodes[node].out = out;
    run->nodes[node].normed = (double)space->width / norm->groups;
    if (space->grams.exchangeable) { // rows share the scale of any token
        frame_scale(space, 1 / sqrt(frame_square(space, &out, 0) + norm->eps), &out);
        return;
    }
    struct range range;
    for (int t = 0; t < space->grams.tokens; t++)
        for (int g = 0, held = 1; g < held; g++) {
            double *x = at_row(&out, t);
            held = ranges_of(space, norm->groups, out.columns, g, &range);
            cblas_dscal(range.count, range_scale(x, range, norm->eps), x + range.first, 1);
        }
}

/* g = s (g - y mean(y g)) with y = s x. In the limit a gradient has no part along the signal but in groups, which are
 * as wide as they are. */
static void range_backward(struct range range, const double *x, double scale, bool projects, int columns, double *g)
{
    int count = range.first + range.count < columns ? range.count : columns - range.first;
    if (count <= 0)
        return;
    double along = range.weight * scale * scale * cblas_ddot(count, x + range.first, 1, g + range.first, 1);
    if (projects)
        cblas_daxpy(count, -along, x + range.first, 1, g + range.first, 1);
    cblas_dscal(count, scale, g + range.first, 1);
}

void rule_norm_backward(struct rule_run *run, int node)
{
    int in = rule_graph_node(run, node)->a;
    const struct plan_norm *norm = &run->layout->plan->nodes[node].norm;
    const struct space *space = rule_space(run, node);
    struct signal x = run->nodes[in].out, dx = copy(run, node, rule_gradient(run, node), x.columns, run->work);
    if (norm->norm->centres)
        x = centred(run, node, &x, run->scratch);
    if (space->grams.exchangeable) {
        double square = frame_square(space, &x, 0) + norm->eps;
        frame_scale(space, 1 / sqrt(square), &dx);
        rule_echo(run, in, 1 / square, &run->nodes[node].echo);
    }
    struct range range;
    for (int t = 0; !space->grams.exchangeable && t < space->grams.tokens; t++)
        for (int g = 0, held = 1; g < held; g++) {
            held = ranges_of(space, norm->groups, x.columns, g, &range);
            double scale = range_scale(at_row(&x, t), range, norm->eps);
            bool last = range.first + range.count == x.columns;
            if (last && dx.columns > x.columns)
                cblas_dscal(dx.columns - x.columns, scale, at_row(&dx, t) + x.columns, 1);
            range_backward(range, at_row(&x, t), scale, rule_has_width(run) || held > 1, dx.columns, at_row(&dx, t));
        }
    centre_rows(run, node, &dx);
    rule_give(run, in, dx);
}

/* ---- functions ---- */

/* A part of the frame with this Gram, independent of all that is there; its column. */
static int add_law(const struct rule_run *run, int node, const double *gram, struct signal *out)
{
    struct space *space = rule_space(run, node);
    int column = space->columns;
    struct factor factor = frame_factor(space->grams, gram, run->scratch);
    struct signal fresh = frame_law_signal(space, &factor, run->scratch);
    frame_add(space, 1, &fresh, out, run->work);
    return column;
}

/* Rows of a population: out = a o f(b) where they are features, a and b over `unit`. */
static void each_feature(const struct space *space, const struct signal *a, const struct signal *b,
                         const struct activation *function, bool slope, struct signal *out, struct pool *work)
{
    struct pool_mark mark = pool_mark(work);
    int n = space->population, T = space->grams.tokens;
    double unit = n > 0 ? sqrt(n / space->share) : 0, *u = pool_take(work, (size_t)n), *f = pool_take(work, (size_t)n);
    for (int t = 0; n > 0 && t < T; t++) {
        const double *x = at_row(b, t);
        double *y = at_row(out, t);
        for (int j = 0; j < n; j++)
            f[j] = u[j] = unit * x[j];
        if (function)
            (slope ? function->slope : function->value)((size_t)n, u, f);
        for (int j = 0; j < n; j++)
            y[j] = a ? at_row(a, t)[j] * f[j] : f[j] / unit;
    }
    pool_release(work, mark);
}

/* Forward and reverse need the same. */
static struct rule_law law_of(struct rule_run *run, int node)
{
    int in = rule_graph_node(run, node)->a;
    const struct activation *function = run->layout->plan->nodes[node].function;
    struct space *space = rule_space(run, node);
    struct gram_space grams = space->grams;
    int rows = gram_rows(grams);
    struct rule_law *own = &run->nodes[node].law;
    if (own->value)
        return *own;
    *own = (struct rule_law){pool_take(run->work, (size_t)rows), pool_take(run->work, (size_t)rows),
                             pool_take(run->work, gram_size(grams)), pool_take(run->work, gram_size(grams))};
    double *law = rule_take(run, grams);
    frame_law(space, &run->nodes[in].out, false, law);
    if (grams.exchangeable)
        kernel_exchangeable(function, 1, law, own->value, own->both);
    else
        kernel_matrix(function, grams.tokens, 1, law, own->value, own->both);
    for (int t = 0; is_blended(run, node) && t < rows; t++)
        kernel_means(function, gram_diagonal(grams, law, t), &own->mean[t], &own->slope[t]);
    return *own;
}

/* gram -= (c c^T) o g, g all ones where NULL. */
static void take_off(struct rule_run *run, struct gram_space grams, const double *c, const double *g, double *gram)
{
    double *ones = rule_take(run, grams), *outer = pool_take_zeros(run->scratch, gram_size(grams) * sizeof *outer);
    for (size_t i = 0; i < gram_size(grams); i++)
        ones[i] = !grams.exchangeable || i == 1 ? 1 : 0;
    gram_add_outer(grams, c, g ? g : ones, outer);
    gram_add(grams, -1, outer, gram);
}

static double *each_row(struct rule_run *run, const struct space *space, const double *by_token)
{
    double *rows = pool_take(run->scratch, (size_t)frame_rows(space));
    for (int t = 0; t < frame_rows(space); t++)
        rows[t] = by_token[space->grams.exchangeable ? 0 : t];
    return rows;
}

/* The frame's part of a signal alone. */
static struct signal frame_part(struct rule_run *run, int node, const struct signal *signal)
{
    const struct space *space = rule_space(run, node);
    struct signal part = copy(run, node, signal, 0, run->scratch);
    for (int t = 0; t < frame_rows(space); t++)
        memset(at_row(&part, t), 0, (size_t)space->population * sizeof(double));
    return part;
}

/* To first order the Gram of a function answers to its argument's by E f' E f', with the slope's part told apart where
 * that is a signal of its own; else what it adds by itself is without what the argument's features had. */
static void ripple_law(struct rule_run *run, int node, const struct rule_law *law, int column)
{
    const struct space *space = rule_space(run, node);
    int in = rule_graph_node(run, node)->a;
    if (!run->layout->mode.first_order)
        return;
    double square = law->value[0], slope = law->both[1], pair[2], through;
    struct ripple argument = rule_ripple_of(run, in), inherited = {0};
    frame_law(space, &run->nodes[in].out, false, pair);
    through = slope * pair[0];
    if (is_blended(run, node)) {
        slope -= law->slope[0] * law->slope[0];
        through = 0;
    }
    ripple_add(&run->ripples, slope, &argument, &inherited);
    rule_ripple(run, node, column, square, square * square - through * through, &inherited);
}

/* f(u) = E f + (E f') u + a rest that no Gaussian signal correlates with (Stein). Where nothing else shares the space,
 * the parts are not told apart. */
void rule_pointwise_forward(struct rule_run *run, int node)
{
    int in = rule_graph_node(run, node)->a;
    struct space *space = rule_space(run, node);
    const struct signal *x = &run->nodes[in].out;
    struct signal out = blank(run, node, x->columns);
    each_feature(space, NULL, x, run->layout->plan->nodes[node].function, false, &out, run->scratch);
    if (space->share < 1) {
        struct rule_law split = law_of(run, node);
        if (is_blended(run, node)) {
            struct signal part = frame_part(run, node, x);
            double *law = rule_take(run, space->grams);
            frame_law(space, x, false, law);
            frame_add_rows(space, each_row(run, space, split.slope), &part, &out, run->work);
            frame_add_law_mean(space, split.mean, &out);
            take_off(run, space->grams, split.mean, NULL, split.value);
            take_off(run, space->grams, split.slope, law, split.value);
        }
        ripple_law(run, node, &split, add_law(run, node, split.value, &out));
    }
    run->nodes[node].out = out;
}

void rule_pointwise_backward(struct rule_run *run, int node)
{
    int in = rule_graph_node(run, node)->a;
    struct space *space = rule_space(run, node);
    const struct signal *x = &run->nodes[in].out, *gradient = rule_gradient(run, node);
    struct signal dx = blank(run, node, x->columns);
    each_feature(space, gradient, x, run->layout->plan->nodes[node].function, true, &dx, run->scratch);
    if (space->share < 1) {
        struct rule_law split = law_of(run, node);
        double *law = rule_take(run, space->grams);
        frame_law(space, gradient, false, law);
        if (is_blended(run, node)) {
            struct signal part = frame_part(run, node, gradient);
            frame_add_rows(space, each_row(run, space, split.slope), &part, &dx, run->work);
            take_off(run, space->grams, split.slope, NULL, split.both);
        }
        gram_multiply(space->grams, split.both, law, law);
        add_law(run, node, law, &dx);
    }
    rule_give(run, in, dx);
}

/* ---- products ---- */

/* out += a o b in the frame, for a with a factor known by its law: (mean + rest) of b, where blended apart. */
static int multiply_law(struct rule_run *run, int node, const struct signal *a, const struct signal *b,
                        struct signal *out)
{
    struct space *space = rule_space(run, node);
    struct gram_space grams = space->grams;
    bool blended = is_blended(run, node);
    double *law[2] = {rule_take(run, grams), rule_take(run, grams)}, *mean = rule_take(run, grams);
    frame_law(space, a, false, law[0]);
    frame_law(space, b, blended, law[1]);
    for (int t = 0; blended && t < gram_rows(grams); t++)
        mean[t] = frame_mean(space, b, t);
    if (blended) {
        struct signal part = frame_part(run, node, a);
        frame_add_rows(space, each_row(run, space, mean), &part, out, run->work);
    }
    gram_multiply(grams, law[0], law[1], law[0]);
    return add_law(run, node, law[0], out);
}

/* a b = a (mean of b) + (mean of a) (b - mean) + the product of what is left. */
static int multiply_blended(struct rule_run *run, int node, const struct signal *a, const struct signal *b,
                            struct signal *out)
{
    struct space *space = rule_space(run, node);
    struct signal rest = frame_part(run, node, b);
    double *mean = rule_take(run, space->grams), *mean_b = rule_take(run, space->grams);
    double *law[2] = {rule_take(run, space->grams), rule_take(run, space->grams)};
    for (int t = 0; t < gram_rows(space->grams); t++) {
        mean[t] = frame_mean(space, a, t);
        mean_b[t] = frame_mean(space, b, t);
    }
    struct signal part = frame_part(run, node, a);
    frame_add_rows(space, each_row(run, space, mean_b), &part, out, run->work);
    for (int t = 0; t < frame_rows(space) && rest.columns > space->population; t++)
        at_row(&rest, t)[space->population] = 0;
    frame_add_rows(space, each_row(run, space, mean), &rest, out, run->work);
    frame_law(space, a, true, law[0]);
    frame_law(space, b, true, law[1]);
    gram_multiply(space->grams, law[0], law[1], law[0]);
    return add_law(run, node, law[0], out);
}

/* To first order each factor's ripple, times what tokens share of the other. */
static void ripple_product(struct rule_run *run, int node, int column)
{
    const struct graph_node *own = rule_graph_node(run, node);
    const struct space *space = rule_space(run, node);
    const int operands[2] = {own->a, own->b};
    struct ripple inherited = {0};
    for (int i = 0; i < 2; i++) {
        double pair[2];
        struct ripple ripple = rule_ripple_of(run, operands[i]);
        frame_law(space, &run->nodes[operands[1 - i]].out, true, pair);
        ripple_add(&run->ripples, pair[1], &ripple, &inherited);
    }
    double fresh = at_row(&run->nodes[node].out, 1)[column], square = fresh * fresh;
    rule_ripple(run, node, column, square, square * square, &inherited);
}

void rule_product_forward(struct rule_run *run, int node)
{
    const struct graph_node *own = rule_graph_node(run, node);
    struct space *space = rule_space(run, node);
    const struct signal *a = &run->nodes[own->a].out, *b = &run->nodes[own->b].out;
    struct signal out = blank(run, node, a->columns > b->columns ? a->columns : b->columns);
    each_feature(space, a, b, NULL, false, &out, run->scratch);
    int column = 0;
    if (space->share < 1 && is_blended(run, node))
        column = multiply_blended(run, node, a, b, &out);
    else if (space->share < 1)
        column = multiply_law(run, node, a, b, &out);
    run->nodes[node].out = out;
    if (run->layout->mode.first_order)
        ripple_product(run, node, column);
}

static void product_side(struct rule_run *run, int node, int to, int other)
{
    struct space *space = rule_space(run, node);
    const struct signal *gradient = rule_gradient(run, node), *b = &run->nodes[other].out;
    struct signal dx = blank(run, node, gradient->columns);
    each_feature(space, gradient, b, NULL, false, &dx, run->scratch);
    if (space->share < 1)
        multiply_law(run, node, gradient, b, &dx);
    rule_give(run, to, dx);
}

void rule_product_backward(struct rule_run *run, int node)
{
    const struct graph_node *own = rule_graph_node(run, node);
    product_side(run, node, own->a, own->b);
    product_side(run, node, own->b, own->a);
}
