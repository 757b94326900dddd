#include "cli/store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/config.h"
#include "analysis/schema.h"
#include "analysis/trained.h"
#include "cli/command.h"
#include "cli/format_table.h"
#include "cli/keeper.h"
#include "cli/merge.h"
#include "cli/output.h"
#include "sim/text.h"

struct store_options {
    struct options options;
    const struct format *format;
    struct format_page page;
    const char *output;
    char *law, *training_law;    /* of this build */
    struct trained_list trained; /* those of the training runs that are chosen */
    bool export, prune, stale, check, drop, quiet;
};

static const struct options_row rows[] = {
    {"export", 0, NULL, "write the profiles of its samples, as `run` would have", value_flag,
     offsetof(struct store_options, export)},
    {"format", 'f', NULL, "of --export", format_read, offsetof(struct store_options, format), format_name},
    {"tidy", 0, NULL, "of --export: a column for all that decides the numbers", value_flag,
     offsetof(struct store_options, page.tidy)},
    {"columns", 0, "NAME[,NAME]",
     "only these columns, in this order: of a table observables by name or symbol, of CSV those\n"
     "of its header and settings",
     value_text, offsetof(struct store_options, page.columns.text), format_column},
    {"output", 'o', "FILE", "where to, instead of standard output", value_path, offsetof(struct store_options, output)},
    {"prune", 0, NULL, "remove the configurations that have the settings given", value_flag,
     offsetof(struct store_options, prune)},
    {"stale", 0, NULL, "only what another build or law of sampling kept, which no run of this one takes", value_flag,
     offsetof(struct store_options, stale)},
    {"check", 0, NULL, "read everything and compare its sums", value_flag, offsetof(struct store_options, check)},
    {"drop", 0, NULL, "with --check: remove damaged samples", value_flag, offsetof(struct store_options, drop)},
    {"quiet", 'q', NULL, "no words on standard error but errors", value_flag, offsetof(struct store_options, quiet)},
};

const struct options_command store_options = {
    .usage = "store [OPTION]... FILE",
    .summary =
        "Lists the configurations of a store that `run --store` keeps samples in, with how many there are, and the\n"
        "runs of `train --store`; or exports the samples, prunes or checks it. Settings of the model choose: those "
        "with just these values. Such as\n"
        "  spanscope store samples.db --layers 16 --export --format json",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .settings = true,
    .draws = true,
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

static bool has_settings(const struct store_options *self, bool stale, const struct model *model)
{
    bool chosen = !self->stale || stale;
    for (int i = 0; chosen && i < self->options.setting_count; i++)
        chosen = has_setting(&self->options.settings[i], model);
    return chosen;
}

static bool is_chosen(const void *context, const struct store_config *config, const struct model *model)
{
    const struct store_options *self = context;
    return has_settings(self, strcmp(config->law, self->law) != 0, model);
}

static bool is_stale(const struct store_options *self, const struct trained_run *run)
{
    return strcmp(run->law, self->training_law) != 0;
}

/* Leaves in the list of training runs those that are chosen. */
static int choose_trained(struct store_options *self, struct store *store, struct error *error)
{
    struct trained_list all, *chosen = &self->trained;
    int code = trained_list(store, &all, error);
    if (code != ERROR_NONE)
        return code;
    *chosen = (struct trained_list){calloc((size_t)all.count + 1, sizeof *chosen->runs), 0};
    code = chosen->runs ? ERROR_NONE : error_set(error, ERROR_RESOURCE, "out of memory");
    for (int i = 0; code == ERROR_NONE && i < all.count; i++) {
        struct model model;
        code = config_read(json_object_get(all.runs[i].run, SCHEMA_CONFIG), &model, error);
        if (code != ERROR_NONE)
            break;
        if (has_settings(self, is_stale(self, &all.runs[i]), &model)) {
            chosen->runs[chosen->count++] = all.runs[i];
            all.runs[i] = (struct trained_run){0};
        }
        model_free(&model);
    }
    trained_list_free(&all);
    return code;
}

/* ---- what is done ---- */

static void print_model(const struct model *model, FILE *stream)
{
    char label[GRAPH_NAME_MAX + 32];
    fputs("          ", stream);
    for (size_t i = 0; i < setting_count; i++) {
        if (settings[i].type != SETTING_TEXT)
            continue;
        setting_label(&settings[i], model, label, sizeof label);
        fprintf(stream, "%s, ", label);
    }
    format_table_settings(model, stream);
    fputc('\n', stream);
}

static const char STALE[] = "; stale: of another build";

static void print_config(const struct store_options *self, const struct merge_config *config, FILE *stream)
{
    const struct store_config *row = config->config;
    fprintf(stream, "%8" PRId64 " sample%s", row->samples, row->samples == 1 ? "" : "s");
    if (row->samples > 0)
        fprintf(stream, ", %" PRIu64 " to %" PRIu64, row->first, row->last);
    if (row->samples > 0 && row->last - row->first + 1 != (uint64_t)row->samples)
        fprintf(stream, " with gaps");
    fprintf(stream, "; %s, seed %" PRIu64 "%s%s\n", row->engine, row->seed, row->per_token ? ", per token" : "",
            strcmp(row->law, self->law) != 0 ? STALE : "");
    print_model(&config->model, stream);
}

/* Numbers, and texts without their quotes. */
static void print_member(const json_t *training, const char *key, FILE *stream)
{
    const json_t *value = json_object_get(training, key);
    if (json_is_string(value))
        fprintf(stream, ", %s", json_string_value(value));
    else
        fprintf(stream, ", %s %g", key, json_number_value(value));
}

static int print_trained(const struct store_options *self, const struct trained_run *run, FILE *stream,
                         struct error *error)
{
    const json_t *training = json_object_get(run->run, SCHEMA_TRAINING_MEMBER);
    struct model model;
    int code = config_read(json_object_get(run->run, SCHEMA_CONFIG), &model, error);
    if (code != ERROR_NONE)
        return code;
    fprintf(stream, "%8" PRId64 " step%s%s; training", run->done, run->done == 1 ? "" : "s",
            run->finished ? "" : ", on its way");
    static const char *const members[] = {"task", "optimiser", "lr", "seed", "batch"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        print_member(training, members[i], stream);
    fprintf(stream, "%s\n", is_stale(self, run) ? STALE : "");
    print_model(&model, stream);
    model_free(&model);
    return ERROR_NONE;
}

static int list(const struct store_options *self, const struct merge *merge, FILE *stream, struct error *error)
{
    int64_t samples = 0;
    int code = ERROR_NONE;
    for (int i = 0; i < merge->config_count; i++) {
        print_config(self, &merge->configs[i], stream);
        samples += merge->configs[i].config->samples;
    }
    for (int i = 0; code == ERROR_NONE && i < self->trained.count; i++)
        code = print_trained(self, &self->trained.runs[i], stream, error);
    char words[TEXT_COUNT];
    fprintf(stream, "%s, ", text_count(merge->config_count, "configurations", words));
    fputs(text_count(samples, "samples", words), stream);
    if (self->trained.count > 0)
        fprintf(stream, "; %s", text_count(self->trained.count, "training runs", words));
    fputc('\n', stream);
    return code;
}

static int prune(const struct store_options *self, struct merge *merge, FILE *stream, struct error *error)
{
    int code = ERROR_NONE;
    if (self->options.setting_count == 0 && !self->stale)
        return error_set(error, ERROR_INPUT, "--prune needs settings, or --stale, to say what is removed");
    for (int i = 0; code == ERROR_NONE && i < merge->config_count; i++)
        code = inventory_remove(&merge->stores[0], merge->configs[i].ids[0], error);
    for (int i = 0; code == ERROR_NONE && i < self->trained.count; i++)
        code = trained_remove(&merge->stores[0], self->trained.runs[i].id, error);
    if (code == ERROR_NONE)
        code = inventory_compact(&merge->stores[0], error);
    if (code == ERROR_NONE)
        fprintf(stream, "%d configurations and %d training runs removed\n", merge->config_count, self->trained.count);
    return code;
}

static int check(const struct store_options *self, struct store *store, FILE *stream, struct error *error)
{
    int64_t damaged = 0;
    int code = inventory_check(store, self->drop, &damaged, error);
    if (code == ERROR_NONE)
        code = trained_check(store, self->drop, &damaged, error);
    if (code != ERROR_NONE)
        return code;
    if (damaged > 0 && !self->drop)
        return error_set(error, ERROR_RESOURCE,
                         "store '%s': %" PRId64 " samples or runs are damaged; --drop removes them", store->path,
                         damaged);
    fprintf(stream, damaged > 0 ? "%" PRId64 " damaged samples or runs removed\n" : "all is well\n", damaged);
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
        return list(self, merge, stream, error);
    self->page.stream = stream;
    if (!self->quiet)
        merge_tell_trained("store", self->trained.count);
    int code = merge_write(merge, self->format, &self->page, self->quiet, &gaps, error);
    if (gaps > 0)
        self->options.status = STATUS_INCONCLUSIVE;
    return code;
}

/* What the list, --prune or --check would not read. */
static int check_mode(const struct store_options *self, struct error *error)
{
    static const char *const chosen[] = {"prune", "stale", "output", "quiet", NULL}, *const all[] = {"check", "drop",
                                                                                                     "output", "quiet",
                                                                                                     NULL};
    static const char everything[] = "--check reads the whole store; --%s has no part in it";
    if (self->export)
        return ERROR_NONE;
    if (!self->check)
        return options_only(&self->options, chosen, "--%s is of --export", error);
    return self->options.setting_count > 0 ? error_set(error, ERROR_INPUT, everything, self->options.settings[0].name)
                                           : options_only(&self->options, all, everything, error);
}

static int check_options(struct store_options *self, struct error *error)
{
    if (self->options.word_count != 1)
        return error_set(error, ERROR_INPUT, "one store is expected, not %d; see spanscope store --help",
                         self->options.word_count);
    if (self->export + self->prune + self->check > 1)
        return error_set(error, ERROR_INPUT, "--export, --prune and --check are one at a time");
    if (self->drop && !self->check)
        return error_set(error, ERROR_INPUT, "--drop is of --check");
    int code = check_mode(self, error);
    if (code != ERROR_NONE)
        return code;
    return format_check(self->format, false, &self->page, error);
}

static int store_all(void *target, struct error *error)
{
    struct store_options *self = target;
    struct merge merge;
    struct output output;
    int code = check_options(self, error);
    self->law = store_law();
    self->training_law = keeper_law();
    if (code == ERROR_NONE && (!self->law || !self->training_law))
        code = error_set(error, ERROR_RESOURCE, "out of memory");
    if (code == ERROR_NONE)
        code = merge_open(&merge, self->options.words, 1, is_chosen, self, error);
    if (code == ERROR_NONE) {
        code = choose_trained(self, &merge.stores[0], error);
        FILE *stream = code == ERROR_NONE ? output_open(&output, self->output, error) : NULL;
        code = stream ? output_end(&output, act_on(self, &merge, stream, error), false, error) : error->code;
        merge_close(&merge);
    }
    trained_list_free(&self->trained);
    free(self->law);
    free(self->training_law);
    return code;
}

int store_command(int argc, char **argv)
{
    struct store_options self = {.format = &formats[0]};
    return command_run(&store_options, argc, argv, &self, store_all);
}
