/* The bounds of a stack: its blocks read over intervals (form.h, forward.c and backward.c have the rules and their proofs), bottom to top, and
 * what they do to gradients put together from the top down.
 *
 * One state: the ratio of mean squares over a block does not depend on what arrives, so blocks are read once and their
 * ratios multiplied from the top down, in an extended range. Several: what arrives is a Gram of gradients, so blocks are
 * read again on the way down, with the largest entry taken out.
 *
 * Sharp for skips, maps and functions; ceilings of attention are loose where tokens may be unequal (gain.c).
 */
#include "analysis/bounds/bounds.h"

#include <stdlib.h>

#include "analysis/bounds/reading.h"

/* The stack on its way. */
struct ascent {
    struct reading reading;
    struct reading_joint *joints; /* [block_count + 1], of what enters each block; of one state only the last */
    struct reading_gradient seed; /* on x alone, 1 */
    struct interval *ratios;      /* [block_count], of one state */
    int known;                    /* gradients have upper bounds from this layer on */
};

static bool is_joint(const struct ascent *self)
{
    return self->reading.depth->state_count > 1;
}

/* ---- the columns ---- */

static void put(const struct depth *depth, struct bounds *bounds, int layer, int column, struct interval value)
{
    size_t cell = (size_t)layer * (size_t)depth->schema.column_count + (size_t)column;
    if (column < 0)
        return;
    bounds->lo[cell] = wide_of(value.lo);
    bounds->hi[cell] = wide_of(value.hi);
}

/* The mean over pairs of cov / sqrt(q_s q_t); a Gram of T unit vectors has a mean pair of -1/(T - 1) at least. */
static struct interval token_cosine(const struct gain_gram *gram, int tokens)
{
    struct interval all = {-1.0 / (tokens > 1 ? tokens - 1 : 1), 1};
    return gram->square.lo > 0 ? interval_meet(all, interval_divide(gram->pair, gram->square)) : all;
}

static void put_signals(const struct depth *depth, struct bounds *bounds, int layer, const struct reading_joint *joint)
{
    const struct observe_schema *schema = &depth->schema;
    const int *tokens = schema->token_column;
    for (int s = 0; s < depth->state_count; s++) {
        const struct gain_gram *gram = &joint->gram[1 + s][1 + s];
        put(depth, bounds, layer, schema->state_column[s][OBSERVE_ACTIVATION_VARIANCE], gram->square);
        put(depth, bounds, layer, schema->state_column[s][OBSERVE_TOKEN_COSINE], token_cosine(gram, schema->tokens));
    }
    for (int t = 0; tokens[OBSERVE_ACTIVATION_VARIANCE] >= 0 && t < schema->tokens; t++)
        put(depth, bounds, layer, tokens[OBSERVE_ACTIVATION_VARIANCE] + t, joint->gram[1][1].square);
}

/* The cosine of the flattened matrices, sum_t sqrt(a_t b_t) cos_t / sqrt(sum a sum b) with a_t, b_t the tokens' second
 * moments. sum sqrt(a b) is at most sqrt(sum a sum b), and at least 2 / (v + 1/v) of it, v^4 = a.hi b.hi / a.lo b.lo
 * (Polya and Szego, the reverse of Cauchy-Schwarz); tokens that are alike have v = 1. */
static struct interval layer_cosine(bool alike, struct interval a, struct interval b, struct interval cosine)
{
    double share = 1;
    if (!alike) {
        double v = a.lo > 0 && b.lo > 0 ? pow(a.hi / a.lo * (b.hi / b.lo), 0.25) : INFINITY;
        share = 2 / (v + 1 / v);
    }
    return (struct interval){cosine.lo * (cosine.lo > 0 ? share : 1), cosine.hi * (cosine.hi < 0 ? share : 1)};
}

static void put_cosines(const struct ascent *self, struct bounds *bounds, int layer, const struct reading_joint *in,
                        const struct reading_block *block)
{
    const struct depth *depth = self->reading.depth;
    for (int s = 0; s < depth->state_count; s++)
        put(depth, bounds, layer, depth->schema.state_column[s][OBSERVE_LAYER_COSINE],
            layer_cosine(self->reading.alike, in->gram[1 + s][1 + s].square, block->joint.gram[1 + s][1 + s].square,
                         block->cosines[s]));
}

static void put_branches(const struct ascent *self, const struct reading_joint *in, struct bounds *bounds, int layer)
{
    const struct depth *depth = self->reading.depth;
    const struct graph *graph = depth->blocks[layer - 1].graph;
    for (int s = 0; s < graph->site_count && in->gram[1][1].square.lo > 0; s++) {
        int index = depth->branch_index[layer - 1][s];
        if (index < 0)
            continue;
        put(depth, bounds, layer, depth->schema.branches[index].ratio, self->reading.branches[s].ratio);
        put(depth, bounds, layer, depth->schema.branches[index].contribution, self->reading.branches[s].contribution);
    }
}

static void put_attentions(const struct depth *depth, struct bounds *bounds, int layer,
                           const struct reading_attentions *all)
{
    const int *column = depth->schema.layer_column;
    if (all->count == 0)
        return;
    put(depth, bounds, layer, column[OBSERVE_ATTENTION_ENTROPY], interval_scale(1.0 / all->count, all->sum.entropy));
    put(depth, bounds, layer, column[OBSERVE_ATTENTION_ENTROPY_RELATIVE],
        interval_scale(1.0 / all->count, all->sum.relative));
    put(depth, bounds, layer, column[OBSERVE_ATTENTION_SQUARE], interval_scale(1.0 / all->count, all->sum.square));
}

static void put_layer(const struct ascent *self, struct bounds *bounds, int layer, const struct reading_joint *in,
                      const struct reading_block *block)
{
    put_signals(self->reading.depth, bounds, layer, &block->joint);
    put_cosines(self, bounds, layer, in, block);
    put_branches(self, in, bounds, layer);
    put_attentions(self->reading.depth, bounds, layer, &block->attentions);
}

/* ---- up ---- */

/* Every state begins as the embedding; memories are independent of it, and of each other. */
static struct reading_joint embedding(const struct depth *depth)
{
    const struct model *model = depth->model;
    double square = model->input_scale * model->input_scale;
    struct reading_joint joint = {0};
    joint.gram[0][0] = (struct gain_gram){interval_point(1), interval_point(1)};
    for (int i = 0; i < depth->input_count; i++) {
        bool state = i < depth->state_count;
        double own = state ? model->input_correlation : model->memory_correlation;
        struct gain_gram gram = {interval_point(square), interval_point(own * square)};
        for (int j = 0; j < depth->input_count; j++)
            if (i == j || (state && j < depth->state_count))
                joint.gram[1 + i][1 + j] = gram;
        joint.head[i] = gram.square;
        joint.fourth[i] = 3 * square * square;
        joint.gaussian[i] = true;
    }
    return joint;
}

static int read_up(struct ascent *self, struct bounds *bounds, struct error *error)
{
    const struct depth *depth = self->reading.depth;
    self->joints[0] = embedding(depth);
    put_signals(depth, bounds, 0, &self->joints[0]);
    for (int b = 0; b < depth->block_count; b++) {
        struct reading_block block;
        const struct reading_joint *in = &self->joints[is_joint(self) ? b : 0];
        int code = reading_block(&self->reading, &depth->blocks[b], in, &self->seed, &block, error);
        if (code != ERROR_NONE)
            return code;
        self->ratios[b] = block.gradient.square[0][0];
        self->known = block.gradient_known ? self->known : b + 1;
        if (b < depth->model->layers)
            put_layer(self, bounds, b + 1, in, &block);
        self->joints[is_joint(self) ? b + 1 : 0] = block.joint;
    }
    return ERROR_NONE;
}

/* ---- down ---- */

static struct wide times(struct wide w, double factor)
{
    int exponent;
    double mantissa = frexp(w.mantissa * factor, &exponent);
    return (struct wide){mantissa, mantissa == 0 ? 0 : w.exponent + exponent};
}

/* What arrives at a layer over the cotangent's mean square, from below and above. */
struct arrival {
    struct wide lo, hi;
};

static double cotangent_sum(const struct model *model)
{
    double sum = 0;
    for (int t = 0; t < model->tokens; t++)
        sum += model->cotangent->gram(model->tokens, t, t);
    return sum;
}

static void put_by_token(const struct depth *depth, struct bounds *bounds, int layer, struct arrival at, bool known)
{
    const struct model *model = depth->model;
    int T = model->tokens, first = depth->schema.token_column[OBSERVE_GRADIENT_VARIANCE];
    for (int t = 0; first >= 0 && t < T; t++) {
        size_t cell = (size_t)layer * (size_t)depth->schema.column_count + (size_t)(first + t);
        if (depth->state_count == 1)
            bounds->lo[cell] = times(at.lo, model->cotangent->gram(T, t, t));
        if (known)
            bounds->hi[cell] = times(at.hi, cotangent_sum(model));
    }
}

static void put_gradient(const struct depth *depth, struct bounds *bounds, int layer, int state, struct arrival at,
                         bool known)
{
    const int *column = depth->schema.state_column[state];
    size_t row = (size_t)layer * (size_t)depth->schema.column_count;
    double mean = cotangent_sum(depth->model) / depth->model->tokens;
    bounds->lo[row + (size_t)column[OBSERVE_GRADIENT_VARIANCE]] = times(at.lo, mean);
    if (known)
        bounds->hi[row + (size_t)column[OBSERVE_GRADIENT_VARIANCE]] = times(at.hi, mean);
    if (known && column[OBSERVE_GRADIENT_SPECIFIC] >= 0)
        bounds->hi[row + (size_t)column[OBSERVE_GRADIENT_SPECIFIC]] = times(at.hi, mean);
    if (state == 0)
        put_by_token(depth, bounds, layer, at, known);
}

static void read_down(const struct ascent *self, struct bounds *bounds)
{
    const struct depth *depth = self->reading.depth;
    struct arrival at = {wide_of(1), wide_of(1)};
    for (int b = depth->block_count; b >= 0; b--) {
        if (b < depth->block_count) {
            at.lo = times(at.lo, self->ratios[b].lo);
            at.hi = times(at.hi, self->ratios[b].hi);
        }
        if (b <= depth->model->layers)
            put_gradient(depth, bounds, b, 0, at, b >= self->known);
    }
}

/* Takes the largest entry out of the gradients' Gram; returns it. */
static double normalise(struct reading_gradient *gradient, int states)
{
    double most = 0;
    for (int s = 0; s < states; s++)
        most = fmax(most, gradient->square[s][s].hi);
    for (int a = 0; a < states && most > 0; a++)
        for (int b = 0; b < states; b++)
            gradient->square[a][b] = interval_scale(1 / most, gradient->square[a][b]);
    return most > 0 ? most : 1;
}

static int read_down_jointly(struct ascent *self, struct bounds *bounds, struct error *error)
{
    const struct depth *depth = self->reading.depth;
    struct reading_gradient gradient = self->seed;
    struct wide factor = wide_of(1);
    for (int b = depth->block_count; b >= 0; b--) {
        if (b < depth->block_count) {
            struct reading_block block;
            int code = reading_block(&self->reading, &depth->blocks[b], &self->joints[b], &gradient, &block, error);
            if (code != ERROR_NONE)
                return code;
            gradient = block.gradient;
            factor = times(factor, normalise(&gradient, depth->state_count));
        }
        for (int s = 0; b <= depth->model->layers && s < depth->state_count; s++) {
            struct interval own = gradient.square[s][s];
            put_gradient(depth, bounds, b, s, (struct arrival){times(factor, own.lo), times(factor, own.hi)},
                         b >= self->known);
        }
    }
    return ERROR_NONE;
}

/* ---- the stack ---- */

static int derive(struct ascent *self, struct bounds *bounds, struct error *error)
{
    int code = read_up(self, bounds, error);
    if (code == ERROR_NONE && is_joint(self))
        return read_down_jointly(self, bounds, error);
    if (code == ERROR_NONE)
        read_down(self, bounds);
    return code;
}

static int allocate(struct ascent *self, struct bounds *bounds, struct error *error)
{
    size_t layers = (size_t)bounds->depth.model->layers, blocks = (size_t)bounds->depth.block_count;
    size_t cells = memory_multiply(layers + 1, (size_t)bounds->depth.schema.column_count);
    bounds->lo = calloc(cells, sizeof *bounds->lo);
    bounds->hi = calloc(cells, sizeof *bounds->hi);
    self->joints = calloc(bounds->depth.state_count > 1 ? blocks + 1 : 1, sizeof *self->joints);
    self->ratios = calloc(blocks, sizeof *self->ratios);
    if (!bounds->lo || !bounds->hi || !self->joints || !self->ratios)
        return error_set(error, ERROR_RESOURCE, "out of memory for the bounds of %zu layers", layers);
    for (size_t i = 0; i < cells; i++)
        bounds->lo[i] = bounds->hi[i] = wide_absent();
    return ERROR_NONE;
}

int bounds_derive(const struct model *model, const struct bounds_options *options, struct bounds *bounds,
                  struct error *error)
{
    *bounds = (struct bounds){0};
    struct ascent ascent = {.seed.square[0][0] = {1, 1}};
    if (model->cotangent->loss)
        return error_set(
            error, ERROR_INPUT,
            "bounds: the %s cotangent depends on the output, and nothing bounds its size; they are known of "
            "the others, such as %s",
            model->cotangent->name, cotangents[0].name);
    int code = depth_init(&bounds->depth, model, options->per_token, error);
    if (code != ERROR_NONE)
        return code;
    code = allocate(&ascent, bounds, error);
    if (code == ERROR_NONE)
        code = reading_init(&ascent.reading, &bounds->depth, options->skips_only, error);
    if (code == ERROR_NONE) {
        code = derive(&ascent, bounds, error);
        reading_free(&ascent.reading);
    }
    free(ascent.joints);
    free(ascent.ratios);
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
