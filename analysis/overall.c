#include "analysis/overall.h"

#include <string.h>

#include "sim/text.h"

static bool is_number(struct wide w)
{
    return wide_present(w) && isfinite(w.mantissa);
}

/* The gain from the output to the input, of gradients: that of the whole reverse pass. */
static struct wide first_over_last(const struct wide *column, int layers)
{
    struct wide a = column[0], b = column[layers];
    if (!is_number(a) || !is_number(b) || !(b.mantissa > 0))
        return wide_absent();
    return (struct wide){a.mantissa / b.mantissa, a.exponent - b.exponent};
}

static struct wide last(const struct wide *column, int layers)
{
    return is_number(column[layers]) ? column[layers] : wide_absent();
}

/* Least squares over layers 0 to L: sum (l - L/2) y_l over sum (l - L/2)^2 = L (L + 1) (L + 2) / 12. */
static struct wide log_slope(const struct wide *column, int layers)
{
    double sum = 0, l = layers;
    for (int i = 0; i <= layers; i++) {
        if (!is_number(column[i]) || !(column[i].mantissa > 0))
            return wide_absent();
        sum += (i - l / 2) * wide_log(column[i]);
    }
    return wide_of(sum / (l * (l + 1) * (l + 2) / 12));
}

const struct overall overalls[OVERALLS] = {
    {"gradient_ratio", "gradient variance at the input over that at the output, g_0/g_L", OBSERVE_GRADIENT_VARIANCE,
     first_over_last},
    {"specific_ratio", "the same of the gradient without its mean over tokens", OBSERVE_GRADIENT_SPECIFIC,
     first_over_last},
    {"last_token_cosine", "token cosine at the output", OBSERVE_TOKEN_COSINE, last},
    {"gradient_slope", "slope of log g against the layer, least squares, per block", OBSERVE_GRADIENT_VARIANCE,
     log_slope},
};

const char *overall_name(size_t i)
{
    return i < OVERALLS ? overalls[i].name : NULL;
}

int overall_find(const char *name, struct error *error)
{
    const char *names[OVERALLS];
    for (int i = 0; i < OVERALLS; i++) {
        if (strcmp(overalls[i].name, name) == 0)
            return i;
        names[i] = overalls[i].name;
    }
    text_unknown(error, "quantity", name, names, OVERALLS);
    return -1;
}

struct wide overall_of(int i, const struct observe_schema *schema, int layers, const struct wide *values,
                       struct wide *column)
{
    int c = schema->layer_column[overalls[i].observable];
    if (c < 0)
        return wide_absent();
    for (int l = 0; l <= layers; l++)
        column[l] = values[(size_t)l * (size_t)schema->column_count + (size_t)c];
    return overalls[i].evaluate(column, layers);
}
