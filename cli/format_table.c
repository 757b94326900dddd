#include "cli/format_table.h"

#include <gsl/gsl_statistics_double.h>
#include <inttypes.h>
#include <stdlib.h>

#include "sim/setting.h"
#include "sim/text.h"

enum { TABLE_CELL = 17 };

/* Four digits, and beyond the range of double by way of the logarithm; "-" where there is no number. */
static void print_wide(char *text, size_t size, struct wide w)
{
    double value = wide_exact(w), log10 = wide_log10((struct wide){fabs(w.mantissa), w.exponent});
    double exponent = floor(log10);
    if (isfinite(value))
        snprintf(text, size, "%.4g", fabs(value) < 5e-16 ? 0 : value);
    else if (isfinite(log10))
        snprintf(text, size, "%s%.3fe%.0f", w.mantissa < 0 ? "-" : "", pow(10, log10 - exponent), exponent);
    else
        snprintf(text, size, "-");
}

typedef void cell_printer(const struct profile *profile, int layer, int column, char *text, char *extent);

enum { CELL_TEXT = 64 };

/* The mean, and behind it the half-width of the 95 % interval or, of a prediction, the standard error where it is not
 * exact. */
static void print_estimate(const struct profile *profile, int layer, int column, char *text, char *extent)
{
    const struct estimate *cell = profile_cell(profile, layer, column);
    struct wide lo, hi, half = profile_se(profile, layer, column);
    print_wide(text, CELL_TEXT, estimate_mean(cell));
    if (profile->kind != SCHEMA_PREDICTED) {
        estimate_interval(cell, 0.95, &lo, &hi);
        half = (struct wide){(hi.mantissa - lo.mantissa) / 2, hi.exponent};
    }
    double value = wide_exact(half);
    if (isfinite(value) && !(profile->kind == SCHEMA_PREDICTED && value == 0))
        snprintf(extent, CELL_TEXT, "±%.1g", value);
}

static void print_prediction(const struct profile *profile, int layer, int column, char *text, char *extent)
{
    print_estimate(profile->prediction, layer, column, text, extent);
}

/* (measured - predicted) / sqrt(se^2 + se^2), in units of the larger exponent. */
static void print_score(const struct profile *profile, int layer, int column, char *text, char *extent)
{
    (void)extent;
    struct wide values[4] = {estimate_mean(profile_cell(profile, layer, column)),
                             estimate_mean(profile_cell(profile->prediction, layer, column)),
                             profile_se(profile, layer, column), profile_se(profile->prediction, layer, column)};
    int exponent = values[0].exponent > values[1].exponent ? values[0].exponent : values[1].exponent;
    double scaled[4];
    for (int i = 0; i < 4; i++)
        scaled[i] = wide_present(values[i]) ? ldexp(values[i].mantissa, values[i].exponent - exponent) : NAN;
    double score = (scaled[0] - scaled[1]) / hypot(scaled[2], scaled[3]);
    snprintf(text, CELL_TEXT, isfinite(score) ? "%.2f" : "-", score);
}

static void print_floor(const struct profile *profile, int layer, int column, char *text, char *extent)
{
    (void)extent;
    print_wide(text, CELL_TEXT, profile_floor(profile, layer, column));
}

static void print_ceiling(const struct profile *profile, int layer, int column, char *text, char *extent)
{
    (void)extent;
    print_wide(text, CELL_TEXT, profile_ceiling(profile, layer, column));
}

static bool in_table(const struct profile *profile, int column)
{
    enum observe_id id = profile->schema->columns[column].observable;
    return profile->schema->layer_column[id] == column && !observables[id].detail;
}

static void table_row(const struct profile *profile, int layer, cell_printer *print, FILE *stream)
{
    for (int c = 0; c < profile->schema->column_count; c++) {
        char text[CELL_TEXT] = "-", extent[CELL_TEXT] = "";
        if (!in_table(profile, c))
            continue;
        bool known = profile_cell(profile, layer, c)->n > 0;
        if (known &&
            (!profile->prediction || profile_cell(profile->prediction, layer, c)->n > 0 || print == print_estimate))
            print(profile, layer, c, text, extent);
        fprintf(stream, " %9s %-*s", text, TABLE_CELL - 11 + (*extent ? 1 : 0), extent); // the sign has two bytes
    }
    fputc('\n', stream);
}

/* Whether the label of one of the model's texts says it: c of scaleinit:2. */
static bool is_in_label(const struct setting *setting, const struct model *model)
{
    bool found = false;
    for (size_t i = 0; i < setting_count; i++)
        found |= setting_parameter(&settings[i], model) == setting;
    return found;
}

/* "L = 16, d = 256, relu, no mask": what the model reads, without its texts. */
static void print_settings(const struct model *model, FILE *stream)
{
    const char *separator = "";
    for (size_t i = 0; i < setting_count; i++) {
        char value[64], words[128];
        if (settings[i].type == SETTING_TEXT || is_in_label(&settings[i], model) ||
            !setting_is_read(&settings[i], model))
            continue;
        setting_label(&settings[i], model, value, sizeof value);
        if (setting_words(&settings[i], value, words, sizeof words) == 0)
            continue;
        fprintf(stream, "%s%s", separator, words);
        separator = ", ";
    }
}

static void print_prediction_kind(const struct profile *profile, FILE *stream)
{
    const double *sorted = profile->moments.log_ratio;
    size_t n = (size_t)profile->samples;
    if (!sorted) {
        fprintf(stream, "infinite width, %s\n",
                n > 1 ? "mean over replicas ± standard error" : "many heads; by quadrature");
        return;
    }
    fprintf(stream, "predicted at this width, mean over %zu replicas ± standard error\n", n);
    if (isfinite(sorted[0]) && isfinite(sorted[n - 1]))
        fprintf(stream, "g_0/g_%d over stacks: median %.3g, from %.3g to %.3g in 90 %% of them\n",
                profile->model->layers, exp(gsl_stats_median_from_sorted_data(sorted, 1, n)),
                exp(gsl_stats_quantile_from_sorted_data(sorted, 1, n, 0.05)),
                exp(gsl_stats_quantile_from_sorted_data(sorted, 1, n, 0.95)));
}

/* The lines above the columns. */
static void print_head(const struct profile *profile, FILE *stream)
{
    print_settings(profile->model, stream);
    fputs("; ", stream);
    if (profile->kind == SCHEMA_PREDICTED)
        print_prediction_kind(profile, stream);
    else
        fprintf(stream,
                "%s engine%s%s, %" PRId64 " samples, seed %" PRIu64 "; mean ± half-width of the 95 %% interval\n",
                profile->engine, profile->forced ? " because " : "", profile->forced ? profile->forced : "",
                profile->samples, profile->seed);
    if (profile->prediction)
        fputs("Below each: the infinite-width prediction, and z = (measured - predicted) / standard error of both\n",
              stream);
    if (profile->bounds)
        fputs("Below each: its floor and ceiling, where they are known (infinite width, many heads)\n", stream);
    for (int c = 0; c < profile->schema->column_count; c++) {
        const struct observable *observable = &observables[profile->schema->columns[c].observable];
        if (in_table(profile, c))
            fprintf(stream, "  %-11s%s: %s\n", observable->symbol, observable->name, observable->summary);
    }
    fprintf(stream, "\n%5s%*s", "layer", profile->prediction || profile->bounds ? 10 : 0, "");
    for (int c = 0; c < profile->schema->column_count; c++)
        if (in_table(profile, c))
            fprintf(stream, " %9s%*s", observables[profile->schema->columns[c].observable].symbol, TABLE_CELL - 10, "");
    fputc('\n', stream);
}

/* The lines below a layer's own. */
static const struct {
    const char *label;
    bool of_bounds; /* else of the prediction */
    cell_printer *print;
} beside[] = {
    {"predicted", false, print_prediction},
    {"z", false, print_score},
    {"floor", true, print_floor},
    {"ceiling", true, print_ceiling},
};

/* "spannorm, scaleinit:2: y = ..." */
static int print_title(const struct model *model, FILE *stream, struct error *error)
{
    const struct setting *placement = setting_find("placement", error), *init = setting_find("init", error);
    char label[GRAPH_NAME_MAX + 32], *formula = setting_value(placement, model);
    if (!formula)
        return error_set(error, ERROR_RESOURCE, "out of memory");
    setting_label(init, model, label, sizeof label);
    fprintf(stream, "%s, %s: %s\n", model->placement, label, formula);
    free(formula);
    return ERROR_NONE;
}

int format_table(const struct profile *profile, int number, FILE *stream, struct error *error)
{
    if (number > 0)
        fputc('\n', stream);
    int code = print_title(profile->model, stream, error);
    if (code != ERROR_NONE)
        return code;
    print_head(profile, stream);
    for (int l = 0; l <= profile->model->layers; l++) {
        fprintf(stream, "%5d%s", l, profile->prediction ? " measured " : profile->bounds ? " predicted" : "");
        table_row(profile, l, print_estimate, stream);
        for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
            if (beside[i].of_bounds ? !profile->bounds : !profile->prediction)
                continue;
            fprintf(stream, "%5s %-9s", "", beside[i].label);
            table_row(profile, l, beside[i].print, stream);
        }
    }
    return ERROR_NONE;
}
