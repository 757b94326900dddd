#include "cli/merge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/config.h"
#include "analysis/trained.h"
#include "cli/command.h"
#include "cli/output.h"

static int no_memory(struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "out of memory");
}

static int find_config(const struct merge *merge, const char *key)
{
    for (int i = 0; i < merge->config_count; i++)
        if (strcmp(merge->configs[i].config->key, key) == 0)
            return i;
    return -1;
}

static int add_config(struct merge *merge, const struct store_config *config, merge_filter *filter, const void *context,
                      struct error *error)
{
    struct merge_config *next = &merge->configs[merge->config_count];
    *next = (struct merge_config){.config = config};
    int code = config_read(config->config, &next->model, error);
    if (code != ERROR_NONE)
        return code;
    if (filter && !filter(context, config, &next->model)) {
        model_free(&next->model);
        return ERROR_NONE;
    }
    next->ids = calloc((size_t)merge->store_count, sizeof *next->ids);
    if (!next->ids) {
        model_free(&next->model);
        return no_memory(error);
    }
    for (int s = 0; s < merge->store_count; s++)
        next->ids[s] = -1;
    merge->config_count++;
    return sweep_note(&merge->sweep, &next->model, error);
}

static int add_store(struct merge *merge, int number, merge_filter *filter, const void *context, struct error *error)
{
    const struct inventory *list = &merge->lists[number];
    struct merge_config *grown = realloc(merge->configs,
                                         (size_t)(merge->config_count + list->count + 1) * sizeof *grown);
    if (!grown)
        return no_memory(error);
    merge->configs = grown;
    for (int i = 0; i < list->count; i++) {
        int code = ERROR_NONE, at = find_config(merge, list->configs[i].key);
        if (at < 0)
            code = add_config(merge, &list->configs[i], filter, context, error);
        if (code != ERROR_NONE)
            return code;
        at = at < 0 ? find_config(merge, list->configs[i].key) : at;
        if (at >= 0)
            merge->configs[at].ids[number] = list->configs[i].id;
    }
    return ERROR_NONE;
}

int merge_open(struct merge *merge, char *const paths[], int count, merge_filter *filter, const void *context,
               struct error *error)
{
    *merge = (struct merge){0};
    merge->stores = calloc((size_t)count, sizeof *merge->stores);
    merge->lists = calloc((size_t)count, sizeof *merge->lists);
    int code = merge->stores && merge->lists ? ERROR_NONE : no_memory(error);
    for (int s = 0; code == ERROR_NONE && s < count; s++, merge->store_count++) {
        code = store_open(&merge->stores[s], paths[s], STORE_READ, NULL, error);
        if (code == ERROR_NONE)
            code = inventory_read(&merge->stores[s], &merge->lists[s], error);
    }
    for (int s = 0; code == ERROR_NONE && s < count; s++)
        code = add_store(merge, s, filter, context, error);
    if (code != ERROR_NONE)
        merge_close(merge);
    return code;
}

void merge_close(struct merge *merge)
{
    for (int i = 0; i < merge->config_count; i++) {
        model_free(&merge->configs[i].model);
        free(merge->configs[i].ids);
    }
    for (int s = 0; s < merge->store_count; s++) {
        inventory_free(&merge->lists[s]);
        store_close(&merge->stores[s]);
    }
    sweep_free(&merge->sweep);
    free(merge->configs), free(merge->lists), free(merge->stores);
    *merge = (struct merge){0};
}

/* The next sample of each store. */
struct heads {
    uint64_t *next;       /* [store_count] */
    struct wide **values; /* [store_count][cells] */
    size_t cells;
};

static void heads_free(struct heads *heads, int count)
{
    for (int s = 0; heads->values && s < count; s++)
        free(heads->values[s]);
    free(heads->values), free(heads->next);
}

static int heads_init(struct heads *heads, int count, size_t cells, struct error *error)
{
    *heads = (struct heads){calloc((size_t)count, sizeof *heads->next), calloc((size_t)count, sizeof *heads->values),
                            cells};
    bool ok = heads->next && heads->values;
    for (int s = 0; ok && s < count; s++)
        ok = (heads->values[s] = calloc(cells + 1, sizeof **heads->values)) != NULL;
    return ok ? ERROR_NONE : no_memory(error);
}

static const uint64_t END = INT64_MAX;

static int advance(struct merge *merge, const struct merge_config *config, int store, uint64_t from,
                   struct heads *heads, struct error *error)
{
    heads->next[store] = END;
    if (config->ids[store] < 0)
        return ERROR_NONE;
    return store_next(&merge->stores[store], config->ids[store], from, END, &heads->next[store], heads->cells,
                      heads->values[store], error);
}

static bool same_values(const struct wide *a, const struct wide *b, size_t cells)
{
    for (size_t i = 0; i < cells; i++)
        if (memcmp(&a[i].mantissa, &b[i].mantissa, sizeof a->mantissa) != 0 || a[i].exponent != b[i].exponent)
            return false;
    return true;
}

/* The store that has the least sample; all that have it say the same. */
static int least_of(const struct merge *merge, const struct heads *heads, int *least, struct error *error)
{
    *least = 0;
    for (int s = 1; s < merge->store_count; s++)
        *least = heads->next[s] < heads->next[*least] ? s : *least;
    for (int s = 0; s < merge->store_count; s++)
        if (heads->next[s] == heads->next[*least] && heads->next[s] != END &&
            !same_values(heads->values[s], heads->values[*least], heads->cells))
            return error_set(error, ERROR_RESOURCE, "stores '%s' and '%s' disagree about sample %" PRIu64,
                             merge->stores[*least].path, merge->stores[s].path, heads->next[s]);
    return ERROR_NONE;
}

int merge_samples(struct merge *merge, const struct merge_config *config, sampler_visitor *visit, void *context,
                  int64_t *beyond, struct error *error)
{
    struct heads heads;
    int code = heads_init(&heads, merge->store_count, (size_t)config->config->cells, error);
    for (int s = 0; code == ERROR_NONE && s < merge->store_count; s++)
        code = advance(merge, config, s, 0, &heads, error);
    uint64_t expected = END;
    *beyond = 0;
    while (code == ERROR_NONE) {
        int least;
        code = least_of(merge, &heads, &least, error);
        uint64_t sample = heads.next[least];
        if (code != ERROR_NONE || sample == END)
            break;
        if (expected == END || sample == expected) {
            visit(context, sample, heads.values[least]);
            expected = sample + 1;
        } else {
            ++*beyond;
        }
        for (int s = 0; code == ERROR_NONE && s < merge->store_count; s++)
            if (heads.next[s] == sample)
                code = advance(merge, config, s, sample + 1, &heads, error);
    }
    heads_free(&heads, merge->store_count);
    return code;
}

/* ---- profiles ---- */

static void add_sample(void *context, uint64_t sample, const struct wide *values)
{
    struct profile *profile = context;
    if (profile->samples == 0)
        profile->first = sample;
    profile_add(profile, values);
}

static void tell_gap(const struct profile *profile, int64_t beyond)
{
    fprintf(stderr,
            "spanscope: %s: samples %" PRIu64 " to %" PRIu64 " are there, the next is missing, and %" PRId64
            " behind it are left out\n",
            profile->model->placement, profile->first, profile->first + (uint64_t)profile->samples - 1, beyond);
}

static int write_config(struct merge *merge, const struct merge_config *config, const struct format *format,
                        struct format_page *page, int64_t *beyond, bool quiet, struct error *error)
{
    struct sampler sampler;
    struct profile profile;
    const char *name = config->config->engine;
    int code = sampler_plan(&sampler, &config->model, linear_engine_find(name), config->config->per_token, 1,
                            SIZE_MAX / 4, error);
    if (code != ERROR_NONE)
        return code;
    if (!store_fits(config->config, &sampler))
        code = error_set(error, ERROR_RESOURCE,
                         "%s: another version of the program kept these samples, with other observables",
                         config->model.placement);
    if (code == ERROR_NONE)
        code = profile_init(&profile, &sampler, error);
    if (code == ERROR_NONE) {
        profile.seed = config->config->seed;
        code = merge_samples(merge, config, add_sample, &profile, beyond, error);
        if (code == ERROR_NONE && profile.samples > 0)
            code = format_write(format, &profile, page, error);
        if (code == ERROR_NONE && *beyond > 0 && !quiet)
            tell_gap(&profile, *beyond);
        profile_free(&profile);
    }
    sampler_free(&sampler);
    return code;
}

int merge_write(struct merge *merge, const struct format *format, struct format_page *page, bool quiet, int *gaps,
                struct error *error)
{
    int code = ERROR_NONE;
    page->sweep = &merge->sweep;
    *gaps = 0;
    for (int i = 0; code == ERROR_NONE && i < merge->config_count; i++) {
        int64_t beyond = 0;
        code = write_config(merge, &merge->configs[i], format, page, &beyond, quiet, error);
        *gaps += beyond > 0;
    }
    return code;
}

void merge_tell_trained(const char *command, int count)
{
    if (count > 0)
        fprintf(stderr, "spanscope %s: %d training runs are left out; `train --store` with their options writes them\n",
                command, count);
}

/* ---- one store of several ---- */

struct copier {
    struct store *store;
    int64_t config;
    size_t cells;
    int code;
    struct error error;
};

enum { TOGETHER = 256 };

static void copy_sample(void *context, uint64_t sample, const struct wide *values)
{
    struct copier *copier = context;
    if (copier->code == ERROR_NONE)
        copier->code = store_put(copier->store, copier->config, sample, copier->cells, values, &copier->error);
    if (copier->code == ERROR_NONE && copier->store->waiting_count >= TOGETHER)
        copier->code = store_flush(copier->store, &copier->error);
}

/* All samples, those behind a gap too. */
static int copy_from(struct store *from, int64_t id, struct copier *copier, struct error *error)
{
    struct wide *values = calloc(copier->cells + 1, sizeof *values);
    int code = values ? ERROR_NONE : no_memory(error);
    for (uint64_t next = 0; code == ERROR_NONE; next++) {
        code = store_next(from, id, next, END, &next, copier->cells, values, error);
        if (code != ERROR_NONE || next == END)
            break;
        copy_sample(copier, next, values);
        if (copier->code != ERROR_NONE) {
            *error = copier->error;
            code = copier->code;
        }
    }
    free(values);
    return code == ERROR_NONE ? store_flush(copier->store, error) : code;
}

static int copy_trained(struct store *from, struct store *to, struct error *error)
{
    struct trained_list list;
    int code = trained_list(from, &list, error);
    for (int i = 0; code == ERROR_NONE && i < list.count; i++)
        code = trained_copy(from, &list.runs[i], to, error);
    if (code == ERROR_NONE)
        trained_list_free(&list);
    return code;
}

static int copy_all(struct merge *merge, struct store *store, struct error *error)
{
    int code = ERROR_NONE;
    for (int i = 0; code == ERROR_NONE && i < merge->config_count; i++) {
        const struct merge_config *config = &merge->configs[i];
        struct copier copier = {.store = store, .cells = (size_t)config->config->cells};
        code = store_adopt(store, config->config, &copier.config, error);
        for (int s = 0; code == ERROR_NONE && s < merge->store_count; s++)
            if (config->ids[s] >= 0)
                code = copy_from(&merge->stores[s], config->ids[s], &copier, error);
    }
    for (int s = 0; code == ERROR_NONE && s < merge->store_count; s++)
        code = copy_trained(&merge->stores[s], store, error);
    return code;
}

/* ---- the command ---- */

struct merge_options {
    struct options options;
    const struct format *format;
    struct format_page page;
    const char *output, *store_path;
    bool quiet;
};

static const struct options_row rows[] = {
    {"format", 'f', NULL, "what is written", format_read, offsetof(struct merge_options, format), format_name},
    {"tidy", 0, NULL, "CSV with a column for all that decides the numbers, not only for what varies", value_flag,
     offsetof(struct merge_options, page.tidy)},
    {"quantity", 0, "NAME[,NAME]", "only these of the whole stack, a row a configuration (list quantities)",
     format_read_quantity, offsetof(struct merge_options, page.quantity), overall_name},
    {"columns", 0, "NAME[,NAME]",
     "only these columns, in this order: of a table observables by name or symbol, of CSV those\n"
     "of its header and settings",
     value_text, offsetof(struct merge_options, page.columns.text), format_column},
    {"output", 'o', "FILE", "where to, instead of standard output", value_path, offsetof(struct merge_options, output)},
    {"store", 0, "FILE", "put all samples, and the runs of `train --store`, into this store too", value_store,
     offsetof(struct merge_options, store_path)},
    {"quiet", 'q', NULL, "no words on standard error but errors", value_flag, offsetof(struct merge_options, quiet)},
};

const struct options_command merge_options = {
    .usage = "merge [OPTION]... STORE...",
    .summary = "Puts together what runs kept with --store, shards of one run or runs of their own, and writes the\n"
               "profiles that one run of all samples would have written, with the same bits. Such as\n"
               "  spanscope run --samples 64 --shard 1/2 --store 1.db && spanscope run --samples 64 --shard 2/2 "
               "--store 2.db\n"
               "  spanscope merge 1.db 2.db --format json\n"
               "Exit status: 0, or 4 where a sample between others is missing.",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
};

/* Samples are what profiles are made of; training runs go to another store only. */
static int check_kinds(const struct merge_options *self, struct merge *merge, struct error *error)
{
    int count = 0, code = ERROR_NONE;
    for (int s = 0; code == ERROR_NONE && s < merge->store_count; s++) {
        struct trained_list list;
        code = trained_list(&merge->stores[s], &list, error);
        count += code == ERROR_NONE ? list.count : 0;
        if (code == ERROR_NONE)
            trained_list_free(&list);
    }
    if (code != ERROR_NONE || self->store_path)
        return code;
    if (merge->config_count == 0 && count == 0)
        return error_set(error, ERROR_INPUT,
                         "profiles are made of samples, which `run --store` keeps, and there are none");
    if (merge->config_count == 0)
        return error_set(error, ERROR_INPUT,
                         "profiles are made of samples, which `run --store` keeps, and there are none, but %d training "
                         "runs; --store puts those of several stores into one",
                         count);
    if (!self->quiet)
        merge_tell_trained("merge", count);
    return ERROR_NONE;
}

/* Opens the store of --store too, before anything is written, and leaves it open. */
static int write_merged(struct merge_options *self, struct merge *merge, struct store *store, struct error *error)
{
    struct output output;
    int gaps = 0, code = ERROR_NONE;
    self->page.stream = output_open(&output, self->output, error);
    if (!self->page.stream)
        return error->code;
    if (self->store_path)
        code = store_open(store, self->store_path, STORE_WRITE, NULL, error);
    if (code == ERROR_NONE)
        code = merge_write(merge, self->format, &self->page, self->quiet, &gaps, error);
    if (gaps > 0)
        self->options.status = STATUS_INCONCLUSIVE;
    return output_end(&output, code, false, error);
}

static int merge_all(void *target, struct error *error)
{
    struct merge_options *self = target;
    struct merge merge;
    struct store store = {0};
    if (self->options.word_count == 0)
        return error_set(error, ERROR_INPUT, "no store is named; see spanscope merge --help");
    int code = format_check(self->format, false, &self->page, error);
    if (code == ERROR_NONE)
        code = merge_open(&merge, self->options.words, self->options.word_count, NULL, NULL, error);
    if (code != ERROR_NONE)
        return code;
    code = check_kinds(self, &merge, error);
    if (code == ERROR_NONE)
        code = write_merged(self, &merge, &store, error);
    if (code == ERROR_NONE && self->store_path)
        code = copy_all(&merge, &store, error);
    store_close(&store);
    merge_close(&merge);
    return code;
}

int merge_command(int argc, char **argv)
{
    struct merge_options self = {.format = &formats[0]};
    return command_run(&merge_options, argc, argv, &self, merge_all);
}
