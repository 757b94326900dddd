#include "sim/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *text_end(const struct text *text)
{
    return text_room(text) > 0 ? text->buffer + text->length : NULL;
}

size_t text_room(const struct text *text)
{
    return text->length < text->size ? text->size - text->length : 0;
}

void text_print(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text_end(text), text_room(text), format, arguments);
    va_end(arguments);
    text->length += length > 0 ? (size_t)length : 0;
}

bool text_is_file(const char *argument)
{
    return strpbrk(argument, "/.") != NULL || access(argument, F_OK) == 0;
}

int text_read(const char *path, size_t limit, char **bytes, size_t *length, struct error *error)
{
    int code = ERROR_NONE;
    *bytes = NULL;
    errno = 0;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        code = error_set(error, ERROR_RESOURCE, "cannot open '%.400s': %s", path, strerror(errno));
        goto out;
    }
    *bytes = malloc(limit > 0 ? limit : 1);
    if (*bytes == NULL) {
        code = error_set(error, ERROR_RESOURCE, "out of memory for '%.400s'", path);
        goto out;
    }
    *length = fread(*bytes, 1, limit, file);
    if (ferror(file))
        code = error_set(error, ERROR_RESOURCE, "cannot read '%.400s': %s", path, strerror(errno));
out:
    if (file != NULL)
        fclose(file);
    if (code != ERROR_NONE) {
        free(*bytes);
        *bytes = NULL;
    }
    return code;
}

void text_label(const char *path, char *label, size_t size)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    size_t length = dot != NULL && dot > base ? (size_t)(dot - base) : strlen(base);
    snprintf(label, size, "%.*s", (int)(length < size ? length : size), base);
}

int text_unknown(struct error *error, const char *what, const char *word, const char *const candidates[], size_t count)
{
    const char *near = error_nearest(word, candidates, count);
    if (near != NULL)
        return error_set(error, ERROR_INPUT, "unknown %s '%.200s'; did you mean '%s'?", what, word, near);
    char list[512];
    struct text text = {list, sizeof list, 0};
    for (size_t i = 0; i < count; i++)
        text_print(&text, "%s%s", i > 0 ? ", " : "", candidates[i]);
    return error_set(error, ERROR_INPUT, "unknown %s '%.200s'; known are %s", what, word, list);
}
