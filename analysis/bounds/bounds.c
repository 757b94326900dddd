/* The interval reading of a graph.
 *
 * What is enclosed. A signal of a block is sum_b diag(c_b) B_b over components B_b that are uncorrelated: the block's
 * input, and one fresh component for each branch (theory.md, section 3). Kept of a signal: an interval for each
 * coefficient c_b(t), common to all tokens t; one for the diagonal entries of its Gram and one for the others; one for
 * its cosine with the block's input at a token. Two skips from one source add coefficients, so they stay coherent.
 *
 * Forward, per token. Sum: the Gram is that of the parts plus twice the coherent cross terms, and also the sum over
 * components; both enclose it, so their meet does. Norm: coefficients times s = 1/sqrt(q + eps), diagonal q/(q + eps),
 * cosine unchanged. Branch: analysis/gain. Hence the mean over tokens of x^2 (activation_variance) lies in the
 * diagonal's interval, as every token's does.
 *
 * Backward, means over tokens. Through sums, scales and norms a component reaches the block's output, or what a branch
 * reads, multiplied by diag(c_b); the gradient comes back multiplied by the same matrix, its own transpose. What comes
 * back from the output and from each branch is uncorrelated, so with g = 1 at the output the mean square at component b
 * is g_b = mean_t c_b(out)^2 Gamma_tt + sum_u mean_t c_b(u)^2 (returned by u)_tt,   returned by u = gain_u g_u, which
 * lies between the least and the greatest c_b^2 times each mean square. Lower ends hold for every token by itself: the
 * coefficients and the FFN's gain do, and attention's lower end is 0. Upper ends hold for means only, since attention
 * may gather all gradient at one token: a token has at most T times the mean.
 *
 * The ratio of mean squares over a block does not depend on what arrives, so blocks are read once, bottom to top, and
 * their ratios multiplied from the top down, in an extended range.
 *
 * Pieces. Operands of an operation vary apart from each other in interval arithmetic: x / (1 + x) would be anything
 * from lo / (1 + hi) to hi / (1 + lo), and intervals grow from block to block even where the formula contracts. Where
 * tokens are alike a Gram is two numbers, so that a block may be read once for each piece of its input's interval of
 * pairs and the enclosures joined (Moore, Interval Analysis, 1966): what is lost falls with the pieces' number.
 *
 * Sharp for skips and FFNs; ceilings of attention are loose where tokens may be unequal (analysis/gain).
 */
#include "analysis/bounds/bounds.h"

#include <stdlib.h>

#include "analysis/bounds/gain.h"

enum { PIECES = 16 };

struct form {
    struct interval *coefficients; /* [components] */
    struct gain_gram gram;
    struct interval cosine; /* with the block's input, at a token */
};

/* What is reported of a branch; the entropies of an attention. */
struct branch_bounds {
    struct interval ratio, entropy, relative;
};

struct reading {
    const struct model *model;
    const struct depth *depth;
    struct gain_context gain;
    int components_max;
    /* Of one block: */
    const struct block *block;
    int components;                 /* 1 + sites */
    struct form *forms;             /* [node_count] */
    struct interval *storage;       /* behind the coefficients */
    struct gain_gram *sources;      /* [components]: Grams of the block's input and each branch's output */
    struct interval *returned;      /* [components]: mean squares of what the branches return, at 1 + s */
    struct branch_bounds *branches; /* [sites], of all pieces */
};

/* What a block does to its input. */
struct block_bounds {
    struct gain_gram gram;
    struct interval cosine, gradient;
};

static int reading_init(struct reading *self, const struct depth *depth, bool skips_only, struct error *error)
{
    size_t nodes = 1, components = (size_t)depth->sites_max + 1;
    for (int b = 0; b < depth->block_count; b++)
        nodes = (size_t)depth->blocks[b].graph->node_count > nodes ? (size_t)depth->blocks[b].graph->node_count : nodes;
    *self = (struct reading){.model = depth->model, .depth = depth};
    int code = gain_context_init(&self->gain, depth->model, depth_has_router(depth), skips_only, error);
    if (code != ERROR_NONE)
        return code;
    self->forms = calloc(nodes, sizeof *self->forms);
    self->storage = calloc(nodes * components, sizeof *self->storage);
    self->sources = calloc(components, sizeof *self->sources);
    self->returned = calloc(components, sizeof *self->returned);
    self->branches = calloc(components, sizeof *self->branches);
    if (self->forms && self->storage && self->sources && self->returned && self->branches)
        return ERROR_NONE;
    return error_set(error, ERROR_RESOURCE, "out of memory for the bounds of a block of %zu nodes", nodes);
}

static void reading_free(struct reading *self)
{
    gain_context_free(&self->gain);
    free(self->forms);
    free(self->storage);
    free(self->sources);
    free(self->returned);
    free(self->branches);
}

static struct interval root(struct interval a)
{
    return (struct interval){sqrt(fmax(a.lo, 0)), sqrt(fmax(a.hi, 0))};
}

/* a / b for b >= 0 that does not contain 0. */
static struct interval divide(struct interval a, struct interval b)
{
    return interval_multiply(a, (struct interval){1 / b.hi, 1 / b.lo});
}

/* A Gram is positive semidefinite: no entry off its diagonal exceeds the diagonal, and exchangeable tokens have no
 * correlation below -1/(T - 1). */
static void tidy(const struct reading *self, struct form *form)
{
    struct gain_gram *gram = &form->gram;
    int T = self->model->tokens;
    gram->square.lo = fmax(0, gram->square.lo);
    gram->square.hi = fmax(gram->square.hi, gram->square.lo);
    double least = self->gain.alike && T > 1 ? -gram->square.hi / (T - 1) : -gram->square.hi;
    gram->pair = interval_meet(gram->pair, (struct interval){least, gram->square.hi});
    form->cosine = interval_meet(form->cosine, (struct interval){-1, 1});
}

/* ---- forward ---- */

static void read_input(struct reading *self, struct form *form)
{
    form->coefficients[0] = interval_point(1);
    form->gram = self->sources[0];
    form->cosine = interval_point(1);
}

/* c / sqrt(c^2 + rest): grows with c, its size falls with rest. */
static double cosine_of(double c, double rest, double undefined)
{
    return c == 0 && rest == 0 ? undefined : c / hypot(c, sqrt(rest));
}

/* From the components: c_0 against all the others, relative to the input's size. */
static struct interval component_cosine(const struct reading *self, const struct form *form)
{
    struct interval rest = {0, 0}, c = form->coefficients[0];
    if (self->sources[0].square.lo <= 0)
        return (struct interval){-1, 1};
    for (int b = 1; b < self->components; b++)
        rest = interval_add(rest, interval_multiply(interval_square(form->coefficients[b]), self->sources[b].square));
    rest = divide(rest, self->sources[0].square);
    return (struct interval){cosine_of(c.lo, c.lo >= 0 ? rest.hi : rest.lo, -1),
                             cosine_of(c.hi, c.hi >= 0 ? rest.lo : rest.hi, 1)};
}

/* Where no component is shared the cross terms are 0 and the Grams add. */
static void read_sum(const struct reading *self, const struct form *a, const struct form *b, struct form *form)
{
    struct gain_gram parts = {interval_add(a->gram.square, b->gram.square), interval_add(a->gram.pair, b->gram.pair)};
    struct gain_gram whole = {{0, 0}, {0, 0}};
    for (int i = 0; i < self->components; i++) {
        const struct gain_gram *source = &self->sources[i];
        struct interval both = interval_multiply(a->coefficients[i], b->coefficients[i]);
        struct interval sum = interval_add(a->coefficients[i], b->coefficients[i]);
        parts.square = interval_add(parts.square, interval_scale(2, interval_multiply(both, source->square)));
        parts.pair = interval_add(parts.pair, interval_scale(2, interval_multiply(both, source->pair)));
        whole.square = interval_add(whole.square, interval_multiply(interval_square(sum), source->square));
        whole.pair = interval_add(whole.pair, interval_multiply(interval_multiply(sum, sum), source->pair));
        form->coefficients[i] = sum;
    }
    form->gram = (struct gain_gram){interval_meet(parts.square, whole.square), interval_meet(parts.pair, whole.pair)};
    form->cosine = component_cosine(self, form);
    if (form->gram.square.lo > 0) {
        struct interval along = interval_add(interval_multiply(a->cosine, root(a->gram.square)),
                                             interval_multiply(b->cosine, root(b->gram.square)));
        form->cosine = interval_meet(form->cosine, divide(along, root(form->gram.square)));
    }
}

static void read_scale(const struct reading *self, const struct form *a, double factor, struct form *form)
{
    for (int i = 0; i < self->components; i++)
        form->coefficients[i] = interval_scale(factor, a->coefficients[i]);
    form->gram.square = interval_scale(factor * factor, a->gram.square);
    form->gram.pair = interval_scale(factor * factor, a->gram.pair);
    form->cosine = factor == 0 ? (struct interval){-1, 1} : interval_scale(factor < 0 ? -1 : 1, a->cosine);
}

static struct interval norm_factor(const struct reading *self, const struct form *a)
{
    double eps = self->model->eps;
    return (struct interval){1 / sqrt(a->gram.square.hi + eps), 1 / sqrt(a->gram.square.lo + eps)};
}

static void read_norm(const struct reading *self, const struct form *a, struct form *form)
{
    struct interval s = norm_factor(self, a), q = a->gram.square;
    double eps = self->model->eps;
    for (int i = 0; i < self->components; i++)
        form->coefficients[i] = interval_multiply(s, a->coefficients[i]);
    form->gram.square = (struct interval){q.lo / (q.lo + eps), q.hi / (q.hi + eps)};
    form->gram.pair = interval_multiply(interval_square(s), a->gram.pair);
    form->cosine = a->cosine;
}

static void read_branch(struct reading *self, const struct graph_node *node, const struct form *a, struct form *form)
{
    int component = 1 + node->site;
    form->gram = gain_forward(&self->gain, node->kind, self->block->sd, a->gram);
    form->coefficients[component] = interval_point(1);
    form->cosine = interval_point(0);
    tidy(self, form);
    self->sources[component] = form->gram;
}

static bool is_finite(const struct form *form, int components)
{
    bool finite = isfinite(form->gram.square.hi) && isfinite(form->gram.square.lo);
    for (int i = 0; i < components; i++)
        finite = finite && isfinite(form->coefficients[i].lo) && isfinite(form->coefficients[i].hi);
    return finite;
}

/* False where a bound leaves the range of double. */
static bool read_forward(struct reading *self, struct gain_gram in)
{
    const struct graph *graph = self->block->graph;
    self->sources[0] = in;
    for (int i = 1; i < self->components; i++)
        self->sources[i] = (struct gain_gram){{0, 0}, {0, 0}}; // until the branch is read
    for (int n = 0; n < graph->node_count; n++) {
        const struct graph_node *node = &graph->nodes[n];
        struct form *form = &self->forms[n];
        const struct form *a = node->a >= 0 ? &self->forms[node->a] : NULL;
        if (!graph_is_signal(node->kind))
            continue;
        form->coefficients = self->storage + (size_t)n * (size_t)self->components;
        for (int i = 0; i < self->components; i++)
            form->coefficients[i] = interval_point(0);
        if (node->kind == GRAPH_INPUT)
            read_input(self, form);
        else if (node->kind == GRAPH_SUM)
            read_sum(self, a, &self->forms[node->b], form);
        else if (node->kind == GRAPH_SCALE)
            read_scale(self, a, self->block->scalars[node->b], form);
        else if (node->kind == GRAPH_NORM)
            read_norm(self, a, form);
        else
            read_branch(self, node, a, form);
        tidy(self, form);
        if (!is_finite(form, self->components))
            return false;
    }
    return true;
}

/* ---- backward ---- */

/* The mean square of the gradient at a component: from the block's output, and from each branch that reads it. */
static struct interval gradient_at(const struct reading *self, int component)
{
    const struct graph *graph = self->block->graph;
    struct interval sum = interval_square(self->forms[graph->output].coefficients[component]);
    for (int s = 0; s < graph->site_count; s++) {
        struct interval c = self->forms[graph->nodes[graph->sites[s].node].a].coefficients[component];
        sum = interval_add(sum, interval_multiply(interval_square(c), self->returned[1 + s]));
    }
    return sum;
}

/* The mean square of the gradient at the block's input over that at its output. Branches in reverse: what reads a
 * branch comes after it. */
static struct interval read_backward(struct reading *self)
{
    const struct graph *graph = self->block->graph;
    for (int i = 0; i < self->components; i++)
        self->returned[i] = interval_point(0);
    for (int n = graph->node_count - 1; n >= 0; n--) {
        const struct graph_node *node = &graph->nodes[n];
        if (!graph_is_branch(node->kind))
            continue;
        struct interval gain = gain_backward(&self->gain, node->kind, self->block->sd, self->forms[node->a].gram);
        self->returned[1 + node->site] = interval_multiply(gain, gradient_at(self, 1 + node->site));
    }
    return gradient_at(self, 0);
}

/* Joins what this piece gave to what others have. */
static void join_branches(struct reading *self, bool first)
{
    const struct graph *graph = self->block->graph;
    for (int s = 0; s < graph->site_count; s++) {
        const struct graph_node *node = &graph->nodes[graph->sites[s].node];
        struct branch_bounds own = {0}, *all = &self->branches[s];
        if (self->sources[0].square.lo > 0)
            own.ratio = divide(self->sources[1 + s].square, self->sources[0].square);
        if (branch_of(node->kind)->has_entropy)
            gain_entropy(&self->gain, self->block->sd, self->forms[node->a].gram, &own.entropy, &own.relative);
        *all = first ? own
                     : (struct branch_bounds){interval_join(all->ratio, own.ratio),
                                              interval_join(all->entropy, own.entropy),
                                              interval_join(all->relative, own.relative)};
    }
}

static int read_piece(struct reading *self, struct gain_gram in, struct block_bounds *out, struct error *error)
{
    const struct block *block = self->block;
    if (!read_forward(self, in))
        return error_set(error, ERROR_INPUT,
                         "the bounds of the signal leave the range of double in block %u of %d; fewer layers, smaller "
                         "weights or a norm would keep them there",
                         block->number, self->model->layers);
    const struct form *form = &self->forms[block->graph->output];
    *out = (struct block_bounds){form->gram, form->cosine, read_backward(self)};
    if (isfinite(out->gradient.hi) && isfinite(out->gradient.lo))
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT, "the bounds of the gradient leave the range of double within block %u of %d",
                     block->number, self->model->layers);
}

static int read_block(struct reading *self, const struct block *block, struct gain_gram in, struct block_bounds *out,
                      struct error *error)
{
    self->block = block;
    self->components = 1 + block->graph->site_count;
    int pieces = self->gain.alike && in.pair.hi > in.pair.lo ? PIECES : 1, code = ERROR_NONE;
    double length = (in.pair.hi - in.pair.lo) / pieces;
    for (int i = 0; code == ERROR_NONE && i < pieces; i++) {
        struct block_bounds own;
        struct gain_gram piece = {in.square, {in.pair.lo + i * length, in.pair.lo + (i + 1) * length}};
        code = read_piece(self, pieces > 1 ? piece : in, &own, error);
        if (code != ERROR_NONE)
            break;
        join_branches(self, i == 0);
        *out = i == 0 ? own
                      : (struct block_bounds){{interval_join(out->gram.square, own.gram.square),
                                               interval_join(out->gram.pair, own.gram.pair)},
                                              interval_join(out->cosine, own.cosine),
                                              interval_join(out->gradient, own.gradient)};
    }
    return code;
}

/* ---- the columns ---- */

static void put(const struct depth *depth, struct bounds *bounds, int layer, int column, struct interval value)
{
    size_t cell = (size_t)layer * (size_t)depth->schema.column_count + (size_t)column;
    bounds->lo[cell] = wide_of(value.lo);
    bounds->hi[cell] = wide_of(value.hi);
}

/* As put, where the schema has the observable. */
static void put_layer(const struct depth *depth, struct bounds *bounds, int layer, enum observe_id id,
                      struct interval value)
{
    if (depth->schema.layer_column[id] >= 0)
        put(depth, bounds, layer, depth->schema.layer_column[id], value);
}

/* The mean over pairs of cov / sqrt(q_s q_t); a Gram of T unit vectors has a mean pair of -1/(T - 1) at least. */
static struct interval token_cosine(const struct gain_gram *gram, int tokens)
{
    struct interval all = {-1.0 / (tokens > 1 ? tokens - 1 : 1), 1};
    return gram->square.lo > 0 ? interval_meet(all, divide(gram->pair, gram->square)) : all;
}

static void put_signal(const struct depth *depth, struct bounds *bounds, int layer, const struct gain_gram *gram)
{
    const int *tokens = depth->schema.token_column;
    put_layer(depth, bounds, layer, OBSERVE_ACTIVATION_VARIANCE, gram->square);
    put_layer(depth, bounds, layer, OBSERVE_TOKEN_COSINE, token_cosine(gram, depth->schema.tokens));
    for (int t = 0; tokens[OBSERVE_ACTIVATION_VARIANCE] >= 0 && t < depth->schema.tokens; t++)
        put(depth, bounds, layer, tokens[OBSERVE_ACTIVATION_VARIANCE] + t, gram->square);
}

/* The cosine of the flattened matrices, sum_t sqrt(a_t b_t) cos_t / sqrt(sum a sum b) with a_t, b_t the tokens' second
 * moments. sum sqrt(a b) is at most sqrt(sum a sum b), and at least 2 / (v + 1/v) of it, v^4 = a.hi b.hi / a.lo b.lo
 * (Polya and Szego, the reverse of Cauchy-Schwarz); tokens that are alike have v = 1. */
static struct interval layer_cosine(const struct reading *self, const struct gain_gram *in,
                                    const struct block_bounds *block)
{
    struct interval a = in->square, b = block->gram.square, cosine = block->cosine;
    double share = 1;
    if (!self->gain.alike) {
        double v = a.lo > 0 && b.lo > 0 ? pow(a.hi / a.lo * (b.hi / b.lo), 0.25) : INFINITY;
        share = 2 / (v + 1 / v);
    }
    return (struct interval){cosine.lo * (cosine.lo > 0 ? share : 1), cosine.hi * (cosine.hi < 0 ? share : 1)};
}

static void put_branches(const struct reading *self, const struct gain_gram *in, struct bounds *bounds, int layer)
{
    const struct depth *depth = self->depth;
    struct interval entropy = {0, 0}, relative = {0, 0};
    int attentions = 0;
    for (int s = 0; s < self->block->graph->site_count; s++) {
        const struct observe_branch *branch = &depth->schema.branches[depth->branch_index[layer - 1][s]];
        if (in->square.lo > 0)
            put(depth, bounds, layer, branch->ratio, self->branches[s].ratio);
        if (!branch_of(branch->kind)->has_entropy)
            continue;
        entropy = interval_add(entropy, self->branches[s].entropy);
        relative = interval_add(relative, self->branches[s].relative);
        attentions++;
    }
    if (attentions == 0)
        return;
    put_layer(depth, bounds, layer, OBSERVE_ATTENTION_ENTROPY, interval_scale(1.0 / attentions, entropy));
    put_layer(depth, bounds, layer, OBSERVE_ATTENTION_ENTROPY_RELATIVE, interval_scale(1.0 / attentions, relative));
}

/* ---- the stack ---- */

static int read_up(struct reading *self, struct bounds *bounds, struct interval *ratios, struct error *error)
{
    const struct model *model = self->model;
    double square = model->input_scale * model->input_scale;
    struct gain_gram gram = {interval_point(square), interval_point(model->input_correlation * square)};
    put_signal(self->depth, bounds, 0, &gram);
    for (int b = 0; b < self->depth->block_count; b++) {
        struct block_bounds block;
        int code = read_block(self, &self->depth->blocks[b], gram, &block, error);
        if (code != ERROR_NONE)
            return code;
        ratios[b] = block.gradient;
        if (b < model->layers) {
            put_signal(self->depth, bounds, b + 1, &block.gram);
            put_layer(self->depth, bounds, b + 1, OBSERVE_LAYER_COSINE, layer_cosine(self, &gram, &block));
            put_branches(self, &gram, bounds, b + 1);
        }
        gram = block.gram;
    }
    return ERROR_NONE;
}

static struct wide times(struct wide w, double factor)
{
    int exponent;
    double mantissa = frexp(w.mantissa * factor, &exponent);
    return (struct wide){mantissa, mantissa == 0 ? 0 : w.exponent + exponent};
}

/* lo and hi: the gradient's mean square over the cotangent's. */
static void put_gradient(const struct depth *depth, struct bounds *bounds, int layer, struct wide lo, struct wide hi)
{
    const struct model *model = depth->model;
    const int *column = depth->schema.layer_column, *tokens = depth->schema.token_column;
    size_t row = (size_t)layer * (size_t)depth->schema.column_count;
    int T = model->tokens;
    double sum = 0;
    for (int t = 0; t < T; t++)
        sum += model->cotangent->gram(T, t, t);
    bounds->lo[row + (size_t)column[OBSERVE_GRADIENT_VARIANCE]] = times(lo, sum / T);
    bounds->hi[row + (size_t)column[OBSERVE_GRADIENT_VARIANCE]] = times(hi, sum / T);
    if (column[OBSERVE_GRADIENT_SPECIFIC] >= 0)
        bounds->hi[row + (size_t)column[OBSERVE_GRADIENT_SPECIFIC]] = times(hi, sum / T);
    for (int t = 0; tokens[OBSERVE_GRADIENT_VARIANCE] >= 0 && t < T; t++) {
        size_t cell = row + (size_t)(tokens[OBSERVE_GRADIENT_VARIANCE] + t);
        bounds->lo[cell] = times(lo, model->cotangent->gram(T, t, t));
        bounds->hi[cell] = times(hi, sum);
    }
}

static void read_down(const struct depth *depth, const struct interval *ratios, struct bounds *bounds)
{
    struct wide lo = wide_of(1), hi = wide_of(1);
    for (int b = depth->block_count; b >= 0; b--) {
        if (b < depth->block_count) {
            lo = times(lo, ratios[b].lo);
            hi = times(hi, ratios[b].hi);
        }
        if (b <= depth->model->layers)
            put_gradient(depth, bounds, b, lo, hi);
    }
}

int bounds_derive(const struct model *model, const struct bounds_options *options, struct bounds *bounds,
                  struct error *error)
{
    *bounds = (struct bounds){0};
    struct reading reading = {0};
    struct interval *ratios = NULL;
    int code = depth_init(&bounds->depth, model, options->per_token, error);
    if (code != ERROR_NONE)
        return code;
    size_t cells = memory_multiply((size_t)model->layers + 1, (size_t)bounds->depth.schema.column_count);
    bounds->lo = calloc(cells, sizeof *bounds->lo);
    bounds->hi = calloc(cells, sizeof *bounds->hi);
    ratios = calloc((size_t)bounds->depth.block_count, sizeof *ratios);
    if (!bounds->lo || !bounds->hi || !ratios)
        code = error_set(error, ERROR_RESOURCE, "out of memory for the bounds of %d layers", model->layers);
    for (size_t i = 0; code == ERROR_NONE && i < cells; i++)
        bounds->lo[i] = bounds->hi[i] = wide_absent();
    if (code == ERROR_NONE)
        code = reading_init(&reading, &bounds->depth, options->skips_only, error);
    if (code == ERROR_NONE)
        code = read_up(&reading, bounds, ratios, error);
    if (code == ERROR_NONE)
        read_down(&bounds->depth, ratios, bounds);
    reading_free(&reading);
    free(ratios);
    if (code != ERROR_NONE)
        bounds_free(bounds);
    return code;
}

void bounds_free(struct bounds *bounds)
{
    free(bounds->lo);
    free(bounds->hi);
    depth_free(&bounds->depth);
    *bounds = (struct bounds){0};
}
