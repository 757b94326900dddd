#include "cli/store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/format_table.h"
#include "cli/merge.h"
#include "cli/output.h"

struct store_options {
    struct options options;
    const struct format *format;
    struct format_page page;
    const char *output;
    char *law; /* of this build */
    bool export, prune, stale, check, drop, quiet;
};

static const struct options_row rows[] = {
    {"export", 0, NULL, "write the profiles of its samples, as `run` would have", options_flag,
     offsetof(struct store_options, export)},
    {"format", 'f', NULL, "of --export", format_read, offsetof(struct store_options, format), format_name},
    {"tidy", 0, NULL, "of --export: a column for all that decides the numbers", options_flag,
     offsetof(struct store_options, page.tidy)},
    {"output", 'o', "FILE", "where to, instead of standard output", options_path,
     offsetof(struct store_options, output)},
    {"prune", 0, NULL, "remove the configurations that have the settings given", options_flag,
     offsetof(struct store_options, prune)},
    {"stale", 0, NULL, "only what another build or law of sampling kept, which no run of this one takes", options_flag,
     offsetof(struct store_options, stale)},
    {"check", 0, NULL, "read everything and compare its sums", options_flag, offsetof(struct store_options, check)},
    {"drop", 0, NULL, "with --check: remove damaged samples", options_flag, offsetof(struct store_options, drop)},
    {"quiet", 'q', NULL, "no words on standard error but errors", options_flag, offsetof(struct store_options, quiet)},
};

const struct options_command store_options = {
    .usage = "store [OPTION]... FILE",
    .summary = "Lists the configurations of a store that `run --store` keeps samples in, with how many there are; or\n"
               "exports, prunes or checks it. Settings of the model choose: those with just these values. Such as\n"
               "  spanscope store samples.db --layers 16 --export --format json",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .settings = true,
};

/* ---- which ---- */

static bool has_setting(const struct options_setting *given, const struct model *model)
{
    struct error error;
    struct model wanted;
    const struct setting *setting = setting_find(given->name, &error);
    char label[2][GRAPH_NAME_MAX + 32] = {"", ""};
    model_defaults(&wanted);
    bool same = setting_apply(&wanted, given->name, given->text, &error) == ERROR_NONE;
    if (same && setting->type == SETTING_TEXT) {
        setting_label(setting, model, label[0], sizeof label[0]);
        setting_label(setting, &wanted, label[1], sizeof label[1]);
    }
    same = same && setting_same(setting, model, &wanted) && strcmp(label[0], label[1]) == 0;
    model_free(&wanted);
    return same;
}

static bool is_chosen(const void *context, const struct store_config *config, const struct model *model)
{
    const struct store_options *self = context;
    bool chosen = !self->stale || strcmp(config->law, self->law) != 0;
    for (int i = 0; chosen && i < self->options.setting_count; i++)
        chosen = has_setting(&self->options.settings[i], model);
    return chosen;
}

/* ---- what is done ---- */

static void print_config(const struct store_options *self, const struct merge_config *config, FILE *stream)
{
    const struct store_config *row = config->config;
    char label[GRAPH_NAME_MAX + 32];
    fprintf(stream, "%8" PRId64 " samples", row->samples);
    if (row->samples > 0)
        fprintf(stream, ", %" PRIu64 " to %" PRIu64, row->first, row->last);
    if (row->samples > 0 && row->last - row->first + 1 != (uint64_t)row->samples)
        fprintf(stream, " with gaps");
    fprintf(stream, "; %s, seed %" PRIu64 "%s%s\n          ", row->engine, row->seed,
            row->per_token ? ", per token" : "", strcmp(row->law, self->law) != 0 ? "; stale: of another build" : "");
    for (size_t i = 0; i < setting_count; i++) {
        if (settings[i].type != SETTING_TEXT)
            continue;
        setting_label(&settings[i], &config->model, label, sizeof label);
        fprintf(stream, "%s, ", label);
    }
    format_table_settings(&config->model, stream);
    fputc('\n', stream);
}

static int list(const struct store_options *self, const struct merge *merge, FILE *stream)
{
    int64_t samples = 0;
    for (int i = 0; i < merge->config_count; i++) {
        print_config(self, &merge->configs[i], stream);
        samples += merge->configs[i].config->samples;
    }
    fprintf(stream, "%d configurations, %" PRId64 " samples\n", merge->config_count, samples);
    return ERROR_NONE;
}

static int prune(const struct store_options *self, struct merge *merge, FILE *stream, struct error *error)
{
    int code = ERROR_NONE;
    if (self->options.setting_count == 0 && !self->stale)
        return error_set(error, ERROR_INPUT, "--prune needs settings, or --stale, to say what is removed");
    for (int i = 0; code == ERROR_NONE && i < merge->config_count; i++)
        code = store_remove(&merge->stores[0], merge->configs[i].ids[0], error);
    if (code == ERROR_NONE)
        code = store_compact(&merge->stores[0], error);
    if (code == ERROR_NONE)
        fprintf(stream, "%d configurations removed\n", merge->config_count);
    return code;
}

static int check(const struct store_options *self, struct store *store, FILE *stream, struct error *error)
{
    int64_t damaged = 0;
    int code = store_check(store, self->drop, &damaged, error);
    if (code != ERROR_NONE)
        return code;
    if (damaged > 0 && !self->drop)
        return error_set(error, ERROR_RESOURCE, "store '%s': %" PRId64 " samples are damaged; --drop removes them",
                         store->path, damaged);
    fprintf(stream, damaged > 0 ? "%" PRId64 " damaged samples removed\n" : "all is well\n", damaged);
    return ERROR_NONE;
}

static int act_on(struct store_options *self, struct merge *merge, FILE *stream, struct error *error)
{
    int gaps = 0;
    if (self->check)
        return check(self, &merge->stores[0], stream, error);
    if (self->prune)
        return prune(self, merge, stream, error);
    if (!self->export)
        return list(self, merge, stream);
    self->page.stream = stream;
    int code = merge_write(merge, self->format, &self->page, self->quiet, &gaps, error);
    if (gaps > 0)
        self->options.status = STATUS_INCONCLUSIVE;
    return code;
}

static int check_options(const struct store_options *self, struct error *error)
{
    if (self->options.word_count != 1)
        return error_set(error, ERROR_INPUT, "one store is expected, not %d; see spanscope store --help",
                         self->options.word_count);
    if (self->export + self->prune + self->check > 1)
        return error_set(error, ERROR_INPUT, "--export, --prune and --check are one at a time");
    if (self->drop && !self->check)
        return error_set(error, ERROR_INPUT, "--drop is of --check");
    return format_check(self->format, false, self->page.tidy, error);
}

static int store_all(void *target, struct error *error)
{
    struct store_options *self = target;
    struct merge merge;
    struct output output;
    int code = check_options(self, error);
    if (code == ERROR_NONE && !(self->law = store_law()))
        code = error_set(error, ERROR_RESOURCE, "out of memory");
    if (code == ERROR_NONE)
        code = merge_open(&merge, self->options.words, 1, is_chosen, self, error);
    if (code == ERROR_NONE) {
        FILE *stream = output_open(&output, self->output, error);
        code = stream ? output_end(&output, act_on(self, &merge, stream, error), false, error) : error->code;
        merge_close(&merge);
    }
    free(self->law);
    return code;
}

int store_command(int argc, char **argv)
{
    struct store_options self = {.format = &formats[0]};
    return command_run(&store_options, argc, argv, &self, store_all);
}
