#include "plots/tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/schema.h"
#include "plots/markup.h"
#include "sim/observe.h"
#include "sim/setting.h"

enum { ROWS_SHOWN = 17 };

static bool has_column(const struct saved *profile, const char *observable)
{
    struct saved_value value;
    for (size_t row = 0; row < saved_rows(profile); row++)
        if (saved_value(profile, row, observable, &value))
            return true;
    return false;
}

static void print_value(FILE *stream, const struct saved *profile, size_t row, const char *observable)
{
    struct saved_value value;
    if (!saved_value(profile, row, observable, &value))
        fputs("<td>-</td>", stream);
    else if (isfinite(value.mean) && isfinite(value.hi))
        fprintf(stream, "<td>%.4g ± %.1g</td>", value.mean, (value.hi - value.lo) / 2);
    else if (isfinite(value.mean))
        fprintf(stream, "<td>%.4g</td>", value.mean);
    else if (isfinite(value.log10_mean))
        fprintf(stream, "<td>1e%.2f</td>", value.log10_mean);
    else
        fputs("<td>-</td>", stream);
}

/* At most ROWS_SHOWN layers, spread evenly, the first and the last among them. */
static bool is_shown(size_t row, size_t rows)
{
    size_t step = (rows + ROWS_SHOWN - 2) / (ROWS_SHOWN - 1);
    return row % (step > 0 ? step : 1) == 0 || row + 1 == rows;
}

void tables_profile(FILE *stream, const struct saved *profile)
{
    fputs("<details><summary>", stream);
    markup_print(stream, profile->placement);
    fputs(", ", stream);
    markup_print(stream, profile->init);
    fprintf(stream, ", L = %d, %s</summary>\n<div class=\"wide\"><table><tr><th>layer</th>", profile->layers,
            profile->kind);
    for (int o = 0; o < OBSERVABLES; o++)
        if (!observables[o].detail && has_column(profile, observables[o].name)) {
            fputs("<th title=\"", stream);
            markup_print(stream, observables[o].summary);
            fputs("\">", stream);
            markup_print(stream, observables[o].symbol);
            fputs("</th>", stream);
        }
    fputs("</tr>\n", stream);
    for (size_t row = 0; row < saved_rows(profile); row++) {
        if (!is_shown(row, saved_rows(profile)))
            continue;
        fprintf(stream, "<tr><td>%d</td>", saved_layer(profile, row));
        for (int o = 0; o < OBSERVABLES; o++)
            if (!observables[o].detail && has_column(profile, observables[o].name))
                print_value(stream, profile, row, observables[o].name);
        fputs("</tr>\n", stream);
    }
    fputs("</table></div></details>\n", stream);
}

static const char *string_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static double number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void print_claim(FILE *stream, const json_t *claim)
{
    bool expected = strcmp(string_of(claim, "verdict"), string_of(claim, "expected")) == 0;
    fputs(expected ? "<tr>" : "<tr class=\"against\">", stream);
    markup_print_cell(stream, string_of(claim, "id"));
    fputs("<td class=\"left\">", stream);
    markup_print(stream, string_of(claim, "verdict"));
    if (!expected) {
        fputs(", against ", stream);
        markup_print(stream, string_of(claim, "expected"));
    }
    fputs("</td>", stream);
    markup_print_number(stream, number_of(claim, "statistic"));
    fprintf(stream, "<td>[%.4g, %.4g]</td>", number_of(claim, "lo"), number_of(claim, "hi"));
    markup_print_number(stream, number_of(claim, "bound"));
    markup_print_number(stream, number_of(claim, "samples"));
    fputs("<td class=\"why\">", stream);
    markup_print(stream, string_of(claim, "why"));
    fputs("</td></tr>\n", stream);
}

void tables_verdicts(FILE *stream, const json_t *document)
{
    json_t *claims = json_object_get(document, "claims"), *claim;
    size_t c;
    fprintf(stream,
            "<h2>Verdicts</h2>\n<p class=\"soft\">Any wrong verdict among these has probability at most %.3g.</p>\n"
            "<div class=\"wide\"><table><tr><th>claim</th><th class=\"left\">verdict</th><th>statistic</th>"
            "<th>interval</th><th>bound</th><th>samples</th><th class=\"left\">why</th></tr>\n",
            number_of(document, "level"));
    json_array_foreach(claims, c, claim) print_claim(stream, claim);
    fputs("</table></div>\n", stream);
}

/* The numbers of an array; NULL where there is none, or no memory. */
static double *numbers_of(const json_t *object, const char *key, size_t *count)
{
    const json_t *array = json_object_get(object, key);
    *count = json_array_size(array);
    double *numbers = *count > 0 ? calloc(*count, sizeof *numbers) : NULL;
    for (size_t i = 0; numbers && i < *count; i++) {
        const json_t *value = json_array_get(array, i);
        numbers[i] = json_is_number(value) ? json_number_value(value) : NAN;
    }
    return numbers;
}

/* Of the last tenth, as `spanscope train` tells it. */
static double late_mean(const double *numbers, size_t count)
{
    double sum = 0;
    size_t last = count >= 10 ? count / 10 : 1;
    for (size_t i = count - (last < count ? last : count); numbers && i < count; i++)
        sum += numbers[i] / (double)last;
    return numbers ? sum : NAN;
}

static void print_training(FILE *stream, const json_t *document)
{
    const json_t *config = json_object_get(document, SCHEMA_CONFIG), *training = json_object_get(document, "training");
    size_t steps, least;
    double *loss = numbers_of(document, "loss", &steps), *bayes = numbers_of(document, "bayes", &least);
    fputs("<tr>", stream);
    markup_print_cell(stream, string_of(config, settings[0].key));
    markup_print_cell(stream, string_of(config, settings[1].key));
    markup_print_cell(stream, string_of(training, "task"));
    markup_print_number(stream, number_of(config, "layers"));
    markup_print_number(stream, number_of(config, "width"));
    markup_print_number(stream, number_of(training, "lr"));
    markup_print_number(stream, number_of(training, "seed"));
    fprintf(stream, "<td>%zu</td>", steps);
    markup_print_number(stream, late_mean(loss, steps));
    markup_print_number(stream, late_mean(bayes, least));
    fputs("<td>", stream);
    if (loss)
        markup_print_spark(stream, loss, least == steps ? bayes : NULL, steps);
    fputs("</td></tr>\n", stream);
    free(loss);
    free(bayes);
}

void tables_trainings(FILE *stream, json_t *documents)
{
    json_t *document;
    size_t i;
    if (json_array_size(documents) == 0)
        return;
    fputs(
        "<h2>Trainings</h2>\n<p class=\"soft\">Loss and the least possible (bayes) in nats, means over the last tenth "
        "of "
        "the steps; curves of both, bayes in grey.</p>\n<div class=\"wide\"><table><tr><th>placement</th><th>init</th>"
        "<th>task</th><th>L</th><th>d</th><th>lr</th><th>seed</th><th>steps</th><th>loss</th><th>bayes</th><th></th></"
        "tr>\n",
        stream);
    json_array_foreach(documents, i, document) print_training(stream, document);
    fputs("</table></div>\n", stream);
}
