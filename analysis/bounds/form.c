#include "analysis/bounds/form.h"

struct gain_gram *form_gram(const struct reading *self, int a, int b)
{
    return &self->grams[(size_t)a * (size_t)self->survey.components + (size_t)b];
}

const struct gain_gram *form_own_gram(const struct reading *self, int component)
{
    return form_gram(self, component, component);
}

void form_link(struct reading *self, int a, int b, struct gain_gram gram)
{
    *form_gram(self, a, b) = *form_gram(self, b, a) = gram;
    self->linked[a] = self->linked[b] = true;
}

void form_link_unknown(struct reading *self, int a, int b)
{
    double most = sqrt(form_own_gram(self, a)->square.hi * form_own_gram(self, b)->square.hi);
    form_link(self, a, b, (struct gain_gram){interval_symmetric(most), interval_symmetric(most)});
}

struct gain_gram form_with_component(const struct reading *self, int component, const struct form *form)
{
    bool linked = self->linked[component];
    int first = linked ? 0 : component, end = linked ? self->survey.components : component + 1;
    struct gain_gram sum = {{0, 0}, {0, 0}};
    for (int j = first; j < end; j++) {
        struct interval c = form->coefficients[j];
        const struct gain_gram *gram = form_gram(self, component, j);
        if (interval_is_zero(c))
            continue;
        sum.square = interval_add(sum.square, interval_multiply(c, gram->square));
        sum.pair = interval_add(sum.pair, interval_multiply(c, gram->pair));
    }
    return sum;
}

struct gain_gram form_cross(const struct reading *self, const struct form *a, const struct form *b)
{
    struct gain_gram sum = {{0, 0}, {0, 0}};
    for (int i = 0; i < self->survey.components; i++) {
        if (interval_is_zero(a->coefficients[i]))
            continue;
        struct gain_gram own = form_with_component(self, i, b);
        sum.square = interval_add(sum.square, interval_multiply(a->coefficients[i], own.square));
        sum.pair = interval_add(sum.pair, interval_multiply(a->coefficients[i], own.pair));
    }
    return sum;
}

struct gain_gram form_whole(const struct reading *self, const struct form *form)
{
    struct gain_gram sum = {{0, 0}, {0, 0}};
    for (int i = 0; i < self->survey.components; i++) {
        struct interval c = form->coefficients[i];
        struct gain_gram own = {interval_square(c), interval_multiply(c, c)};
        if (interval_is_zero(c))
            continue;
        own = gain_gram_multiply(own, *form_own_gram(self, i));
        for (int j = 0; self->linked[i] && j < i; j++) {
            struct interval both = interval_scale(2, interval_multiply(c, form->coefficients[j]));
            own.square = interval_add(own.square, interval_multiply(both, form_gram(self, i, j)->square));
            own.pair = interval_add(own.pair, interval_multiply(both, form_gram(self, i, j)->pair));
        }
        sum = (struct gain_gram){interval_add(sum.square, own.square), interval_add(sum.pair, own.pair)};
    }
    return sum;
}

const struct graph_node *form_node(const struct reading *self, int n)
{
    return &self->block->graph->nodes[n];
}

int form_states(const struct reading *self)
{
    return self->block->graph->state_count;
}

/* The cosine with what the block was handed: from the Grams, where their ends say something. */
static struct interval direct_cosine(const struct reading *self, const struct form *form, int state)
{
    struct gain_gram both = form_with_component(self, 1 + state, form);
    struct interval q = form->gram.square, in = form_own_gram(self, 1 + state)->square;
    if (interval_is_zero(both.square))
        return interval_point(0);
    return q.lo > 0 && in.lo > 0 ? interval_divide(both.square, interval_root(interval_multiply(q, in)))
                                 : interval_symmetric(1);
}

/* A Gram is positive semidefinite: no entry off its diagonal exceeds the diagonal, and exchangeable tokens have no
 * correlation below -1/(T - 1). */
struct gain_gram form_tidied(const struct reading *self, struct gain_gram gram, bool memory)
{
    int T = memory ? model_memory_tokens(self->model) : self->model->tokens;
    gram.square.lo = fmax(0, gram.square.lo);
    gram.square.hi = fmax(gram.square.hi, gram.square.lo);
    double least = (self->alike || memory) && T > 1 ? -gram.square.hi / (T - 1) : -gram.square.hi;
    gram.pair = interval_meet(gram.pair, (struct interval){least, gram.square.hi});
    return gram;
}

void form_finish(const struct reading *self, struct form *form)
{
    form->gram = form_tidied(self, form->gram, form->memory);
    form->mean = form_with_component(self, 0, form).square;
    form->gaussian &= interval_is_zero(form->mean);
    if (!form->mixed)
        form->head = form->gram.square;
    form->head = interval_positive(form->head);
    if (form->gaussian)
        form->fourth = 3 * form->gram.square.hi * form->gram.square.hi;
    for (int s = 0; s < form_states(self); s++)
        form->cosines[s] = interval_meet(interval_meet(form->cosines[s], direct_cosine(self, form, s)),
                                         interval_symmetric(1));
}

void form_clear(struct reading *self)
{
    for (int i = 0; i < self->survey.components; i++) {
        *form_gram(self, i, i) = (struct gain_gram){{0, 0}, {0, 0}};
        for (int j = 0; self->linked[i] && j < self->survey.components; j++)
            *form_gram(self, i, j) = (struct gain_gram){{0, 0}, {0, 0}};
        self->linked[i] = false;
    }
}

void form_link_inputs(struct reading *self, const struct reading_joint *in)
{
    int count = 1 + self->block->graph->input_count;
    form_clear(self);
    for (int i = 0; i < count; i++) {
        *form_gram(self, i, i) = in->gram[i][i];
        for (int j = 0; j < i; j++)
            if (!interval_is_zero(in->gram[i][j].square) || !interval_is_zero(in->gram[i][j].pair))
                form_link(self, i, j, in->gram[i][j]);
    }
}

void form_begin(struct reading *self, int n, size_t place, struct form *form)
{
    size_t components = (size_t)self->survey.components, states = (size_t)form_states(self);
    struct interval *own = self->storage + place * (components + states);
    *form = (struct form){.coefficients = own, .cosines = own + components, .memory = form_node(self, n)->memory};
    for (size_t i = 0; i < components; i++)
        form->coefficients[i] = interval_point(0);
    for (size_t s = 0; s < states; s++)
        form->cosines[s] = interval_symmetric(1);
}

struct range *form_range(const struct reading *self, int n)
{
    return &self->ranges[self->block->plan->nodes[n].function - activations];
}

struct gain_attend form_attend(struct reading *self, int n)
{
    const struct graph_node *node = form_node(self, n);
    const struct form *q = &self->forms[node->a], *k = &self->forms[node->b], *v = &self->forms[node->c];
    bool centred = !survey_related(&self->survey, node->a, node->b) &&
                   (interval_is_zero(q->mean) || interval_is_zero(k->mean));
    return gain_attend_of(&self->gain, &self->block->plan->nodes[n].attend, self->alike,
                          centred && !q->mixed && !k->mixed, q->gram, k->gram, v->gram);
}

const struct plan_mixture *form_mixture(const struct reading *self, int n)
{
    while (form_node(self, n)->kind != GRAPH_MOE)
        n++;
    return &self->block->plan->nodes[n].mixture;
}

bool form_is_bare(const struct reading *self, int n)
{
    int expert = self->block->plan->nodes[n].mixture.expert, body = form_node(self, n)->b;
    bool bare = survey_has(&self->survey, body, 1);
    for (int i = 1; i < self->survey.components && !bare; i++)
        bare = self->survey.node[i] >= 0 && self->survey.node[i] < expert && survey_has(&self->survey, body, i);
    return bare;
}

struct interval form_norm_factor(struct interval q, double eps)
{
    return (struct interval){1 / sqrt(q.hi + eps), 1 / sqrt(q.lo + eps)};
}
