#include "train/optimiser.h"

#include <math.h>
#include <string.h>

/* Sutskever et al. 2013 in the form of PyTorch: m = mu m + g, w -= rate m. Weight decay is added to the gradient. */

static void update_sgd(const struct optimiser_settings *settings, double rate, int64_t step, double scale, size_t count,
                       const real *restrict g, real *restrict w, real *m, real *v)
{
    (void)step, (void)m, (void)v;
    double keep = 1 - rate * settings->weight_decay, move = rate * scale;
    for (size_t i = 0; i < count; i++)
        w[i] = (real)(keep * w[i] - move * g[i]);
}

static void update_momentum(const struct optimiser_settings *settings, double rate, int64_t step, double scale,
                            size_t count, const real *restrict g, real *restrict w, real *restrict m, real *v)
{
    (void)step, (void)v;
    real mu = (real)settings->momentum, decay = (real)settings->weight_decay, eta = (real)rate, s = (real)scale;
    for (size_t i = 0; i < count; i++) {
        m[i] = mu * m[i] + s * g[i] + decay * w[i];
        w[i] -= eta * m[i];
    }
}

/* Kingma and Ba, arXiv 1412.6980, Algorithm 1. The gradient has decay w added, the weight is multiplied by keep. */
static void adam(const struct optimiser_settings *settings, double rate, int64_t step, double scale, double decay_added,
                 double kept, size_t count, const real *restrict g, real *restrict w, real *restrict m,
                 real *restrict v)
{
    real beta1 = (real)settings->beta1, beta2 = (real)settings->beta2, epsilon = (real)settings->epsilon;
    real more1 = (real)(1 - settings->beta1), more2 = (real)(1 - settings->beta2);
    real decay = (real)decay_added, s = (real)scale;
    real eta = (real)(rate / (1 - pow(settings->beta1, (double)step)));
    real root = (real)(1 / sqrt(1 - pow(settings->beta2, (double)step)));
    for (size_t i = 0; i < count; i++) {
        real gradient = s * g[i] + decay * w[i];
        m[i] = beta1 * m[i] + more1 * gradient;
        v[i] = beta2 * v[i] + more2 * gradient * gradient;
        real move = eta * m[i] / ((real)sqrt(v[i]) * root + epsilon);
        w[i] = (real)(kept * w[i] - move); // in double: 1 - rate decay may round to 1
    }
}

static void update_adam(const struct optimiser_settings *settings, double rate, int64_t step, double scale,
                        size_t count, const real *g, real *w, real *m, real *v)
{
    adam(settings, rate, step, scale, settings->weight_decay, 1, count, g, w, m, v);
}

/* Loshchilov and Hutter, arXiv 1711.05101, Algorithm 2: the decay is not of the gradient. */
static void update_adamw(const struct optimiser_settings *settings, double rate, int64_t step, double scale,
                         size_t count, const real *g, real *w, real *m, real *v)
{
    adam(settings, rate, step, scale, 0, 1 - rate * settings->weight_decay, count, g, w, m, v);
}

const struct optimiser optimisers[] = {
    {"sgd", "against the gradient", 0, false, update_sgd},
    {"momentum", "gradient descent with heavy-ball momentum", 1, false, update_momentum},
    {"adam", "by first over root of second moment; weight decay joins the gradient", 2, true, update_adam},
    {"adamw", "adam with weight decay apart from the gradient", 2, true, update_adamw},
};
const size_t optimiser_count = sizeof optimisers / sizeof *optimisers;

const struct optimiser *optimiser_find(const char *name)
{
    for (size_t i = 0; i < optimiser_count; i++)
        if (strcmp(optimisers[i].name, name) == 0)
            return &optimisers[i];
    return NULL;
}

const struct optimiser_number optimiser_numbers[] = {
    {"momentum", "momentum", offsetof(struct optimiser_settings, momentum), 0, 1, 1, 1},
    {"beta1", "beta1", offsetof(struct optimiser_settings, beta1), 0, 1, 2, 2},
    {"beta2", "beta2", offsetof(struct optimiser_settings, beta2), 0, 1, 2, 2},
    {"epsilon", "epsilon", offsetof(struct optimiser_settings, epsilon), 0, INFINITY, 2, 2},
    {"weight-decay", "weight_decay", offsetof(struct optimiser_settings, weight_decay), 0, INFINITY, 0, 2},
    {"clip", "clip", offsetof(struct optimiser_settings, clip), 0, INFINITY, 0, 2},
};
const size_t optimiser_number_count = sizeof optimiser_numbers / sizeof *optimiser_numbers;

double optimiser_number(const struct optimiser_number *number, const struct optimiser_settings *settings)
{
    return *(const double *)((const char *)settings + number->offset);
}

bool optimiser_reads(const struct optimiser *optimiser, const struct optimiser_number *number)
{
    return optimiser->moments >= number->moments_least && optimiser->moments <= number->moments_most;
}

struct optimiser_settings optimiser_defaults(void)
{
    return (struct optimiser_settings){.momentum = 0.9, .beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8};
}

double optimiser_epsilon_least(const struct optimiser_settings *settings)
{
    return sqrt(FLT_MIN / (1 - settings->beta2)) / FLT_EPSILON;
}

double optimiser_clip(const struct optimiser_settings *settings, double norm)
{
    return settings->clip > 0 && norm > settings->clip ? settings->clip / norm : 1;
}
