#include "cli/columns.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sim/text.h"

static int add(struct columns *columns, value_choice *names, const char *name, struct error *error)
{
    int i = value_choose(names, "column", name, error);
    if (i < 0)
        return error->code;
    for (int c = 0; c < columns->count; c++)
        if (columns->chosen[c] == i)
            return error_set(error, ERROR_INPUT, "--columns: '%s' is given twice", name);
    if (columns->count == COLUMNS_MAX)
        return error_set(error, ERROR_INPUT, "--columns: more than %d", COLUMNS_MAX);
    columns->chosen[columns->count++] = i;
    return ERROR_NONE;
}

int columns_choose(struct columns *columns, value_choice *names, struct error *error)
{
    const char *text = columns->text;
    int code = ERROR_NONE;
    columns->count = 0;
    while (code == ERROR_NONE && text) {
        char name[128];
        size_t length = strcspn(text, ",");
        snprintf(name, sizeof name, "%.*s", (int)length, text);
        code = add(columns, names, name, error);
        text = text[length] ? text + length + 1 : NULL;
    }
    return code;
}

int columns_window(FILE *stream)
{
    struct winsize size;
    int file = fileno(stream);
    return file >= 0 && ioctl(file, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int columns_of(const char *text, size_t length)
{
    int columns = 0;
    for (size_t i = 0; i < length; i++)
        columns += ((unsigned char)text[i] & 0xC0) != 0x80;
    return columns;
}

/* Blanks of a gap stand before the word that they lead to, where it is still on the line. */
static void fold_line(const char *line, size_t length, int width, int indent, FILE *stream)
{
    const char *end = line + length;
    int used = 0;
    for (const char *word = line, *next; word < end; word = next) {
        int gap = 0;
        for (; word < end && *word == ' '; word++)
            gap++;
        for (next = word; next < end && *next != ' ';)
            next++;
        int columns = columns_of(word, (size_t)(next - word));
        bool breaks = used > indent && used + gap + columns > width;
        if (breaks)
            fputc('\n', stream);
        int blanks = breaks ? indent : gap;
        fprintf(stream, "%*s%.*s", blanks, "", (int)(next - word), word);
        used = (breaks ? 0 : used) + blanks + columns;
    }
}

void columns_fold(const char *text, int width, int indent, FILE *stream)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        if (width > 0)
            fold_line(text, length, width, indent < width / 2 ? indent : 0, stream);
        else
            fwrite(text, 1, length, stream);
        text += length;
        if (*text)
            fputc(*text++, stream);
    }
}
