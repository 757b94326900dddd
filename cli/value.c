#include "cli/value.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/linear.h"
#include "sim/setting.h"
#include "sim/text.h"

int value_flag(void *field, const char *name, const char *text, struct error *error)
{
    (void)name, (void)text, (void)error;
    *(bool *)field = true;
    return ERROR_NONE;
}

int value_text(void *field, const char *name, const char *text, struct error *error)
{
    (void)name, (void)error;
    *(const char **)field = text;
    return ERROR_NONE;
}

int value_shown(void *field, const char *name, const char *text, struct error *error)
{
    char what[64];
    snprintf(what, sizeof what, "--%s:", name);
    int code = text_check(what, text, "", error);
    return code == ERROR_NONE ? value_text(field, name, text, error) : code;
}

int value_path(void *field, const char *name, const char *text, struct error *error)
{
    if (!*text)
        return error_set(error, ERROR_INPUT, "--%s: '' names no file", name);
    return value_text(field, name, text, error);
}

int value_store(void *field, const char *name, const char *text, struct error *error)
{
    if (strcmp(text, "-") == 0)
        return error_set(error, ERROR_INPUT,
                         "--%s: a file that is kept is read again, so it cannot be a stream; one of that name is ./-",
                         name);
    return value_path(field, name, text, error);
}

int value_seed(void *field, const char *name, const char *text, struct error *error)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end != '\0' || errno == ERANGE)
        return error_set(error, ERROR_INPUT, "--%s: '%s' is not a whole number from 0 to 18446744073709551615", name,
                         text);
    *(uint64_t *)field = value;
    return ERROR_NONE;
}

static int integer(const char *name, const char *text, long long most, long long *value, struct error *error)
{
    char what[64];
    snprintf(what, sizeof what, "--%s", name);
    return setting_integer(what, text, 1, most, value, error);
}

int value_count(void *field, const char *name, const char *text, struct error *error)
{
    long long value = 0;
    int code = integer(name, text, 1000000000000, &value, error);
    if (code == ERROR_NONE)
        *(int64_t *)field = value;
    return code;
}

static int read_int(void *field, const char *name, const char *text, long long most, struct error *error)
{
    long long value = 0;
    int code = integer(name, text, most, &value, error);
    if (code == ERROR_NONE)
        *(int *)field = (int)value;
    return code;
}

int value_threads(void *field, const char *name, const char *text, struct error *error)
{
    return read_int(field, name, text, 1024, error);
}

int value_draws(void *field, const char *name, const char *text, struct error *error)
{
    return read_int(field, name, text, 1000000, error);
}

static int positive(void *field, const char *name, const char *text, double below, const char *words,
                    struct error *error)
{
    double value = 0;
    char what[64];
    snprintf(what, sizeof what, "--%s", name);
    int code = setting_real(what, text, &value, error);
    if (code != ERROR_NONE)
        return code;
    if (!(value > 0 && value < below))
        return error_set(error, ERROR_INPUT, "--%s: %s is not above 0%s", name, text, words);
    *(double *)field = value;
    return ERROR_NONE;
}

int value_fraction(void *field, const char *name, const char *text, struct error *error)
{
    return positive(field, name, text, 1, " and below 1", error);
}

int value_seconds(void *field, const char *name, const char *text, struct error *error)
{
    return positive(field, name, text, INFINITY, "", error);
}

int value_bytes(void *field, const char *name, const char *text, struct error *error)
{
    char *end;
    double value = strtod(text, &end);
    static const char suffixes[] = "kMGT";
    const char *suffix = *end ? strchr(suffixes, *end) : NULL;
    double unit = suffix ? 1e3 : 1;
    for (const char *s = suffixes; suffix && s < suffix; s++)
        unit *= 1e3;
    bool whole = end != text && !isspace((unsigned char)*text) && (*end == '\0' || (suffix && end[1] == '\0'));
    if (!whole || !(value * unit >= 1) || value * unit > 1e18)
        return error_set(error, ERROR_INPUT, "--%s: '%s' is not a size such as 500M or 4G", name, text);
    *(size_t *)field = (size_t)(value * unit);
    return ERROR_NONE;
}

/* ---- names ---- */

int value_choose(value_choice *choice, const char *what, const char *text, struct error *error)
{
    enum { MOST = 256 };
    const char *names[MOST];
    size_t count = 0;
    for (; count < MOST && (names[count] = choice(count)); count++)
        if (strcmp(names[count], text) == 0)
            return (int)count;
    text_unknown(error, what, text, names, count);
    return -1;
}

const char *value_engine_name(size_t i)
{
    return i == 0 ? "auto" : i <= linear_engine_count ? linear_engines[i - 1].name : NULL;
}

int value_engine(void *field, const char *name, const char *text, struct error *error)
{
    *(const struct linear_engine **)field = linear_engine_find(text);
    return value_choose(value_engine_name, name, text, error) < 0 ? (int)error->code : ERROR_NONE;
}
