#include "plots/markup.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "sim/text.h"

void markup_print(FILE *stream, const char *text)
{
    uint32_t number;
    for (size_t left = strlen(text), length; left > 0; text += length, left -= length) {
        length = text_character(text, left, &number);
        bool broken = length == 0;
        length = broken ? 1 : length;
        if (broken)
            fputc('?', stream);
        else if (strchr("<>&\"'", *text))
            fprintf(stream, "&#%d;", *text);
        else
            fwrite(text, 1, length, stream);
    }
}
void markup_print_element(FILE *stream, const char *tag, const char *text)
{
    fprintf(stream, "<%s>", tag);
    markup_print(stream, text);
    fprintf(stream, "</%.*s>\n", (int)strcspn(tag, " "), tag);
}

void markup_print_cell(FILE *stream, const char *text)
{
    fputs("<td>", stream);
    markup_print(stream, text);
    fputs("</td>", stream);
}

void markup_print_number(FILE *stream, double value)
{
    if (isfinite(value))
        fprintf(stream, "<td>%.4g</td>", value);
    else
        fputs("<td>-</td>", stream);
}

void markup_print_quoted(FILE *stream, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:+-";
    char letter[2] = "";
    if (*text && text[strspn(text, plain)] == '\0') {
        markup_print(stream, text);
        return;
    }
    fputs("&#39;", stream);
    for (; *text; text++) {
        letter[0] = *text;
        if (*text == '\'')
            fputs("&#39;\\&#39;&#39;", stream);
        else if ((unsigned char)*text < 0x80)
            markup_print(stream, letter);
        else
            fputc(*text, stream); // part of a character: texts of models are UTF-8
    }
    fputs("&#39;", stream);
}

void markup_print_svg(FILE *stream, const char *svg, int number)
{
    static const char *const marks[] = {" id=\"", " id='", "=\"#", "='#", "url(#", "url('#"};
    const char *at = strstr(svg, "<svg");
    while (at && *at) {
        size_t length = 0;
        for (size_t i = 0; i < sizeof marks / sizeof *marks && length == 0; i++)
            if (strncmp(at, marks[i], strlen(marks[i])) == 0)
                length = strlen(marks[i]);
        bool colour = length == 3; // ="# begins a colour in fill and stroke, a reference in href
        if (colour && at - svg >= 4 && strncmp(at - 4, "href", 4) != 0)
            length = 0;
        if (length > 0) {
            fwrite(at, 1, length, stream);
            fprintf(stream, "p%d-", number);
            at += length;
        } else {
            fputc(*at++, stream);
        }
    }
}

enum { WIDTH = 160, HEIGHT = 34, MARGIN = 2 };

static void widen(double range[2], const double *values, size_t count)
{
    for (size_t i = 0; values && i < count; i++)
        if (isfinite(values[i])) {
            range[0] = fmin(range[0], values[i]);
            range[1] = fmax(range[1], values[i]);
        }
}

static void print_line(FILE *stream, const double *values, size_t count, const double range[2], const char *kind)
{
    fprintf(stream, "<polyline class=\"%s\" points=\"", kind);
    for (size_t i = 0; i < count; i++)
        if (isfinite(values[i]))
            fprintf(stream, "%.4g,%.4g ",
                    MARGIN + (WIDTH - 2.0 * MARGIN) * (double)i / (double)(count > 1 ? count - 1 : 1),
                    HEIGHT - MARGIN - (HEIGHT - 2.0 * MARGIN) * (values[i] - range[0]) / (range[1] - range[0]));
    fputs("\"/>", stream);
}

void markup_print_spark(FILE *stream, const double *first, const double *second, size_t count)
{
    double range[2] = {INFINITY, -INFINITY};
    widen(range, first, count);
    widen(range, second, count);
    if (!(range[1] > range[0]))
        return;
    fprintf(stream, "<svg class=\"spark\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">", WIDTH,
            HEIGHT, WIDTH, HEIGHT);
    if (second)
        print_line(stream, second, count, range, "second");
    print_line(stream, first, count, range, "first");
    fputs("</svg>", stream);
}
