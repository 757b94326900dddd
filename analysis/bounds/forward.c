/* The interval reading of a block, forward.
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
 */
#include "analysis/bounds/forward.h"

/* ---- sums and scales ---- */

static void read_input(struct reading *self, int n, const struct reading_joint *in, struct form *form)
{
    int i = form_node(self, n)->index;
    form->coefficients[1 + i] = interval_point(1);
    form->gram = in->gram[1 + i][1 + i];
    form->fourth = in->fourth[i];
    form->head = in->head[i];
    form->mixed = in->mixed[i];
    form->gaussian = in->gaussian[i];
    if (i < form_states(self))
        form->cosines[i] = interval_point(1);
}

static void read_ones(struct form *form)
{
    form->coefficients[0] = interval_point(1);
    form->gram = gain_gram_ones(interval_point(1));
    form->fourth = 1;
}

/* c / sqrt(c^2 + rest): grows with c, its size falls with rest. */
static double cosine_of(double c, double rest, double undefined)
{
    return c == 0 && rest == 0 ? undefined : c / hypot(c, sqrt(rest));
}

/* From components that are uncorrelated: that of the state against all the others, relative to the state's size. */
static struct interval component_cosine(const struct reading *self, const struct form *form, int state)
{
    struct interval rest = {0, 0}, c = form->coefficients[1 + state], in = form_own_gram(self, 1 + state)->square;
    bool linked = self->linked[1 + state];
    for (int b = 0; b < self->survey.components; b++) {
        if (b == 1 + state || interval_is_zero(form->coefficients[b]))
            continue;
        linked |= self->linked[b];
        rest = interval_add(rest,
                            interval_multiply(interval_square(form->coefficients[b]), form_own_gram(self, b)->square));
    }
    if (in.lo <= 0 || linked)
        return interval_symmetric(1);
    rest = interval_divide(rest, in);
    return (struct interval){cosine_of(c.lo, c.lo >= 0 ? rest.hi : rest.lo, -1),
                             cosine_of(c.hi, c.hi >= 0 ? rest.lo : rest.hi, 1)};
}

static double power4(double x)
{
    return x * x * x * x;
}

static void read_sum(const struct reading *self, const struct form *a, const struct form *b, struct form *form)
{
    struct gain_gram both = gain_gram_scale(2, form_cross(self, a, b));
    struct gain_gram parts = {interval_add(interval_add(a->gram.square, b->gram.square), both.square),
                              interval_add(interval_add(a->gram.pair, b->gram.pair), both.pair)};
    for (int i = 0; i < self->survey.components; i++)
        form->coefficients[i] = interval_add(a->coefficients[i], b->coefficients[i]);
    form->gram = gain_gram_meet(parts, form_whole(self, form));
    form->mixed = a->mixed || b->mixed;
    form->head = (struct interval){0, pow(sqrt(a->head.hi) + sqrt(b->head.hi), 2)};
    form->fourth = power4(pow(a->fourth, 0.25) + pow(b->fourth, 0.25));
    form->gaussian = a->gaussian && b->gaussian;
    for (int s = 0; s < form_states(self); s++) {
        struct interval along = interval_add(interval_multiply(a->cosines[s], interval_root(a->gram.square)),
                                             interval_multiply(b->cosines[s], interval_root(b->gram.square)));
        form->cosines[s] = component_cosine(self, form, s);
        if (form->gram.square.lo > 0)
            form->cosines[s] = interval_meet(form->cosines[s],
                                             interval_divide(along, interval_root(form->gram.square)));
    }
}

static void read_scale(const struct reading *self, const struct form *a, double factor, struct form *form)
{
    for (int i = 0; i < self->survey.components; i++)
        form->coefficients[i] = interval_scale(factor, a->coefficients[i]);
    form->gram = gain_gram_scale(factor * factor, a->gram);
    form->mixed = a->mixed;
    form->head = interval_scale(factor * factor, a->head);
    form->fourth = power4(factor) * a->fourth;
    form->gaussian = a->gaussian;
    for (int s = 0; factor != 0 && s < form_states(self); s++)
        form->cosines[s] = interval_scale(factor < 0 ? -1 : 1, a->cosines[s]);
}

/* What an expert is given: its tokens, or each times its weight. */
static void read_expert(const struct reading *self, int n, const struct form *a, struct form *form)
{
    const struct plan_mixture *mixture = form_mixture(self, n);
    read_scale(self, a, 1, form);
    if (!mixture->weigh->input)
        return;
    struct interval weight = gain_gate(mixture), square = interval_square(weight);
    for (int i = 0; i < self->survey.components; i++)
        form->coefficients[i] = interval_multiply(weight, a->coefficients[i]);
    form->gram = (struct gain_gram){interval_multiply(square, a->gram.square), interval_multiply(square, a->gram.pair)};
    form->head = interval_multiply(square, a->head);
    form->fourth = power4(weight.hi) * a->fourth;
}

/* q / (q + eps) of a second moment. */
static struct interval normed(struct interval q, double eps)
{
    return (struct interval){q.lo / (q.lo + eps), isfinite(q.hi) ? q.hi / (q.hi + eps) : 1};
}

/* ---- components ---- */

/* mean 1 + the node's component, whose Gram is the rest. */
static void read_fresh(struct reading *self, int n, struct gain_gram gram, struct interval mean, struct form *form)
{
    int own = self->survey.component[n];
    form->coefficients[own] = interval_point(1);
    form->coefficients[0] = mean;
    form->gram = gram = form_tidied(self, gram, form->memory);
    *form_gram(self, own, own) = interval_is_zero(mean)
                                     ? gram
                                     : form_tidied(self, gain_gram_without(gram, gain_gram_ones(mean)), form->memory);
}

static bool is_gaussian_component(const struct reading *self, int component)
{
    int n = self->survey.node[component];
    return component == 0 || (n >= 0 ? form_node(self, n)->kind == GRAPH_MAP : self->in->gaussian[component - 1]);
}

/* With every component before it whose base meets its own; `others`: with those that are not Gaussian. */
static void link_related_but(struct reading *self, int component, bool gaussian_too)
{
    for (int b = 1; b < component; b++)
        if (survey_components_related(&self->survey, component, b) && (gaussian_too || !is_gaussian_component(self, b)))
            form_link_unknown(self, component, b);
}

static void link_related(struct reading *self, int component)
{
    link_related_but(self, component, true);
}

/* ---- operations ---- */

/* By heads that differ in size: not linear any more. */
static void read_head_norm(struct reading *self, int n, const struct form *a, struct form *form)
{
    struct interval square = normed(a->head, self->block->plan->nodes[n].norm.eps);
    struct interval mean = interval_is_zero(a->mean) ? a->mean : interval_symmetric(sqrt(square.hi));
    form->mixed = true;
    form->head = square;
    form->fourth = a->fourth * pow(form_norm_factor(a->head, self->block->plan->nodes[n].norm.eps).hi, 4);
    read_fresh(self, n, (struct gain_gram){square, interval_symmetric(square.hi)}, mean, form);
    if (!self->survey.alone[form_node(self, n)->a])
        link_related(self, self->survey.component[n]);
}

static void read_norm(struct reading *self, int n, const struct form *a, struct form *form)
{
    const struct plan_norm *norm = &self->block->plan->nodes[n].norm;
    if (norm->groups > 1 && a->mixed) {
        read_head_norm(self, n, a, form);
        return;
    }
    bool centres = norm->norm->centres && !interval_is_zero(a->mean);
    struct gain_gram centred = centres ? gain_gram_without(a->gram, gain_gram_ones(a->mean)) : a->gram;
    struct interval s = form_norm_factor(centred.square, norm->eps);
    for (int i = 0; i < self->survey.components; i++)
        form->coefficients[i] = interval_multiply(s, a->coefficients[i]);
    if (centres) {
        struct interval others = {0, 0};
        for (int i = 1; i < self->survey.components; i++)
            others = interval_add(others, interval_multiply(form->coefficients[i], form_gram(self, 0, i)->square));
        form->coefficients[0] = interval_scale(-1, others);
    }
    form->gram = (struct gain_gram){normed(centred.square, norm->eps),
                                    interval_multiply(interval_square(s), centred.pair)};
    form->mixed = a->mixed;
    form->head = interval_multiply(interval_square(s), a->head);
    form->fourth = (centres ? 16 : 1) * a->fourth * power4(s.hi); // |x - E x| has at most twice the fourth root's
    form->gaussian = a->gaussian;
    for (int i = 0; !centres && i < form_states(self); i++)
        form->cosines[i] = a->cosines[i];
}

static void read_map(struct reading *self, int n, const struct form *a, struct form *form)
{
    int in = form_node(self, n)->a;
    double sd = self->block->sd[form_node(self, n)->index], width = self->block->plan->nodes[in].width;
    form->gaussian = true;
    read_fresh(self, n, gain_gram_scale(sd * sd * width, a->gram), interval_point(0), form);
}

/* |f(x)| <= |f(0)| + L |x|, and the sup. */
static double largest(const struct range *range, double size)
{
    double zero = 0, at_zero;
    range->activation->value(1, &zero, &at_zero);
    return fmin(interval_magnitude(range->value), fabs(at_zero) + range->steepest * size);
}

static void read_function(struct reading *self, int n, const struct form *a, struct form *form)
{
    struct range *range = form_range(self, n);
    double steepest = range->steepest * range->steepest;
    struct gain_gram gram;
    gram.square = (struct interval){interval_square(range->value).lo, pow(largest(range, sqrt(a->head.hi)), 2)};
    gram.pair = (struct interval){gram.square.lo - steepest * (a->gram.square.hi - a->gram.pair.lo), gram.square.hi};
    if (range->nonnegative)
        gram.pair.lo = fmax(0, gram.pair.lo);
    gram = form_tidied(self, gram, form->memory);
    form->mixed = a->mixed;
    form->head = gram.square;
    form->fourth = power4(largest(range, pow(a->fourth, 0.25)));
    read_fresh(self, n, gram, interval_meet(range->value, interval_symmetric(sqrt(gram.square.hi))), form);
    if (!self->survey.alone[form_node(self, n)->a])
        link_related(self, self->survey.component[n]);
}

static void read_kernel(struct reading *self, int n, const struct form *a, struct form *form)
{
    struct range *range = form_range(self, n);
    struct interval mean = range_moments(range, RANGE_MEAN, a->gram.square);
    struct gain_gram gram = {range_moments(range, RANGE_SQUARE, a->gram.square),
                             self->alike ? range_pair_alike(range, a->gram.square, a->gram.pair)
                                         : range_pair(range, a->gram.square, a->gram.pair)};
    int own = self->survey.component[n];
    form->fourth = power4(largest(range, pow(a->fourth, 0.25)));
    read_fresh(self, n, gram, mean, form);
    if (self->survey.alone[form_node(self, n)->a])
        return;
    if (self->survey.swayed[n]) {
        link_related(self, own);
        return;
    }
    struct interval gamma = range_moments(range, RANGE_TILT, a->gram.square);
    for (int i = 1; i < own; i++)
        form->coefficients[i] = interval_multiply(gamma, a->coefficients[i]);
    *form_gram(self, own, own) = form_tidied(
        self, gain_gram_without(*form_own_gram(self, own), gain_gram_multiply(gain_gram_ones(gamma), a->gram)),
        form->memory);
    link_related_but(self, own, false);
}

static void add_scaled(const struct reading *self, struct interval factor, const struct form *a, struct form *form)
{
    for (int i = 0; i < self->survey.components; i++)
        form->coefficients[i] = interval_add(form->coefficients[i], interval_multiply(factor, a->coefficients[i]));
}

static void read_product(struct reading *self, int n, const struct form *a, const struct form *b, struct form *form)
{
    const struct graph_node *node = form_node(self, n);
    bool keep_a = !self->survey.alone[node->a], keep_b = !self->survey.alone[node->b];
    struct interval both = interval_multiply(a->mean, b->mean);
    int own = self->survey.component[n];
    form->mixed = a->mixed || b->mixed;
    form->fourth = a->fourth * b->fourth;
    form->head = interval_multiply(a->head, b->head);
    read_fresh(self, n, gain_gram_multiply(a->gram, b->gram), both, form);
    if (!keep_a && !keep_b)
        return;
    form->coefficients[0] = interval_scale(keep_a && keep_b ? -1 : 0, both);
    if (keep_a)
        add_scaled(self, b->mean, a, form);
    if (keep_b)
        add_scaled(self, a->mean, b, form);
    *form_gram(self, own, own) = form_tidied(
        self,
        gain_gram_multiply(keep_b ? gain_gram_without(a->gram, gain_gram_ones(a->mean)) : a->gram,
                           keep_a ? gain_gram_without(b->gram, gain_gram_ones(b->mean)) : b->gram),
        form->memory);
    for (int j = 1; j < own; j++) {
        int other = self->survey.node[j];
        if (other >= 0 && survey_related(&self->survey, other, node->a) &&
            survey_related(&self->survey, other, node->b))
            form_link_unknown(self, own, j);
    }
}

static void read_dependent_product(struct reading *self, int n, const struct form *a, const struct form *b,
                                   struct form *form)
{
    struct interval mean = form_cross(self, a, b).square;
    double most = sqrt(a->fourth) * sqrt(b->fourth);
    form->mixed = a->mixed || b->mixed;
    form->head = (struct interval){0, most};
    form->fourth = a->gaussian && b->gaussian ? 105 * pow(a->gram.square.hi * b->gram.square.hi, 2) : INFINITY;
    read_fresh(self, n, (struct gain_gram){{interval_square(mean).lo, most}, interval_symmetric(most)}, mean, form);
    link_related(self, self->survey.component[n]);
}

static void read_attend(struct reading *self, int n, struct form *form)
{
    const struct graph_node *node = form_node(self, n);
    struct gain_attend attend = form_attend(self, n);
    const struct form *v = &self->forms[node->c];
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
    *form_gram(self, own, own) = form->gram;
    for (int b = 0; b < own; b++) {
        struct gain_gram with = form_with_component(self, b, v);
        struct interval any = interval_join(with.square, with.pair);
        if (attend.attention->sink)
            any = interval_join(any, interval_point(0));
        if (!interval_is_zero(any))
            form_link(self, own, b, (struct gain_gram){any, any});
    }
}

/* Features of two laws, each as large a part as its group's. */
static struct interval joined(const struct join *join, struct interval a, struct interval b)
{
    double first = (double)join->first / (join->first + join->second);
    return interval_add(interval_scale(first, a), interval_scale(1 - first, b));
}

static void read_join(struct reading *self, int n, const struct form *a, const struct form *b, struct form *form)
{
    const struct join *join = &self->block->plan->nodes[n].join;
    struct gain_gram gram = {joined(join, a->gram.square, b->gram.square), joined(join, a->gram.pair, b->gram.pair)};
    form->mixed = true;
    form->head = joined(join, a->head, b->head);
    form->fourth = joined(join, interval_point(a->fourth), interval_point(b->fourth)).hi;
    read_fresh(self, n, gram, joined(join, a->mean, b->mean), form);
    link_related(self, self->survey.component[n]);
}

static void read_mixture(struct reading *self, int n, const struct form *body, struct form *form)
{
    struct gain_gates gates = gain_gates(&self->block->plan->nodes[n].mixture);
    struct interval share = {0, gates.squares.hi}, mean = interval_multiply(gates.sum, body->mean);
    struct gain_gram rest = gain_gram_without(body->gram, gain_gram_ones(body->mean)), common = gain_gram_ones(mean);
    struct gain_gram gram = {interval_add(interval_multiply(gates.squares, rest.square), common.square),
                             interval_add(interval_multiply(share, rest.pair), common.pair)};
    form->mixed = body->mixed;
    form->head = interval_multiply(share, body->head);
    form->fourth = power4(gates.sum.hi) * body->fourth;
    if (form_is_bare(self, n)) {
        double most = gates.sum.hi * gates.sum.hi * body->gram.square.hi;
        gram = (struct gain_gram){{0, most}, interval_symmetric(most)};
    }
    read_fresh(self, n, gram, mean, form);
    if (form_is_bare(self, n))
        link_related(self, self->survey.component[n]);
}

static void read_pointwise(struct reading *self, int n, const struct form *a, struct form *form)
{
    (a->gaussian && !a->mixed ? read_kernel : read_function)(self, n, a, form);
}

static void read_node(struct reading *self, int n, const struct reading_joint *in, struct form *form)
{
    const struct graph_node *node = form_node(self, n);
    const struct form *a = node->a >= 0 ? &self->forms[node->a] : NULL;
    const struct form *b = node->b >= 0 ? &self->forms[node->b] : NULL;
    if (node->kind == GRAPH_INPUT)
        read_input(self, n, in, form);
    else if (node->kind == GRAPH_ONES)
        read_ones(form);
    else if (node->kind == GRAPH_SUM)
        read_sum(self, a, b, form);
    else if (node->kind == GRAPH_SCALE)
        read_scale(self, a, self->block->scalars[node->b], form);
    else if (node->kind == GRAPH_EXPERT)
        read_expert(self, n, a, form);
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
    else if (node->kind == GRAPH_JOIN)
        read_join(self, n, a, b, form);
    else
        read_mixture(self, n, b, form);
}

static bool is_finite(const struct reading *self, const struct form *form)
{
    bool finite = isfinite(form->gram.square.hi) && isfinite(form->gram.square.lo) && isfinite(form->gram.pair.lo);
    for (int i = 0; i < self->survey.components; i++)
        finite = finite && isfinite(form->coefficients[i].lo) && isfinite(form->coefficients[i].hi);
    return finite;
}

static const char range_left[] = "the bounds of the signal leave the range of double in block %u of %d; fewer layers, "
                                 "smaller weights or a norm would keep them there";
static const char fourth_unknown[] = "no bound is known in block %u of %d of a product of signals that depend on each "
                                     "other and are themselves products of such, or it leaves the range of double";

const char *forward_block(struct reading *self, const struct reading_joint *in)
{
    size_t place = 0;
    self->in = in;
    form_link_inputs(self, in);
    for (int n = 0; n < self->block->graph->node_count; n++) {
        struct form *form = &self->forms[n];
        if (!graph_is_signal(form_node(self, n)->kind))
            continue;
        form_begin(self, n, place++, form);
        read_node(self, n, in, form);
        form_finish(self, form);
        if (!is_finite(self, form))
            return form_node(self, n)->kind == GRAPH_PRODUCT ? fourth_unknown : range_left;
    }
    return NULL;
}
