#include "cli/format_table.h"

#include <gsl/gsl_statistics_double.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/grid.h"
#include "sim/readers.h"
#include "sim/setting.h"
#include "sim/text.h"

enum { TABLE_CELL = 17 };

/* value = mantissa 10^exponent, as it is printed: 9.9996 is 1.000e1. */
static void print_power(char *text, size_t size, bool negative, double log10)
{
    double exponent = floor(log10), mantissa = pow(10, log10 - exponent);
    bool next = mantissa >= 9.9995;
    snprintf(text, size, "%s%.3fe%.0f", negative ? "-" : "", next ? mantissa / 10 : mantissa, exponent + next);
}

/* Four digits, and beyond the range of double by way of the logarithm; "-" where there is no number. */
static void print_wide(char *text, size_t size, struct wide w)
{
    double value = wide_exact(w), log10 = wide_log10((struct wide){fabs(w.mantissa), w.exponent});
    if (isfinite(value))
        snprintf(text, size, "%.4g", fabs(value) < 5e-16 ? 0 : value);
    else if (isfinite(log10))
        print_power(text, size, w.mantissa < 0, log10);
    else
        snprintf(text, size, "-");
}

typedef void cell_printer(const struct profile *profile, int layer, int column, char *text, char *extent);

enum { CELL_TEXT = 64 };

/* The mean, and behind it the half-width of the 95 % interval or, of a prediction, the standard error where it is not
 * exact. */
static void print_mean(enum schema_kind kind, const struct estimate *cell, struct wide half, char *text, char *extent)
{
    struct wide lo, hi;
    print_wide(text, CELL_TEXT, estimate_mean(cell));
    if (kind != SCHEMA_PREDICTED) {
        estimate_interval(cell, 0.95, &lo, &hi);
        half = (struct wide){(hi.mantissa - lo.mantissa) / 2, hi.exponent};
    }
    double value = wide_exact(half);
    if (isfinite(value) && !(kind == SCHEMA_PREDICTED && value == 0))
        snprintf(extent, CELL_TEXT, "±%.1g", value);
}

static void print_estimate(const struct profile *profile, int layer, int column, char *text, char *extent)
{
    print_mean(profile->kind, profile_cell(profile, layer, column), profile_se(profile, layer, column), text, extent);
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

/* ---- which columns ---- */

const char *format_table_column(size_t i)
{
    return i < OBSERVABLES ? observables[i].name : i < 2 * OBSERVABLES ? observables[i - OBSERVABLES].symbol : NULL;
}

/* Columns of a table. */
struct shown {
    struct {
        enum observe_id id;
        int column; /* of the profile; -1 where the model has none */
    } * columns;
    int count, hidden; /* hidden: for which the window has no room, behind the others */
};

/* The columns of one observable: one with a value per layer, unless details and states are asked for. */
static void show(struct shown *shown, const struct observe_schema *schema, enum observe_id id, bool all)
{
    int before = shown->count;
    for (int c = 0; c < schema->column_count; c++)
        if (schema->columns[c].observable == id && (all || schema->layer_column[id] == c)) {
            shown->columns[shown->count].id = id;
            shown->columns[shown->count++].column = c;
        }
    if (!all || shown->count > before)
        return;
    shown->columns[shown->count].id = id;
    shown->columns[shown->count++].column = -1;
}

/* Columns of text in front of the first number. */
static int margin_of(const struct profile *profile)
{
    return profile->prediction || profile->bounds ? 15 : 5;
}

static int shown_init(struct shown *shown, const struct profile *profile, const struct format_page *page,
                      struct error *error)
{
    const struct columns *columns = &page->columns;
    *shown = (struct shown){0};
    shown->columns = calloc((size_t)profile->schema->column_count + OBSERVABLES, sizeof *shown->columns);
    if (!shown->columns)
        return error_set(error, ERROR_RESOURCE, "out of memory for a table");
    for (int i = 0; i < columns->count; i++)
        show(shown, profile->schema, (enum observe_id)(columns->chosen[i] % OBSERVABLES), true);
    for (int id = 0; columns->count == 0 && id < OBSERVABLES; id++)
        if (!observables[id].detail)
            show(shown, profile->schema, (enum observe_id)id, false);
    int room = (page->window - margin_of(profile)) / TABLE_CELL;
    room = room < 1 ? 1 : room;
    if (columns->count == 0 && page->window > 0 && room < shown->count) {
        shown->hidden = shown->count - room;
        shown->count = room;
    }
    return ERROR_NONE;
}

/* The symbol, and what tells several columns of an observable apart: "ratio.attn". */
static void print_symbol(const struct profile *profile, const struct shown *shown, int i, char *text, size_t size)
{
    const struct observable *observable = &observables[shown->columns[i].id];
    const char *name = shown->columns[i].column < 0 ? observable->name
                                                    : profile->schema->columns[shown->columns[i].column].name;
    const char *at = strstr(name, observable->name);
    snprintf(text, size, "%.*s%s%s", at ? (int)(at - name) : 0, name, observable->symbol,
             at ? at + strlen(observable->name) : "");
}

static void table_row(const struct profile *profile, const struct shown *shown, int layer, cell_printer *print,
                      FILE *stream)
{
    for (int i = 0; i < shown->count; i++) {
        char text[CELL_TEXT] = "-", extent[CELL_TEXT] = "";
        int c = shown->columns[i].column;
        bool known = c >= 0 && profile_cell(profile, layer, c)->n > 0;
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

void format_table_settings(const struct model *model, FILE *stream)
{
    const char *separator = "";
    for (size_t i = 0; i < setting_count; i++) {
        char value[64], words[128];
        if (settings[i].type == SETTING_TEXT || is_in_label(&settings[i], model) || !readers_exist(&settings[i], model))
            continue;
        setting_label(&settings[i], model, value, sizeof value);
        if (setting_words(&settings[i], value, words, sizeof words) == 0)
            continue;
        fprintf(stream, "%s%s", separator, words);
        separator = ", ";
    }
}

/* Logarithms of g_0/g_L, ascending. One stack has no spread. */
static void print_replicas(const double *sorted, size_t n, int layers, FILE *stream)
{
    if (n == 1)
        fputs("predicted at this width, of 1 replica, whose standard error is not known\n", stream);
    else
        fprintf(stream, "predicted at this width, mean over %zu replicas ± standard error\n", n);
    if (!isfinite(sorted[0]) || !isfinite(sorted[n - 1]))
        return;
    if (n == 1)
        fprintf(stream, "g_0/g_%d of this stack: %.3g\n", layers, exp(sorted[0]));
    else
        fprintf(stream, "g_0/g_%d over stacks: median %.3g, from %.3g to %.3g in 90 %% of them\n", layers,
                exp(gsl_stats_median_from_sorted_data(sorted, 1, n)),
                exp(gsl_stats_quantile_from_sorted_data(sorted, 1, n, 0.05)),
                exp(gsl_stats_quantile_from_sorted_data(sorted, 1, n, 0.95)));
}

static void print_prediction_kind(const struct profile *profile, FILE *stream)
{
    const double *sorted = profile->moments.log_ratio;
    size_t n = (size_t)profile->samples;
    if (profile->moments.first_order) {
        fprintf(stream,
                "predicted at this width, to first order in T/d: within about %.2g %% (of 1 for cosines and "
                "slopes)\n",
                100 * profile->moments.order_error);
        return;
    }
    if (!sorted) {
        fprintf(stream, "infinite width%s, %s\n",
                model_is_normal(profile->model) ? ""
                                                : ", which all laws share: a width's own is known of normal weights",
                n > 1 ? "mean over replicas ± standard error" : "many heads; by quadrature");
        return;
    }
    print_replicas(sorted, n, profile->model->layers, stream);
}

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

/* The lines above the columns. */
static int print_words(const struct profile *profile, const struct shown *shown, FILE *stream, struct error *error)
{
    (void)shown;
    int code = print_title(profile->model, stream, error);
    format_table_settings(profile->model, stream);
    fputs("; ", stream);
    if (profile->kind == SCHEMA_PREDICTED)
        print_prediction_kind(profile, stream);
    else
        fprintf(stream,
                "%s engine%s%s, %" PRId64 " sample%s, seed %" PRIu64 "; mean ± half-width of the 95 %% interval\n",
                profile->engine, profile->forced ? " because " : "", profile->forced ? profile->forced : "",
                profile->samples, profile->samples == 1 ? "" : "s", profile->seed);
    if (profile->prediction)
        fputs("Below each: the prediction, and z = (measured - predicted) / standard error of both\n", stream);
    if (profile->bounds)
        fputs("Below each: its floor and ceiling, where they are known (infinite width, many heads)\n", stream);
    return code;
}

/* A line for each observable, and what there is no room for. */
static int print_legend(const struct profile *profile, const struct shown *shown, FILE *stream, struct error *error)
{
    (void)profile, (void)error;
    for (int i = 0; i < shown->count; i++) {
        const struct observable *observable = &observables[shown->columns[i].id];
        if (i == 0 || shown->columns[i].id != shown->columns[i - 1].id)
            fprintf(stream, "  %-11s%s: %s\n", observable->symbol, observable->name, observable->summary);
    }
    for (int i = shown->count; i < shown->count + shown->hidden; i++)
        fprintf(stream, "%s%s", i == shown->count ? "  (no room for " : ", ", observables[shown->columns[i].id].symbol);
    fputs(shown->hidden > 0 ? "; --columns chooses)\n" : "", stream);
    return ERROR_NONE;
}

static void print_symbols(const struct profile *profile, const struct shown *shown, FILE *stream)
{
    fprintf(stream, "\n%5s%*s", "layer", margin_of(profile) - 5, "");
    for (int i = 0; i < shown->count; i++) {
        char symbol[TABLE_CELL];
        print_symbol(profile, shown, i, symbol, sizeof symbol);
        int spare = TABLE_CELL - 1 - (strlen(symbol) > 9 ? (int)strlen(symbol) : 9);
        fprintf(stream, " %9s%*s", symbol, spare, "");
    }
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

/* The quantities of the whole stack, below the layers. */
static int print_stack(const struct profile *profile, const struct shown *shown, FILE *stream, struct error *error)
{
    (void)shown, (void)error;
    for (int i = 0; i < OVERALLS; i++) {
        char text[CELL_TEXT], extent[CELL_TEXT] = "", predicted[CELL_TEXT] = "", none[CELL_TEXT] = "";
        const struct estimate *cell = &profile->overall[i];
        if (cell->n == 0)
            continue;
        print_mean(profile->kind, cell, profile_overall_se(profile, i), text, extent);
        if (profile->prediction && profile->prediction->overall[i].n > 0)
            print_mean(SCHEMA_PREDICTED, &profile->prediction->overall[i], wide_absent(), predicted, none);
        fprintf(stream, "%s%-18s %s%s%s%s%s: %s\n", i == 0 ? "\n" : "", overalls[i].name, text, *extent ? " " : "",
                extent, *predicted ? ", predicted " : "", predicted, overalls[i].summary);
    }
    return ERROR_NONE;
}

/* Printed as lines that the window has room for. */
typedef int printer(const struct profile *profile, const struct shown *shown, FILE *stream, struct error *error);

static int print_folded(printer *print, const struct profile *profile, const struct shown *shown, int indent,
                        const struct format_page *page, struct error *error)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    int code = stream ? print(profile, shown, stream, error) : ERROR_NONE;
    if ((!stream || fclose(stream) != 0) && code == ERROR_NONE)
        code = error_set(error, ERROR_RESOURCE, "out of memory for a table");
    if (code == ERROR_NONE)
        columns_fold(text, page->window, indent, page->stream);
    free(text);
    return code;
}

static void print_layers(const struct profile *profile, const struct shown *shown, FILE *stream)
{
    for (int l = 0; l <= profile->model->layers; l++) {
        fprintf(stream, "%5d%s", l, profile->prediction ? " measured " : profile->bounds ? " predicted" : "");
        table_row(profile, shown, l, print_estimate, stream);
        for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
            if (beside[i].of_bounds ? !profile->bounds : !profile->prediction)
                continue;
            fprintf(stream, "%5s %-9s", "", beside[i].label);
            table_row(profile, shown, l, beside[i].print, stream);
        }
    }
}

int format_table(const struct profile *profile, const struct format_page *page, struct error *error)
{
    FILE *stream = page->stream;
    struct shown shown;
    int code = shown_init(&shown, profile, page, error);
    if (code != ERROR_NONE)
        return code;
    if (page->number > 0)
        fputc('\n', stream);
    code = print_folded(print_words, profile, &shown, 4, page, error);
    if (code == ERROR_NONE)
        code = print_folded(print_legend, profile, &shown, 13, page, error);
    if (code == ERROR_NONE) {
        print_symbols(profile, &shown, stream);
        print_layers(profile, &shown, stream);
        code = print_folded(print_stack, profile, &shown, 19, page, error);
    }
    free(shown.columns);
    return code;
}

/* ---- a row a profile ---- */

/* Columns: the settings, the kind, the quantities. */
const char *format_table_quantity_column(size_t i)
{
    return i < setting_count ? settings[i].key : i == setting_count ? "kind" : overall_name(i - setting_count - 1);
}

/* Without a setting that varies the placement is shown. */
static bool is_label(const struct format_page *page, const struct setting *setting)
{
    bool any = false;
    for (size_t i = 0; i < setting_count; i++)
        any |= sweep_varies(page->sweep, &settings[i]);
    return any ? sweep_varies(page->sweep, setting) : setting == &settings[0];
}

static void fit_quantities(struct grid *grid, const struct format_page *page)
{
    enum { KIND = 9, SPARE = 3 };
    for (size_t i = 0; i < setting_count; i++)
        grid->columns[grid->count++] = (struct grid_column){.name = settings[i].key,
                                                            .width = sweep_width(page->sweep, &settings[i]),
                                                            .left = true,
                                                            .usual = is_label(page, &settings[i])};
    grid->columns[grid->count++] = (struct grid_column){
        .name = "kind", .width = KIND, .left = true, .usual = true, .spare = SPARE};
    for (int i = 0; i < OVERALLS; i++)
        grid->columns[grid->count++] = (struct grid_column){
            .name = overalls[i].name, .width = TABLE_CELL, .left = true, .usual = page->quantity[i], .spare = 1};
    grid_fit(grid, &page->columns, page->window);
}

static void quantity_cell(const void *row, int column, char text[GRID_CELL])
{
    const struct profile *profile = row;
    int i = column - (int)setting_count - 1;
    char number[CELL_TEXT] = "-", extent[CELL_TEXT] = "";
    if (i < -1) {
        setting_label(&settings[column], profile->model, text, GRID_CELL);
    } else if (i == -1) {
        snprintf(text, GRID_CELL, "%s", schema_kinds[profile->kind]);
    } else {
        if (profile->overall[i].n > 0)
            print_mean(profile->kind, &profile->overall[i], profile_overall_se(profile, i), number, extent);
        snprintf(text, GRID_CELL, *extent ? "%-9s %s" : "%s", number, extent);
    }
}

int format_table_quantities(const struct profile *profile, const struct format_page *page, struct error *error)
{
    (void)error;
    struct grid grid = {.count = 0};
    fit_quantities(&grid, page);
    if (page->number == 0)
        grid_print_head(&grid, page->stream);
    grid_print_row(&grid, quantity_cell, profile, page->stream);
    fputc('\n', page->stream);
    return ERROR_NONE;
}
