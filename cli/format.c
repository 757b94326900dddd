#include "cli/format.h"

#include <cblas.h>
#include <gsl/gsl_math.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "build_version.h"
#include "sim/setting.h"
#include "sim/text.h"

/* A value that double holds to full precision, else NaN: nothing out of range is ever printed as if it were there. */
static double in_range(struct wide w)
{
    double value = wide_present(w) ? wide_value(w) : NAN;
    return isnormal(value) || (value == 0 && w.mantissa == 0) ? value : NAN;
}

static double log10_of(struct wide w)
{
    return w.mantissa > 0 ? wide_log(w) / M_LN10 : NAN;
}

/* JSON */

/* Takes over value, which is NULL where memory ran out. */
static void put(bool *ok, json_t *object, const char *key, json_t *value)
{
    *ok &= json_object_set_new(object, key, value) == 0;
}

static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* JSON's integers end at 2^63 in most readers; a larger seed is written as text. */
static json_t *seed_value(uint64_t seed)
{
    char text[24];
    if (seed <= INT64_MAX)
        return json_integer((json_int_t)seed);
    snprintf(text, sizeof text, "%" PRIu64, seed);
    return json_string(text);
}

static bool is_prediction(const struct profile *profile)
{
    return profile->moments.mean != NULL;
}

struct limits {
    struct wide lo, hi; /* absent where no bound is known */
};

static struct limits limits_of(const struct profile *profile, int layer, int column)
{
    if (!profile->bounds)
        return (struct limits){wide_absent(), wide_absent()};
    size_t i = (size_t)layer * (size_t)profile->schema->column_count + (size_t)column;
    return (struct limits){profile->bounds->lo[i], profile->bounds->hi[i]};
}

/* "floor" and "log10_floor", where there is one. */
static void put_limit(bool *ok, json_t *object, const char *name, struct wide limit)
{
    char key[32];
    if (!wide_present(limit))
        return;
    put(ok, object, name, real(in_range(limit)));
    snprintf(key, sizeof key, "log10_%s", name);
    put(ok, object, key, real(log10_of(limit)));
}

static json_t *cell_object(bool *ok, const struct profile *profile, int layer, int column)
{
    const struct estimate *cell = profile_cell(profile, layer, column);
    struct wide lo, hi, mean = estimate_mean(cell);
    estimate_interval(cell, 0.95, &lo, &hi);
    json_t *object = json_object();
    put(ok, object, "mean", real(in_range(mean)));
    struct limits limits = limits_of(profile, layer, column);
    put_limit(ok, object, "floor", limits.lo);
    put_limit(ok, object, "ceiling", limits.hi);
    if (is_prediction(profile)) {
        put(ok, object, "log10_mean", real(log10_of(mean)));
        put(ok, object, "se", real(in_range(profile_se(profile, layer, column))));
        return object;
    }
    put(ok, object, "sd", real(in_range(estimate_sd(cell))));
    put(ok, object, "se", real(in_range(estimate_se(cell))));
    put(ok, object, "lo", real(in_range(lo)));
    put(ok, object, "hi", real(in_range(hi)));
    put(ok, object, "log10_mean", real(log10_of(mean)));
    put(ok, object, "mean_log", real(estimate_mean_log(cell)));
    put(ok, object, "sd_log", real(estimate_sd_log(cell)));
    put(ok, object, "n", json_integer(cell->n));
    return object;
}

static char *formula_text(const struct model *model)
{
    size_t size = formula_print(&model->formula, "; ", NULL, 0) + 1;
    char *text = malloc(size);
    if (text)
        formula_print(&model->formula, "; ", text, size);
    return text;
}

static json_t *setting_object(const struct setting *setting, const struct model *model)
{
    if (setting->type == SETTING_INTEGER)
        return json_integer((json_int_t)setting_number(setting, model));
    if (setting->type == SETTING_REAL)
        return json_real(setting_number(setting, model));
    return json_string(setting_name(setting, model));
}

json_t *format_model(bool *ok, const struct model *model)
{
    json_t *object = json_object();
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &settings[i];
        put(ok, object, setting->key, setting_object(setting, model));
        if (setting->type != SETTING_TEXT)
            continue;
        char *text = setting_value(setting, model);
        put(ok, object, setting->text->key, json_string(text));
        free(text);
    }
    return object;
}

static json_t *config_object(bool *ok, const struct profile *profile)
{
    json_t *object = format_model(ok, profile->model);
    put(ok, object, "engine", json_string(profile->engine));
    put(ok, object, "samples", json_integer(profile->samples));
    put(ok, object, "first_sample", json_integer((json_int_t)profile->first));
    if (profile->shards > 0)
        put(ok, object, "shard", json_sprintf("%d/%d", profile->shard, profile->shards));
    put(ok, object, "seed", seed_value(profile->seed));
    return object;
}

static json_t *manifest_object(bool *ok, const struct profile *profile)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    json_t *object = json_object();
    put(ok, object, "version", json_string(BUILD_VERSION));
    put(ok, object, "commit", json_string(BUILD_COMMIT));
    put(ok, object, "blas", json_string(openblas_get_config()));
    put(ok, object, "threads", json_integer(profile->threads));
    put(ok, object, "seconds", real(profile->seconds));
    put(ok, object, "peak_bytes", json_integer((json_int_t)usage.ru_maxrss * 1024));
    return object;
}

static json_t *layers_array(bool *ok, const struct profile *profile)
{
    json_t *array = json_array();
    for (int l = 0; l <= profile->model->layers; l++) {
        json_t *layer = json_object();
        put(ok, layer, "layer", json_integer(l));
        for (int c = 0; c < profile->schema->column_count; c++) {
            if (profile_cell(profile, l, c)->n > 0)
                put(ok, layer, profile->schema->columns[c].name, cell_object(ok, profile, l, c));
        }
        *ok &= json_array_append_new(array, layer) == 0;
    }
    return array;
}

static int write_json(const struct profile *profile, int number, FILE *stream, struct error *error)
{
    (void)number;
    bool all = true, *ok = &all;
    json_t *object = json_object();
    put(ok, object, "schema", json_string("spanscope/profile/1"));
    put(ok, object, "kind", json_string(profile->kind));
    put(ok, object, "config", config_object(ok, profile));
    put(ok, object, "manifest", manifest_object(ok, profile));
    put(ok, object, "layers", layers_array(ok, profile));
    char *text = all ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(object);
    if (!text)
        return error_set(error, ERROR_RESOURCE, "out of memory for the JSON of %d layers", profile->model->layers);
    fprintf(stream, "%s\n", text);
    free(text);
    return ERROR_NONE;
}

/* CSV */

/* RFC 4180: quoted where the text holds a comma, a quote or a line break. */
static void csv_text(const char *text, FILE *stream)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, stream);
        return;
    }
    fputc('"', stream);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', stream);
        fputc(*text, stream);
    }
    fputc('"', stream);
}

static void csv_real(double value, FILE *stream)
{
    if (isfinite(value))
        fprintf(stream, ",%.17g", value);
    else
        fputc(',', stream);
}

/* kind,placement,init,layer,observable of a row, up to the mean. */
static void csv_row(const struct profile *profile, int layer, int column, const char *suffix, FILE *stream)
{
    fprintf(stream, "%s,", profile->kind);
    csv_text(profile->model->placement, stream);
    fputc(',', stream);
    csv_text(profile->model->init.label, stream);
    fprintf(stream, ",%d,%s%s", layer, profile->schema->columns[column].name, suffix);
}

/* A bound is an observable of its own: gradient_variance.floor. */
static void csv_limit(const struct profile *profile, int layer, int column, const char *suffix, struct wide limit,
                      FILE *stream)
{
    if (!wide_present(limit))
        return;
    csv_row(profile, layer, column, suffix, stream);
    csv_real(in_range(limit), stream);
    fputs(",,,,,\n", stream);
}

static int write_csv(const struct profile *profile, int number, FILE *stream, struct error *error)
{
    (void)error;
    if (number == 0)
        fputs("kind,placement,init,layer,observable,mean,sd,se,lo,hi,n\n", stream);
    for (int l = 0; l <= profile->model->layers; l++) {
        for (int c = 0; c < profile->schema->column_count; c++) {
            const struct estimate *cell = profile_cell(profile, l, c);
            if (cell->n == 0)
                continue;
            struct wide lo, hi;
            estimate_interval(cell, 0.95, &lo, &hi);
            csv_row(profile, l, c, "", stream);
            csv_real(in_range(estimate_mean(cell)), stream);
            csv_real(in_range(estimate_sd(cell)), stream);
            csv_real(in_range(profile_se(profile, l, c)), stream);
            csv_real(in_range(lo), stream);
            csv_real(in_range(hi), stream);
            if (is_prediction(profile))
                fputs(",\n", stream);
            else
                fprintf(stream, ",%" PRId64 "\n", cell->n);
            struct limits limits = limits_of(profile, l, c);
            csv_limit(profile, l, c, ".floor", limits.lo, stream);
            csv_limit(profile, l, c, ".ceiling", limits.hi, stream);
        }
    }
    return ERROR_NONE;
}

/* Table */

enum { TABLE_CELL = 17 };

/* Four digits, and beyond the range of double by way of the logarithm. */
static int print_wide(char *text, size_t size, struct wide w)
{
    double value = in_range(w);
    if (isfinite(value))
        return snprintf(text, size, "%.4g", fabs(value) < 5e-16 ? 0 : value);
    double log10 = log10_of(w), exponent = floor(log10);
    return snprintf(text, size, "%.3fe%.0f", pow(10, log10 - exponent), exponent);
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
    if (!is_prediction(profile)) {
        estimate_interval(cell, 0.95, &lo, &hi);
        half = (struct wide){(hi.mantissa - lo.mantissa) / 2, hi.exponent};
    }
    double value = in_range(half);
    if (isfinite(value) && !(is_prediction(profile) && value == 0))
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
    struct limits limits = limits_of(profile, layer, column);
    if (wide_present(limits.lo))
        print_wide(text, CELL_TEXT, limits.lo);
}

static void print_ceiling(const struct profile *profile, int layer, int column, char *text, char *extent)
{
    (void)extent;
    struct limits limits = limits_of(profile, layer, column);
    if (wide_present(limits.hi))
        print_wide(text, CELL_TEXT, limits.hi);
}

static bool in_table(const struct profile *profile, int column)
{
    return profile->schema->layer_column[profile->schema->columns[column].observable] == column;
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

static void table_head(const struct profile *profile, FILE *stream)
{
    const struct model *model = profile->model;
    fprintf(stream, "L = %d, d = %d, H = %d, T = %d, F = %d, %s, %s, mask %s; ", model->layers, model->width,
            model->heads, model->tokens, model->ffn_width, model->activation->name, model->norm->name,
            model->mask->name);
    if (is_prediction(profile))
        fprintf(stream, "infinite width, %s\n",
                profile->samples > 1 ? "mean over replicas ± standard error" : "many heads; by quadrature");
    else
        fprintf(stream, "%s engine, %" PRId64 " samples, seed %" PRIu64 "; mean ± half-width of the 95 %% interval\n",
                profile->engine, profile->samples, profile->seed);
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

static int write_table(const struct profile *profile, int number, FILE *stream, struct error *error)
{
    char *formula = formula_text(profile->model);
    if (!formula)
        return error_set(error, ERROR_RESOURCE, "out of memory");
    fprintf(stream, "%s%s, %s: %s\n", number > 0 ? "\n" : "", profile->model->placement, profile->model->init.label,
            formula);
    free(formula);
    table_head(profile, stream);
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

const struct format formats[] = {
    {"table", "the observables with one value per layer, for reading", true, write_table},
    {"csv", "tidy: a row per layer and observable", false, write_csv},
    {"json", "a line per profile, schema spanscope/profile/1", false, write_json},
};
const size_t format_count = sizeof formats / sizeof *formats;

const struct format *format_find(const char *name, struct error *error)
{
    const char *names[sizeof formats / sizeof *formats];
    for (size_t i = 0; i < format_count; i++) {
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
        names[i] = formats[i].name;
    }
    text_unknown(error, "format", name, names, format_count);
    return NULL;
}

int format_read(void *field, const char *name, const char *text, struct error *error)
{
    (void)name;
    const struct format *format = format_find(text, error);
    if (!format)
        return error->code;
    *(const struct format **)field = format;
    return ERROR_NONE;
}
