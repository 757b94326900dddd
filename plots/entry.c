#include "plots/entry.h"

#include <stdbool.h>
#include <string.h>

#include "plots/page.h"

static bool begins_letter(char c)
{
    return ((unsigned char)c & 0xC0) != 0x80;
}

static size_t letters_of(const char *text)
{
    size_t letters = 0;
    for (; *text; text++)
        letters += begins_letter(*text);
    return letters;
}

/* The bytes up to the last place before so many letters where a line may end; commas and semicolons are better than
 * blanks where the line is not half empty by them. */
static size_t cut(const char *text, size_t letters)
{
    size_t comma = 0, blank = 0, i = 0;
    for (size_t seen = 0; text[i] && (seen += begins_letter(text[i])) <= letters; i++) {
        if (text[i] == ' ' && i > 0)
            blank = i + 1;
        if (text[i] == ' ' && i > 0 && (text[i - 1] == ',' || text[i - 1] == ';'))
            comma = i + 1;
    }
    return comma > 0 && 2 * comma >= i ? comma : blank > 0 ? blank : i;
}

size_t entry_line(const char *text, const char *label, size_t letters)
{
    size_t behind = label ? 2 + page_text_length(label) : 0;
    return letters_of(text) + behind <= letters ? strlen(text) : cut(text, letters);
}

size_t entry_lines(const char *text, const char *label, size_t letters)
{
    size_t lines = 1;
    for (size_t line; (line = entry_line(text, label, letters)) < strlen(text); text += line)
        lines++;
    return lines;
}
