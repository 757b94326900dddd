#include "cli/inspect.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/config.h"
#include "analysis/document.h"
#include "analysis/entries.h"
#include "analysis/schema.h"
#include "cli/begin.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/sweep.h"
#include "sim/budget.h"
#include "sim/text.h"

struct inspect {
    struct options options;
    struct entries_wish wish;
    const char *output;
    bool json;
};

static const char *format_name(size_t i)
{
    return i == 0 ? "text" : i == 1 ? "json" : NULL;
}

static int read_format(void *field, const char *name, const char *text, struct error *error)
{
    int format = value_choose(format_name, name, text, error);
    *(bool *)field = format == 1;
    return format < 0 ? (int)error->code : ERROR_NONE;
}

static int read_whole(void *field, const char *name, const char *text, long long least, long long most,
                      struct error *error)
{
    char what[64];
    long long value = 0;
    snprintf(what, sizeof what, "--%s", name);
    int code = setting_integer(what, text, least, most, &value, error);
    if (code == ERROR_NONE)
        *(int *)field = (int)value;
    return code;
}

static int read_head(void *field, const char *name, const char *text, struct error *error)
{
    return read_whole(field, name, text, 1, 1 << 20, error);
}

static int read_blocks(void *field, const char *name, const char *text, struct error *error)
{
    return read_whole(field, name, text, 0, ENTRIES_MAPS_MOST, error);
}

static const struct options_row rows[] = {
    {"seed", 's', "N", "64-bit seed", value_seed, offsetof(struct inspect, wish.seed), NULL},
    {"sample", 0, "N", "which sample of that seed, from 0 as `run` counts them", value_seed,
     offsetof(struct inspect, wish.sample), NULL},
    {"head", 0, "N", "whose attention is shown, from 1", read_head, offsetof(struct inspect, wish.head), NULL},
    {"blocks", 0, "N", "whose attentions are shown, evenly spaced from the first to the last; 4", read_blocks,
     offsetof(struct inspect, wish.blocks), NULL},
    {"engine", 'e', "NAME", "how weights are drawn: auto or a name of `spanscope list engines`", value_engine,
     offsetof(struct inspect, wish.engine), value_engine_name},
    {"memory", 'm', "SIZE", "limit, such as 500M or 4G; three quarters of what is free", value_bytes,
     offsetof(struct inspect, wish.memory), NULL},
    {"format", 'f', NULL, "what is written", read_format, offsetof(struct inspect, json), format_name},
    {"output", 'o', "FILE", "where to, instead of standard output", value_path, offsetof(struct inspect, output), NULL},
};

const struct options_command inspect_options = {
    .usage = "inspect [OPTION]...",
    .summary = "One sample from within: how the entries of activations and gradients are spread at every layer, in\n"
               "units of the layer's root mean square, and what one head of attention looks at. The sample is one\n"
               "of those that `spanscope run` takes with the same seed and engine.",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .settings = true,
    .config = true,
    .no_words = "the model is named by --placement",
};

/* ---- text ---- */

enum { BARS = 20, SHADES = 5, WIDEST = 64 /* columns of an attention that are printed */ };

/* Two bins a bar, the tallest full. */
static void print_bars(const struct entries_histogram *histogram, FILE *stream)
{
    static const char *const heights[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    int64_t bars[BARS], most = 1;
    for (int i = 0; i < BARS; i++) {
        bars[i] = histogram->bins[2 * i] + histogram->bins[2 * i + 1];
        most = bars[i] > most ? bars[i] : most;
    }
    for (int i = 0; i < BARS; i++)
        fputs(heights[bars[i] == 0 ? 0 : 1 + 7 * bars[i] / most], stream);
}

static void print_histogram(const struct entries_histogram *histogram, FILE *stream)
{
    double logarithm = wide_log10(histogram->rms);
    char rms[32] = "0";
    if (fabs(logarithm) < 300)
        snprintf(rms, sizeof rms, "%.4g", wide_value(histogram->rms));
    else if (isfinite(logarithm))
        snprintf(rms, sizeof rms, "1e%.2f", logarithm);
    fprintf(stream, " %10s  ", rms);
    print_bars(histogram, stream);
    fprintf(stream, " %6.3g %5.3g", histogram->least, histogram->most);
}

static void print_map(const struct entries_map *map, FILE *stream)
{
    static const char *const shades[SHADES] = {"  ", "░░", "▒▒", "▓▓", "██"};
    fprintf(stream, "\nblock %d, %s, head %d of %d: %d queries down, %d keys across\n", map->block,
            *map->site ? map->site : "attend", map->head, map->heads, map->queries, map->keys);
    if (map->keys > WIDEST || map->queries > WIDEST) {
        fprintf(stream, "  too large to print; --format json has it\n");
        return;
    }
    double most = 0;
    for (int i = 0; i < map->queries * map->keys; i++)
        most = fmax(most, map->a[i]);
    for (int i = 0; i < map->queries; i++) {
        fputs("  ", stream);
        for (int k = 0; k < map->keys; k++)
            fputs(shades[most > 0 ? (int)lround((SHADES - 1) * sqrt(map->a[i * map->keys + k] / most)) : 0], stream);
        fputc('\n', stream);
    }
    fprintf(stream, "  full: %.3g, half as dark: a quarter of it\n", most);
}

static void print_text(const struct inspect *inspect, const struct model *model, const struct entries *entries,
                       FILE *stream)
{
    fprintf(stream, "%s, %s, L = %d, d = %d, T = %d; %s engine, seed %" PRIu64 ", sample %" PRIu64 "\n",
            model->placement, model->init.label, model->layers, model->width, model->tokens, entries->engine,
            inspect->wish.seed, inspect->wish.sample);
    fprintf(stream, "root mean square; entries from %d to %d of it; the least and the most\n\n", -ENTRIES_REACH,
            ENTRIES_REACH);
    fprintf(stream, "layer %10s  %-20s %6s %5s  %10s  %-20s %6s %5s\n", "x", "", "least", "most", "g", "", "least",
            "most");
    for (int l = 0; l <= entries->layers; l++) {
        fprintf(stream, "%5d", l);
        print_histogram(&entries->activations[l], stream);
        fputc(' ', stream);
        print_histogram(&entries->gradients[l], stream);
        fputc('\n', stream);
    }
    for (int i = 0; i < entries->map_count; i++)
        print_map(&entries->maps[i], stream);
}

/* ---- JSON ---- */

static json_t *histogram_object(bool *ok, const struct entries_histogram *histogram)
{
    json_t *object = json_object(), *bins = json_array();
    for (int i = 0; i < ENTRIES_BINS; i++)
        document_append(ok, bins, json_integer(histogram->bins[i]));
    document_put(ok, object, "rms", document_number(wide_exact(histogram->rms)));
    document_put(ok, object, "log10_rms", document_number(wide_log10(histogram->rms)));
    document_put(ok, object, "least", document_number(histogram->least));
    document_put(ok, object, "most", document_number(histogram->most));
    document_put(ok, object, "below", json_integer(histogram->below));
    document_put(ok, object, "above", json_integer(histogram->above));
    document_put(ok, object, "bins", bins);
    return object;
}

static json_t *layers_array(bool *ok, const struct entries *entries)
{
    json_t *array = json_array();
    for (int l = 0; l <= entries->layers; l++) {
        json_t *object = json_object();
        document_put(ok, object, SCHEMA_LAYER, json_integer(l));
        document_put(ok, object, "activation", histogram_object(ok, &entries->activations[l]));
        document_put(ok, object, "gradient", histogram_object(ok, &entries->gradients[l]));
        document_append(ok, array, object);
    }
    return array;
}

static json_t *map_object(bool *ok, const struct entries_map *map)
{
    json_t *object = json_object(), *matrix = json_array();
    for (int i = 0; i < map->queries; i++) {
        json_t *row = json_array();
        for (int k = 0; k < map->keys; k++)
            document_append(ok, row, document_number(map->a[(size_t)i * (size_t)map->keys + (size_t)k]));
        document_append(ok, matrix, row);
    }
    document_put(ok, object, "block", json_integer(map->block));
    document_put(ok, object, "site", json_string(map->site));
    document_put(ok, object, "head", json_integer(map->head));
    document_put(ok, object, "heads", json_integer(map->heads));
    document_put(ok, object, "attention", matrix);
    return object;
}

static int print_json(const struct inspect *inspect, const struct model *model, const struct entries *entries,
                      FILE *stream, struct error *error)
{
    bool ok = true;
    json_t *object = json_object(), *config = config_object(&ok, model), *maps = json_array();
    document_put(&ok, config, SCHEMA_ENGINE, json_string(entries->engine));
    document_put(&ok, config, SCHEMA_SEED, config_seed(inspect->wish.seed));
    for (int i = 0; i < entries->map_count; i++)
        document_append(&ok, maps, map_object(&ok, &entries->maps[i]));
    document_put(&ok, object, SCHEMA_KEY, json_string(SCHEMA_ENTRIES));
    document_put(&ok, object, SCHEMA_KIND, json_string(schema_kinds[SCHEMA_MEASURED]));
    document_put(&ok, object, SCHEMA_CONFIG, config);
    document_put(&ok, object, "sample", config_seed(inspect->wish.sample));
    document_put(&ok, object, "reach", json_integer(ENTRIES_REACH));
    document_put(&ok, object, SCHEMA_LAYERS, layers_array(&ok, entries));
    document_put(&ok, object, "attentions", maps);
    int code = document_print(ok, object, stream, error);
    fputc('\n', stream);
    return code;
}

/* ---- running ---- */

static int look_at(const struct inspect *inspect, const struct model *model, FILE *stream, struct error *error)
{
    struct entries entries;
    int code = entries_init(&entries, model, &inspect->wish, error);
    if (code != ERROR_NONE)
        return code;
    if (inspect->json)
        code = print_json(inspect, model, &entries, stream, error);
    else
        print_text(inspect, model, &entries, stream);
    entries_free(&entries);
    return code;
}

static int look(void *target, struct error *error)
{
    struct inspect *inspect = target;
    struct output output;
    struct model model;
    int code = sweep_single(&inspect->options, &model, error);
    if (code != ERROR_NONE)
        return code;
    begin_tell(&inspect->options);
    inspect->wish.stop = interrupt_flag();
    FILE *stream = output_open(&output, inspect->output, error);
    code = stream ? output_end(&output, look_at(inspect, &model, stream, error), false, error) : (int)error->code;
    model_free(&model);
    return code;
}

int inspect_command(int argc, char **argv)
{
    struct inspect inspect = {.wish = {.seed = 1, .head = 1, .blocks = 4}};
    inspect.wish.memory = budget_available(1);
    return command_run(&inspect_options, argc, argv, &inspect, look);
}
