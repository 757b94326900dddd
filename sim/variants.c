#include "sim/variants.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/values.h"

static int add(struct variants *variants, const char *text, size_t length, struct error *error)
{
    const char *name = variants->setting->name;
    if (variants->count == VARIANTS_MOST)
        return error_set(error, ERROR_INPUT, "%s: more than %d values", name, VARIANTS_MOST);
    char **grown = realloc(variants->text, ((size_t)variants->count + 1) * sizeof *grown);
    char *copy = grown ? strndup(text, length) : NULL;
    variants->text = grown ? grown : variants->text;
    if (!copy)
        return error_set(error, ERROR_RESOURCE, "out of memory");
    variants->text[variants->count] = copy;
    for (int i = 0; i < variants->count; i++) {
        if (strcmp(variants->text[i], copy) != 0)
            continue;
        error_set(error, ERROR_INPUT, "--%s is given '%.200s' twice", name, copy);
        free(copy);
        return ERROR_INPUT;
    }
    variants->count++;
    return ERROR_NONE;
}

static int add_numbers(struct variants *variants, const char *text, struct error *error)
{
    const struct setting *setting = variants->setting;
    struct values values;
    char number[32];
    struct values_whole whole;
    int code = values_parse(&values, setting->name, text, values_whole_of(setting, &whole), error);
    for (int i = 0; code == ERROR_NONE && i < values.count; i++) {
        if (setting->type == SETTING_INTEGER)
            snprintf(number, sizeof number, "%.0f", values.value[i]);
        else
            setting_print_number(values.value[i], number, sizeof number);
        code = add(variants, number, strlen(number), error);
    }
    values_free(&values);
    return code;
}

/* Of any alphabet, as what is no name is the formula's to say. */
static bool is_letter(char c)
{
    return isalpha((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* "state x, u": two words side by side, which nothing but a declaration begins with. */
static bool is_declaration(const char *statement)
{
    statement += strspn(statement, " \t");
    size_t word = 0;
    while (is_letter(statement[word]))
        word++;
    size_t blanks = strspn(statement + word, " \t");
    return word > 0 && blanks > 0 && is_letter(statement[word + blanks]);
}

/* Length of the first value of a list. */
static size_t value_length(const char *text)
{
    const char *statement = text;
    int depth = 0;
    char quote = '\0';
    for (const char *c = text; *c; c++) {
        if (quote)
            quote = *c == quote ? '\0' : quote;
        else if (*c == '\'' || *c == '"')
            quote = *c;
        else if (strchr("([{", *c))
            depth++;
        else if (strchr(")]}", *c))
            depth--;
        else if (*c == ';' || *c == '\n')
            statement = c + 1;
        else if (*c == ',' && depth <= 0 && !is_declaration(statement))
            return (size_t)(c - text);
    }
    return strlen(text);
}

static int add_trimmed(struct variants *variants, const char *text, size_t length, struct error *error)
{
    for (; length > 0 && isspace((unsigned char)*text); length--)
        text++;
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    return add(variants, text, length, error);
}

static int add_texts(struct variants *variants, const char *text, struct error *error)
{
    if (!strchr(text, ',') || access(text, F_OK) == 0)
        return add(variants, text, strlen(text), error);
    int code = ERROR_NONE;
    for (bool more = true; code == ERROR_NONE && more;) {
        size_t length = value_length(text);
        code = add_trimmed(variants, text, length, error);
        more = text[length] == ',';
        text += length + more;
    }
    return code;
}

int variants_add(struct variants *variants, const struct setting *setting, const char *text, struct error *error)
{
    variants->setting = setting;
    return (setting_is_number(setting) ? add_numbers : add_texts)(variants, text, error);
}

int variants_note(struct variants *variants, const struct setting *setting, const char *value, struct error *error)
{
    variants->setting = setting;
    for (int i = 0; i < variants->count; i++)
        if (strcmp(variants->text[i], value) == 0)
            return ERROR_NONE;
    return add(variants, value, strlen(value), error);
}

void variants_free(struct variants *variants)
{
    for (int i = 0; i < variants->count; i++)
        free(variants->text[i]);
    free(variants->text);
    *variants = (struct variants){0};
}
