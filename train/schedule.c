#include "train/schedule.h"

#include <math.h>

static double decay_constant(double done)
{
    (void)done;
    return 1;
}

static double decay_linear(double done)
{
    return 1 - done;
}

static double decay_cosine(double done)
{
    return 0.5 * (1 + cos(M_PI * done));
}

const struct schedule_row schedules[] = {
    {"constant", "the rate as it is", decay_constant},
    {"linear", "in a straight line towards 0 at the end", decay_linear},
    {"cosine", "half a cosine towards 0 at the end (arXiv 1608.03983)", decay_cosine},
};
const size_t schedule_count = sizeof schedules / sizeof *schedules;

double schedule_factor(const struct schedule_row *row, int64_t warmup, int64_t steps, int64_t step)
{
    if (step < warmup)
        return (double)(step + 1) / (double)warmup;
    return row->decay((double)(step - warmup) / (double)(steps - warmup));
}
