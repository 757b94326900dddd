#include "cli/format_csv.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/config.h"
#include "sim/setting.h"

/* Quoted where the text holds a comma, a quote or a line break. */
static void print_text(const char *text, FILE *stream)
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

static void print_real(double value, FILE *stream)
{
    if (isfinite(value))
        fprintf(stream, ",%.17g", value);
    else
        fputc(',', stream);
}

/* ---- the configuration's columns ---- */

bool format_csv_needs_text(const struct sweep *sweep, const struct setting *setting)
{
    for (int a = 0; a < sweep->axis_count; a++)
        for (int i = 0; i < sweep->axes[a].count && sweep->axes[a].setting == setting; i++)
            if (strchr(sweep->axes[a].text[i], '='))
                return sweep->axes[a].count > 1;
    return false;
}

/* Whether a member of the configuration has a column. In front stand the settings that are texts, by their labels. */
static bool has_column(const struct format_page *page, const char *key)
{
    bool any = page->tidy || page->columns.count > 0; // columns are chosen among all of them
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &settings[i];
        if (strcmp(setting->key, key) == 0)
            return setting->type != SETTING_TEXT && (any || sweep_varies(page->sweep, setting));
        if (setting->type == SETTING_TEXT && strcmp(setting->text->key, key) == 0)
            return any || format_csv_needs_text(page->sweep, setting);
    }
    return any;
}

void format_csv_value(const json_t *value, FILE *stream)
{
    char number[32] = "";
    if (json_is_string(value)) {
        fputc(',', stream);
        print_text(json_string_value(value), stream);
    } else if (json_is_integer(value)) {
        fprintf(stream, ",%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else {
        setting_print_number(json_real_value(value), number, sizeof number);
        fprintf(stream, ",%s", number);
    }
}

/* What all rows of a profile have in common. */
struct common {
    char *head;   /* ",layers,width,..." */
    char *config; /* ",8,512,..." */
    char *model;  /* "measured,spannorm,scaleinit" */
};

static void print_front(const struct profile *profile, FILE *stream)
{
    fputs(schema_kinds[profile->kind], stream);
    for (size_t i = 0; i < setting_count; i++) {
        char label[GRAPH_NAME_MAX + 32];
        if (settings[i].type != SETTING_TEXT)
            continue;
        setting_label(&settings[i], profile->model, label, sizeof label);
        fputc(',', stream);
        print_text(label, stream);
    }
}

static void common_free(struct common *common)
{
    free(common->head), free(common->config), free(common->model);
}

static int common_init(struct common *common, const struct profile *profile, const struct format_page *page,
                       struct error *error)
{
    size_t sizes[3];
    bool ok = true;
    const char *key;
    json_t *value, *config = config_of_profile(&ok, profile);
    *common = (struct common){0};
    FILE *head = open_memstream(&common->head, &sizes[0]), *row = open_memstream(&common->config, &sizes[1]),
         *front = open_memstream(&common->model, &sizes[2]);
    ok &= head && row && front;
    json_object_del(config, SCHEMA_SHARD); // the samples say it; a prediction has none
    json_object_foreach(config, key, value)
    {
        if (!ok || !has_column(page, key))
            continue;
        fprintf(head, ",%s", key);
        format_csv_value(value, row);
    }
    if (ok)
        print_front(profile, front);
    json_decref(config);
    FILE *streams[] = {head, row, front};
    for (int i = 0; i < 3; i++)
        ok &= streams[i] && fclose(streams[i]) == 0;
    if (ok)
        return ERROR_NONE;
    common_free(common);
    return error_set(error, ERROR_RESOURCE, "out of memory for CSV");
}

/* ---- rows ---- */

struct row {
    const struct profile *profile;
    const struct common *common;
    int layer, column;
};

/* Up to the mean. */
static void begin_row(const struct row *row, const char *suffix, FILE *stream)
{
    fprintf(stream, "%s,%d,%s%s", row->common->model, row->layer, row->profile->schema->columns[row->column].name,
            suffix);
}

/* A bound is an observable of its own: gradient_variance.floor. */
static void print_limit(const struct row *row, const char *suffix, struct wide limit, FILE *stream)
{
    if (!wide_present(limit))
        return;
    begin_row(row, suffix, stream);
    print_real(wide_exact(limit), stream);
    fprintf(stream, ",,,,,%s\n", row->common->config);
}

/* A prediction counts nothing. */
static void print_count(bool counted, int64_t n, FILE *stream)
{
    if (counted)
        fprintf(stream, ",%" PRId64, n);
    else
        fputc(',', stream);
}

/* mean,sd,se,lo,hi,n */
static void print_numbers(bool counted, const struct estimate *cell, struct wide se, FILE *stream)
{
    struct wide lo, hi;
    estimate_interval(cell, 0.95, &lo, &hi);
    print_real(wide_exact(estimate_mean(cell)), stream);
    print_real(wide_exact(estimate_sd(cell)), stream);
    print_real(wide_exact(se), stream);
    print_real(wide_exact(lo), stream);
    print_real(wide_exact(hi), stream);
    print_count(counted, cell->n, stream);
}

static void print_cell(const struct row *row, FILE *stream)
{
    const struct profile *profile = row->profile;
    begin_row(row, "", stream);
    print_numbers(profile_has_spread(profile), profile_cell(profile, row->layer, row->column),
                  profile_se(profile, row->layer, row->column), stream);
    fprintf(stream, "%s\n", row->common->config);
}

static void print_stack(const struct profile *profile, const struct common *common, FILE *stream)
{
    for (int i = 0; i < OVERALLS; i++) {
        const struct estimate *cell = &profile->overall[i];
        if (cell->n == 0)
            continue;
        fprintf(stream, "%s,,%s", common->model, overalls[i].name);
        print_numbers(profile->kind == SCHEMA_MEASURED, cell, estimate_se(cell), stream);
        fprintf(stream, "%s\n", common->config);
    }
}

/* ---- choosing columns ---- */

static const char *const front[] = {"kind", "placement", "init", "layer", "observable", "mean",
                                    "sd",   "se",        "lo",   "hi",    "n"};
static const char *const back[] = {SCHEMA_ENGINE, SCHEMA_FIRST_SAMPLE, SCHEMA_SEED, SCHEMA_SAMPLES};
enum { FRONT = sizeof front / sizeof *front, BACK = sizeof back / sizeof *back };

const char *format_csv_column(size_t i)
{
    if (i < FRONT)
        return front[i];
    i -= FRONT;
    if (i < setting_count)
        return settings[i].type == SETTING_TEXT ? settings[i].text->key : settings[i].key;
    i -= setting_count;
    return i < BACK ? back[i] : NULL;
}

static void print_head(const struct common *common, FILE *stream)
{
    for (int i = 0; i < FRONT; i++)
        fprintf(stream, "%s%s", i > 0 ? "," : "", front[i]);
    fprintf(stream, "%s\n", common->head);
}

/* Rows that are written whole into text, of which the chosen fields go on. */
struct cut {
    FILE *stream; /* where rows are written */
    const struct format_page *page;
    char *text;
    size_t length;
    int at[COLUMNS_MAX]; /* the field of each chosen column */
};

enum { FIELDS_MAX = 128 };

/* Fields of the row at text, whose ends go to end[]: field i begins behind end[i - 1]. Returns what follows the row. */
static const char *split(const char *text, const char *end[FIELDS_MAX], int *count)
{
    bool quoted = false;
    *count = 0;
    for (; *text && (quoted || *text != '\n'); text++) {
        quoted ^= *text == '"';
        if (!quoted && *text == ',' && *count < FIELDS_MAX - 1)
            end[(*count)++] = text;
    }
    end[(*count)++] = text;
    return *text ? text + 1 : text;
}

/* Where the head has the chosen columns. */
static void find_fields(struct cut *cut, const char *head)
{
    const char *end[FIELDS_MAX], *start = head;
    int count;
    split(head, end, &count);
    for (int f = 0; f < count; start = end[f++] + 1)
        for (int c = 0; c < cut->page->columns.count; c++) {
            const char *name = format_csv_column((size_t)cut->page->columns.chosen[c]);
            if (strlen(name) == (size_t)(end[f] - start) && strncmp(name, start, strlen(name)) == 0)
                cut->at[c] = f;
        }
}

/* Hands on what was written. */
static void cut_flush(struct cut *cut)
{
    const char *end[FIELDS_MAX];
    int count;
    if (cut->stream == cut->page->stream || fflush(cut->stream) != 0)
        return;
    cut->text[cut->length] = '\0'; // what was written before may be longer
    for (const char *row = cut->text; *row;) {
        const char *next = split(row, end, &count);
        for (int c = 0; c < cut->page->columns.count; c++) {
            int f = cut->at[c];
            const char *start = f == 0 ? row : end[f - 1] + 1;
            fprintf(cut->page->stream, "%s%.*s", c > 0 ? "," : "", (int)(end[f] - start), start);
        }
        fputc('\n', cut->page->stream);
        row = next;
    }
    rewind(cut->stream);
}

static int cut_open(struct cut *cut, const struct format_page *page, const struct common *common, struct error *error)
{
    *cut = (struct cut){.stream = page->stream, .page = page};
    if (page->columns.count == 0)
        return ERROR_NONE;
    cut->stream = open_memstream(&cut->text, &cut->length);
    if (!cut->stream)
        return error_set(error, ERROR_RESOURCE, "out of memory for CSV");
    print_head(common, cut->stream);
    fflush(cut->stream);
    find_fields(cut, cut->text);
    rewind(cut->stream);
    return ERROR_NONE;
}

static int cut_close(struct cut *cut, struct error *error)
{
    if (cut->stream == cut->page->stream)
        return ERROR_NONE;
    cut_flush(cut);
    int failed = fclose(cut->stream);
    free(cut->text);
    return failed ? error_set(error, ERROR_RESOURCE, "out of memory for CSV") : ERROR_NONE;
}

/* ---- profiles ---- */

static void print_layer(const struct profile *profile, const struct common *common, int layer, FILE *stream)
{
    for (int c = 0; c < profile->schema->column_count; c++) {
        struct row row = {profile, common, layer, c};
        if (profile_cell(profile, layer, c)->n == 0)
            continue;
        print_cell(&row, stream);
        print_limit(&row, ".floor", profile_floor(profile, layer, c), stream);
        print_limit(&row, ".ceiling", profile_ceiling(profile, layer, c), stream);
    }
}

int format_csv(const struct profile *profile, const struct format_page *page, struct error *error)
{
    struct common common;
    struct cut cut;
    int code = common_init(&common, profile, page, error);
    if (code != ERROR_NONE)
        return code;
    code = cut_open(&cut, page, &common, error);
    if (code == ERROR_NONE) {
        if (page->number == 0)
            print_head(&common, cut.stream);
        for (int l = 0; l <= profile->model->layers; l++) {
            print_layer(profile, &common, l, cut.stream);
            cut_flush(&cut);
        }
        print_stack(profile, &common, cut.stream);
        code = cut_close(&cut, error);
    }
    common_free(&common);
    return code;
}

/* mean, se, lo and hi. */
static void print_quantity(const struct estimate *cell, FILE *stream)
{
    struct wide lo, hi;
    estimate_interval(cell, 0.95, &lo, &hi);
    print_real(cell->n > 0 ? wide_exact(estimate_mean(cell)) : NAN, stream);
    print_real(wide_exact(estimate_se(cell)), stream);
    print_real(wide_exact(lo), stream);
    print_real(wide_exact(hi), stream);
}

int format_csv_quantities(const struct profile *profile, const struct format_page *page, struct error *error)
{
    struct common common;
    FILE *stream = page->stream;
    int code = common_init(&common, profile, page, error);
    if (code != ERROR_NONE)
        return code;
    if (page->number == 0) {
        fputs("kind,placement,init", stream);
        for (int i = 0; i < OVERALLS; i++)
            if (page->quantity[i])
                fprintf(stream, ",%s,%s.se,%s.lo,%s.hi", overalls[i].name, overalls[i].name, overalls[i].name,
                        overalls[i].name);
        fprintf(stream, ",n%s\n", common.head);
    }
    fputs(common.model, stream);
    for (int i = 0; i < OVERALLS; i++)
        if (page->quantity[i])
            print_quantity(&profile->overall[i], stream);
    print_count(profile->kind == SCHEMA_MEASURED, profile->samples, stream);
    fprintf(stream, "%s\n", common.config);
    common_free(&common);
    return ERROR_NONE;
}
