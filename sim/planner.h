/* The nodes of a plan: what each call's options come to in a model, and what its signal's sizes are. */
#ifndef SPANSCOPE_SIM_PLANNER_H
#define SPANSCOPE_SIM_PLANNER_H

#include "sim/plan.h"

/* Fills the plan's nodes but what is laid out over all of them: which are live, groups, slots. As plan_init. */
int planner_nodes(struct plan *plan, const struct model *model, const double *scalars, int block, struct error *error);

#endif
