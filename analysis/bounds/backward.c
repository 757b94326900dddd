/* The interval reading of a block, backward.
 *
 * Backward, means over tokens. Through sums, scales and norms a component reaches the block's output, or what an
 * operation reads, multiplied by diag(c_b); the gradient comes back multiplied by the same matrix, its own transpose.
 * What comes back from the outputs and from each operation is uncorrelated, so the mean square at component b is
 *     g_b = sum_ij mean_t c_b(out_i) c_b(out_j) Gamma_ij,tt + sum_u mean_t c_b(u)^2 (returned by u)_tt,
 * which lies between the least and the greatest c_b^2 times each mean square. Returned by: a map, v m g; a function's
 * rest, (E f'^2 - gamma^2) g (E f'^2 where it is alone), of any other s between inf f'^2 and sup f'^2 of g; a product,
 * g times the other's second moment, less m^2 where the coefficients bring that back; attention and gates, gain.h.
 * Gradients are independent of what goes forward, since a map has made them, but where a product's operands depend on
 * each other: then g b meets functions of what b is made of. Those take sup f'^2, and other operations have no bound.
 * What such operations send back is correlated with what else arrives: roots of mean squares add at most, and the lower
 * end is 0. Lower ends hold for every token by itself: the coefficients and the functions' gains do, and attention's
 * lower end is 0. Upper ends hold for means only, since attention may gather all gradient at one token: a token has at
 * most T times the mean.
 */
#include "analysis/bounds/backward.h"

/* What comes back from the operations that read component a and component b, as mean_t of the product; the share of
 * those that may be correlated with the rest, as roots that add. */
static struct interval gather_readers(const struct reading *self, int a, int b, double *coherent)
{
    const struct survey *survey = &self->survey;
    struct interval sum = {0, 0};
    int first = 1 + self->block->graph->input_count; // what reads a component comes after it
    for (int u = a >= first ? a + 1 : first; u < survey->components; u++) {
        const int operands[FORM_PORTS] = {form_node(self, survey->node[u])->a, form_node(self, survey->node[u])->b,
                                          form_node(self, survey->node[u])->c};
        for (int port = 0; port < FORM_PORTS; port++) {
            struct interval back = self->returned[FORM_PORTS * u + port];
            if (interval_is_zero(back))
                continue;
            const struct interval *c = self->forms[operands[port]].coefficients;
            struct interval both = a == b ? interval_square(c[a]) : interval_multiply(c[a], c[b]);
            struct interval part = interval_multiply(both, back);
            if (self->coherent[FORM_PORTS * u + port])
                *coherent += sqrt(fmax(0, part.hi));
            else
                sum = interval_add(sum, part);
        }
    }
    return sum;
}

static struct interval gather_outputs(const struct reading *self, int a, int b, const struct reading_gradient *gradient)
{
    const struct graph *graph = self->block->graph;
    struct interval sum = {0, 0};
    for (int i = 0; i < graph->state_count; i++) {
        struct interval c = self->forms[graph->outputs[i]].coefficients[a];
        for (int j = 0; j < graph->state_count; j++) {
            struct interval other = self->forms[graph->outputs[j]].coefficients[b];
            struct interval both = a == b && i == j ? interval_square(c) : interval_multiply(c, other);
            if (!interval_is_zero(both))
                sum = interval_add(sum, interval_multiply(both, gradient->square[i][j]));
        }
    }
    return sum;
}

/* The mean square of the gradient at a component. */
static struct interval gather(const struct reading *self, int component, const struct reading_gradient *gradient)
{
    double coherent = 0;
    struct interval sum = interval_add(gather_outputs(self, component, component, gradient),
                                       gather_readers(self, component, component, &coherent));
    sum = interval_positive(sum);
    return coherent > 0 ? (struct interval){0, pow(sqrt(sum.hi) + coherent, 2)} : sum;
}

static void return_map(struct reading *self, int n, struct interval g, struct interval *back)
{
    double sd = self->block->sd[form_node(self, n)->index];
    back[0] = interval_scale(sd * sd * self->block->plan->nodes[n].width, g);
    if (self->gain.skips_only)
        back[0].lo = 0;
}

static void return_pointwise(struct reading *self, int n, struct interval g, struct interval *back, bool *coherent)
{
    int in = form_node(self, n)->a;
    struct interval square = self->forms[in].gram.square;
    struct range *range = form_range(self, n);
    bool alone = self->survey.alone[in], kernel = self->forms[in].gaussian && !self->survey.swayed[n];
    struct interval gain = kernel ? range_moments(range, RANGE_SLOPE, square) : interval_square(range->slope);
    if (kernel && !alone)
        gain = interval_positive(interval_subtract(gain, interval_square(range_moments(range, RANGE_TILT, square))));
    back[0] = interval_multiply(gain, g);
    coherent[0] = !kernel && !alone;
}

static void return_product(struct reading *self, int n, struct interval g, struct interval *back, bool *coherent)
{
    const struct graph_node *node = form_node(self, n);
    bool dependent = survey_related(&self->survey, node->a, node->b);
    const int operands[2] = {node->a, node->b};
    for (int port = 0; port < 2; port++) {
        const struct form *other = &self->forms[operands[1 - port]];
        struct interval gain = other->gram.square;
        if (!dependent && !self->survey.alone[operands[port]])
            gain = interval_positive(interval_subtract(gain, interval_square(other->mean)));
        back[port] = interval_multiply(gain, g);
        coherent[port] = dependent;
    }
}

static void return_attend(struct reading *self, int n, struct interval g, struct interval *back, bool *coherent)
{
    struct gain_attend attend = form_attend(self, n);
    struct gain_paths paths = gain_backward(&attend);
    back[0] = (struct interval){0, paths.query * g.hi};
    back[1] = (struct interval){0, paths.key * g.hi};
    back[2] = (struct interval){0, paths.value * g.hi};
    coherent[2] = !self->survey.alone[form_node(self, n)->c];
}

static void return_mixture(struct reading *self, int n, struct interval g, struct interval *back, bool *coherent)
{
    const struct graph_node *node = form_node(self, n);
    struct gain_gates gates = gain_gates(&self->block->plan->nodes[n].mixture);
    double sd = self->block->sd[node->index], width = self->block->plan->nodes[n].width;
    back[0] = (struct interval){0, sd * sd * width * self->forms[node->b].gram.square.hi * gates.slope * g.hi};
    back[1] = interval_multiply(gates.squares, g);
    coherent[1] = form_is_bare(self, n);
    self->unbounded |= form_mixture(self, n)->weigh->input; // what comes back to a weight of the input is not known
}

/* Over the features of each part; a sum over groups that it stands in is at most their number times the squares'. */
static void return_join(struct reading *self, int n, struct interval g, struct interval *back, bool *coherent)
{
    const struct join *join = &self->block->plan->nodes[n].join;
    const int operands[2] = {form_node(self, n)->a, form_node(self, n)->b};
    double width = join->first + join->second, repeat = join->repeat;
    back[0] = (struct interval){0, repeat * repeat * width / join->first * g.hi};
    back[1] = (struct interval){0, width / join->second * g.hi};
    for (int port = 0; port < 2; port++)
        coherent[port] = !self->survey.alone[operands[port]];
}

static void return_head_norm(struct reading *self, int n, struct interval g, struct interval *back, bool *coherent)
{
    int in = form_node(self, n)->a;
    struct interval s = form_norm_factor(self->forms[in].head, self->block->plan->nodes[n].norm.eps);
    back[0] = interval_multiply(interval_square(s), g);
    coherent[0] = !self->survey.alone[in];
}

/* Of operations whose gradients may depend on their own entries only functions have a bound. */
static void return_component(struct reading *self, int u, struct interval g)
{
    int n = self->survey.node[u];
    enum graph_kind kind = form_node(self, n)->kind;
    struct interval *back = self->returned + FORM_PORTS * u;
    bool *coherent = self->coherent + FORM_PORTS * u;
    for (int port = 0; port < FORM_PORTS; port++)
        back[port] = interval_point(0), coherent[port] = false;
    if (interval_is_zero(g))
        return;
    if (self->survey.swayed[n] && kind != GRAPH_MAP && kind != GRAPH_POINTWISE && kind != GRAPH_NORM)
        self->unbounded = true;
    if (kind == GRAPH_MAP)
        return_map(self, n, g, back);
    else if (kind == GRAPH_POINTWISE)
        return_pointwise(self, n, g, back, coherent);
    else if (kind == GRAPH_PRODUCT)
        return_product(self, n, g, back, coherent);
    else if (kind == GRAPH_ATTEND)
        return_attend(self, n, g, back, coherent);
    else if (kind == GRAPH_JOIN)
        return_join(self, n, g, back, coherent);
    else if (kind == GRAPH_NORM)
        return_head_norm(self, n, g, back, coherent);
    else
        return_mixture(self, n, g, back, coherent);
    for (int port = 0; port < FORM_PORTS; port++)
        back[port].lo = self->survey.swayed[n] && kind != GRAPH_MAP && kind != GRAPH_POINTWISE ? 0 : back[port].lo;
}

/* Whether what comes back to either may be correlated in a way that is not known. */
static bool is_coherent(const struct reading *self, int a, int b)
{
    double coherent = 0;
    gather_readers(self, a, a, &coherent);
    gather_readers(self, b, b, &coherent);
    return coherent > 0;
}

bool backward_block(struct reading *self, const struct reading_gradient *gradient, struct reading_gradient *in)
{
    int states = form_states(self);
    self->unbounded = false;
    for (int u = self->survey.components - 1; u > self->block->graph->input_count; u--)
        return_component(self, u, gather(self, u, gradient));
    for (int a = 0; a < states; a++)
        in->square[a][a] = gather(self, 1 + a, gradient);
    for (int a = 0; a < states; a++) {
        for (int b = 0; b < a; b++) {
            double coherent = 0, most = sqrt(in->square[a][a].hi * in->square[b][b].hi);
            struct interval sum = gather_readers(self, 1 + a, 1 + b, &coherent);
            sum = interval_add(sum, gather_outputs(self, 1 + a, 1 + b, gradient));
            sum = is_coherent(self, 1 + a, 1 + b) ? interval_symmetric(most)
                                                  : interval_meet(sum, interval_symmetric(most));
            in->square[a][b] = in->square[b][a] = sum;
        }
    }
    return !self->unbounded;
}
