#include "cli/format.h"

#include <string.h>

#include "cli/format_csv.h"
#include "cli/format_json.h"
#include "cli/format_table.h"
#include "sim/text.h"

const struct format formats[] = {
    {"table", "the observables with one value per layer, for reading", true, false, format_table},
    {"csv", "tidy: a row per layer and observable", false, true, format_csv},
    {"json", "a line per profile, schema " SCHEMA_PROFILE, false, true, format_json},
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

int format_check(const struct format *format, bool per_token, struct error *error)
{
    if (!per_token || format->tokens)
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT, "--per-token: the %s shows no positions; choose --format csv or json",
                     format->name);
}
