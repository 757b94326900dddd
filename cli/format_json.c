#include "cli/format_json.h"

#include <cblas.h>
#include <gsl/gsl_statistics_double.h>
#include <jansson.h>
#include <sys/resource.h>

#include "analysis/config.h"
#include "analysis/document.h"
#include "build_version.h"

/* "floor" and "log10_floor", where there is one. */
static void put_limit(bool *ok, json_t *object, const char *name, struct wide limit)
{
    char key[32];
    if (!wide_present(limit))
        return;
    document_put(ok, object, name, document_number(wide_exact(limit)));
    snprintf(key, sizeof key, "log10_%s", name);
    document_put(ok, object, key, document_number(wide_log10(limit)));
}

static void put_spread(bool *ok, json_t *object, const struct estimate *cell)
{
    struct wide lo, hi;
    estimate_interval(cell, 0.95, &lo, &hi);
    document_put(ok, object, SCHEMA_SD, document_number(wide_exact(estimate_sd(cell))));
    document_put(ok, object, SCHEMA_LO, document_number(wide_exact(lo)));
    document_put(ok, object, SCHEMA_HI, document_number(wide_exact(hi)));
    document_put(ok, object, SCHEMA_MEAN_LOG, document_number(estimate_mean_log(cell)));
    document_put(ok, object, SCHEMA_SD_LOG, document_number(estimate_sd_log(cell)));
    document_put(ok, object, SCHEMA_N, json_integer(cell->n));
}

static json_t *estimate_object(bool *ok, bool counted, const struct estimate *cell, struct wide se)
{
    struct wide mean = estimate_mean(cell);
    json_t *object = json_object();
    document_put(ok, object, SCHEMA_MEAN, document_number(wide_exact(mean)));
    document_put(ok, object, SCHEMA_LOG10_MEAN, document_number(wide_log10(mean)));
    document_put(ok, object, SCHEMA_SE, document_number(wide_exact(se)));
    if (counted)
        put_spread(ok, object, cell);
    return object;
}

static json_t *cell_object(bool *ok, const struct profile *profile, int layer, int column)
{
    json_t *object = estimate_object(ok, profile_has_spread(profile), profile_cell(profile, layer, column),
                                     profile_se(profile, layer, column));
    put_limit(ok, object, SCHEMA_FLOOR, profile_floor(profile, layer, column));
    put_limit(ok, object, SCHEMA_CEILING, profile_ceiling(profile, layer, column));
    return object;
}

static json_t *manifest_object(bool *ok, const struct profile *profile)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    json_t *object = json_object();
    document_put(ok, object, "version", json_string(BUILD_VERSION));
    document_put(ok, object, "commit", json_string(BUILD_COMMIT));
    document_put(ok, object, "blas", json_string(openblas_get_config()));
    document_put(ok, object, "threads", json_integer(profile->threads));
    document_put(ok, object, "seconds", document_number(profile->seconds));
    document_put(ok, object, "peak_bytes", json_integer((json_int_t)usage.ru_maxrss * 1024));
    return object;
}

static json_t *layer_object(bool *ok, const struct profile *profile, int layer)
{
    json_t *object = json_object();
    document_put(ok, object, SCHEMA_LAYER, json_integer(layer));
    for (int c = 0; c < profile->schema->column_count; c++)
        if (profile_cell(profile, layer, c)->n > 0)
            document_put(ok, object, profile->schema->columns[c].name, cell_object(ok, profile, layer, c));
    return object;
}

/* log g_0/g_L over replicas: what deep narrow stacks spread over. */
static json_t *ratio_object(bool *ok, const struct profile *profile)
{
    static const struct {
        const char *name;
        double at;
    } quantiles[] = {{"0.05", 0.05}, {"0.25", 0.25}, {"0.5", 0.5}, {"0.75", 0.75}, {"0.95", 0.95}};
    const double *sorted = profile->moments.log_ratio;
    size_t n = (size_t)profile->samples;
    json_t *object = json_object(), *values = json_object();
    document_put(ok, object, SCHEMA_MEAN, document_number(gsl_stats_mean(sorted, 1, n)));
    document_put(ok, object, SCHEMA_SD, document_number(n > 1 ? gsl_stats_sd(sorted, 1, n) : NAN));
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
        document_put(ok, values, quantiles[i].name,
                     document_number(gsl_stats_quantile_from_sorted_data(sorted, 1, n, quantiles[i].at)));
    document_put(ok, object, "quantiles", values);
    return object;
}

/* Of the whole stack: the quantities that are chosen, NULL for all. */
static json_t *stack_object(bool *ok, const struct profile *profile, const bool *chosen)
{
    json_t *object = json_object();
    for (int i = 0; i < OVERALLS; i++) {
        const struct estimate *cell = &profile->overall[i];
        if (cell->n > 0 && (!chosen || chosen[i]))
            document_put(ok, object, overalls[i].name,
                         estimate_object(ok, profile->kind == SCHEMA_MEASURED, cell, profile_overall_se(profile, i)));
    }
    return object;
}

/* All but the layers, which may be many. */
static json_t *head_object(bool *ok, const struct profile *profile, const char *schema, const bool *chosen)
{
    json_t *object = json_object(), *stack = stack_object(ok, profile, chosen);
    document_put(ok, object, SCHEMA_KEY, json_string(schema));
    document_put(ok, object, SCHEMA_KIND, json_string(schema_kinds[profile->kind]));
    document_put(ok, object, SCHEMA_CONFIG, config_of_profile(ok, profile));
    document_put(ok, object, SCHEMA_MANIFEST, manifest_object(ok, profile));
    if (profile->moments.first_order)
        document_put(ok, object, SCHEMA_ORDER_ERROR, document_number(profile->moments.order_error));
    if (profile->moments.log_ratio)
        document_put(ok, object, "log_gradient_ratio", ratio_object(ok, profile));
    if (json_object_size(stack) > 0 || chosen)
        document_put(ok, object, SCHEMA_STACK, stack);
    else
        json_decref(stack);
    return object;
}

int format_json(const struct profile *profile, const struct format_page *page, struct error *error)
{
    return format_json_with(profile, json_object(), page->stream, error);
}

int format_json_quantities(const struct profile *profile, const struct format_page *page, struct error *error)
{
    bool ok = true;
    json_t *object = head_object(&ok, profile, SCHEMA_OVERALL, page->quantity);
    int code = document_print(ok, object, page->stream, error);
    fputc('\n', page->stream);
    return code;
}

int format_json_with(const struct profile *profile, json_t *members, FILE *stream, struct error *error)
{
    bool ok = true;
    json_t *head = head_object(&ok, profile, SCHEMA_PROFILE, NULL);
    ok &= json_object_update(head, members) == 0;
    json_decref(members);
    fputc('{', stream);
    int code = document_print_members(ok, head, stream, error);
    fputs(",\"" SCHEMA_LAYERS "\":", stream);
    for (int l = 0; l <= profile->model->layers && code == ERROR_NONE; l++) {
        json_t *layer = layer_object(&ok, profile, l);
        fputc(l == 0 ? '[' : ',', stream);
        code = document_print(ok, layer, stream, error);
    }
    fputs("]}\n", stream);
    return code;
}
