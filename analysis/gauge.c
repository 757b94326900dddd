#include "analysis/gauge.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/overall.h"
#include "sim/setting.h"
#include "sim/text.h"

/* ---- quantities ---- */

const struct gauge_name gauge_names[] = {
    {"gradient_ratio", "gradient_variance@0/gradient_variance@L", "the gradient at the input over that at layer L"},
    {"specific_ratio", "gradient_specific@0/gradient_specific@L", "the same of its token-specific part"},
    {"activation_ratio", "activation_variance@L/activation_variance@0", "the signal at layer L over that at the input"},
    {"last_token_cosine", "token_cosine@L", "the token cosine at layer L"},
};
const size_t gauge_name_count = sizeof gauge_names / sizeof *gauge_names;

static const char LOG10[] = "log10_";

/* "L", "L-3" or "3" */
static int parse_layer(struct gauge_term *term, const char *text, struct error *error)
{
    long long layer = 0;
    term->from_end = *text == 'L';
    if (term->from_end && text[1] == '\0')
        return ERROR_NONE;
    if (term->from_end && text[1] != '-')
        return error_set(error, ERROR_INPUT, "layer '%.32s': expected a number from 0, L, or L-1, L-2, ...", text);
    int code = setting_integer("layer", text + (term->from_end ? 2 : 0), 0, 1000000, &layer, error);
    term->layer = (int)layer;
    return code;
}

/* A number of the whole stack that is made of more layers than two. */
static int refuse_overall(const char *column, struct error *error)
{
    for (int i = 0; i < OVERALLS; i++)
        if (strcmp(overalls[i].name, column) == 0)
            return error_set(error, ERROR_INPUT,
                             "%s, %s, is made of all layers: expected one layer or a ratio of two, such as "
                             "log10_gradient_ratio or gradient_variance@0/gradient_variance@1",
                             column, overalls[i].summary);
    return ERROR_NONE;
}

static int find_column(const char *column, enum observe_id *id, struct error *error)
{
    const char *names[OBSERVABLES + 16];
    size_t count = 0, length = strcspn(column, ".");
    for (size_t i = 0; i < gauge_name_count; i++) {
        names[count++] = gauge_names[i].name;
        if (strcmp(gauge_names[i].name, column) == 0)
            return error_set(error, ERROR_INPUT, "%s stands alone, as it is %s", column, gauge_names[i].text);
    }
    for (size_t i = 0; i < OBSERVABLES; i++) {
        names[count++] = observables[i].name;
        if (strlen(observables[i].name) == length && strncmp(observables[i].name, column, length) == 0) {
            *id = (enum observe_id)i;
            return ERROR_NONE;
        }
    }
    int code = refuse_overall(column, error);
    return code == ERROR_NONE ? text_unknown(error, "quantity", column, names, count) : code;
}

/* COLUMN or COLUMN@LAYER, and of which observable it is. */
static int parse_term(struct gauge_term *term, const char *text, size_t length, enum observe_id *id,
                      struct error *error)
{
    char layer[16];
    const char *at = memchr(text, '@', length);
    size_t column = at ? (size_t)(at - text) : length;
    *term = (struct gauge_term){.from_end = true};
    if (column == 0 || column >= sizeof term->column || length - column > sizeof layer)
        return error_set(error, ERROR_INPUT,
                         "expected a quantity such as gradient_ratio or token_cosine@L, found '%.*s'",
                         (int)(length < 60 ? length : 60), text);
    memcpy(term->column, text, column);
    snprintf(layer, sizeof layer, "%.*s", (int)(length - column - (at != NULL)), at ? at + 1 : "");
    int code = find_column(term->column, id, error);
    return code == ERROR_NONE && at ? parse_layer(term, layer, error) : code;
}

int gauge_parse(struct gauge *quantity, const char *text, size_t length, struct error *error)
{
    *quantity = (struct gauge){.log10 = strncmp(text, LOG10, strlen(LOG10)) == 0};
    if (quantity->log10) {
        text += strlen(LOG10);
        length -= strlen(LOG10);
    }
    for (size_t i = 0; i < gauge_name_count; i++)
        if (strlen(gauge_names[i].name) == length && strncmp(gauge_names[i].name, text, length) == 0) {
            text = gauge_names[i].text;
            length = strlen(text);
            break;
        }
    const char *slash = memchr(text, '/', length);
    quantity->ratio = slash != NULL;
    size_t over = slash ? (size_t)(slash - text) : length;
    enum observe_id id, unused;
    int code = parse_term(&quantity->over, text, over, &id, error);
    if (code == ERROR_NONE && slash)
        code = parse_term(&quantity->under, slash + 1, length - over - 1, &unused, error);
    quantity->cosine = code == ERROR_NONE && !slash && !quantity->log10 && observables[id].cosine;
    return code;
}

/* ---- of a prediction ---- */

static int find_cell(const struct gauge_term *term, const struct observe_schema *schema, int layers,
                     const struct wide *cells, struct wide *cell, struct error *error)
{
    int column = 0, layer = term->from_end ? layers - term->layer : term->layer;
    while (column < schema->column_count && strcmp(schema->columns[column].name, term->column) != 0)
        column++;
    if (column == schema->column_count)
        return error_set(error, ERROR_INPUT, "the model has no column %s", term->column);
    if (layer < 0 || layer > layers)
        return error_set(error, ERROR_INPUT, "layer %d is not between 0 and %d", layer, layers);
    *cell = cells[(size_t)layer * (size_t)schema->column_count + (size_t)column];
    if (!wide_present(*cell))
        return error_set(error, ERROR_INPUT, "%s has no value at layer %d", term->column, layer);
    return ERROR_NONE;
}

/* Of cells, [(L + 1)][columns]; absent where they do not have it, and why. */
static struct wide value_of(const struct gauge *quantity, const struct observe_schema *schema, int layers,
                            const struct wide *cells, struct error *error)
{
    struct wide over, under = wide_of(1);
    int code = find_cell(&quantity->over, schema, layers, cells, &over, error);
    if (code == ERROR_NONE && quantity->ratio)
        code = find_cell(&quantity->under, schema, layers, cells, &under, error);
    if (code == ERROR_NONE && under.mantissa == 0)
        code = error_set(error, ERROR_INPUT, "%s is 0, and divides", quantity->under.column);
    return code == ERROR_NONE ? (struct wide){over.mantissa / under.mantissa, over.exponent - under.exponent}
                              : wide_absent();
}

/* A prediction's independent parts, of which a ratio's error is known: what over and under have in common cancels. */
struct tally {
    const struct gauge *quantities;
    int count, layers;
    struct estimate *parts; // [count]
};

static void add_part(void *context, const struct observe_schema *schema, int number, const struct wide *cells)
{
    const struct tally *tally = context;
    struct error unused;
    for (int i = 0; i < tally->count; i++) {
        if (number == 0)
            tally->parts[i] = (struct estimate){0};
        estimate_add(&tally->parts[i], value_of(&tally->quantities[i], schema, tally->layers, cells, &unused));
    }
}

static void read_value(const struct gauge *quantity, const struct estimate *parts, const struct moments *moments,
                       int layers, struct gauge_value *value)
{
    *value = (struct gauge_value){.se = moments->drawn ? estimate_se(parts) : wide_of(0)};
    value->mean = value_of(quantity, &moments->schema, layers, moments->mean, &value->none);
    bool samples = moments->drawn && moments->spread; // of which a ratio is the mean of theirs
    if (wide_present(value->mean) && samples)
        value->mean = parts->n > 0 ? estimate_mean(parts) : wide_absent();
}

int gauge_predict(const struct gauge *quantities, int count, const struct model *model,
                  const struct moments_options *options, struct gauge_value *values, struct gauge_reading *reading,
                  struct error *error)
{
    struct estimate parts[count];
    struct tally tally = {quantities, count, model->layers, parts};
    struct moments_options own = *options;
    struct moments moments;
    memset(parts, 0, sizeof parts);
    own.visit = add_part;
    own.context = &tally;
    int code = moments_predict(model, &own, &moments, error);
    if (code != ERROR_NONE)
        return code;
    for (int i = 0; i < count; i++)
        read_value(&quantities[i], &parts[i], &moments, model->layers, &values[i]);
    *reading = (struct gauge_reading){.at_width = moments.spread || moments.first_order,
                                      .replicas = moments.drawn ? moments.replicas : 0,
                                      .order_error = moments.first_order ? moments.order_error : 0};
    moments_free(&moments);
    return ERROR_NONE;
}

double gauge_number(const struct gauge *quantity, const struct gauge_value *value)
{
    if (!wide_present(value->mean))
        return NAN;
    return quantity->log10 ? wide_log10(value->mean) : wide_value(value->mean);
}

double gauge_error(const struct gauge *quantity, const struct gauge_value *value)
{
    if (!wide_present(value->mean) || !wide_present(value->se))
        return NAN;
    if (!quantity->log10)
        return wide_value(value->se);
    return ldexp(value->se.mantissa / fabs(value->mean.mantissa), value->se.exponent - value->mean.exponent) / M_LN10;
}

double gauge_order(const struct gauge *quantity, const struct gauge_value *value, const struct gauge_reading *reading)
{
    double unit = quantity->log10 ? 1 / M_LN10 : quantity->cosine ? 1 : fabs(gauge_number(quantity, value));
    return reading->order_error == 0 ? 0 : reading->order_error * unit;
}
