/* Pieces. Operands of an operation vary apart from each other in interval arithmetic: x / (1 + x) would be anything
 * from lo / (1 + hi) to hi / (1 + lo), and intervals grow from block to block even where the formula contracts. Where
 * tokens are alike a Gram is two numbers, so that a block may be read once for each piece of its input's interval of
 * pairs and the enclosures joined (Moore, Interval Analysis, 1966): what is lost falls with the pieces' number.
 */
#include "analysis/bounds/reading.h"

#include <stdlib.h>

#include "analysis/bounds/backward.h"
#include "analysis/bounds/forward.h"

enum { PIECES = 16 };

static void put_joint(const struct reading *self, struct reading_block *out)
{
    const struct graph *graph = self->block->graph;
    struct form *of[GRAPH_INPUTS_MAX];
    out->joint = *self->in; // memories stay
    for (int s = 0; s < graph->state_count; s++) {
        struct form *form = of[s] = &self->forms[graph->outputs[s]];
        out->joint.gram[0][1 + s].square = out->joint.gram[0][1 + s].pair = form->mean;
        out->joint.gram[1 + s][0] = out->joint.gram[0][1 + s];
        out->joint.fourth[s] = form->fourth;
        out->joint.head[s] = form->head;
        out->joint.mixed[s] = form->mixed;
        out->joint.gaussian[s] = form->gaussian;
        out->cosines[s] = form->cosines[s];
        for (int i = 0; i <= s; i++)
            out->joint.gram[1 + s][1 + i] = out->joint.gram[1 + i][1 + s] = i == s ? form->gram
                                                                                   : form_cross(self, form, of[i]);
        for (int m = graph->state_count; m < graph->input_count; m++)
            out->joint.gram[1 + s][1 + m] = out->joint.gram[1 + m][1 + s] = form_with_component(self, 1 + m, form);
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
        if (form_node(self, n)->kind != GRAPH_ATTEND)
            continue;
        struct gain_attend attend = form_attend(self, n);
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
    struct interval input = form_own_gram(self, 1)->square;
    for (int s = 0; s < graph->site_count && input.lo > 0; s++) {
        const struct graph_site *site = &graph->sites[s];
        struct reading_branch *all = &self->branches[s], own;
        if (site->output < 0)
            continue;
        own.ratio = interval_divide(self->forms[site->output].gram.square, input);
        own.contribution = interval_divide(self->forms[site->added].gram.square, input);
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
    const char *why = forward_block(self, in);
    if (why)
        return error_set(error, ERROR_INPUT, why, self->block->number, self->model->layers);
    put_joint(self, out);
    put_attentions(self, out);
    out->gradient_known = backward_block(self, gradient, &out->gradient);
    for (int s = 0; s < form_states(self); s++)
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
    form_clear(self); // of the block before
    self->block = block;
    survey_block(&self->survey, block, self->entangled);
    bool splits = self->alike && form_states(self) == 1 && pair.hi > pair.lo;
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
            join_block(out, &own, block->graph->input_count, form_states(self));
    }
    return code;
}

/* Rows of one attention see the same tokens, and its logits know no order. */
static bool is_without_order(const struct attention *attention)
{
    bool all = attention->rope == 0 && !attention_is_biased(attention);
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
    self->returned = calloc(FORM_PORTS * sizes.components, sizeof *self->returned);
    self->coherent = calloc(FORM_PORTS * sizes.components, sizeof *self->coherent);
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
