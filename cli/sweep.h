/* The models of a command whose settings may have several values: their product, in the order of the options. */
#ifndef SPANSCOPE_CLI_SWEEP_H
#define SPANSCOPE_CLI_SWEEP_H

#include "cli/options.h"
#include "sim/variants.h"

struct sweep {
    const struct options *options;
    struct variants *axes; /* [axis_count]: a setting that was given each, in the order of its first option */
    int axis_count;
    int64_t points;
};

/* Makes the model of every point, so that a mistake costs no time, and sees that each setting given is one that at least
 * one of them reads. The options must outlive the sweep. */
int sweep_init(struct sweep *sweep, const struct options *options, struct error *error);
void sweep_free(struct sweep *sweep);

/* The model of a point before it is checked, for those who set more in what they make of it (model_share); the last axis
 * varies fastest. */
int sweep_draft(const struct sweep *sweep, int64_t point, struct model *model, struct error *error);

/* The model of a point, checked. */
int sweep_model(const struct sweep *sweep, int64_t point, struct model *model, struct error *error);

/* The model of options that vary nothing: the first point's, where they do. */
int sweep_single(const struct options *options, struct model *model, struct error *error);

/* Adds the values that a model has to a zeroed sweep: of models that come from elsewhere, what varies. */
int sweep_note(struct sweep *sweep, const struct model *model, struct error *error);

/* Whether the setting has several values. */
bool sweep_varies(const struct sweep *sweep, const struct setting *setting);

/* Characters that a table's column of the setting has: of its longest value, at most SWEEP_LABEL. */
enum { SWEEP_LABEL = 40 };
int sweep_width(const struct sweep *sweep, const struct setting *setting);

#endif
