/* The models of a command whose settings may have several values: their product, in the order of the options. */
#ifndef SPANSCOPE_CLI_SWEEP_H
#define SPANSCOPE_CLI_SWEEP_H

#include "cli/options.h"
#include "sim/values.h"

struct sweep_axis {
    int given; /* index in the options' settings */
    struct values values;
};

struct sweep {
    const struct options *options;
    struct sweep_axis *axes; /* the settings that are numbers, in the order given */
    int axis_count;
    int placements;
    int64_t points; /* models of one placement */
};

/* The options must outlive the sweep. Sees that each setting given is read by a placement. */
int sweep_init(struct sweep *sweep, const struct options *options, struct error *error);
void sweep_free(struct sweep *sweep);

/* The model of a placement at a point, checked; the last setting given varies fastest. */
int sweep_model(const struct sweep *sweep, int placement, int64_t point, struct model *model, struct error *error);

#endif
