#include "bench/gap.h"

#include <gsl/gsl_math.h>
#include <math.h>

static const double FIXED = 1e-7, NOTHING = 1e-9;

struct gap gap_measure(const struct profile *measured, const struct profile *const predicted[2], int layer, int column)
{
    const struct gap none = {GSL_NAN, GSL_NAN, GSL_NAN};
    const struct observe_schema *schema = measured->schema;
    enum observe_id id = schema->columns[column].observable;
    int gradient = schema->layer_column[OBSERVE_GRADIENT_VARIANCE];
    const struct estimate *cell = profile_cell(measured, layer, column);
    if (cell->n == 0 || profile_cell(predicted[0], layer, column)->n == 0)
        return none;
    double mean = wide_value(estimate_mean(cell));
    double first = wide_value(estimate_mean(profile_cell(predicted[0], layer, column)));
    double second = wide_value(estimate_mean(profile_cell(predicted[1], layer, column)));
    double whole = wide_value(estimate_mean(profile_cell(predicted[0], layer, gradient)));
    if (id == OBSERVE_WEIGHT_GRADIENT_VARIANCE && !(first > NOTHING * whole))
        return none;
    double unit = observables[id].cosine ? 1 : first;
    double error = hypot(wide_value(profile_se(measured, layer, column)),
                         wide_value(profile_se(predicted[0], layer, column))) /
                   unit;
    double size = (mean - first) / unit;
    bool known = cell->n > 1; // what one sample errs by is not
    if (known ? !(error > FIXED) : fabs(size) <= FIXED)
        return none;
    return (struct gap){size, known ? error : GSL_NAN, (mean - second) / unit};
}

/* One model's sums of the regression. */
struct products {
    double product, square;
    bool counts;
};

/* Cells weigh by their error at the first width, which is in proportion to that at any other; those below PRECISE
 * alike, lest a few that hardly fluctuate decide alone. */
static const double PRECISE = 3e-4, FAR = 0.1;

static struct products products_of(const struct gap_pair *pair)
{
    struct products sums = {0};
    double total = 0;
    size_t cells = 0;
    for (size_t i = 0; i < pair->count; i++) {
        const struct gap *first = &pair->first[i], *here = &pair->here[i];
        if (!isfinite(first->size) || !isfinite(here->other))
            continue;
        double square = first->error * first->error, weight = 1 / (PRECISE * PRECISE + square);
        sums.product += weight * first->size * here->other;
        sums.square += weight * (first->size * first->size - square);
        total += first->size * first->size;
        cells++;
    }
    sums.counts = cells > 0 && total < FAR * FAR * (double)cells;
    return sums;
}

struct gap_share gap_share(const struct gap_pair pairs[], size_t count)
{
    struct gap_share result = {GSL_NAN, GSL_NAN, 0};
    double product = 0, square = 0, spread = 0;
    for (size_t m = 0; m < count; m++) {
        struct products own = products_of(&pairs[m]);
        product += own.counts ? own.product : 0;
        square += own.counts ? own.square : 0;
        result.models += own.counts;
    }
    if (result.models < 2)
        return result;
    result.share = product / square;
    for (size_t m = 0; m < count; m++) {
        struct products own = products_of(&pairs[m]);
        double without = (product - own.product) / (square - own.square);
        spread += own.counts ? gsl_pow_2(without - result.share) : 0;
    }
    result.error = sqrt(spread * (result.models - 1) / result.models);
    return result;
}
