#include "plots/quantity.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "sim/quantile.h"
#include "sim/setting.h"
#include "train/score.h"

static const double CONFIDENCE = 0.95;

static double log10_of(double value)
{
    return value > 0 ? log10(value) : NAN;
}

static double same(double value)
{
    return value;
}

static double lack(double value)
{
    return 1 - value;
}

static bool read_value(const struct quantity_place *place, struct saved_value *value)
{
    return saved_value(place->profile, place->row, place->observable, value);
}

/* A cosine sums tens of thousands of products; what it lacks to 1 below some units of rounding is no number. */
static const double COSINE_ROUNDING = 64 * DBL_EPSILON;

static bool read_complement(const struct quantity_place *place, struct saved_value *value)
{
    struct saved_value whole;
    if (!read_value(place, &whole) || fabs(1 - whole.mean) < COSINE_ROUNDING)
        return false;
    *value = (struct saved_value){.mean = 1 - whole.mean,
                                  .lo = 1 - whole.hi,
                                  .hi = 1 - whole.lo,
                                  .log10_mean = log10_of(1 - whole.mean),
                                  .n = whole.n};
    return true;
}

static bool read_top(const struct quantity_place *place, struct saved_value *value)
{
    size_t row;
    return saved_find(place->profile, place->profile->layers, &row) &&
           saved_value(place->profile, row, place->observable, value);
}

/* Samples whose logarithms have a mean and a spread: several, all positive. */
static bool has_logarithms(const struct saved_value *value)
{
    return isfinite(value->mean_log) && isfinite(value->sd_log) && value->n > 1;
}

/* exp of the mean of log(value) - shift over samples, with the Student-t interval of that mean. In deep narrow stacks
 * gradients are log-normal, and the mean of few samples says nothing: the mean of the logarithm does. */
static void take_geometric(double shift, struct saved_value *value)
{
    double half = value->sd_log / sqrt(value->n) * quantile_student((1 - CONFIDENCE) / 2, value->n - 1);
    value->mean = exp(value->mean_log - shift);
    value->lo = exp(value->mean_log - shift - half);
    value->hi = exp(value->mean_log - shift + half);
    value->log10_mean = (value->mean_log - shift) / M_LN10;
}

static bool read_geometric(const struct quantity_place *place, struct saved_value *value)
{
    if (!read_value(place, value))
        return false;
    if (has_logarithms(value))
        take_geometric(0, value);
    return true;
}

/* The interval leaves out the scatter of the value at layer L. */
static bool read_gain(const struct quantity_place *place, struct saved_value *value)
{
    struct saved_value top;
    if (!read_value(place, value) || !read_top(place, &top))
        return false;
    if (has_logarithms(value) && has_logarithms(&top)) {
        take_geometric(top.mean_log, value);
        return isfinite(value->log10_mean);
    }
    double scale = pow(10, -top.log10_mean);
    value->mean *= scale;
    value->lo *= scale;
    value->hi *= scale;
    value->log10_mean -= top.log10_mean;
    return isfinite(value->log10_mean);
}

/* Both are means over the same sequences, so that the interval of neither is that of the difference. */
static bool read_excess(const struct quantity_place *place, struct saved_value *value)
{
    struct saved_value here, input;
    size_t row;
    if (!read_value(place, &here) || !saved_find(place->profile, 0, &row) || row == place->row ||
        !saved_value(place->profile, row, place->observable, &input))
        return false;
    double excess = here.mean - input.mean;
    *value = (struct saved_value){.mean = excess, .lo = NAN, .hi = NAN, .log10_mean = log10_of(excess), .n = here.n};
    return isfinite(excess);
}

/* The gradient is linear in the cotangent, so g_0/g_L depends on its direction only, which is independent of its length
 * for a Gaussian one: Var log g_0 = Var log(g_0/g_L) + Var log g_L exactly. The interval is chi-squared, as if the
 * logarithm were normal. */
static bool read_log_variance(const struct quantity_place *place, struct saved_value *value)
{
    struct saved_value here, top;
    double width = saved_number(place->profile, "width", NAN);
    if (!read_value(place, &here) || !read_top(place, &top) || !(here.n > 1))
        return false;
    double freedom = here.n - 1, variance = here.sd_log * here.sd_log, of_top = top.sd_log * top.sd_log;
    double lo = freedom * variance / quantile_chi_square((1 + CONFIDENCE) / 2, freedom);
    double hi = freedom * variance / quantile_chi_square((1 - CONFIDENCE) / 2, freedom);
    *value = (struct saved_value){
        .mean = width * (variance - of_top), .lo = width * (lo - of_top), .hi = width * (hi - of_top), .n = here.n};
    value->log10_mean = log10_of(value->mean);
    return isfinite(value->mean);
}

/* Whether a text of the configuration is known by its name only, which is no name of a table. */
static bool lacks_text(const struct saved *profile)
{
    bool lacks = false;
    for (size_t i = 0; i < setting_count; i++)
        lacks = lacks || (settings[i].text && !profile->model && !*saved_text(profile, settings[i].text->key, ""));
    return lacks;
}

/* Whether b may predict a: the configuration is the same but for what infinite width does not know, and the samples. */
static bool predicts(const struct saved *b, const struct saved *a)
{
    static const char *const ignored[] = {"width",        "heads", "ffn_width", "samples",
                                          "first_sample", "seed",  "engine",    "s"};
    const char *key;
    json_t *value;
    if (strcmp(a->kind, "measured") != 0 || strcmp(b->kind, "predicted") != 0)
        return false;
    if (lacks_text(a) || lacks_text(b) || !saved_is_initial(a))
        return false;
    json_object_foreach(a->config, key, value)
    {
        bool skip = false;
        for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
            skip = skip || strcmp(key, ignored[i]) == 0;
        const json_t *other = json_object_get(b->config, key);
        if (!skip && other && !json_equal(value, other))
            return false;
    }
    return true;
}

static bool read_prediction(const struct quantity_place *place, struct saved_value *value)
{
    int layer = saved_layer(place->profile, place->row);
    for (size_t i = 0; i < place->profiles->count; i++) {
        const struct saved *other = &place->profiles->profiles[i];
        size_t row;
        if (predicts(other, place->profile) && saved_find(other, layer, &row) &&
            saved_value(other, row, place->observable, value))
            return true;
    }
    return false;
}

/* An interval that holds the prediction reaches down to 0. */
static bool read_gap(const struct quantity_place *place, struct saved_value *value)
{
    struct saved_value measured, predicted;
    if (!read_value(place, &measured) || !read_prediction(place, &predicted))
        return false;
    double gap = measured.mean / predicted.mean - 1, lo = measured.lo / predicted.mean - 1,
           hi = measured.hi / predicted.mean - 1;
    *value = (struct saved_value){.mean = fabs(gap),
                                  .lo = lo * hi <= 0 ? 0 : fmin(fabs(lo), fabs(hi)),
                                  .hi = fmax(fabs(lo), fabs(hi)),
                                  .log10_mean = log10_of(fabs(gap)),
                                  .n = measured.n};
    if (isnan(lo) || isnan(hi))
        value->lo = value->hi = NAN;
    return isfinite(gap);
}

static bool read_seconds(const struct quantity_place *place, struct saved_value *value)
{
    const json_t *seconds = json_object_get(json_object_get(place->profile->root, "manifest"), "seconds");
    double samples = saved_number(place->profile, "samples", NAN), mean = json_number_value(seconds) / samples;
    *value = (struct saved_value){.mean = mean, .lo = NAN, .hi = NAN, .log10_mean = log10_of(mean)};
    return mean > 0 && isfinite(mean);
}

enum { RATES_MOST = 64 };

/* Whether two configurations are the same but for the learning rate. */
static bool same_but_rate(const struct saved *a, const struct saved *b)
{
    const char *key;
    json_t *value;
    bool same = json_object_size(a->config) == json_object_size(b->config);
    json_object_foreach(a->config, key, value)
    {
        const json_t *other = json_object_get(b->config, key);
        same = same && other && (strcmp(key, "lr") == 0 || json_equal(value, other));
    }
    return same;
}

/* The run into ascending order; false where its rate is there already. A run without a score has failed. */
static bool insert_rate(const struct saved *run, const char *observable, int *count, double *rates, double *scores)
{
    struct saved_value score = {.mean = NAN};
    size_t row;
    double rate = saved_number(run, "lr", NAN);
    if (!isfinite(rate) || *count == RATES_MOST)
        return false;
    if (saved_find(run, run->layers, &row))
        saved_value(run, row, observable, &score);
    int i = (*count)++;
    for (; i > 0 && rates[i - 1] > rate; i--) {
        rates[i] = rates[i - 1];
        scores[i] = scores[i - 1];
    }
    rates[i] = rate;
    scores[i] = score.mean;
    return true;
}

static bool read_edge(const struct quantity_place *place, struct saved_value *value)
{
    double rates[RATES_MOST], scores[RATES_MOST], own = saved_number(place->profile, "lr", NAN);
    int count = 0;
    if (place->row + 1 != saved_rows(place->profile))
        return false;
    for (size_t i = 0; i < place->profiles->count; i++) {
        const struct saved *run = &place->profiles->profiles[i];
        if (same_but_rate(place->profile, run) && !insert_rate(run, place->observable, &count, rates, scores))
            return false;
    }
    double edge = count > 1 && own == rates[0] ? score_edge(count, rates, scores) : NAN;
    *value = (struct saved_value){.mean = edge, .lo = NAN, .hi = NAN, .log10_mean = log10_of(edge)};
    return isfinite(edge) && edge > 0;
}

#define GEOMETRIC_NOTE "geometric means over samples"

const struct quantity quantity_value = {read_value, same, "", NULL};
const struct quantity quantity_geometric = {read_geometric, same, "", GEOMETRIC_NOTE};
const struct quantity quantity_complement = {read_complement, lack, " other than 1", NULL};
const struct quantity quantity_gain = {read_gain, same, " at layers 0 and L", GEOMETRIC_NOTE};
const struct quantity quantity_excess = {read_excess, NULL, " at layer 0 and others", NULL};
const struct quantity quantity_log_variance = {read_log_variance, NULL, " at layers 0 and L with sd_log and n", NULL};
const struct quantity quantity_gap = {read_gap, NULL, " beside a prediction of the same configuration", NULL};
const struct quantity quantity_edge = {read_edge, NULL, " of runs at rates below and above the edge", NULL};
const struct quantity quantity_seconds = {read_seconds, NULL, ", or the seconds of its samples", NULL};
