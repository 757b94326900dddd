/* The interval reading of a block.
 *
 * Forms. A signal is sum_b diag(c_b) B_b over components B_b (survey.h): ones, the block's inputs, and one of each map,
 * attention, function, product and mixture. Kept of a signal: an interval for each coefficient c_b(t), common to all
 * tokens t; one for the diagonal entries of its Gram and one for the others; one for its cosine with each state that the
 * block is handed, at a token. Kept of components: their Grams with each other, 0 but where said below. Two skips from
 * one source add coefficients, so they stay coherent.
 *
 * Forward, per token. Sum: the Gram is that of the parts plus twice the cross terms, and also the sum over components;
 * both enclose it, so their meet does. Norm: coefficients times s = 1/sqrt(q + eps), diagonal q/(q + eps), cosine
 * unchanged; LayerNorm first takes the mean off, the coefficient of ones, and its square from the Gram. Map: a fresh
 * Gaussian component, Gram v n Sigma. Attend: A v, gain.h; where v's base occurs elsewhere its Gram with any B is a mean
 * of v's entries with B. Hence the mean over tokens of x^2 (activation_variance) lies in the diagonal's interval, as
 * every token's does.
 *
 * Function f of a Gaussian s: f(s) = mu 1 + gamma s + rest, mu = E f, gamma = E f' (Stein), the rest uncorrelated to
 * every Gaussian signal. Its Gram is the kernel's, the rest's what is left of it. Where nothing else has s's base, only
 * f(s) - mu 1 is kept, as one component. Of any other s, with inf and sup over its values and L = sup |f'|:
 *     inf f^2 <= E f(s)^2 <= min(sup f^2, (|f(0)| + L sqrt(q))^2),
 *     E f(s_s) f(s_t) >= inf f^2 - L^2 (q - c),
 * and Cauchy-Schwarz is all that is known of its Gram with components that share its base.
 *
 * Product of independent a and b: with means m_a, m_b, ab = m_b a + m_a b - m_a m_b 1 + (a - m_a)(b - m_b), the last
 * uncorrelated to every function of a or of b alone; entries of Grams multiply. Where nothing else has b's base, m_a b
 * need not be told from the rest, so that ab = m_b a + a (b - m_b); so for a. Of dependent ones: E ab is their Gram's
 * diagonal, E (ab)^2 <= sqrt(E a^4 E b^4), and fourth moments are 3 q^2 of Gaussians (eighths 105 q^4), add by Minkowski's inequality,
 * and never grow in attention and mixtures (Jensen).
 *
 * Mixture: sum_e p_e y_e, y_e independent over experts but for their mean: Gram m m' (sum p)(sum p~) + (sum p p~) rest.
 * Where the body hands its input on, sum_e p_e y_e is shorter than the longest y_e, and Cauchy-Schwarz is all.
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
 *
 * Pieces. Operands of an operation vary apart from each other in interval arithmetic: x / (1 + x) would be anything
 * from lo / (1 + hi) to hi / (1 + lo), and intervals grow from block to block even where the formula contracts. Where
 * tokens are alike a Gram is two numbers, so that a block may be read once for each piece of its input's interval of
 * pairs and the enclosures joined (Moore, Interval Analysis, 1966): what is lost falls with the pieces' number.
 */
#include "analysis/bounds/reading.h"

#include <stdlib.h>

enum { PIECES = 16, PORTS = 3 };

struct reading_form {
    struct interval *coefficients; /* [components] */
    struct interval *cosines;      /* [states], with each at the block's input */
    struct gain_gram gram;
    struct interval mean; /* over features */
    struct interval head; /* mean square over the features of one head of an attention */
    double fourth;        /* E x^4, from above */
    bool gaussian;        /* its features are, with a mean of 0 */
    bool mixed;           /* features of different heads have different laws */
    bool memory;
};

/* ---- small algebra ---- */

static struct interval root(struct interval a)
{
    return (struct interval){sqrt(fmax(a.lo, 0)), sqrt(fmax(a.hi, 0))};
}

/* a / b for b >= 0 that does not contain 0. */
static struct interval divide(struct interval a, struct interval b)
{
    return interval_multiply(a, (struct interval){1 / b.hi, 1 / b.lo});
}

static struct interval subtract(struct interval a, struct interval b)
{
    return (struct interval){a.lo - b.hi, a.hi - b.lo};
}

static struct interval positive(struct interval a)
{
    return (struct interval){fmax(a.lo, 0), fmax(a.hi, 0)};
}

static struct interval symmetric(double size)
{
    return (struct interval){-size, size};
}

static bool is_zero(struct interval a)
{
    return a.lo == 0 && a.hi == 0;
}

static struct gain_gram scaled(double factor, struct gain_gram gram)
{
    return (struct gain_gram){interval_scale(factor, gram.square), interval_scale(factor, gram.pair)};
}

static struct gain_gram product(struct gain_gram a, struct gain_gram b)
{
    return (struct gain_gram){interval_multiply(a.square, b.square), interval_multiply(a.pair, b.pair)};
}

/* Without a part of it that is uncorrelated to the rest. */
static struct gain_gram without(struct gain_gram gram, struct gain_gram part)
{
    return (struct gain_gram){positive(subtract(gram.square, part.square)), subtract(gram.pair, part.pair)};
}

static struct gain_gram ones(struct interval mean)
{
    return (struct gain_gram){interval_square(mean), interval_multiply(mean, mean)};
}

/* ---- a block's reading ---- */

static struct gain_gram *gram_of(const struct reading *self, int a, int b)
{
    return &self->grams[(size_t)a * (size_t)self->survey.components + (size_t)b];
}

static const struct gain_gram *own_gram(const struct reading *self, int component)
{
    return gram_of(self, component, component);
}

static void link_components(struct reading *self, int a, int b, struct gain_gram gram)
{
    *gram_of(self, a, b) = *gram_of(self, b, a) = gram;
    self->linked[a] = self->linked[b] = true;
}

/* All that Cauchy and Schwarz know. */
static void link_unknown(struct reading *self, int a, int b)
{
    double most = sqrt(own_gram(self, a)->square.hi * own_gram(self, b)->square.hi);
    link_components(self, a, b, (struct gain_gram){symmetric(most), symmetric(most)});
}

/* The Gram of a component with a signal. */
static struct gain_gram cross_component(const struct reading *self, int component, const struct reading_form *form)
{
    bool linked = self->linked[component];
    int first = linked ? 0 : component, end = linked ? self->survey.components : component + 1;
    struct gain_gram sum = {{0, 0}, {0, 0}};
    for (int j = first; j < end; j++) {
        struct interval c = form->coefficients[j];
        const struct gain_gram *gram = gram_of(self, component, j);
        if (is_zero(c))
            continue;
        sum.square = interval_add(sum.square, interval_multiply(c, gram->square));
        sum.pair = interval_add(sum.pair, interval_multiply(c, gram->pair));
    }
    return sum;
}

static struct gain_gram cross(const struct reading *self, const struct reading_form *a, const struct reading_form *b)
{
    struct gain_gram sum = {{0, 0}, {0, 0}};
    for (int i = 0; i < self->survey.components; i++) {
        if (is_zero(a->coefficients[i]))
            continue;
        struct gain_gram own = cross_component(self, i, b);
        sum.square = interval_add(sum.square, interval_multiply(a->coefficients[i], own.square));
        sum.pair = interval_add(sum.pair, interval_multiply(a->coefficients[i], own.pair));
    }
    return sum;
}

/* The Gram from the components. */
static struct gain_gram whole(const struct reading *self, const struct reading_form *form)
{
    struct gain_gram sum = {{0, 0}, {0, 0}};
    for (int i = 0; i < self->survey.components; i++) {
        struct interval c = form->coefficients[i];
        struct gain_gram own = {interval_square(c), interval_multiply(c, c)};
        if (is_zero(c))
            continue;
        own = product(own, *own_gram(self, i));
        for (int j = 0; self->linked[i] && j < i; j++) {
            struct interval both = interval_scale(2, interval_multiply(c, form->coefficients[j]));
            own.square = interval_add(own.square, interval_multiply(both, gram_of(self, i, j)->square));
            own.pair = interval_add(own.pair, interval_multiply(both, gram_of(self, i, j)->pair));
        }
        sum = (struct gain_gram){interval_add(sum.square, own.square), interval_add(sum.pair, own.pair)};
    }
    return sum;
}

static struct gain_gram meet(struct gain_gram a, struct gain_gram b)
{
    return (struct gain_gram){interval_meet(a.square, b.square), interval_meet(a.pair, b.pair)};
}

static const struct graph_node *node_of(const struct reading *self, int n)
{
    return &self->block->graph->nodes[n];
}

static int states_of(const struct reading *self)
{
    return self->block->graph->state_count;
}

/* The cosine with what the block was handed: from the Grams, where their ends say something. */
static struct interval direct_cosine(const struct reading *self, const struct reading_form *form, int state)
{
    struct gain_gram both = cross_component(self, 1 + state, form);
    struct interval q = form->gram.square, in = own_gram(self, 1 + state)->square;
    if (is_zero(both.square))
        return interval_point(0);
    return q.lo > 0 && in.lo > 0 ? divide(both.square, root(interval_multiply(q, in))) : symmetric(1);
}

/* A Gram is positive semidefinite: no entry off its diagonal exceeds the diagonal, and exchangeable tokens have no
 * correlation below -1/(T - 1). */
static struct gain_gram tidied(const struct reading *self, struct gain_gram gram, bool memory)
{
    int T = memory ? model_memory_tokens(self->model) : self->model->tokens;
    gram.square.lo = fmax(0, gram.square.lo);
    gram.square.hi = fmax(gram.square.hi, gram.square.lo);
    double least = (self->alike || memory) && T > 1 ? -gram.square.hi / (T - 1) : -gram.square.hi;
    gram.pair = interval_meet(gram.pair, (struct interval){least, gram.square.hi});
    return gram;
}

static void finish(const struct reading *self, struct reading_form *form)
{
    form->gram = tidied(self, form->gram, form->memory);
    form->mean = cross_component(self, 0, form).square;
    form->gaussian &= is_zero(form->mean);
    if (!form->mixed)
        form->head = form->gram.square;
    form->head = positive(form->head);
    if (form->gaussian)
        form->fourth = 3 * form->gram.square.hi * form->gram.square.hi;
    for (int s = 0; s < states_of(self); s++)
        form->cosines[s] = interval_meet(interval_meet(form->cosines[s], direct_cosine(self, form, s)), symmetric(1));
}

/* ---- forward: sums, scales, norms ---- */

static void read_input(struct reading *self, int n, const struct reading_joint *in, struct reading_form *form)
{
    int i = node_of(self, n)->index;
    form->coefficients[1 + i] = interval_point(1);
    form->gram = in->gram[1 + i][1 + i];
    form->fourth = in->fourth[i];
    form->head = in->head[i];
    form->mixed = in->mixed[i];
    form->gaussian = in->gaussian[i];
    if (i < states_of(self))
        form->cosines[i] = interval_point(1);
}

/* c / sqrt(c^2 + rest): grows with c, its size falls with rest. */
static double cosine_of(double c, double rest, double undefined)
{
    return c == 0 && rest == 0 ? undefined : c / hypot(c, sqrt(rest));
}

/* From components that are uncorrelated: that of the state against all the others, relative to the state's size. */
static struct interval component_cosine(const struct reading *self, const struct reading_form *form, int state)
{
    struct interval rest = {0, 0}, c = form->coefficients[1 + state], in = own_gram(self, 1 + state)->square;
    bool linked = self->linked[1 + state];
    for (int b = 0; b < self->survey.components; b++) {
        if (b == 1 + state || is_zero(form->coefficients[b]))
            continue;
        linked |= self->linked[b];
        rest = interval_add(rest, interval_multiply(interval_square(form->coefficients[b]), own_gram(self, b)->square));
    }
    if (in.lo <= 0 || linked)
        return symmetric(1);
    rest = divide(rest, in);
    return (struct interval){cosine_of(c.lo, c.lo >= 0 ? rest.hi : rest.lo, -1),
                             cosine_of(c.hi, c.hi >= 0 ? rest.lo : rest.hi, 1)};
}

static double power4(double x)
{
    return x * x * x * x;
}

static void read_sum(const struct reading *self, const struct reading_form *a, const struct reading_form *b,
                     struct reading_form *form)
{
    struct gain_gram both = scaled(2, cross(self, a, b));
    struct gain_gram parts = {interval_add(interval_add(a->gram.square, b->gram.square), both.square),
                              interval_add(interval_add(a->gram.pair, b->gram.pair), both.pair)};
    for (int i = 0; i < self->survey.components; i++)
        form->coefficients[i] = interval_add(a->coefficients[i], b->coefficients[i]);
    form->gram = meet(parts, whole(self, form));
    form->mixed = a->mixed || b->mixed;
    form->head = (struct interval){0, pow(sqrt(a->head.hi) + sqrt(b->head.hi), 2)};
    form->fourth = power4(pow(a->fourth, 0.25) + pow(b->fourth, 0.25));
    form->gaussian = a->gaussian && b->gaussian;
    for (int s = 0; s < states_of(self); s++) {
        struct interval along = interval_add(interval_multiply(a->cosines[s], root(a->gram.square)),
                                             interval_multiply(b->cosines[s], root(b->gram.square)));
        form->cosines[s] = component_cosine(self, form, s);
        if (form->gram.square.lo > 0)
            form->cosines[s] = interval_meet(form->cosines[s], divide(along, root(form->gram.square)));
    }
}

static void read_scale(const struct reading *self, const struct reading_form *a, double factor,
                       struct reading_form *form)
{
    for (int i = 0; i < self->survey.components; i++)
        form->coefficients[i] = interval_scale(factor, a->coefficients[i]);
    form->gram = scaled(factor * factor, a->gram);
    form->mixed = a->mixed;
    form->head = interval_scale(factor * factor, a->head);
    form->fourth = power4(factor) * a->fourth;
    form->gaussian = a->gaussian;
    for (int s = 0; factor != 0 && s < states_of(self); s++)
        form->cosines[s] = interval_scale(factor < 0 ? -1 : 1, a->cosines[s]);
}

/* q / (q + eps) of a second moment. */
static struct interval normed(struct interval q, double eps)
{
    return (struct interval){q.lo / (q.lo + eps), isfinite(q.hi) ? q.hi / (q.hi + eps) : 1};
}

static struct interval norm_factor(struct interval q, double eps)
{
    return (struct interval){1 / sqrt(q.hi + eps), 1 / sqrt(q.lo + eps)};
}

static void link_related(struct reading *self, int component);
static void read_fresh(struct reading *self, int n, struct gain_gram gram, struct interval mean,
                       struct reading_form *form);

/* By heads that differ in size: not linear any more. */
static void read_head_norm(struct reading *self, int n, const struct reading_form *a, struct reading_form *form)
{
    struct interval square = normed(a->head, self->block->plan->nodes[n].norm.eps);
    struct interval mean = is_zero(a->mean) ? a->mean : symmetric(sqrt(square.hi));
    form->mixed = true;
    form->head = square;
    form->fourth = a->fourth * pow(norm_factor(a->head, self->block->plan->nodes[n].norm.eps).hi, 4);
    read_fresh(self, n, (struct gain_gram){square, symmetric(square.hi)}, mean, form);
    if (!self->survey.alone[node_of(self, n)->a])
        link_related(self, self->survey.component[n]);
}

static void read_norm(struct reading *self, int n, const struct reading_form *a, struct reading_form *form)
{
    const struct plan_norm *norm = &self->block->plan->nodes[n].norm;
    if (norm->groups > 1 && a->mixed) {
        read_head_norm(self, n, a, form);
        return;
    }
    bool centres = norm->norm->centres && !is_zero(a->mean);
    struct gain_gram centred = centres ? without(a->gram, ones(a->mean)) : a->gram;
    struct interval s = norm_factor(centred.square, norm->eps);
    for (int i = 0; i < self->survey.components; i++)
        form->coefficients[i] = interval_multiply(s, a->coefficients[i]);
    if (centres) {
        struct interval others = {0, 0};
        for (int i = 1; i < self->survey.components; i++)
            others = interval_add(others, interval_multiply(form->coefficients[i], gram_of(self, 0, i)->square));
        form->coefficients[0] = interval_scale(-1, others);
    }
    form->gram = (struct gain_gram){normed(centred.square, norm->eps),
                                    interval_multiply(interval_square(s), centred.pair)};
    form->mixed = a->mixed;
    form->head = interval_multiply(interval_square(s), a->head);
    form->fourth = (centres ? 16 : 1) * a->fourth * power4(s.hi); // |x - E x| has at most twice the fourth root's
    form->gaussian = a->gaussian;
    for (int i = 0; !centres && i < states_of(self); i++)
        form->cosines[i] = a->cosines[i];
}

/* ---- forward: what makes components ---- */

/* mean 1 + the node's component, whose Gram is the rest. */
static void read_fresh(struct reading *self, int n, struct gain_gram gram, struct interval mean,
                       struct reading_form *form)
{
    int own = self->survey.component[n];
    form->coefficients[own] = interval_point(1);
    form->coefficients[0] = mean;
    form->gram = gram = tidied(self, gram, form->memory);
    *gram_of(self, own, own) = is_zero(mean) ? gram : tidied(self, without(gram, ones(mean)), form->memory);
}

static bool is_gaussian_component(const struct reading *self, int component)
{
    int n = self->survey.node[component];
    return component == 0 || (n >= 0 ? node_of(self, n)->kind == GRAPH_MAP : self->in->gaussian[component - 1]);
}

/* With every component before it whose base meets its own; `others`: with those that are not Gaussian. */
static void link_related_but(struct reading *self, int component, bool gaussian_too)
{
    for (int b = 1; b < component; b++)
        if (survey_components_related(&self->survey, component, b) && (gaussian_too || !is_gaussian_component(self, b)))
            link_unknown(self, component, b);
}

static void link_related(struct reading *self, int component)
{
    link_related_but(self, component, true);
}

static void read_map(struct reading *self, int n, const struct reading_form *a, struct reading_form *form)
{
    int in = node_of(self, n)->a;
    double sd = self->block->sd[node_of(self, n)->index], width = self->block->plan->nodes[in].width;
    form->gaussian = true;
    read_fresh(self, n, scaled(sd * sd * width, a->gram), interval_point(0), form);
}

static struct range *range_of(const struct reading *self, int n)
{
    return &self->ranges[self->block->plan->nodes[n].function - activations];
}

/* |f(x)| <= |f(0)| + L |x|, and the sup. */
static double largest(const struct range *range, double size)
{
    double zero = 0, at_zero;
    range->activation->value(1, &zero, &at_zero);
    return fmin(interval_magnitude(range->value), fabs(at_zero) + range->steepest * size);
}

static void read_function(struct reading *self, int n, const struct reading_form *a, struct reading_form *form)
{
    struct range *range = range_of(self, n);
    double steepest = range->steepest * range->steepest;
    struct gain_gram gram;
    gram.square = (struct interval){interval_square(range->value).lo, pow(largest(range, sqrt(a->head.hi)), 2)};
    gram.pair = (struct interval){gram.square.lo - steepest * (a->gram.square.hi - a->gram.pair.lo), gram.square.hi};
    if (range->nonnegative)
        gram.pair.lo = fmax(0, gram.pair.lo);
    gram = tidied(self, gram, form->memory);
    form->mixed = a->mixed;
    form->head = gram.square;
    form->fourth = power4(largest(range, pow(a->fourth, 0.25)));
    read_fresh(self, n, gram, interval_meet(range->value, symmetric(sqrt(gram.square.hi))), form);
    if (!self->survey.alone[node_of(self, n)->a])
        link_related(self, self->survey.component[n]);
}

static void read_kernel(struct reading *self, int n, const struct reading_form *a, struct reading_form *form)
{
    struct range *range = range_of(self, n);
    struct interval mean = range_moments(range, RANGE_MEAN, a->gram.square);
    struct gain_gram gram = {range_moments(range, RANGE_SQUARE, a->gram.square),
                             self->alike ? range_pair_alike(range, a->gram.square, a->gram.pair)
                                         : range_pair(range, a->gram.square, a->gram.pair)};
    int own = self->survey.component[n];
    form->fourth = power4(largest(range, pow(a->fourth, 0.25)));
    read_fresh(self, n, gram, mean, form);
    if (self->survey.alone[node_of(self, n)->a])
        return;
    if (self->survey.swayed[n]) {
        link_related(self, own);
        return;
    }
    struct interval gamma = range_moments(range, RANGE_TILT, a->gram.square);
    for (int i = 1; i < own; i++)
        form->coefficients[i] = interval_multiply(gamma, a->coefficients[i]);
    *gram_of(self, own, own) = tidied(self, without(*own_gram(self, own), product(ones(gamma), a->gram)), form->memory);
    link_related_but(self, own, false);
}

static void add_scaled(const struct reading *self, struct interval factor, const struct reading_form *a,
                       struct reading_form *form)
{
    for (int i = 0; i < self->survey.components; i++)
        form->coefficients[i] = interval_add(form->coefficients[i], interval_multiply(factor, a->coefficients[i]));
}

static void read_product(struct reading *self, int n, const struct reading_form *a, const struct reading_form *b,
                         struct reading_form *form)
{
    const struct graph_node *node = node_of(self, n);
    bool keep_a = !self->survey.alone[node->a], keep_b = !self->survey.alone[node->b];
    struct interval both = interval_multiply(a->mean, b->mean);
    int own = self->survey.component[n];
    form->mixed = a->mixed || b->mixed;
    form->fourth = a->fourth * b->fourth;
    form->head = interval_multiply(a->head, b->head);
    read_fresh(self, n, product(a->gram, b->gram), both, form);
    if (!keep_a && !keep_b)
        return;
    form->coefficients[0] = interval_scale(keep_a && keep_b ? -1 : 0, both);
    if (keep_a)
        add_scaled(self, b->mean, a, form);
    if (keep_b)
        add_scaled(self, a->mean, b, form);
    *gram_of(self, own, own) = tidied(
        self,
        product(keep_b ? without(a->gram, ones(a->mean)) : a->gram, keep_a ? without(b->gram, ones(b->mean)) : b->gram),
        form->memory);
    for (int j = 1; j < own; j++) {
        int other = self->survey.node[j];
        if (other >= 0 && survey_related(&self->survey, other, node->a) &&
            survey_related(&self->survey, other, node->b))
            link_unknown(self, own, j);
    }
}

static void read_dependent_product(struct reading *self, int n, const struct reading_form *a,
                                   const struct reading_form *b, struct reading_form *form)
{
    struct interval mean = cross(self, a, b).square;
    double most = sqrt(a->fourth) * sqrt(b->fourth);
    form->mixed = a->mixed || b->mixed;
    form->head = (struct interval){0, most};
    form->fourth = a->gaussian && b->gaussian ? 105 * pow(a->gram.square.hi * b->gram.square.hi, 2) : INFINITY;
    read_fresh(self, n, (struct gain_gram){{interval_square(mean).lo, most}, symmetric(most)}, mean, form);
    link_related(self, self->survey.component[n]);
}

static struct gain_attend attend_of(struct reading *self, int n)
{
    const struct graph_node *node = node_of(self, n);
    const struct reading_form *q = &self->forms[node->a], *k = &self->forms[node->b], *v = &self->forms[node->c];
    bool centred = !survey_related(&self->survey, node->a, node->b) && (is_zero(q->mean) || is_zero(k->mean));
    return gain_attend_of(&self->gain, &self->block->plan->nodes[n].attend, self->alike,
                          centred && !q->mixed && !k->mixed, q->gram, k->gram, v->gram);
}

static void read_attend(struct reading *self, int n, struct reading_form *form)
{
    const struct graph_node *node = node_of(self, n);
    struct gain_attend attend = attend_of(self, n);
    const struct reading_form *v = &self->forms[node->c];
    struct interval mean = attend.attention->sink ? interval_join(v->mean, interval_point(0)) : v->mean;
    struct gain_gram gram = gain_forward(&attend, &form->head.lo);
    int own = self->survey.component[n];
    form->head.hi = v->mixed ? v->head.hi : v->gram.square.hi;
    form->mixed = true;
    form->fourth = v->fourth;
    if (v->mixed)
        form->head.lo = 0;
    read_fresh(self, n, gram, mean, form);
    if (self->survey.alone[node->c])
        return;
    form->coefficients[0] = interval_point(0);
    *gram_of(self, own, own) = form->gram;
    for (int b = 0; b < own; b++) {
        struct gain_gram with = cross_component(self, b, v);
        struct interval any = interval_join(with.square, with.pair);
        if (attend.attention->sink)
            any = interval_join(any, interval_point(0));
        if (!is_zero(any))
            link_components(self, own, b, (struct gain_gram){any, any});
    }
}

/* Whether a mixture's body hands on what its experts are given, beside what it makes of it. */
static bool is_bare(const struct reading *self, int n)
{
    int expert = self->block->plan->nodes[n].mixture.expert, body = node_of(self, n)->b;
    bool bare = survey_has(&self->survey, body, 1);
    for (int i = 1; i < self->survey.components && !bare; i++)
        bare = self->survey.node[i] >= 0 && self->survey.node[i] < expert && survey_has(&self->survey, body, i);
    return bare;
}

static void read_mixture(struct reading *self, int n, const struct reading_form *body, struct reading_form *form)
{
    struct gain_gates gates = gain_gates(&self->block->plan->nodes[n].mixture);
    struct interval share = {0, 1}, mean = interval_multiply(gates.sum, body->mean);
    struct gain_gram rest = without(body->gram, ones(body->mean)), common = ones(mean);
    struct gain_gram gram = {interval_add(interval_multiply(gates.squares, rest.square), common.square),
                             interval_add(interval_multiply(share, rest.pair), common.pair)};
    form->mixed = body->mixed;
    form->head = interval_multiply(share, body->head);
    form->fourth = body->fourth;
    if (is_bare(self, n))
        gram = (struct gain_gram){{0, body->gram.square.hi}, symmetric(body->gram.square.hi)};
    read_fresh(self, n, gram, mean, form);
    if (is_bare(self, n))
        link_related(self, self->survey.component[n]);
}

static void read_pointwise(struct reading *self, int n, const struct reading_form *a, struct reading_form *form)
{
    (a->gaussian && !a->mixed ? read_kernel : read_function)(self, n, a, form);
}

static void read_node(struct reading *self, int n, const struct reading_joint *in, struct reading_form *form)
{
    const struct graph_node *node = node_of(self, n);
    const struct reading_form *a = node->a >= 0 ? &self->forms[node->a] : NULL;
    const struct reading_form *b = node->b >= 0 ? &self->forms[node->b] : NULL;
    if (node->kind == GRAPH_INPUT)
        read_input(self, n, in, form);
    else if (node->kind == GRAPH_SUM)
        read_sum(self, a, b, form);
    else if (node->kind == GRAPH_SCALE)
        read_scale(self, a, self->block->scalars[node->b], form);
    else if (node->kind == GRAPH_EXPERT)
        read_scale(self, a, 1, form);
    else if (node->kind == GRAPH_NORM)
        read_norm(self, n, a, form);
    else if (node->kind == GRAPH_MAP)
        read_map(self, n, a, form);
    else if (node->kind == GRAPH_POINTWISE)
        read_pointwise(self, n, a, form);
    else if (node->kind == GRAPH_PRODUCT)
        (survey_related(&self->survey, node->a, node->b) ? read_dependent_product : read_product)(self, n, a, b, form);
    else if (node->kind == GRAPH_ATTEND)
        read_attend(self, n, form);
    else
        read_mixture(self, n, b, form);
}

static bool is_finite(const struct reading *self, const struct reading_form *form)
{
    bool finite = isfinite(form->gram.square.hi) && isfinite(form->gram.square.lo) && isfinite(form->gram.pair.lo);
    for (int i = 0; i < self->survey.components; i++)
        finite = finite && isfinite(form->coefficients[i].lo) && isfinite(form->coefficients[i].hi);
    return finite;
}

/* Before another reading: no component is linked. */
static void clear_grams(struct reading *self)
{
    for (int i = 0; i < self->survey.components; i++) {
        *gram_of(self, i, i) = (struct gain_gram){{0, 0}, {0, 0}};
        for (int j = 0; self->linked[i] && j < self->survey.components; j++)
            *gram_of(self, i, j) = (struct gain_gram){{0, 0}, {0, 0}};
        self->linked[i] = false;
    }
}

static void link_inputs(struct reading *self, const struct reading_joint *in)
{
    int count = 1 + self->block->graph->input_count;
    clear_grams(self);
    for (int i = 0; i < count; i++) {
        *gram_of(self, i, i) = in->gram[i][i];
        for (int j = 0; j < i; j++)
            if (!is_zero(in->gram[i][j].square) || !is_zero(in->gram[i][j].pair))
                link_components(self, i, j, in->gram[i][j]);
    }
}

static void begin_form(struct reading *self, int n, size_t place, struct reading_form *form)
{
    size_t components = (size_t)self->survey.components, states = (size_t)states_of(self);
    struct interval *own = self->storage + place * (components + states);
    *form = (struct reading_form){.coefficients = own, .cosines = own + components, .memory = node_of(self, n)->memory};
    for (size_t i = 0; i < components; i++)
        form->coefficients[i] = interval_point(0);
    for (size_t s = 0; s < states; s++)
        form->cosines[s] = symmetric(1);
}

static const char range_left[] = "the bounds of the signal leave the range of double in block %u of %d; fewer layers, "
                                 "smaller weights or a norm would keep them there";
static const char fourth_unknown[] = "no bound is known in block %u of %d of a product of signals that depend on each "
                                     "other and are themselves products of such, or it leaves the range of double";

/* NULL, or why the block has no bounds. */
static const char *read_forward(struct reading *self, const struct reading_joint *in)
{
    size_t place = 0;
    self->in = in;
    link_inputs(self, in);
    for (int n = 0; n < self->block->graph->node_count; n++) {
        struct reading_form *form = &self->forms[n];
        if (!graph_is_signal(node_of(self, n)->kind))
            continue;
        begin_form(self, n, place++, form);
        read_node(self, n, in, form);
        finish(self, form);
        if (!is_finite(self, form))
            return node_of(self, n)->kind == GRAPH_PRODUCT ? fourth_unknown : range_left;
    }
    return NULL;
}

/* ---- backward ---- */

/* What comes back from the operations that read component a and component b, as mean_t of the product; the share of
 * those that may be correlated with the rest, as roots that add. */
static struct interval gather_readers(const struct reading *self, int a, int b, double *coherent)
{
    const struct survey *survey = &self->survey;
    struct interval sum = {0, 0};
    int first = 1 + self->block->graph->input_count; // what reads a component comes after it
    for (int u = a >= first ? a + 1 : first; u < survey->components; u++) {
        const int operands[PORTS] = {node_of(self, survey->node[u])->a, node_of(self, survey->node[u])->b,
                                     node_of(self, survey->node[u])->c};
        for (int port = 0; port < PORTS; port++) {
            struct interval back = self->returned[PORTS * u + port];
            if (is_zero(back))
                continue;
            const struct interval *c = self->forms[operands[port]].coefficients;
            struct interval both = a == b ? interval_square(c[a]) : interval_multiply(c[a], c[b]);
            struct interval part = interval_multiply(both, back);
            if (self->coherent[PORTS * u + port])
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
            if (!is_zero(both))
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
    sum = positive(sum);
    return coherent > 0 ? (struct interval){0, pow(sqrt(sum.hi) + coherent, 2)} : sum;
}

static void return_map(struct reading *self, int n, struct interval g, struct interval *back)
{
    double sd = self->block->sd[node_of(self, n)->index];
    back[0] = interval_scale(sd * sd * self->block->plan->nodes[n].width, g);
    if (self->gain.skips_only)
        back[0].lo = 0;
}

static void return_pointwise(struct reading *self, int n, struct interval g, struct interval *back, bool *coherent)
{
    int in = node_of(self, n)->a;
    struct interval square = self->forms[in].gram.square;
    struct range *range = range_of(self, n);
    bool alone = self->survey.alone[in], kernel = self->forms[in].gaussian && !self->survey.swayed[n];
    struct interval gain = kernel ? range_moments(range, RANGE_SLOPE, square) : interval_square(range->slope);
    if (kernel && !alone)
        gain = positive(subtract(gain, interval_square(range_moments(range, RANGE_TILT, square))));
    back[0] = interval_multiply(gain, g);
    coherent[0] = !kernel && !alone;
}

static void return_product(struct reading *self, int n, struct interval g, struct interval *back, bool *coherent)
{
    const struct graph_node *node = node_of(self, n);
    bool dependent = survey_related(&self->survey, node->a, node->b);
    const int operands[2] = {node->a, node->b};
    for (int port = 0; port < 2; port++) {
        const struct reading_form *other = &self->forms[operands[1 - port]];
        struct interval gain = other->gram.square;
        if (!dependent && !self->survey.alone[operands[port]])
            gain = positive(subtract(gain, interval_square(other->mean)));
        back[port] = interval_multiply(gain, g);
        coherent[port] = dependent;
    }
}

static void return_attend(struct reading *self, int n, struct interval g, struct interval *back, bool *coherent)
{
    struct gain_attend attend = attend_of(self, n);
    struct gain_paths paths = gain_backward(&attend);
    back[0] = (struct interval){0, paths.query * g.hi};
    back[1] = (struct interval){0, paths.key * g.hi};
    back[2] = (struct interval){0, paths.value * g.hi};
    coherent[2] = !self->survey.alone[node_of(self, n)->c];
}

static void return_mixture(struct reading *self, int n, struct interval g, struct interval *back, bool *coherent)
{
    const struct graph_node *node = node_of(self, n);
    struct gain_gates gates = gain_gates(&self->block->plan->nodes[n].mixture);
    double sd = self->block->sd[node->index], width = self->block->plan->nodes[n].width;
    back[0] = (struct interval){0, sd * sd * width * self->forms[node->b].gram.square.hi * gates.slope * g.hi};
    back[1] = interval_multiply(gates.squares, g);
    coherent[1] = is_bare(self, n);
}

static void return_head_norm(struct reading *self, int n, struct interval g, struct interval *back, bool *coherent)
{
    int in = node_of(self, n)->a;
    struct interval s = norm_factor(self->forms[in].head, self->block->plan->nodes[n].norm.eps);
    back[0] = interval_multiply(interval_square(s), g);
    coherent[0] = !self->survey.alone[in];
}

/* Of operations whose gradients may depend on their own entries only functions have a bound. */
static void return_component(struct reading *self, int u, struct interval g)
{
    int n = self->survey.node[u];
    enum graph_kind kind = node_of(self, n)->kind;
    struct interval *back = self->returned + PORTS * u;
    bool *coherent = self->coherent + PORTS * u;
    for (int port = 0; port < PORTS; port++)
        back[port] = interval_point(0), coherent[port] = false;
    if (is_zero(g))
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
    else if (kind == GRAPH_NORM)
        return_head_norm(self, n, g, back, coherent);
    else
        return_mixture(self, n, g, back, coherent);
    for (int port = 0; port < PORTS; port++)
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

static void read_backward(struct reading *self, const struct reading_gradient *gradient, struct reading_block *out)
{
    int states = states_of(self);
    self->unbounded = false;
    for (int u = self->survey.components - 1; u > self->block->graph->input_count; u--)
        return_component(self, u, gather(self, u, gradient));
    for (int a = 0; a < states; a++)
        out->gradient.square[a][a] = gather(self, 1 + a, gradient);
    for (int a = 0; a < states; a++) {
        for (int b = 0; b < a; b++) {
            double coherent = 0, most = sqrt(out->gradient.square[a][a].hi * out->gradient.square[b][b].hi);
            struct interval sum = gather_readers(self, 1 + a, 1 + b, &coherent);
            sum = interval_add(sum, gather_outputs(self, 1 + a, 1 + b, gradient));
            sum = is_coherent(self, 1 + a, 1 + b) ? symmetric(most) : interval_meet(sum, symmetric(most));
            out->gradient.square[a][b] = out->gradient.square[b][a] = sum;
        }
    }
    out->gradient_known = !self->unbounded;
}

/* ---- what a block does ---- */

static void put_joint(const struct reading *self, struct reading_block *out)
{
    const struct graph *graph = self->block->graph;
    struct reading_form *of[GRAPH_INPUTS_MAX];
    out->joint = *self->in; // memories stay
    for (int s = 0; s < graph->state_count; s++) {
        struct reading_form *form = of[s] = &self->forms[graph->outputs[s]];
        out->joint.gram[0][1 + s].square = out->joint.gram[0][1 + s].pair = form->mean;
        out->joint.gram[1 + s][0] = out->joint.gram[0][1 + s];
        out->joint.fourth[s] = form->fourth;
        out->joint.head[s] = form->head;
        out->joint.mixed[s] = form->mixed;
        out->joint.gaussian[s] = form->gaussian;
        out->cosines[s] = form->cosines[s];
        for (int i = 0; i <= s; i++)
            out->joint.gram[1 + s][1 + i] = out->joint.gram[1 + i][1 + s] = i == s ? form->gram
                                                                                   : cross(self, form, of[i]);
        for (int m = graph->state_count; m < graph->input_count; m++)
            out->joint.gram[1 + s][1 + m] = out->joint.gram[1 + m][1 + s] = cross_component(self, 1 + m, form);
    }
}

static struct gain_report join_reports(struct gain_report a, struct gain_report b)
{
    return (struct gain_report){interval_join(a.entropy, b.entropy), interval_join(a.relative, b.relative),
                                interval_join(a.square, b.square)};
}

static void put_attentions(struct reading *self, struct reading_block *out)
{
    out->attentions = (struct reading_attentions){0};
    for (int n = 0; n < self->block->graph->node_count; n++) {
        if (node_of(self, n)->kind != GRAPH_ATTEND)
            continue;
        struct gain_attend attend = attend_of(self, n);
        struct gain_report own = gain_report(&attend), *sum = &out->attentions.sum;
        *sum = (struct gain_report){interval_add(sum->entropy, own.entropy), interval_add(sum->relative, own.relative),
                                    interval_add(sum->square, own.square)};
        out->attentions.count++;
    }
}

/* Joins what this piece gave to what others have. */
static void join_branches(struct reading *self, bool first)
{
    const struct graph *graph = self->block->graph;
    struct interval input = own_gram(self, 1)->square;
    for (int s = 0; s < graph->site_count && input.lo > 0; s++) {
        const struct graph_site *site = &graph->sites[s];
        struct reading_branch *all = &self->branches[s], own;
        if (site->output < 0)
            continue;
        own.ratio = divide(self->forms[site->output].gram.square, input);
        own.contribution = divide(self->forms[site->added].gram.square, input);
        *all = first ? own
                     : (struct reading_branch){interval_join(all->ratio, own.ratio),
                                               interval_join(all->contribution, own.contribution)};
    }
}

static void join_block(struct reading_block *all, const struct reading_block *own, int inputs, int states)
{
    for (int i = 0; i <= inputs; i++)
        for (int j = 0; j <= inputs; j++) {
            struct gain_gram *gram = &all->joint.gram[i][j];
            const struct gain_gram *other = &own->joint.gram[i][j];
            *gram = (struct gain_gram){interval_join(gram->square, other->square),
                                       interval_join(gram->pair, other->pair)};
        }
    for (int a = 0; a < states; a++) {
        all->joint.fourth[a] = fmax(all->joint.fourth[a], own->joint.fourth[a]);
        all->joint.head[a] = interval_join(all->joint.head[a], own->joint.head[a]);
        all->cosines[a] = interval_join(all->cosines[a], own->cosines[a]);
        for (int b = 0; b < states; b++)
            all->gradient.square[a][b] = interval_join(all->gradient.square[a][b], own->gradient.square[a][b]);
    }
    all->gradient_known &= own->gradient_known;
    all->attentions.sum = join_reports(all->attentions.sum, own->attentions.sum);
}

static int read_piece(struct reading *self, const struct reading_joint *in, const struct reading_gradient *gradient,
                      struct reading_block *out, struct error *error)
{
    const char *why = read_forward(self, in);
    if (why)
        return error_set(error, ERROR_INPUT, why, self->block->number, self->model->layers);
    put_joint(self, out);
    put_attentions(self, out);
    read_backward(self, gradient, out);
    for (int s = 0; s < states_of(self); s++)
        if (!isfinite(out->gradient.square[s][s].hi) || !isfinite(out->gradient.square[s][s].lo))
            return error_set(error, ERROR_INPUT,
                             "the bounds of the gradient leave the range of double within block %u of %d",
                             self->block->number, self->model->layers);
    return ERROR_NONE;
}

int reading_block(struct reading *self, const struct block *block, const struct reading_joint *in,
                  const struct reading_gradient *gradient, struct reading_block *out, struct error *error)
{
    struct interval pair = in->gram[1][1].pair;
    clear_grams(self); // of the block before
    self->block = block;
    survey_block(&self->survey, block, self->entangled);
    bool splits = self->alike && states_of(self) == 1 && pair.hi > pair.lo;
    int pieces = splits ? PIECES : 1, code = ERROR_NONE;
    double length = (pair.hi - pair.lo) / pieces;
    for (int i = 0; code == ERROR_NONE && i < pieces; i++) {
        struct reading_block own = {0};
        struct reading_joint piece = *in;
        if (pieces > 1)
            piece.gram[1][1].pair = (struct interval){pair.lo + i * length, pair.lo + (i + 1) * length};
        code = read_piece(self, &piece, gradient, &own, error);
        if (code != ERROR_NONE)
            break;
        join_branches(self, i == 0);
        if (i == 0)
            *out = own;
        else
            join_block(out, &own, block->graph->input_count, states_of(self));
    }
    return code;
}

/* ---- a reading ---- */

/* Rows of one attention see the same tokens, and its logits know no order. */
static bool is_without_order(const struct attention *attention)
{
    bool all = attention->rope == 0 && !attention->bias->slope;
    for (int i = 0; i < attention->queries && all; i++) {
        int first, end;
        attention_visible(attention, i, &first, &end);
        all = end - first == attention->keys;
    }
    return all;
}

static bool attentions_without_order(const struct block *block)
{
    bool without_order = true;
    for (int n = 0; n < block->graph->node_count; n++)
        if (block->graph->nodes[n].kind == GRAPH_ATTEND)
            without_order &= is_without_order(&block->plan->nodes[n].attend);
    return without_order;
}

static int check_matrices(const struct block *block, struct error *error)
{
    for (int m = 0; m < block->graph->matrix_count; m++)
        if (block->graph->matrices[m].shared)
            return error_set(error, ERROR_INPUT,
                             "no bounds are known of a matrix that blocks share (%s): what it makes of two inputs is "
                             "correlated",
                             block->graph->matrices[m].label);
    return ERROR_NONE;
}

/* What the largest block takes. */
struct sizes {
    size_t components, places;
};

static int survey_all(struct reading *self, struct sizes *sizes, struct error *error)
{
    *sizes = (struct sizes){1, 1};
    self->alike = !depth_has_router(self->depth);
    for (int b = 0; b < self->depth->block_count; b++) {
        const struct block *block = &self->depth->blocks[b];
        int code = check_matrices(block, error);
        if (code != ERROR_NONE)
            return code;
        survey_block(&self->survey, block, false);
        size_t components = (size_t)self->survey.components, signals = 0;
        self->alike &= attentions_without_order(block);
        self->entangled |= self->survey.entangled;
        for (int n = 0; n < block->graph->node_count; n++)
            signals += graph_is_signal(block->graph->nodes[n].kind);
        signals *= components + (size_t)block->graph->state_count;
        sizes->components = components > sizes->components ? components : sizes->components;
        sizes->places = signals > sizes->places ? signals : sizes->places;
    }
    return ERROR_NONE;
}

static bool allocate(struct reading *self, struct sizes sizes)
{
    self->forms = calloc((size_t)self->depth->nodes_max + 1, sizeof *self->forms);
    self->storage = calloc(sizes.places, sizeof *self->storage);
    self->grams = calloc(memory_multiply(sizes.components, sizes.components), sizeof *self->grams);
    self->linked = calloc(sizes.components, sizeof *self->linked);
    self->returned = calloc(PORTS * sizes.components, sizeof *self->returned);
    self->coherent = calloc(PORTS * sizes.components, sizeof *self->coherent);
    self->branches = calloc((size_t)self->depth->sites_max + 1, sizeof *self->branches);
    self->survey.components = 0;
    return self->forms && self->storage && self->grams && self->linked && self->returned && self->coherent &&
           self->branches;
}

static int init_ranges(struct reading *self, struct error *error)
{
    int code = ERROR_NONE;
    self->ranges = calloc(activation_count, sizeof *self->ranges);
    if (!self->ranges)
        return error_set(error, ERROR_RESOURCE, "out of memory for the bounds' table of activations");
    for (size_t i = 0; code == ERROR_NONE && i < activation_count; i++)
        code = range_init(&self->ranges[i], &activations[i], error);
    return code;
}

int reading_init(struct reading *self, const struct depth *depth, bool skips_only, struct error *error)
{
    struct sizes sizes;
    *self = (struct reading){.model = depth->model, .depth = depth};
    int code = ERROR_NONE;
    if (!survey_init(&self->survey, depth->nodes_max))
        code = error_set(error, ERROR_RESOURCE, "out of memory for the bounds of a block");
    if (code == ERROR_NONE)
        code = gain_context_init(&self->gain, depth->model, skips_only, error);
    if (code == ERROR_NONE)
        code = init_ranges(self, error);
    if (code == ERROR_NONE)
        code = survey_all(self, &sizes, error);
    if (code == ERROR_NONE && !allocate(self, sizes))
        code = error_set(error, ERROR_RESOURCE, "out of memory for the bounds of a block of %zu components",
                         sizes.components);
    if (code != ERROR_NONE)
        reading_free(self);
    return code;
}

void reading_free(struct reading *self)
{
    gain_context_free(&self->gain);
    survey_free(&self->survey);
    for (size_t i = 0; self->ranges && i < activation_count; i++)
        range_free(&self->ranges[i]);
    free(self->ranges);
    free(self->forms);
    free(self->storage);
    free(self->grams);
    free(self->linked);
    free(self->returned);
    free(self->coherent);
    free(self->branches);
    *self = (struct reading){0};
}
