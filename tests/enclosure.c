#include "tests/enclosure.h"

#include <check.h>
#include <string.h>

#include "analysis/bounds/forward.h"
#include "sim/setting.h"
#include "tests/support.h"

static const double rounding = 1e-13;

void enclosure_init(struct enclosure *self, const char *formula)
{
    struct error error = {0};
    *self = (struct enclosure){0};
    support_model(&self->model, "layers=1 init=scaleinit");
    ck_assert_msg(setting_apply(&self->model, "placement", formula, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_msg(depth_init(&self->depth, &self->model, false, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_msg(reading_init(&self->reading, &self->depth, false, &error) == ERROR_NONE, "%s", error.text);
    self->block = self->reading.block = &self->depth.blocks[0];
    survey_block(&self->reading.survey, self->block, false);
    self->in.gram[0][0] = (struct gain_gram){interval_point(1), interval_point(1)};
    self->in.gram[1][1] = (struct gain_gram){interval_point(1), interval_point(0.5)};
    self->in.head[0] = interval_point(1);
    self->in.fourth[0] = 3;
    self->in.gaussian[0] = true;
    self->gradient.square[0][0] = interval_point(1);
}

void enclosure_free(struct enclosure *self)
{
    reading_free(&self->reading);
    depth_free(&self->depth);
    model_free(&self->model);
}

const struct form *enclosure_forward(struct enclosure *self)
{
    ck_assert_ptr_null(forward_block(&self->reading, &self->in));
    return &self->reading.forms[self->block->graph->outputs[0]];
}

int enclosure_map(const struct enclosure *self, const char *label)
{
    const struct graph *graph = self->block->graph;
    for (int n = 0; n < graph->node_count; n++)
        if (graph->nodes[n].kind == GRAPH_MAP && strcmp(graph->matrices[graph->nodes[n].index].label, label) == 0)
            return n;
    ck_abort_msg("no map '%s'", label);
}

double enclosure_gain(const struct enclosure *self, const char *label)
{
    const struct graph_node *node = &self->block->graph->nodes[enclosure_map(self, label)];
    double sd = self->block->sd[node->index];
    return sd * sd * self->block->plan->nodes[node->a].width;
}

void enclosure_check(struct interval interval, double value)
{
    ck_assert_msg(fabs(interval.lo - value) <= rounding * fabs(value) &&
                      fabs(interval.hi - value) <= rounding * fabs(value),
                  "[%.17g, %.17g], expected %.17g", interval.lo, interval.hi, value);
}

void enclosure_check_within(struct interval a, struct interval b)
{
    ck_assert_msg(a.lo <= a.hi && a.lo >= b.lo - rounding * fabs(b.lo) && a.hi <= b.hi + rounding * fabs(b.hi),
                  "[%.17g, %.17g] is not within [%.17g, %.17g]", a.lo, a.hi, b.lo, b.hi);
}
