/* What predictions of many models would take, before they are made. */
#ifndef SPANSCOPE_CLI_FORECAST_H
#define SPANSCOPE_CLI_FORECAST_H

#include <stdint.h>

#include "analysis/limit/moments.h"
#include "cli/outlay.h"

/* Makes checked model number i of `count`; the second those of a sweep, which is the context. */
typedef int forecast_model(void *context, int64_t i, struct model *model, struct error *error);
forecast_model forecast_sweep;

struct forecast {
    forecast_model *model;
    void *context;
    int64_t count;
    struct moments_options moments; /* of one */
    int beside;                     /* models that are predicted at a time, each by moments.threads */
};

/* How many, how long and how much memory: the middle ones of equal parts of the models stand for them. Errors are those
 * of the models and of moments_predict. */
int forecast_measure(const struct forecast *forecast, struct outlay *outlay, struct error *error);

#endif
