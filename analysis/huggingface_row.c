#include "analysis/huggingface_row.h"

#include <string.h>

/* A condition "{key=...}=value"; one on an ignored key holds. *wanted is its value, *found the configuration's. */
static int check_condition(struct template_reader *reader, const char *condition, size_t length,
                           char wanted[TEMPLATE_SPELLED_MAX], char found[TEMPLATE_SPELLED_MAX])
{
    char key[TEMPLATE_KEY_MAX];
    size_t end = template_find(condition, length, '=');
    struct text left = {found, TEMPLATE_SPELLED_MAX, 0}, right = {wanted, TEMPLATE_SPELLED_MAX, 0};
    template_asked(condition, key);
    int code = template_expand(reader, condition, end, &left);
    if (code == ERROR_NONE)
        code = template_expand(reader, condition + end + 1, length - end - 1, &right);
    if (code == ERROR_NONE && template_ignores(reader, key))
        snprintf(found, TEMPLATE_SPELLED_MAX, "%s", wanted);
    return code;
}

/* Of the rows of a type that do not hold the one of which most conditions do, and what is said of the next. */
struct misfit {
    int held;
    struct error error;
};

/* Sets *holds where all conditions of the row hold, and else the misfit. An error is one of the configuration: it lacks a
 * key that decides. */
static int check_row(struct template_reader *reader, const struct architecture *row, bool *holds, struct misfit *misfit)
{
    const char *when = row->when;
    int code = ERROR_NONE, count = 0;
    *holds = true;
    while (code == ERROR_NONE && *holds && *(when += strspn(when, " "))) {
        char wanted[TEMPLATE_SPELLED_MAX] = "", found[TEMPLATE_SPELLED_MAX] = "", key[TEMPLATE_KEY_MAX];
        size_t length = template_find(when, strlen(when), ' ');
        template_asked(when, key);
        code = check_condition(reader, when, length, wanted, found);
        *holds = strcmp(wanted, found) == 0;
        if (code == ERROR_NONE && !*holds && count > misfit->held) {
            misfit->held = count;
            error_set(&misfit->error, ERROR_INPUT,
                      "%s: %s is %s, which changes the law and is not understood; only %s is (--ignore %s reads it so)",
                      row->type, key, found, wanted, key);
        }
        count++;
        when += length;
    }
    return code;
}

/* Uses of the configuration's keys, for rows that do not hold: what they have asked for is not read yet. */
static void copy_uses(const struct template_reader *reader, enum template_use uses[TEMPLATE_KEYS_MAX])
{
    for (int i = 0; i < reader->count; i++)
        uses[i] = reader->leaves[i].use;
}

static void set_uses(struct template_reader *reader, const enum template_use uses[TEMPLATE_KEYS_MAX])
{
    for (int i = 0; i < reader->count; i++)
        reader->leaves[i].use = uses[i];
}

/* Rows of which those of a type stand together. */
struct table {
    const struct architecture *rows;
    size_t count;
};

/* The first row of the type whose conditions hold; NULL where none is of the type. */
static int find_row(struct template_reader *reader, struct table table, const char *type,
                    const struct architecture **row)
{
    struct misfit misfit = {.held = -1};
    enum template_use before[TEMPLATE_KEYS_MAX];
    copy_uses(reader, before);
    *row = NULL;
    for (size_t i = 0; i < table.count; i++) {
        bool holds;
        if (strcmp(table.rows[i].type, type) != 0)
            continue;
        *row = &table.rows[i];
        set_uses(reader, before);
        int code = check_row(reader, *row, &holds, &misfit);
        if (code != ERROR_NONE || holds)
            return code;
    }
    if (!*row)
        return ERROR_NONE;
    *reader->error = misfit.error;
    return misfit.error.code;
}

enum { TYPES_MAX = 64 };

static size_t list_types(struct table table, const char *names[TYPES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < table.count && count < TYPES_MAX; i++)
        if (i == 0 || strcmp(table.rows[i].type, table.rows[i - 1].type) != 0)
            names[count++] = table.rows[i].type;
    return count;
}

int huggingface_row_find(struct template_reader *reader, const struct architecture **row)
{
    const char *names[TYPES_MAX];
    struct table table = {architectures, architecture_count};
    int code = find_row(reader, table, reader->type, row);
    if (code != ERROR_NONE || *row)
        return code;
    const char *nearest = error_nearest(reader->type, names, list_types(table, names));
    return error_set(
        reader->error, ERROR_INPUT,
        "unknown model_type '%.64s'%s%s%s\n  `spanscope list architectures` has those that are known; any other is "
        "written by hand:\n  its block as --placement 'y = x + attn(norm(x)); x = y + glu(norm(y))', its sizes as "
        "--layers, --width, --heads,\n  its weights as --init normal:0.02",
        reader->type, nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

int huggingface_row_rope(struct template_reader *reader, const struct architecture *architecture,
                         const struct architecture **row)
{
    char type[TEMPLATE_SPELLED_MAX] = "";
    const char *names[TYPES_MAX];
    struct text text = {type, sizeof type, 0};
    struct table table = {architecture_ropes, architecture_rope_count};
    *row = architecture_ropes;
    if (!strstr(architecture->settings, " rope="))
        return ERROR_NONE;
    int code = template_expand(reader, architecture_rope, strlen(architecture_rope), &text);
    if (code == ERROR_NONE)
        code = find_row(reader, table, type, row);
    if (code != ERROR_NONE || *row)
        return code;
    text_unknown(reader->error, "rope_scaling", type, names, list_types(table, names));
    struct error inner = *reader->error;
    return error_set(reader->error, ERROR_INPUT, "%s: %s; --ignore rope_scaling leaves it out", reader->type,
                     inner.text);
}
