#include "cli/format_csv.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/config.h"
#include "cli/cut.h"
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
        print_numbers(profile->kind == SCHEMA_MEASURED, cell, profile_overall_se(profile, i), stream);
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

/* Rows of these columns and the configuration's; in front of the page's first stands the row of their names. */
static int open_rows(struct cut *cut, const struct common *common, const char *const names[], size_t count,
                     value_choice *columns, const struct format_page *page, struct error *error)
{
    char *head = NULL;
    size_t size;
    FILE *stream = open_memstream(&head, &size);
    for (size_t i = 0; stream && i < count; i++)
        fprintf(stream, "%s%s", i > 0 ? "," : "", names[i]);
    if (stream)
        fprintf(stream, "%s\n", common->head);
    int code = stream && fclose(stream) == 0 ? cut_open(cut, page->stream, &page->columns, columns, head, error)
                                             : error_set(error, ERROR_RESOURCE, "out of memory for CSV");
    if (code == ERROR_NONE && page->number == 0)
        cut_print_names(cut, head);
    free(head);
    return code;
}

int format_csv(const struct profile *profile, const struct format_page *page, struct error *error)
{
    struct common common;
    struct cut cut;
    int code = common_init(&common, profile, page, error);
    if (code != ERROR_NONE)
        return code;
    code = open_rows(&cut, &common, front, FRONT, format_csv_column, page, error);
    if (code == ERROR_NONE) {
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

/* ---- a row a profile ---- */

static const char *const quantity_front[] = {"kind", "placement", "init"};
static const char *const members[] = {"", ".se", ".lo", ".hi"};
enum { QUANTITY_FRONT = sizeof quantity_front / sizeof *quantity_front, MEMBERS = sizeof members / sizeof *members };

/* "gradient_ratio.lo", of every quantity. */
static const char *member_name(size_t i)
{
    static char names[OVERALLS * MEMBERS][64];
    snprintf(names[i], sizeof names[i], "%s%s", overalls[i / MEMBERS].name, members[i % MEMBERS]);
    return names[i];
}

const char *format_csv_quantity_column(size_t i)
{
    if (i < QUANTITY_FRONT)
        return quantity_front[i];
    i -= QUANTITY_FRONT;
    if (i < OVERALLS * MEMBERS)
        return member_name(i);
    i -= OVERALLS * MEMBERS;
    return i == 0 ? "n" : format_csv_column(FRONT + i - 1);
}

/* mean, se, lo and hi. */
static void print_quantity(const struct profile *profile, int i, FILE *stream)
{
    const struct estimate *cell = &profile->overall[i];
    struct wide lo, hi;
    estimate_interval(cell, 0.95, &lo, &hi);
    print_real(cell->n > 0 ? wide_exact(estimate_mean(cell)) : NAN, stream);
    print_real(wide_exact(profile_overall_se(profile, i)), stream);
    print_real(wide_exact(lo), stream);
    print_real(wide_exact(hi), stream);
}

int format_csv_quantities(const struct profile *profile, const struct format_page *page, struct error *error)
{
    struct common common;
    struct cut cut;
    const char *names[QUANTITY_FRONT + OVERALLS * MEMBERS + 1];
    size_t count = 0;
    for (; count < QUANTITY_FRONT; count++)
        names[count] = quantity_front[count];
    for (size_t i = 0; i < OVERALLS * MEMBERS; i++)
        if (page->quantity[i / MEMBERS])
            names[count++] = member_name(i);
    names[count++] = "n";
    int code = common_init(&common, profile, page, error);
    if (code != ERROR_NONE)
        return code;
    code = open_rows(&cut, &common, names, count, format_csv_quantity_column, page, error);
    if (code == ERROR_NONE) {
        fputs(common.model, cut.stream);
        for (int i = 0; i < OVERALLS; i++)
            if (page->quantity[i])
                print_quantity(profile, i, cut.stream);
        print_count(profile->kind == SCHEMA_MEASURED, profile->samples, cut.stream);
        fprintf(cut.stream, "%s\n", common.config);
        code = cut_close(&cut, error);
    }
    common_free(&common);
    return code;
}
