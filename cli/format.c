#include "cli/format.h"

#include <string.h>

#include "cli/format_csv.h"
#include "cli/format_json.h"
#include "cli/format_table.h"
#include "sim/text.h"

const struct format formats[] = {
    {"table", "the observables with one value per layer, for reading", true, false, false, format_table_column,
     format_table_quantity_column, format_table, format_table_quantities, outlay_words},
    {"csv", "a row per layer and observable", false, true, true, format_csv_column, format_csv_quantity_column,
     format_csv, format_csv_quantities, outlay_csv},
    {"json", "a line per profile, schema " SCHEMA_PROFILE, false, true, false, NULL, NULL, format_json,
     format_json_quantities, outlay_json},
};
const size_t format_count = sizeof formats / sizeof *formats;

const char *format_name(size_t i)
{
    return i < format_count ? formats[i].name : NULL;
}

const struct format *format_find(const char *name, struct error *error)
{
    int i = value_choose(format_name, "format", name, error);
    return i < 0 ? NULL : &formats[i];
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

int format_read_quantity(void *field, const char *name, const char *text, struct error *error)
{
    bool *chosen = field;
    while (true) {
        char word[64];
        size_t length = strcspn(text, ",");
        snprintf(word, sizeof word, "%.*s", (int)length, text);
        int i = overall_find(word, error);
        if (i < 0)
            return error->code;
        if (chosen[i])
            return error_set(error, ERROR_INPUT, "--%s: '%s' is given twice", name, word);
        chosen[i] = true;
        if (!text[length])
            return ERROR_NONE;
        text += length + 1;
    }
}

bool format_has_quantity(const struct format_page *page)
{
    bool has = false;
    for (int i = 0; i < OVERALLS; i++)
        has |= page->quantity[i];
    return has;
}

const char *format_column(size_t i)
{
    for (size_t f = 0; f < format_count; f++)
        for (size_t c = 0; formats[f].column && formats[f].column(c); c++)
            if (i-- == 0)
                return formats[f].column(c);
    return overall_name(i);
}

/* Columns of quantities are of those that --quantity names. */
static int check_quantities(const struct format_page *page, value_choice *names, struct error *error)
{
    for (int c = 0; c < page->columns.count; c++) {
        const char *name = names((size_t)page->columns.chosen[c]);
        for (int i = 0; i < OVERALLS; i++) {
            size_t length = strlen(overalls[i].name);
            if (!page->quantity[i] && strncmp(name, overalls[i].name, length) == 0 && strchr(".", name[length]))
                return error_set(error, ERROR_INPUT, "--columns: '%s' is not among --quantity", name);
        }
    }
    return ERROR_NONE;
}

static int choose_columns(const struct format *format, struct format_page *page, struct error *error)
{
    bool quantities = format_has_quantity(page);
    value_choice *names = quantities ? format->quantity_column : format->column;
    if (!page->columns.text)
        return ERROR_NONE;
    if (!names)
        return error_set(error, ERROR_INPUT, "--columns: %s has none; choose --format table or csv", format->name);
    int code = columns_choose(&page->columns, names, error);
    return code == ERROR_NONE && quantities ? check_quantities(page, names, error) : code;
}

int format_check(const struct format *format, bool per_token, struct format_page *page, struct error *error)
{
    if (per_token && !format->tokens)
        return error_set(error, ERROR_INPUT, "--per-token: the %s shows no positions; choose --format csv or json",
                         format->name);
    if (per_token && format_has_quantity(page))
        return error_set(error, ERROR_INPUT, "--per-token: --quantity shows no positions; give one of them");
    if (page->tidy && !format->columns)
        return error_set(error, ERROR_INPUT, "--tidy: columns of settings are of --format csv, not %s", format->name);
    return choose_columns(format, page, error);
}

int format_write(const struct format *format, const struct profile *profile, struct format_page *page,
                 struct error *error)
{
    if (page->number == 0)
        page->window = columns_window(page->stream);
    int code = (format_has_quantity(page) ? format->write_quantities : format->write)(profile, page, error);
    page->number += code == ERROR_NONE;
    return code;
}
