#include "cli/cut.h"

#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 256 };

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

static int find_field(const char *head, const char *name)
{
    const char *end[FIELDS_MAX], *start = head;
    int count;
    split(head, end, &count);
    for (int f = 0; f < count; start = end[f++] + 1)
        if (strlen(name) == (size_t)(end[f] - start) && strncmp(name, start, strlen(name)) == 0)
            return f;
    return -1;
}

int cut_open(struct cut *cut, FILE *to, const struct columns *columns, value_choice *names, const char *head,
             struct error *error)
{
    *cut = (struct cut){.stream = to, .to = to, .columns = columns, .names = names};
    if (columns->count == 0)
        return ERROR_NONE;
    for (int c = 0; c < columns->count; c++)
        cut->at[c] = find_field(head, names((size_t)columns->chosen[c]));
    cut->stream = open_memstream(&cut->text, &cut->length);
    return cut->stream ? ERROR_NONE : error_set(error, ERROR_RESOURCE, "out of memory for CSV");
}

void cut_print_names(const struct cut *cut, const char *head)
{
    for (int c = 0; c < cut->columns->count; c++)
        fprintf(cut->to, "%s%s", c > 0 ? "," : "", cut->names((size_t)cut->columns->chosen[c]));
    fputs(cut->columns->count > 0 ? "\n" : head, cut->to);
}

void cut_flush(struct cut *cut)
{
    const char *end[FIELDS_MAX];
    int count;
    if (cut->stream == cut->to || fflush(cut->stream) != 0)
        return;
    cut->text[cut->length] = '\0'; // what was written before may be longer
    for (const char *row = cut->text; *row;) {
        const char *next = split(row, end, &count);
        for (int c = 0; c < cut->columns->count; c++) {
            int f = cut->at[c];
            const char *start = f <= 0 ? row : end[f - 1] + 1;
            fprintf(cut->to, "%s%.*s", c > 0 ? "," : "", f < 0 ? 0 : (int)(end[f] - start), start);
        }
        fputc('\n', cut->to);
        row = next;
    }
    rewind(cut->stream);
}

int cut_close(struct cut *cut, struct error *error)
{
    if (cut->stream == cut->to)
        return ERROR_NONE;
    cut_flush(cut);
    int failed = fclose(cut->stream);
    free(cut->text);
    return failed ? error_set(error, ERROR_RESOURCE, "out of memory for CSV") : ERROR_NONE;
}
