#include "paper-repro/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cuts the line at its tabs; the number of fields, of which TABLE_FIELDS_MAX are kept. */
static int split(char *line, char *fields[TABLE_FIELDS_MAX])
{
    int count = 0;
    for (char *rest = line, *field; (field = strsep(&rest, "\t")) != NULL; count++)
        if (count < TABLE_FIELDS_MAX)
            fields[count] = field;
    return count;
}

static int count_fields(const char *header)
{
    int count = 1;
    for (; *header != '\0'; header++)
        count += *header == '\t';
    return count;
}

int table_read(const char *path, const char *header, const char *what, table_take *take, void *context,
               struct error *error)
{
    FILE *stream = fopen(path, "re");
    if (stream == NULL)
        return error_set(error, ERROR_RESOURCE, "%.300s: cannot be opened: %s", path, strerror(errno));
    char *line = NULL, *fields[TABLE_FIELDS_MAX] = {NULL};
    size_t room = 0;
    int code = ERROR_NONE, number = 0, expected = count_fields(header);
    while (code == ERROR_NONE && getline(&line, &room, stream) >= 0) {
        line[strcspn(line, "\n")] = '\0';
        if (++number == 1 && strcmp(line, header) != 0)
            code = error_set(error, ERROR_RESOURCE, "%.300s, line 1: expected the names of the fields", path);
        else if (number > 1 && (split(line, fields) != expected || !take(context, fields, &code, error)))
            code = error_set(error, ERROR_RESOURCE, "%.300s, line %d: expected the %d fields of %s, numbers finite",
                             path, number, expected, what);
    }
    if (code == ERROR_NONE && number < 2)
        code = error_set(error, ERROR_RESOURCE, "%.300s: holds nothing, expected %s", path, what);
    free(line);
    fclose(stream);
    return code;
}
